"""The ledger of differences against the judged cells: what backs an entry, what none covers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import product

from app.core.cells import CellKey
from app.core.citations import sources_of
from app.core.facts import Difference, Document, Event, Observation, Source
from app.core.judgements import Finding, Judgement
from app.core.knowledge import Knowledge
from app.core.revisions import MANUAL
from app.core.rulings import Branch, branch_set, branches_of, unprinted_claims
from app.core.views import CellView, CellViews
from app.core.words import Access, DifferenceState, Evidence, Mode, SourceKind, Verdict


def document_of(event: Event, knowledge: Knowledge) -> Document | None:
    """Return the document that an event's revision is one of; None if no source is one."""
    for name in event.sources:
        source = knowledge.sources.get(name)
        document = knowledge.documents.get(source.document) if source else None
        listed = document and event.revision in {r.revision for r in document.revisions}
        if source and listed and source.revision == event.revision:
            return document
    return None


def revision_of(event: Event, knowledge: Knowledge) -> str:
    """Return the revision of a document that an event cites, ``24593 rev 3.44``; empty if none."""
    document = document_of(event, knowledge)
    return f"{document.number} rev {event.revision}" if document else ""


def said_in(event: Event, knowledge: Knowledge) -> str:
    """``the manual, 24593 rev 3.44``; other documents by their number alone, empty if none."""
    document, revision = document_of(event, knowledge), revision_of(event, knowledge)
    return f"the manual, {revision}" if document and document.slug == MANUAL else revision


def documented_in(difference: Difference, knowledge: Knowledge) -> tuple[str, ...]:
    """Return the revisions that say it, ``24593 rev 3.44``, in the order of its life."""
    found = []
    for event in difference.life:
        revision = revision_of(event, knowledge)
        if event.state is DifferenceState.DOCUMENTED and revision:
            found.append(revision)
    return tuple(dict.fromkeys(found))


@dataclass(frozen=True)
class LedgerEntry:
    """A difference with its cells and what stands behind it.

    ``named`` are the reports that it names. ``judged`` are the judgements on its cells, for
    its families, that anything stands behind: a cell may have other differences too, so
    they are evidence on its cells, not always on this difference.
    """

    difference: Difference
    keys: tuple[CellKey, ...]
    named: tuple[Observation, ...]
    judged: tuple[tuple[CellKey, Judgement], ...]
    sources: tuple[Source, ...]

    @cached_property
    def measured(self) -> tuple[tuple[CellKey, Finding], ...]:
        """The unmasked findings of measurements on its cells that it does not name itself."""
        own = {seen.id for seen in self.named}
        return tuple(
            (key, finding)
            for key, judgement in self.judged
            for finding in judgement.findings
            if finding.observation.evidence is Evidence.MEASURED
            and finding.verdict is not Verdict.MASKED
            and finding.observation.id not in own
        )

    @property
    def reports(self) -> int:
        """How many reports it names; parts of one report count once."""
        return len({seen.report or seen.id for seen in self.named})

    @property
    def at_least(self) -> str:
        """What stands before its counts where not every measurement is named: ``at least``."""
        return "at least " if any(j.unnamed for _, j in self.judged) else ""

    @property
    def machines(self) -> int:
        """How many machines the reports and measurements tell apart."""
        seen = (*self.named, *(finding.observation for _, finding in self.measured))
        return len({one.machine for one in seen if one.machine})

    @property
    def measurements(self) -> int:
        """How many measurements there are on its cells."""
        told = (finding.observation for _, finding in self.measured)
        return len({seen.report or seen.id for seen in told})

    @property
    def evidence(self) -> tuple[Evidence, ...]:
        """The grades of its reports and of the measurements on its cells, strongest first."""
        found = {seen.evidence for seen in self.named}
        found |= {Evidence.MEASURED} if self.measured else set()
        return tuple(grade for grade in Evidence if grade in found)

    @property
    def threads(self) -> tuple[Source, ...]:
        """The mails that it, its events or its reports cite, oldest first."""
        mails = (s for s in self.sources if s.kind is SourceKind.MAIL)
        return tuple(sorted(mails, key=lambda s: (not s.date, s.date)))

    @property
    def commits(self) -> tuple[Source, ...]:
        """The commits that it, its events or its reports cite."""
        return tuple(s for s in self.sources if s.kind is SourceKind.COMMIT)


def entry_of(difference: Difference, knowledge: Knowledge, cells: CellViews) -> LedgerEntry:
    """Return a difference with what stands behind it; ``cells`` are judged ones."""
    keys = knowledge.cells_named(difference.cells)
    known = knowledge.observations
    named = tuple(known[name] for name in difference.observations if name in known)
    ids = (*difference.all_sources, *(name for seen in named for name in seen.sources))
    return LedgerEntry(
        difference=difference,
        keys=keys,
        named=named,
        judged=tuple(
            (key, judgement)
            for key in keys
            for judgement in cells[key].measured
            if difference.speaks_of(judgement.family)
        ),
        sources=sources_of(ids, knowledge.sources),
    )


def cells_by_column(keys: Iterable[CellKey]) -> dict[tuple[Mode, Access], tuple[CellKey, ...]]:
    """Return cells by mode and access, in the order of the table's columns."""
    listed = tuple(keys)
    columns = tuple(product(Mode, Access))
    every = {c: tuple(k for k in listed if (k.mode, k.access) == c) for c in columns}
    return {column: found for column, found in every.items() if found}


@dataclass(frozen=True)
class Unfiled:
    """Cells that disagree for one reason that no entry of the ledger covers.

    ``manual`` when the manual contradicts itself; ``seen`` are the judgements that disagree,
    those of the first cell: each of the others has their like. ``views`` come in the order of
    the table.
    """

    views: tuple[CellView, ...]
    manual: bool
    seen: tuple[Judgement, ...]

    @property
    def keys(self) -> tuple[CellKey, ...]:
        """Its cells."""
        return tuple(view.key for view in self.views)

    @property
    def families(self) -> tuple[str, ...]:
        """The families of the judgements."""
        return tuple(judgement.family for judgement in self.seen)

    @property
    def table(self) -> tuple[Branch, ...]:
        """What Table 15-22 says of any of the cells."""
        return branches_of(claim for view in self.views for claim in view.table)

    @property
    def rules(self) -> tuple[Branch, ...]:
        """What rules any of the cells."""
        return branches_of(claim for view in self.views for claim in view.effective)

    @property
    def findings(self) -> tuple[Finding, ...]:
        """The reports behind the judgements, each once."""
        judged = (view.judgements[family] for view in self.views for family in self.families)
        every = (finding for judgement in judged for finding in judgement.findings)
        return tuple({finding.observation.id: finding for finding in every}.values())

    @property
    def beside(self) -> tuple[Difference, ...]:
        """The entries that stand and name one of the cells, for other families."""
        return standing_differences(self.views)


def standing_differences(views: Iterable[CellView]) -> tuple[Difference, ...]:
    """Return the entries that stand and name one of the cells, by number."""
    found = {d.number: d for view in views for d in view.differences if d.stands}
    return tuple(found[number] for number in sorted(found))


def disagreements_in(view: CellView) -> tuple[bool, tuple[Judgement, ...]]:
    """Return what disagrees in one cell and is covered by no difference that stands.

    Whether the manual contradicts itself, and the judgements. A difference covers a cell for
    a family when it names the cell and speaks of the family. The manual's own contradiction
    belongs to no family: any difference on the cell covers it.
    """
    covering = standing_differences([view])
    seen = tuple(
        j
        for j in view.judgements.values()
        if j.verdict.disagrees and not any(d.speaks_of(j.family) for d in covering)
    )
    return view.rules_differ and not covering, seen


def list_unfiled(cells: CellViews) -> tuple[Unfiled, ...]:
    """Return what disagrees and is covered by no difference that stands, by reason."""
    alike: dict[tuple[object, Access], list[CellView]] = {}
    for view in cells.values():
        manual, seen = disagreements_in(view)
        if manual or seen:
            rules = branch_set(unprinted_claims(view.claims)) if manual else None
            judged = tuple((j.family, j.verdict, j.behaviours) for j in seen)
            reason: object = (view.key.mode, rules, judged)
            alike.setdefault((reason, view.key.access), []).append(view)
    # Reads and writes go together where they are the same registers: those that do not exist.
    groups: dict[object, list[CellView]] = {}
    for (reason, _), same in alike.items():
        registers = tuple(view.key.register for view in same)
        groups.setdefault((reason, registers), []).extend(same)
    place = {key: number for number, key in enumerate(cells)}
    whole = (sorted(group, key=lambda view: place[view.key]) for group in groups.values())
    return tuple(Unfiled(tuple(group), *disagreements_in(group[0])) for group in whole)
