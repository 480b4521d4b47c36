"""Short phrases that several formats share, so that they always say the same."""

from __future__ import annotations

from collections.abc import Iterable

from app.core.facts import Claim
from app.core.rulings import Branch, Conditions
from app.core.verdicts import Judgement
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
    look = " seen" if judgement.evidence and judgement.evidence.ran else ""
    chips = ((Styled(b.label, f"b b-{b}{look}", told=f"{b} ({b.label})"),)
             for b in judgement.behaviours)  # fmt: skip
    seen = joined(chips) or ("nothing unmasked",)
    return (judgement.verdict, ": ", *seen, f"; {judgement.behind}")


def short_branches(claims: Iterable[Claim], conditions: Conditions, join: str = "; ") -> str:
    """The same in the short words of narrow columns: ``accel edge; trap level``."""
    words = (f"{c.behaviour.short} {conditions.tag(c.condition)}".strip() for c in claims)
    return join.join(dict.fromkeys(words))
