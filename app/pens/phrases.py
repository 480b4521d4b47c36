"""Short phrases that several formats share, so that they always say the same."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby

from app.core.chains import VALID
from app.core.facts import Claim, Observation
from app.core.judgements import Judgement
from app.core.knowledge import Knowledge
from app.core.rulings import Branch, Conditions
from app.core.words import Behaviour, Verdict
from app.pens.lines import Line, Pieces, Styled, join_lines

# Of a cell whose every access was intercepted.
NOTHING_HEARD = "nothing, all intercepted"
# Before what was seen on the same family and has another verdict.
BESIDE = "; beside it "

SeenBranches = dict[Branch, list[Observation]]


def branch_slugs(claim: Claim) -> str:
    """``gp [reserved-bits]``: a claim's behaviour and condition, as slugs."""
    return f"{claim.behaviour} [{claim.condition}]" if claim.condition else str(claim.behaviour)


def branches_slugs(claims: Iterable[Claim], empty: str = "nothing") -> str:
    """Several branches, ``accelerated [edge] | vmexit-trap [level]``."""
    return " | ".join(dict.fromkeys(map(branch_slugs, claims))) or empty


def branch_line(found: Iterable[Branch]) -> Line:
    """The same as a line of a sheet, of behaviours with their conditions."""
    branches = (
        (behaviour, " ", Styled(f"[{condition}]", "when")) if condition else (behaviour,)
        for behaviour, condition in dict.fromkeys(found)
    )
    return join_lines(branches, " | ") or "nothing"


def verdict_line(judgement: Judgement) -> Pieces:
    """What was seen on a family, the verdict on it, and what stands behind it."""
    seen = join_lines(filter(None, map(_chips, _sides(judgement))), BESIDE) or (NOTHING_HEARD,)
    return (judgement.verdict, ": ", *seen, f"; {judgement.behind}")


def seen_branches(judgement: Judgement) -> str:
    """``accelerated [edge], vmexit-trap [level]``: what was seen on a family, and in which case."""
    said = (", ".join(f"{b} [{when}]" if when else b for b, when in s) for s in _sides(judgement))
    return BESIDE.join(filter(None, said)) or NOTHING_HEARD


def branches_behind(judgement: Judgement) -> tuple[Branch, ...]:
    """What was seen that has the verdict itself: the rest of a family may be as documented."""
    heard = (f.observation for f in judgement.findings if judgement.word(f) is judgement.verdict)
    return tuple(dict.fromkeys((seen.outcome, seen.condition) for seen in heard))


def _chips(sides: SeenBranches) -> Pieces:
    heard = (
        (b, looks, [when for (_, when), _ in found])
        for (b, looks), found in groupby(sides.items(), lambda side: (side[0][0], _looks(side[1])))
    )
    return join_lines(
        (*behaviour_line(b, *when, seen=ran), " (the manual's word)" if restated else "")
        for b, (ran, restated), when in heard
    )


def _sides(judgement: Judgement) -> tuple[SeenBranches, SeenBranches]:
    """Return what was heard, in the order of the vocabulary: what has the verdict, and the rest."""
    first: SeenBranches = {}
    rest: SeenBranches = {}
    borne = branches_behind(judgement)
    heard = [f.observation for f in judgement.findings if f.verdict is not Verdict.MASKED]
    for seen in sorted(heard, key=lambda o: judgement.behaviours.index(o.outcome)):
        side = (seen.outcome, seen.condition)
        (first if side in borne else rest).setdefault(side, []).append(seen)
    return first, rest


def _looks(reports: Iterable[Observation]) -> tuple[bool, bool]:
    """Return whether any of some reports comes of a run, and whether all restate the manual."""
    heard = tuple(reports)
    return any(o.evidence.ran for o in heard), all(o.restates for o in heard)


def behaviour_line(behaviour: Behaviour, *conditions: str, seen: bool = False) -> Pieces:
    """``gp (#GP, no #VMEXIT) [busy-set, non-zero]``: in HTML a chip, filled where it was seen."""
    said = str(behaviour) if behaviour == behaviour.label else f"{behaviour} ({behaviour.label})"
    stated = ", ".join(condition for condition in conditions if condition)
    when = (" ", Styled(f"[{stated}]", "when")) if stated else ()
    return (Styled(behaviour.label, f"b b-{behaviour}{' seen' if seen else ''}", told=said), *when)


def claims_line(claims: Iterable[Claim]) -> Pieces:
    """Return what claims say, each once and in their order."""
    said = groupby(dict.fromkeys(claim.branch for claim in claims), lambda branch: branch[0])
    lines = (behaviour_line(b, *(when for _, when in found)) for b, found in said)
    return join_lines(lines, " | ") or ("nothing",)


def condition_words(condition: str, conditions: Conditions) -> str:
    """``, when bit 18 is set``: what stands behind a behaviour; empty without a condition."""
    return f", when {conditions.text(condition)}" if condition else ""


def observation_line(seen: Observation, knowledge: Knowledge) -> str:
    """``Zen 4: #GP, no #VMEXIT, when BUSY is set, observed``: what a report saw, and its grade."""
    when = condition_words(seen.condition, knowledge.conditions)
    return f"{knowledge.families[seen.family].name}: {seen.outcome.label}{when}, {seen.graded}"


def value_words(value: str, conditions: Conditions) -> str:
    """``reserved bits``: what is chosen of the value of a write, in a few words."""
    return "valid" if value == VALID else conditions.tag(value)


def short_branches(claims: Iterable[Claim], conditions: Conditions, join: str = "; ") -> str:
    """The same in the short words of narrow columns: ``accel edge; trap level``."""
    words = (f"{c.behaviour.short} {conditions.tag(c.condition)}".strip() for c in claims)
    return join.join(dict.fromkeys(words))


def counted_verdict(verdict: Verdict) -> str:
    """Return what stands behind a number of cells: ``1 whose reports disagree``."""
    return f"whose {verdict.label}" if verdict is Verdict.DISPUTED else verdict.label
