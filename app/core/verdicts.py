"""The judgement on (cell, family): a pure function of claims and observations.

The words are those of the glossary; ``docs/verdicts`` says the same in prose. Reports are
never averaged, voted on or merged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from itertools import combinations

from app.core.facts import Claim, Observation
from app.core.numbers import count_noun
from app.core.rulings import Conditions, asked_of, claims_met, is_firm, literal, may_hold, must_hold
from app.core.summaries import INVISIBLE, NOTHING, Measured
from app.core.words import Behaviour, Evidence, Scope, Verdict

_SEVERITY = (
    Verdict.CONTRADICTS,
    Verdict.SIDE_EFFECT,
    Verdict.SETTLES,
    Verdict.EXPLAINED,
    Verdict.NOT_PRINTED,
    Verdict.AGREES,
    Verdict.CONSISTENT,
)


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
    def sides(self) -> tuple[tuple[Behaviour, str, tuple[Finding, ...]], ...]:
        """The findings by what was seen and under which condition: the sides of a dispute."""
        seen = [(f.observation.outcome, f.observation.condition) for f in self.findings]
        return tuple(
            (outcome, condition, tuple(
                f for f in self.findings
                if (f.observation.outcome, f.observation.condition) == (outcome, condition)
            ))
            for outcome, condition in dict.fromkeys(seen)
        )  # fmt: skip

    def seen(self, outcome: Behaviour, condition: str) -> int:
        """How many observations a side has; its findings name the newest of each sort alone."""
        mine = [s for s in self.measured.summaries
                if (s.sort.outcome, s.sort.condition) == (outcome, condition)]  # fmt: skip
        named = {name for s in mine for name in s.newest}
        side = (f.observation for f in self.findings)
        here = [o for o in side if (o.outcome, o.condition) == (outcome, condition)]
        return sum(o.id not in named for o in here) + sum(s.observations for s in mine)

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
        parts += [count_noun(n, what) for n, what in
                  ((self.machines, "machine"), (self.microcodes, "microcode")) if n]  # fmt: skip
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


def judge(
    claims: tuple[Claim, ...],
    observations: Iterable[Observation],
    family: str,
    conditions: Conditions,
    measured: Measured = NOTHING,
) -> Judgement:
    """Return the judgement on a cell for one family.

    ``claims`` are those of the cell; of ``observations``, the accepted ones that touch it in
    whatever order, those of ``family`` count; ``measured`` for all like those that it names.
    """
    mine = sorted((o for o in observations if o.family == family), key=lambda o: (o.date, o.id))
    if not mine and not measured.summaries:  # Most cells, for most families.
        return Judgement(family, Verdict.UNMEASURED, measured=measured)
    known = {o.alike: classify(claims, o, conditions) for o in {o.alike: o for o in mine}.values()}
    findings = tuple(replace(known[o.alike], observation=o) for o in mine)
    heard = [f for f in findings if f.verdict is not Verdict.MASKED]
    seen = {f.observation.outcome for f in heard}
    told = [f.observation for f in heard]
    stands_for = measured.of_id
    alone = [o for o in told if o.id not in stands_for]
    summed = {stands_for[o.id].sort for o in told if o.id in stands_for}
    behind = measured.behind({h for sort in summed if (h := sort.hearing) is not None})
    masked = sum(f.observation.id not in stands_for for f in findings) - len(alone)
    return Judgement(
        family=family,
        verdict=_verdict(claims, findings, heard, conditions),
        findings=findings,
        behaviours=tuple(b for b in Behaviour if b in seen),
        reports=len({o.report or o.id for o in alone}) + behind.reports,
        machines=len({o.machine for o in alone if o.machine}) + behind.machines,
        microcodes=len({o.microcode for o in alone if o.microcode}) + behind.microcodes,
        masked=masked + sum(s.observations for s in measured.summaries if s.sort not in summed),
        evidence=next((e for e in Evidence if any(o.evidence is e for o in told)), None),
        scope=next((s for s in Scope if any(o.scope is s for o in told)), None),
        measured=measured,
    )


def classify(claims: tuple[Claim, ...], seen: Observation, conditions: Conditions) -> Finding:
    """Hold one observation against the claims of its cell."""
    stated = seen.condition
    mine = tuple(c for c in claims if not c.family or c.family == seen.family)
    ruling = claims_met(mine, stated, conditions, seen.family)
    words = _words(seen)
    matched = tuple(c for c in mine if c.behaviour in words and may_hold(c, stated, conditions))
    told = bool(stated) or not any(c.condition for c in matched)
    if seen.intercepted or seen.outcome is Behaviour.VMEXIT_MSR:
        return Finding(seen, Verdict.MASKED, (), told)
    if seen.restates and (matched or not ruling):
        # What the reporter took from the manual settles neither what the manual leaves open nor
        # what it is silent on.
        return Finding(seen, Verdict.CONSISTENT, matched, told)
    if seen.partial:
        borne_out = not ruling or any(c.behaviour in words for c in ruling)
        if not borne_out and seen.outcome not in INVISIBLE:
            # Where nobody watched, the hypervisor may have raised it after an exit.
            return Finding(seen, Verdict.MASKED, (), told)
        against = Verdict.CONSISTENT if borne_out else _against(ruling, stated, conditions)
        return Finding(seen, against, matched if borne_out else (), told)
    return Finding(seen, _verdict_of(mine, seen, ruling, conditions), matched, told)


def _verdict_of(
    claims: tuple[Claim, ...],
    seen: Observation,
    ruling: tuple[Claim, ...],
    conditions: Conditions,
) -> Verdict:
    found = _word_of(claims, seen, ruling, conditions)
    # The outcome is as documented, and what it leaves behind is not.
    as_documented = found in (Verdict.AGREES, Verdict.EXPLAINED, Verdict.NOT_PRINTED)
    return Verdict.SIDE_EFFECT if seen.side_effect and as_documented else found


def _word_of(
    claims: tuple[Claim, ...],
    seen: Observation,
    ruling: tuple[Claim, ...],
    conditions: Conditions,
) -> Verdict:
    stated = seen.condition
    ruled = {claim.behaviour for claim in ruling}
    sure = {c.behaviour for c in ruling if must_hold(c, stated, conditions)}
    questions = [c for c in asked_of(claims, ruling) if may_hold(c, stated, conditions)]
    asked = {c.behaviour for c in questions if must_hold(c, stated, conditions)}
    if asked - sure and seen.outcome in asked | sure:
        return Verdict.SETTLES
    if seen.outcome not in ruled:
        # An alternative that the manual leaves open answers the question; it contradicts nothing.
        open_ = any(seen.outcome is c.behaviour for c in questions)
        return Verdict.SETTLES if open_ else _against(ruling, stated, conditions)
    if not literal(claims):
        return Verdict.NOT_PRINTED
    table = {c.behaviour for c in literal(claims) if may_hold(c, stated, conditions)}
    return Verdict.AGREES if seen.outcome in table else Verdict.EXPLAINED


def _against(ruling: tuple[Claim, ...], stated: str, conditions: Conditions) -> Verdict:
    """Judge an observation that what rules the cell does not allow.

    One explicit claim that certainly holds is enough to contradict; where none certainly
    holds, all that may hold must be explicit.
    """
    if any(claim.behaviour is Behaviour.UNDEFINED for claim in ruling):
        return Verdict.SETTLES
    sure = [claim for claim in ruling if must_hold(claim, stated, conditions)]
    contradicted = any(map(is_firm, sure)) if sure else bool(ruling) and all(map(is_firm, ruling))
    return Verdict.CONTRADICTS if contradicted else Verdict.SETTLES


def _verdict(
    claims: tuple[Claim, ...],
    findings: tuple[Finding, ...],
    heard: list[Finding],
    conditions: Conditions,
) -> Verdict:
    if not findings:
        return Verdict.UNMEASURED
    if not heard:
        return Verdict.MASKED
    if any(_disagree(claims, a, b, conditions) for a, b in _rivals(heard)):
        return Verdict.DISPUTED
    # Partial evidence adds nothing to a full report, unless it stands against the manual.
    return next(v for v in _SEVERITY if any(f.verdict is v for f in heard))


def _rivals(heard: Iterable[Finding]) -> Iterable[tuple[Finding, Finding]]:
    """Return the pairs that could disagree: one of each sort, under the same condition."""
    by_condition: dict[str, dict[object, Finding]] = defaultdict(dict)
    for finding in heard:
        seen = finding.observation
        sort = (seen.outcome, seen.member, seen.partial, seen.restates)
        by_condition[seen.condition].setdefault(sort, finding)
    for sorts in by_condition.values():
        yield from combinations(sorts.values(), 2)


def _disagree(
    claims: tuple[Claim, ...], one: Finding, other: Finding, conditions: Conditions
) -> bool:
    a, b = one.observation, other.observation
    if a.outcome is b.outcome:
        return False
    if a.member and b.member and a.member != b.member:
        return False
    if a.restates or b.restates:
        return False
    if (a.partial or b.partial) and {a.outcome, b.outcome} <= INVISIBLE:
        return False
    if a.condition:
        return True
    # Two reports that state no condition may have met different branches of the cell.
    one_met, other_met = (_met(claims, seen, conditions) for seen in (a, b))
    return not (one_met and other_met) or one_met == other_met == {""}


def _met(claims: tuple[Claim, ...], seen: Observation, conditions: Conditions) -> set[str]:
    """Return the conditions of the branches that a report may have met."""
    words = _words(seen)
    open_ = [claim for claim in claims if not claim.ranks]
    branches = (*claims_met(claims, "", conditions, seen.family), *open_)
    return {claim.condition for claim in branches if claim.behaviour in words}


def _words(seen: Observation) -> Collection[Behaviour]:
    """Return the behaviours that would look the same to whoever reports."""
    return INVISIBLE if seen.outcome is Behaviour.COMPLETED else {seen.outcome}
