"""Short phrases that several formats share, so that they always say the same."""

from __future__ import annotations

from collections.abc import Iterable

from app.core.facts import Claim, Observation, Register
from app.core.numbers import SLOT
from app.core.rulings import Branch, Conditions
from app.core.verdicts import Judgement
from app.core.words import ClaimKind, Scope, Strength
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
    chips = ((Styled(b.label, f"b b-{b}", told=f"{b} ({b.label})"),) for b in judgement.behaviours)
    seen = joined(chips) or ("nothing unmasked",)
    return (judgement.verdict, ": ", *seen, f"; {evidence(judgement)}")


def short_branches(claims: Iterable[Claim], conditions: Conditions, join: str = "; ") -> str:
    """The same in the short words of narrow columns: ``accel edge; trap level``."""
    words = (f"{c.behaviour.short} {conditions.tag(c.condition)}".strip() for c in claims)
    return join.join(dict.fromkeys(words))


def addresses(register: Register) -> str:
    """``0D0h, MSR 80Dh``: where a register is."""
    offsets = ", ".join(register.offsets)
    msrs = ", ".join(register.msrs)
    return ", ".join(part for part in (offsets, f"MSR {msrs}" if msrs else "") if part)


def x2apic_access(register: Register) -> str:
    """``read-write``: the type of access that x2APIC mode gives."""
    return "not implemented there" if register.access == "none" else str(register.access)


def members(register: Register) -> tuple[str, ...]:
    """``ISR3 130h, MSR 813h``: each register of a vector, with its addresses."""
    offset, msr = register.offset_spans[0].first, register.msr_spans[0]
    return tuple(
        f"{register.abbreviation}{n} {offset + n * SLOT:03X}h, MSR {msr.first + n:03X}h"
        for n in range(msr.last - msr.first + 1)
    )


def heading(register: Register) -> str:
    """``LDR - Logical Destination Register``; the name alone where there is no abbreviation."""
    if register.abbreviation == "-":
        return register.name
    return f"{register.abbreviation} - {register.name}"


def strength(claim: Claim) -> str:
    """``access-check, implied``; explicit claims say their kind alone.

    Where our own step leads to the #GP: ``product, inferred``.
    """
    inferred = ", inferred" if claim.inference and claim.kind is not ClaimKind.NOTE else ""
    implied = ", implied" if claim.strength is Strength.IMPLIED else inferred
    question = ", open question" if claim.question else ""
    return f"{claim.kind}{implied}{question}"


def since(claim: Claim) -> str:
    """``since revision 3.37, by inference``: nobody here read that one; empty if not known."""
    return f"since revision {claim.since}, by inference" if claim.since else ""


def evidence(judgement: Judgement) -> str:
    """``1 report, observed, group``: what stands behind a judgement.

    Where only guests looked it ends in ``exits not watched``.
    """
    parts = [judgement.counts]
    if judgement.evidence:
        parts.append(str(judgement.evidence))
    if judgement.scope is Scope.GROUP:
        parts.append("group")
    if judgement.unwatched:
        parts.append("exits not watched")
    return ", ".join(parts)


def grade(observation: Observation) -> str:
    """``observed, for a group of cells; hedged: "typically"``."""
    scope = ", for a group of cells" if observation.scope is Scope.GROUP else ""
    hedge = f'; hedged: "{observation.hedge}"' if observation.hedge else ""
    unwatched = "; nobody watched for exits" if observation.unwatched else ""
    restates = "; the word is the manual's" if observation.restates else ""
    inferred = "; inference in part" if observation.inference else ""
    return f"{observation.evidence}{scope}{hedge}{unwatched}{restates}{inferred}"


def reported(observation: Observation) -> str:
    """``Sean Christopherson (Google), 2026-05-06``; undated where the source is."""
    return f"{observation.reporter}, {observation.date or 'undated'}"
