"""What was found on a cell for a family: each report against the manual, and the judgement."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from app.core.facts import Claim, Observation
from app.core.numbers import count_noun
from app.core.summaries import NOTHING, Measured
from app.core.words import Behaviour, Evidence, Scope, Verdict


@dataclass(frozen=True)
class Finding:
    """One observation against the claims of its cell.

    ``matched`` are the claims that it bears out; ``condition_stated`` is false when the
    cell is conditional and the report does not say which case it met.
    """

    observation: Observation
    verdict: Verdict
    matched: tuple[Claim, ...]
    condition_stated: bool


@dataclass(frozen=True)
class Side:
    """One side of a dispute: an outcome under a condition, and how many observations have it."""

    outcome: Behaviour
    condition: str
    findings: tuple[Finding, ...]
    observations: int


@dataclass(frozen=True)
class Judgement:
    """The verdict on one cell for one family, with what stands behind it.

    ``behaviours`` in the order of the vocabulary; ``reports``, ``machines`` and
    ``microcodes`` count distinct unmasked ones (machines and microcodes only where the
    report tells them apart); ``evidence`` is the strongest grade. ``measured`` are the
    measurements behind it, of which the findings show the newest of each sort.
    """

    family: str
    verdict: Verdict
    findings: tuple[Finding, ...] = ()
    behaviours: tuple[Behaviour, ...] = ()
    reports: int = 0
    machines: int = 0
    microcodes: int = 0
    masked: int = 0
    evidence: Evidence | None = None
    scope: Scope | None = None
    measured: Measured = NOTHING

    @property
    def sides(self) -> tuple[Side, ...]:
        """The findings by what was seen and under which condition: the sides of a dispute."""
        found: dict[tuple[Behaviour, str], list[Finding]] = {}
        for finding in self.findings:
            seen = finding.observation
            found.setdefault((seen.outcome, seen.condition), []).append(finding)
        return tuple(
            Side(*said, tuple(mine), self._seen(*said, mine)) for said, mine in found.items()
        )

    def _seen(self, outcome: Behaviour, condition: str, mine: Iterable[Finding]) -> int:
        """How many observations a side has; its findings name the newest of each sort alone."""
        alike = [
            summary
            for summary in self.measured.summaries
            if (summary.sort.outcome, summary.sort.condition) == (outcome, condition)
        ]
        named = {name for summary in alike for name in summary.newest}
        alone = sum(finding.observation.id not in named for finding in mine)
        return alone + sum(summary.observations for summary in alike)

    def word(self, finding: Finding) -> Verdict:
        """Return the verdict on an unmasked finding: a side of a dispute is disputed."""
        condition = finding.observation.condition
        heard = (f.observation for f in self.findings if f.verdict is not Verdict.MASKED)
        rivals = {seen.outcome for seen in heard if seen.condition == condition}
        disputed = self.verdict is Verdict.DISPUTED and len(rivals) > 1
        return self.verdict if disputed else finding.verdict

    @property
    def unnamed(self) -> int:
        """How many observations stand behind it that no finding names."""
        return sum(s.observations - len(s.newest) for s in self.measured.summaries)

    @property
    def unwatched(self) -> bool:
        """Whether only guests looked, so that nobody knows of exits."""
        heard = [f.observation for f in self.findings if f.verdict is not Verdict.MASKED]
        return bool(heard) and all(seen.unwatched for seen in heard)

    @property
    def sources(self) -> tuple[str, ...]:
        """The ids of the sources behind it, each once."""
        return tuple(dict.fromkeys(s for f in self.findings for s in f.observation.sources))

    @property
    def counts(self) -> str:
        """``2 reports, 1 machine``: never a number that no report supports."""
        parts = [count_noun(self.reports, "report")]
        parts += [count_noun(self.machines, "machine")] if self.machines else []
        parts += [count_noun(self.microcodes, "microcode")] if self.microcodes else []
        parts += [f"{self.masked} intercepted"] if self.masked else []
        return ", ".join(parts)

    @property
    def behind(self) -> str:
        """``2 reports, observed and stated``, ``1 report, measured, exits not watched``."""
        heard = {f.observation.evidence for f in self.findings if f.verdict is not Verdict.MASKED}
        grades = " and ".join(grade for grade in Evidence if grade in heard)
        group = "group" if self.scope is Scope.GROUP else ""
        unwatched = "exits not watched" if self.unwatched else ""
        parts = (self.counts, grades, group, unwatched)
        return ", ".join(part for part in parts if part)
