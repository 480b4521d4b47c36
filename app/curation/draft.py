"""What the facts say of cells that shall get an entry in the ledger."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from app.core.facts import Claim, Difference, Observation
from app.core.knowledge import Knowledge
from app.core.ledger import gap_of
from app.core.rulings import firm, said
from app.core.views import CellView
from app.core.words import DifferenceState, Evidence


@dataclass(frozen=True)
class Moment:
    """One event as the facts suggest it; the text is for a person."""

    date: str
    state: DifferenceState
    sources: tuple[str, ...]
    revision: str = ""


@dataclass(frozen=True)
class Draft:
    """What the facts say of cells that shall get an entry."""

    views: tuple[CellView, ...]
    knowledge: Knowledge

    @cached_property
    def families(self) -> tuple[str, ...]:
        """The families whose verdicts disagree and are uncovered; of all that disagree if none."""
        open_ = {seen.family for view in self.views for seen in gap_of(view).seen}
        every = {j.family for v in self.views for j in v.measured if j.verdict.disagrees}
        return tuple(f for f in self.knowledge.families if f in (open_ or every))

    @cached_property
    def observations(self) -> tuple[Observation, ...]:
        """The reports of these families that differ from the table, oldest first."""
        ids = {
            finding.observation.id
            for view in self.views
            for judgement in view.measured
            for finding in judgement.findings
            if judgement.family in self.families and finding.verdict.disagrees
        }
        return tuple(o for o in self.knowledge.observations.values() if o.id in ids)

    @property
    def changed(self) -> tuple[Claim, ...]:
        """The ruling claims that the table does not print."""
        found = [
            claim
            for view in self.views
            if view.rules_differ
            for claim in view.effective
            if (claim.behaviour, claim.condition) not in said(view.table)
        ]
        return tuple(dict.fromkeys(found))

    @property
    def measurements(self) -> tuple[str, ...]:
        """The slugs of the measurements among the reports, which the seed does not hold."""
        names = {seen.report for seen in self.observations}
        return tuple(s for s in reversed(self.knowledge.measurements) if f"m-{s}" in names)

    @property
    def own(self) -> tuple[Observation, ...]:
        """The reports that the seed itself holds."""
        taken = {f"m-{slug}" for slug in self.measurements}
        return tuple(seen for seen in self.observations if seen.report not in taken)

    @property
    def beside(self) -> tuple[Difference, ...]:
        """The entries that stand and name one of the cells already."""
        found = {d.number: d for v in self.views for d in v.differences if d.retraction is None}
        return tuple(found[number] for number in sorted(found))

    @property
    def life(self) -> tuple[Moment, ...]:
        """Events that the facts suggest, by date; one to be written where there is none."""
        found = [*self._documented(), *self._reported()]
        found.sort(key=lambda m: (not m.date, m.date))
        return tuple(dict.fromkeys(found)) or (Moment("", DifferenceState.SEEN, ()),)

    def _documented(self) -> Iterable[Moment]:
        # What a manual only implies, of one of the cells even, is not documented.
        for claim in self.changed if all(map(firm, self.changed)) else ():
            source = self.knowledge.sources[claim.source]
            document = self.knowledge.documents[source.document]
            date = next((r.date for r in document.revisions if r.revision == source.revision), "")
            yield Moment(date, DifferenceState.DOCUMENTED, (source.id,), source.revision)

    def _reported(self) -> Iterable[Moment]:
        for seen in self.own:
            heard = seen.evidence is Evidence.STATED
            state = DifferenceState.REPORTED if heard else DifferenceState.SEEN
            yield Moment(seen.date, state, seen.sources)
        for slug in self.measurements:
            date = self.knowledge.measurements[slug].measured_at[:10]
            yield Moment(date, DifferenceState.SEEN, (f"measurement-{slug}",))

    @property
    def sources(self) -> tuple[str, ...]:
        """Every source behind it, each once: documents, reports, measurements."""
        ids = [c.source for view in self.views for c in (*view.effective, *view.table)]
        ids += [name for seen in self.own for name in seen.sources]
        return tuple(dict.fromkeys([*ids, *(f"measurement-{s}" for s in self.measurements)]))
