"""The accesses that a handed-out test makes in x2APIC mode, each with its place on the site.

They are those of our own guest, as far as one processor and no second mode are needed for them:
every MSR of 800h-8FFh is read and written, and every bit that the manual reserves is written alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from app.core.cells import CellKey
from app.core.facts import Claim, Register
from app.core.numbers import bits_of
from app.core.rulings import Conditions, claims_met
from app.core.words import Access, Behaviour, ClaimKind, Mode
from app.probing.classifying import BY_WHY
from app.probing.probe_table import PLANS, reserved_bits

# The vector of the test's own interrupts, by an IPI to itself.
VECTOR, SELF = 0xE1, 1 << 18
# Writes of registers that act: why, and the value.
ACTING: Mapping[str, tuple[tuple[str, int], ...]] = {
    "eoi": (("eoi-none", 0), ("nonzero", 1), ("eoi-edge", 0), ("eoi-level", 0)),
    "esr": (("zero", 0), ("nonzero", 1)),
    "icr": (("self-fixed", SELF | VECTOR),),
    "self-ipi": (("self-ipi", VECTOR),),
}
# Bits that have a word of their own.
SINGLE = {("icr", 12): "busy", ("lvt-timer", 18): "bit18"}
# Figure 16-30 reserves vectors 15:0, which are bits of the first of the eight alone (24593, p.653).
ONLY_FIRST = {"ier": 0xFFFF}
# What a guest sees of a behaviour; of others nothing can be expected.
UNSEEN = frozenset({Behaviour.ABSENT, Behaviour.UNDEFINED, Behaviour.PF})


@dataclass(frozen=True, kw_only=True)
class Check:
    """One access of a test.

    ``why`` is the guest's word for it, ``condition`` the one of the seed under which it is made.
    """

    number: int
    register: Register
    msr: int
    member: int | None
    access: Access
    why: str
    value: int | None

    @property
    def key(self) -> CellKey:
        """The cell that it exercises."""
        return CellKey(self.register.slug, Mode.X2AVIC, self.access)

    @property
    def condition(self) -> str:
        """The condition under which it is made, empty for the access as it stands."""
        return BY_WHY.get(self.why, self.why)

    @property
    def named(self) -> str:
        """``tpr``, ``isr#3``: the register, with its number in a vector."""
        return self.register.slug + ("" if self.member is None else f"#{self.member}")

    @property
    def title(self) -> str:
        """``WRMSR 0x808 tpr pattern 0x20``: as the test prints it."""
        way = "RDMSR" if self.access is Access.READ else "WRMSR"
        value = "" if self.value is None else f" {self.value:#x}"
        return f"{way} {self.msr:#x} {self.named} {self.why}{value}"


def checks_of(registers: Iterable[Register]) -> tuple[Check, ...]:
    """Return every check, numbered from 1, in the order of the MSRs."""
    places = [
        (msr, index, register)
        for register in registers
        for span in register.msr_spans
        for index, msr in enumerate(span.addresses())
    ]
    told = (
        (register, index, msr, access, why, value)
        for msr, index, register in sorted(places, key=lambda place: place[0])
        for access, why, value in _accesses(register, index)
    )
    return tuple(
        Check(
            number=number,
            register=register,
            msr=msr,
            member=index if register.vector else None,
            access=access,
            why=why,
            value=value,
        )
        for number, (register, index, msr, access, why, value) in enumerate(told, 1)
    )


def _accesses(register: Register, index: int) -> Iterator[tuple[Access, str, int | None]]:
    yield Access.READ, "initial", None
    for why, value in _writes(register, index):
        yield Access.WRITE, why, value


def _writes(register: Register, index: int) -> Iterator[tuple[str, int]]:
    """Return why each value is written, and the value; what a write would change comes first."""
    first = ONLY_FIRST.get(register.slug, 0) if index else 0
    base = _pattern(register)
    plain = ACTING.get(register.slug) or (("pattern" if base else "zero", base | first),)
    yield from plain
    reserved = 0 if register.access == "none" else reserved_bits(register) & ~first
    for bit in range(64):
        if reserved >> bit & 1:
            why = SINGLE.get((register.slug, bit), "reserved-bits")
            yield why, plain[0][1] | 1 << bit


def _pattern(register: Register) -> int:
    if register.slug == "ier":
        # Every vector that exists stays enabled.
        return 0xFFFF0000
    plan = PLANS[register.slug]
    return plan.value if plan.kind == "VALUE" and register.access != "none" else 0


@dataclass(frozen=True)
class Expected:
    """What a guest is to see of a check, and why; None where nothing can be said."""

    outcome: Behaviour | None
    because: str


def seen_as(behaviour: Behaviour) -> Behaviour | None:
    """Return what a guest sees of a behaviour, which a hypervisor completes where it exits."""
    if behaviour in UNSEEN:
        return None
    return Behaviour.GP if behaviour is Behaviour.GP else Behaviour.COMPLETED


def by_manual(check: Check, claims: Iterable[Claim], conditions: Conditions) -> Expected:
    """Return what the manual's own order of checks gives (``app.core.rulings``).

    The value that is written decides on conditions of the value; where branches of both kinds
    stay possible, nothing is expected.
    """
    mine = [claim for claim in claims if _holds(claim, check, conditions)]
    ruling = claims_met(mine, check.condition, conditions)
    outcomes = {seen_as(claim.behaviour) for claim in ruling}
    if not ruling or _is_open(check, claims):
        return Expected(None, "the manual does not say")
    places = "; ".join(dict.fromkeys(map(_place, ruling)))
    return Expected(outcomes.pop() if len(outcomes) == 1 else None, places)


def _is_open(check: Check, claims: Iterable[Claim]) -> bool:
    """Whether only the manual of one model reserves the bit."""
    if check.condition != "reserved-bits":
        return False
    stated = [c.bits for c in claims if c.bits and c.kind is not ClaimKind.PRODUCT]
    return not any(bits_of(bits) & (check.value or 0) for bits in stated)


def _place(claim: Claim) -> str:
    return ", ".join(filter(None, (claim.graded, claim.section, f"p.{claim.page}")))


def _holds(claim: Claim, check: Check, conditions: Conditions) -> bool:
    """Whether a claim's condition may hold, as far as the value that is written decides that."""
    told = conditions.get(claim.condition)
    if check.access is Access.READ or told is None or told.axis != "value":
        return True
    value = check.value or 0
    if claim.bits:
        reserved = bits_of(claim.bits)
        if check.member:
            reserved &= ~ONLY_FIRST.get(check.register.slug, 0)
        return bool(value & reserved)
    return {"zero": not value, "busy-set": bool(value & 1 << 12)}.get(claim.condition, bool(value))
