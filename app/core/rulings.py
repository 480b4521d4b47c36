"""Which claim rules a cell: the manual's own priority.

AMD64 APM vol. 2 (24593 rev 3.44), 15.29.10 (p.583) with 15.11 (p.518): for an MSR access
under x2AVIC the CPL check comes first, then the MSR permission map, then the x2APIC access
check (chapter 16), and only then AVIC's own table. The first two depend on the guest and the
hypervisor, so what rules a *cell* begins at the access check.
"""

from __future__ import annotations

from collections.abc import Iterable

from app.core.cells import CellKey
from app.core.facts import Claim, Condition
from app.core.words import Behaviour, ClaimKind, Printed, Strength

Branch = tuple[Behaviour, str]
LEVELS = (
    frozenset({ClaimKind.ACCESS_CHECK, ClaimKind.PRODUCT}),
    frozenset({ClaimKind.NOTE}),
    frozenset({ClaimKind.TABLE}),
)


# Pairs of a printed behaviour and one that says the same, or more of it.
REFINED = frozenset({(b, b) for b in Behaviour} | {(Behaviour.ALLOWED, Behaviour.ACCELERATED)})


class Conditions(dict[str, Condition]):
    """The conditions of the seed by slug, and how they relate."""

    def covers(self, outer: str, inner: str) -> bool:
        """Whether ``outer`` holds whenever ``inner`` does."""
        while inner and inner != outer:
            inner = self[inner].within if inner in self else ""
        return inner == outer

    def excludes(self, one: str, other: str) -> bool:
        """Whether the two can never hold together: one axis, neither within the other."""
        a, b = self.get(one), self.get(other)
        if a is None or b is None or a.axis != b.axis:
            return False
        return not self.covers(one, other) and not self.covers(other, one)

    def text(self, slug: str) -> str:
        """Return the condition in words; the slug itself if nothing is known of it."""
        return self[slug].text if slug in self else slug

    def tag(self, slug: str) -> str:
        """Return the condition in at most ten characters, for narrow columns."""
        return self[slug].tag if slug in self else slug


def claims_on(claims: Iterable[Claim], key: CellKey) -> tuple[Claim, ...]:
    """Return the claims of a register that speak of one cell, highest priority first."""
    here = [c for c in claims if key.mode in c.modes and key.access is c.access]
    return tuple(sorted(here, key=level_of))


def effective_claims(claims: Iterable[Claim], family: str = "") -> tuple[Claim, ...]:
    """Return the claims that rule a cell, in the order in which they are checked.

    ``claims`` are those of one cell. A level ends the search once it holds for every
    access; a conditional check leaves the rest to the level below it. Product claims
    count for their ``family`` alone, open questions never.
    """
    return claims_met(claims, "", Conditions({}), family)


def claims_met(
    claims: Iterable[Claim], stated: str, conditions: Conditions, family: str = ""
) -> tuple[Claim, ...]:
    """Return the claims that an access under the ``stated`` condition can meet.

    With no condition stated every branch is possible. A level ends the search when one
    of its claims certainly holds: it has no condition, or one that covers what was stated.
    """
    found: list[Claim] = []
    usable = [
        c for c in claims if c.ranks and (c.kind is not ClaimKind.PRODUCT or c.family == family)
    ]
    for level in ([c for c in usable if c.kind in kinds] for kinds in LEVELS):
        found += [c for c in level if may_hold(c, stated, conditions)]
        if any(must_hold(c, stated, conditions) for c in level):
            break
    return tuple(found)


def may_hold(claim: Claim, stated: str, conditions: Conditions) -> bool:
    """Whether the claim's condition may hold when ``stated`` does."""
    return not (claim.condition and stated and conditions.excludes(claim.condition, stated))


def must_hold(claim: Claim, stated: str, conditions: Conditions) -> bool:
    """Whether the claim's condition must hold when ``stated`` does."""
    return not claim.condition or bool(stated and conditions.covers(claim.condition, stated))


def printed_claims(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """Return what Table 15-22 says, taken literally."""
    return tuple(claim for claim in claims if claim.kind is ClaimKind.TABLE)


def judge_print(claims: tuple[Claim, ...], conditions: Conditions) -> Printed:
    """Hold what the table prints of a cell against what rules it.

    A printed branch that claims of a higher rank take whole is wrong: no ordinary access
    meets it. One that keeps some of its accesses is incomplete, and so is one that they refine:
    what is allowed may be accelerated too (24593 rev 3.44, 15.29.3.1, p.566).
    """
    table = printed_claims(claims)
    if not table:
        return Printed.NOT_PRINTED
    ruling = effective_claims(claims)
    above = [c for c in ruling if c.kind is not ClaimKind.TABLE]
    if branch_set(ruling) == branch_set(table):
        return Printed.AS_PRINTED
    taken = any(
        conditions.covers(higher.condition, word.condition) or not higher.condition
        for word in table
        for higher in above
        if (word.behaviour, higher.behaviour) not in REFINED
    )
    return Printed.WRONG if taken else Printed.INCOMPLETE


def open_questions(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """Return the alternatives that the manual leaves open: they never rule."""
    return tuple(claim for claim in claims if not claim.ranks)


def questions_met(claims: Iterable[Claim], ruling: Iterable[Claim]) -> tuple[Claim, ...]:
    """Return the open questions that an access gets as far as.

    ``ruling`` is what it can meet: where that ends at a higher level, it never comes to a
    question of a lower one.
    """
    last = max((level_of(claim) for claim in ruling), default=len(LEVELS))
    return tuple(claim for claim in open_questions(claims) if level_of(claim) <= last)


def level_of(claim: Claim) -> int:
    """Return the level of a claim, 0 for what is checked first."""
    return [claim.kind in level for level in LEVELS].index(True)


def branches_of(claims: Iterable[Claim]) -> tuple[Branch, ...]:
    """Return what claims say, behaviour and condition, each once and in their order."""
    return tuple(dict.fromkeys(claim.branch for claim in claims))


def branch_set(claims: Iterable[Claim]) -> frozenset[Branch]:
    """Return what claims say, to compare it."""
    return frozenset(branches_of(claims))


def unprinted_claims(claims: Iterable[Claim]) -> tuple[Claim, ...]:
    """Return the claims that rule a cell and that Table 15-22 does not make."""
    known = tuple(claims)
    in_print = branch_set(printed_claims(known))
    return tuple(claim for claim in effective_claims(known) if claim.branch not in in_print)


def is_firm(claim: Claim) -> bool:
    """Whether an observation against this claim contradicts the manual.

    What is only implied leaves room, and a product manual binds only its own models.
    """
    return claim.strength is Strength.EXPLICIT and claim.kind is not ClaimKind.PRODUCT
