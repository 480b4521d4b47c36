"""The judgement on (cell, family): a pure function of claims and observations.

The words are those of the glossary; ``docs/verdicts`` says the same in prose. Reports are
never averaged, voted on or merged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace
from itertools import combinations

from app.core.facts import Claim, Observation
from app.core.judgements import Finding, Judgement
from app.core.rulings import (
    Conditions,
    claims_met,
    is_firm,
    may_hold,
    must_hold,
    printed_claims,
    questions_met,
)
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
    findings = _judge_each(claims, mine, conditions)
    heard = [f for f in findings if f.verdict is not Verdict.MASKED]
    told = [f.observation for f in heard]
    # One of a measurement stands for all of its sort, which its summary counts.
    summary_of = measured.of_id
    curated = [o for o in told if o.id not in summary_of]
    sorts = {summary_of[o.id].sort for o in told if o.id in summary_of}
    behind = measured.behind({h for sort in sorts if (h := sort.hearing) is not None})
    masked = sum(f.observation.id not in summary_of for f in findings) - len(curated)
    return Judgement(
        family=family,
        verdict=_verdict_on_all(claims, findings, heard, conditions),
        findings=findings,
        behaviours=tuple(b for b in Behaviour if any(o.outcome is b for o in told)),
        reports=len({o.report or o.id for o in curated}) + behind.reports,
        machines=len({o.machine for o in curated if o.machine}) + behind.machines,
        microcodes=len({o.microcode for o in curated if o.microcode}) + behind.microcodes,
        masked=masked + sum(s.observations for s in measured.summaries if s.sort not in sorts),
        evidence=next((e for e in Evidence if any(o.evidence is e for o in told)), None),
        scope=next((s for s in Scope if any(o.scope is s for o in told)), None),
        measured=measured,
    )


def _judge_each(
    claims: tuple[Claim, ...], seen: Sequence[Observation], conditions: Conditions
) -> tuple[Finding, ...]:
    """Return a finding for each observation; those that say the same are judged once."""
    alike = {o.alike: o for o in seen}
    known = {same: judge_observation(claims, o, conditions) for same, o in alike.items()}
    return tuple(replace(known[o.alike], observation=o) for o in seen)


def judge_observation(
    claims: tuple[Claim, ...], seen: Observation, conditions: Conditions
) -> Finding:
    """Hold one observation against the claims of its cell."""
    return _Held(claims, seen, conditions).finding()


class _Held:
    """One observation, held against the claims of its cell; ``ruling`` are those that it can meet.

    What a product manual says counts for its own family alone.
    """

    def __init__(
        self, claims: tuple[Claim, ...], seen: Observation, conditions: Conditions
    ) -> None:
        self.seen = seen
        self.conditions = conditions
        self.claims = tuple(c for c in claims if not c.family or c.family == seen.family)
        self.ruling = claims_met(self.claims, seen.condition, conditions, seen.family)

    def _may(self, claim: Claim) -> bool:
        """Whether a claim may hold under what the report states."""
        return may_hold(claim, self.seen.condition, self.conditions)

    def _must(self, claim: Claim) -> bool:
        """Whether it certainly does."""
        return must_hold(claim, self.seen.condition, self.conditions)

    def finding(self) -> Finding:
        """Return what the observation says: of partial evidence only what it can tell."""
        seen, words = self.seen, _words(self.seen)
        matched = tuple(c for c in self.claims if c.behaviour in words and self._may(c))
        told = bool(seen.condition) or not any(c.condition for c in matched)
        if seen.intercepted or seen.outcome is Behaviour.VMEXIT_MSR:
            return Finding(seen, Verdict.MASKED, (), told)
        if seen.restates and (matched or not self.ruling):
            # What the reporter took from the manual settles neither what the manual leaves open
            # nor what it is silent on.
            return Finding(seen, Verdict.CONSISTENT, matched, told)
        if not seen.partial:
            return Finding(seen, self._verdict(), matched, told)
        if not self.ruling or any(c.behaviour in words for c in self.ruling):
            return Finding(seen, Verdict.CONSISTENT, matched, told)
        if seen.outcome not in INVISIBLE:
            # Where nobody watched, the hypervisor may have raised it after an exit.
            return Finding(seen, Verdict.MASKED, (), told)
        return Finding(seen, self._against(), (), told)

    def _verdict(self) -> Verdict:
        found = self._verdict_on_outcome()
        # The outcome is as documented, and what it leaves behind is not.
        as_documented = found in (Verdict.AGREES, Verdict.EXPLAINED, Verdict.NOT_PRINTED)
        return Verdict.SIDE_EFFECT if self.seen.side_effect and as_documented else found

    def _verdict_on_outcome(self) -> Verdict:
        outcome = self.seen.outcome
        sure = {c.behaviour for c in self.ruling if self._must(c)}
        questions = [c for c in questions_met(self.claims, self.ruling) if self._may(c)]
        asked = {c.behaviour for c in questions if self._must(c)}
        if asked - sure and outcome in asked | sure:
            return Verdict.SETTLES
        if all(outcome is not c.behaviour for c in self.ruling):
            # An alternative that the manual leaves open answers the question, and contradicts
            # nothing.
            answers = any(outcome is c.behaviour for c in questions)
            return Verdict.SETTLES if answers else self._against()
        if not (printed := printed_claims(self.claims)):
            return Verdict.NOT_PRINTED
        as_printed = any(outcome is c.behaviour and self._may(c) for c in printed)
        return Verdict.AGREES if as_printed else Verdict.EXPLAINED

    def _against(self) -> Verdict:
        """Judge an observation that what rules the cell does not allow.

        One explicit claim that certainly holds is enough to contradict; where none certainly
        holds, all that may hold must be explicit.
        """
        if any(claim.behaviour is Behaviour.UNDEFINED for claim in self.ruling):
            return Verdict.SETTLES
        sure = [claim for claim in self.ruling if self._must(claim)]
        firm = any(map(is_firm, sure)) if sure else self.ruling and all(map(is_firm, self.ruling))
        return Verdict.CONTRADICTS if firm else Verdict.SETTLES


def _verdict_on_all(
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
    one_met, other_met = (_branches_met(claims, seen, conditions) for seen in (a, b))
    return not (one_met and other_met) or one_met == other_met == {""}


def _branches_met(claims: tuple[Claim, ...], seen: Observation, conditions: Conditions) -> set[str]:
    """Return the conditions of the branches that a report may have met."""
    words = _words(seen)
    open_ = [claim for claim in claims if not claim.ranks]
    branches = (*claims_met(claims, "", conditions, seen.family), *open_)
    return {claim.condition for claim in branches if claim.behaviour in words}


def _words(seen: Observation) -> Collection[Behaviour]:
    """Return the behaviours that would look the same to whoever reports."""
    return INVISIBLE if seen.outcome is Behaviour.COMPLETED else {seen.outcome}
