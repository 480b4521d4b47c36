"""Short phrases that several formats share, so that they always say the same."""

from __future__ import annotations

from collections.abc import Iterable

from app.core.facts import Claim, Observation
from app.core.rulings import Branch, Conditions
from app.core.verdicts import Judgement
from app.core.words import Behaviour, Verdict
from app.pens.lines import Line, Pieces, Styled, joined


def branch(claim: Claim) -> str:
    """``gp [reserved-bits]``: a claim's behaviour and condition, as slugs."""
    return f"{claim.behaviour} [{claim.condition}]" if claim.condition else str(claim.behaviour)


def branches(claims: Iterable[Claim], empty: str = "nothing") -> str:
    """Several branches, ``accelerated [edge] | vmexit-trap [level]``."""
    return " | ".join(dict.fromkeys(map(branch, claims))) or empty


def branch_line(found: Iterable[Branch]) -> Line:
    """The same as a line of a sheet, of behaviours with their conditions."""
    branches = (
        (behaviour, " ", Styled(f"[{condition}]", "when")) if condition else (behaviour,)
        for behaviour, condition in dict.fromkeys(found)
    )
    return joined(branches, " | ") or "nothing"


def verdict_line(judgement: Judgement) -> Pieces:
    """What was seen on a family, the verdict on it, and what stands behind it."""
    chips = (_side(*branch, seen) for branch, seen in _sides(judgement).items())
    seen = joined(chips) or ("nothing unmasked",)
    return (judgement.verdict, ": ", *seen, f"; {judgement.behind}")


def seen_branches(judgement: Judgement) -> str:
    """``accelerated [edge], vmexit-trap [level]``: what was seen on a family, and in which case."""
    sides = _sides(judgement)
    return ", ".join(f"{b} [{when}]" if when else b for b, when in sides) or "nothing unmasked"


def _sides(judgement: Judgement) -> dict[Branch, list[Observation]]:
    """Return what was heard by behaviour and condition, in the order of the vocabulary."""
    heard = [f.observation for f in judgement.findings if f.verdict is not Verdict.MASKED]
    sides: dict[Branch, list[Observation]] = {}
    for seen in sorted(heard, key=lambda o: judgement.behaviours.index(o.outcome)):
        sides.setdefault((seen.outcome, seen.condition), []).append(seen)
    return sides


def _side(behaviour: Behaviour, condition: str, seen: Iterable[Observation]) -> Pieces:
    reports = tuple(seen)
    look = " seen" if any(report.evidence.ran for report in reports) else ""
    said = str(behaviour) if behaviour == behaviour.label else f"{behaviour} ({behaviour.label})"
    when = (" ", Styled(f"[{condition}]", "when")) if condition else ()
    restated = " (the manual's word)" if all(report.restates for report in reports) else ""
    return (Styled(behaviour.label, f"b b-{behaviour}{look}", told=said), *when, restated)


def short_branches(claims: Iterable[Claim], conditions: Conditions, join: str = "; ") -> str:
    """The same in the short words of narrow columns: ``accel edge; trap level``."""
    words = (f"{c.behaviour.short} {conditions.tag(c.condition)}".strip() for c in claims)
    return join.join(dict.fromkeys(words))
