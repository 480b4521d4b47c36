"""What happened when around a cell or a family: days that sources name, and nothing else."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product

from app.core.citations import sources_of
from app.core.facts import Difference, Erratum, Family, Listed
from app.core.knowledge import Knowledge
from app.core.views import CellView
from app.core.words import Evidence, SourceKind

# So many reports and measurements of a cell are named, the newest.
NEWEST_MEASUREMENTS = 8
MEASURED = "measured"
# More cells than this are counted.
MOST_CELLS_NAMED = 3
# A mail and a commit are events by themselves; other sources are what an event is known from.
SENT = (SourceKind.MAIL, SourceKind.COMMIT)


@dataclass(frozen=True, order=True)
class Moment:
    """One day: ``date`` is ``YYYY-MM-DD`` or shorter, ``kind`` says in a word what came that day.

    ``href`` is the page that it has here, if it has one.
    """

    date: str
    kind: str
    text: str
    sources: tuple[str, ...] = ()
    href: str = ""


def of_cell(view: CellView, knowledge: Knowledge) -> tuple[Moment, ...]:
    """Return what happened around a cell, oldest first."""
    reports = sorted(_reports((view,), tuple(view.judgements), knowledge))
    ids = (*view.sources, *(s for d in view.differences for s in d.all_sources))
    found = (
        *_revisions(view, knowledge),
        *_sent(ids, knowledge),
        *_kernels(view, knowledge),
        *_life(view.differences),
        *(m for m in reports if m.kind != MEASURED),
        *[m for m in reports if m.kind == MEASURED][-NEWEST_MEASUREMENTS:],
    )
    return tuple(sorted(set(found)))


def of_family(
    family: Family, cells: Iterable[CellView], newest: Iterable[Listed], knowledge: Knowledge
) -> tuple[Moment, ...]:
    """Return what happened around a family, oldest first; ``newest`` are its measurements."""
    slug = family.slug
    errata = [e for e in knowledge.errata.values() if any(a.family == slug for a in e.affected)]
    named = (d for d in knowledge.differences.values() if slug in d.families)
    found = (
        *_sent(family.sources, knowledge),
        *(m for m in _reports(cells, (slug,), knowledge) if m.kind != MEASURED),
        *_life(named),
        *(moment for e in errata for moment in _listed(e, knowledge)),
        *(
            Moment(m.measured_at[:10], MEASURED, _measurement(m), (), f"/m/{m.slug}")
            for m in newest
        ),
    )
    return tuple(sorted(set(found)))


def _measurement(m: Listed) -> str:
    return f"{m.slug}: {m.cpu.brand or m.cpu.signature}, {m.hypervisor}"


def _revisions(view: CellView, knowledge: Knowledge) -> Iterator[Moment]:
    """Yield the revisions that began to document the mode, that claims name, or that were read."""
    cited = sources_of((c.source for c in view.claims), knowledge.sources)
    since = {claim.since for claim in view.claims} | {source.revision for source in cited}
    for slug in dict.fromkeys(source.document for source in cited):
        document = knowledge.documents.get(slug)
        for r in document.revisions if document else ():
            if document and r.date and (r.revision in since or view.key.mode in r.modes):
                text = f"{document.number} rev {r.revision}: {r.change}"
                yield Moment(r.date, "revision", text, (r.source,))


def _sent(ids: Iterable[str], knowledge: Knowledge) -> Iterator[Moment]:
    for source in sources_of(ids, knowledge.sources):
        if source.kind in SENT and source.date:
            who = f"{source.author}: " if source.author else ""
            yield Moment(source.date, str(source.kind), who + source.title, (source.id,))


def _kernels(view: CellView, knowledge: Knowledge) -> Iterator[Moment]:
    """Yield since when releases do what they do: the day of the earliest source of a range."""
    for does in (does for does in view.policies if does.actions):
        for range_ in (range_ for range_ in does.policy.ranges if range_.first):
            dated = [s for s in sources_of(range_.sources, knowledge.sources) if s.date]
            if dated:
                first = min(dated, key=lambda source: source.date)
                text = f"{does.policy.hypervisor} {range_.words}: {does.summary}"
                at = f"/policy/{does.policy.slug}"
                yield Moment(first.date, "release", text, (first.id,), at)


def _life(differences: Iterable[Difference]) -> Iterator[Moment]:
    for d in differences:
        for event in d.life:
            said = f"{event.state.label}: {event.text}"
            yield Moment(event.date, d.label, said, event.sources, d.path)


def _listed(erratum: Erratum, knowledge: Knowledge) -> Iterator[Moment]:
    """Yield when an erratum was first told of."""
    dated = [s for s in sources_of(erratum.sources, knowledge.sources) if s.date]
    if dated:
        first = min(source.date for source in dated)
        ids = tuple(source.id for source in dated if source.date == first)
        yield Moment(first, "erratum", erratum.title, ids, f"/errata/{erratum.slug}")


def _reports(
    views: Iterable[CellView], families: tuple[str, ...], knowledge: Knowledge
) -> Iterator[Moment]:
    """Yield the reports behind judgements; what one of them saw of several cells is one moment."""
    seen: dict[tuple[str, str, str, tuple[str, ...]], dict[str, list[str]]] = {}
    every = tuple(views)
    for view, family in product(every, families):
        for told in (finding.observation for finding in view.judgements[family].findings):
            what = MEASURED if told.evidence is Evidence.MEASURED else "report"
            outcomes = seen.setdefault((told.date, what, family, told.sources), {})
            outcomes.setdefault(f"{told.outcome.label}, {told.evidence}", []).append(str(view.key))
    for (date, what, family, sources), outcomes in seen.items():
        if date:
            said = (
                f"{outcome} ({_name_cells(found)})" if len(every) > 1 else outcome
                for outcome, found in outcomes.items()
            )
            text = f"{knowledge.families[family].name}: {'; '.join(said)}"
            yield Moment(date, what, text, sources)


def _name_cells(cells: list[str]) -> str:
    listed = list(dict.fromkeys(cells))
    return ", ".join(listed) if len(listed) <= MOST_CELLS_NAMED else f"{len(listed)} cells"
