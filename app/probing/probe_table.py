"""The guest's register table, ``probe/registers.h``, made from the seed.

Addresses, members, reserved bits and what exists in x2APIC mode come from the seed, so that
guest and site cannot drift apart. How a register can be written without harm is no fact about
hardware but a rule of the instrument; it stands here, once per register.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from app.core.facts.documents import Register
from app.core.numbers import MSR_BASE, SLOT, bits_of, msr_of
from app.curation.seed import check_seed
from app.errors import AppError

NAMELESS = ("reserved-540", "unlisted")
NOWHERE = 0xFFFF


class NoPlan(AppError):
    """A register of the seed that the probe does not know how to write."""

    code = "no-plan"


@dataclass(frozen=True)
class RegisterPlan:
    """How the guest writes a register.

    ``kind`` is a plan of ``probe.h``, ``value`` what it writes, ``disruptive`` that it is
    written only on demand. ``reserved`` are bits that the manual reserves where the seed has
    no claim of x2APIC mode that names them.
    """

    kind: str
    value: int = 0
    reserved: int = 0
    disruptive: bool = False


OWN = RegisterPlan("OWN")
# Masked (bit 16), vector E1h.
LVT = RegisterPlan("VALUE", 0x100E1)
PLANS = {
    # A changed ID, or an LDR that two processors share, makes KVM give AVIC up for the VM.
    "id": RegisterPlan("OWN", disruptive=True),
    "ldr": RegisterPlan("OWN", disruptive=True),
    "dfr": RegisterPlan("OWN", 0xFFFFFFFF, disruptive=True),
    # Read-only: another value could be taken for state, in a page that stores it.
    **dict.fromkeys(("version", "apr", "ppr", "remote-read", "isr", "tmr", "irr"), OWN),
    **dict.fromkeys(("timer-current", "ext-feature"), OWN),
    "tpr": RegisterPlan("VALUE", 0x20),
    "eoi": RegisterPlan("EOI"),
    # Stays enabled (bit 8), other spurious vector.
    "svr": RegisterPlan("VALUE", 0x1EF),
    "esr": RegisterPlan("ESR"),
    "icr": RegisterPlan("ICR"),
    # A destination for nobody: ICRL is what sends. Chapter 16 reserves 23:0.
    "icrh": RegisterPlan("VALUE", 0x01000000, 0x00FFFFFF),
    **dict.fromkeys(("lvt-timer", "lvt-thermal", "lvt-perf"), LVT),
    **dict.fromkeys(("lvt-lint0", "lvt-lint1", "lvt-error"), LVT),
    # The timer's LVT is masked, and the old count, 0, is put back.
    "timer-initial": RegisterPlan("VALUE", 0x00100000),
    "timer-divide": RegisterPlan("VALUE", 0xB),
    "self-ipi": RegisterPlan("SELF_IPI"),
    "ext-control": OWN,
    "seoi": RegisterPlan("ZERO"),
    # All vectors enabled, if the present value cannot be read.
    "ier": RegisterPlan("OWN", 0xFFFFFFFF),
    "ext-lvt": RegisterPlan("VALUE", 0x100E1),
    "reserved-540": RegisterPlan("ZERO"),
    "unlisted": RegisterPlan("ZERO"),
}
HEAD = """\
/*
 * The register table of the guest. Made from seed/registers by `vapic probe table`; a test
 * compares. Edit the seed, or the plans in app/probing/probe_table.py, not this file.
 */
const struct row rows[] = {
    /* slug, xAPIC offset, MSR, slots, plan, flags, value, reserved bits */
"""


def table(seed: Path) -> str:
    """Return ``probe/registers.h`` as the seed gives it.

    Raises InvalidSeed, and NoPlan for a register that the probe cannot write safely.
    """
    facts = (entry.fact for entry in check_seed(seed))
    return probe_table(fact for fact in facts if isinstance(fact, Register))


def probe_table(registers: Iterable[Register]) -> str:
    """Return the C header: a row per run of addresses, in the order of Table 15-22.

    Raises NoPlan for a register that ``PLANS`` does not name.
    """
    rows = [
        _row(register, *run)
        for register in sorted(registers, key=lambda register: register.order)
        for run in _runs(register)
    ]
    return HEAD + "".join(rows) + "};\n"


def _runs(register: Register) -> Iterator[tuple[int, int, int]]:
    """Return offset, MSR and number of consecutive slots that exist by page, by MSR, or both."""
    by_index = {(span.first - MSR_BASE, len(span.addresses())): span for span in register.msr_spans}
    for span in register.offset_spans:
        key = (msr_of(span.first) - MSR_BASE, len(span.addresses(SLOT)))
        msr = by_index.pop(key, None)
        yield span.first, msr.first if msr else NOWHERE, key[1]
    for (_, slots), msr in by_index.items():
        yield NOWHERE, msr.first, slots


def _row(register: Register, offset: int, msr: int, slots: int) -> str:
    plan = PLANS.get(register.slug)
    if plan is None:
        raise NoPlan(f"app/probing/probe_table.py does not say how to write {register.slug!r}.")
    words = {
        "VECTOR": register.vector,
        "DISRUPTIVE": plan.disruptive,
        "X2APIC_ABSENT": register.access == "none",
        "NAMED": register.slug not in NAMELESS,
    }
    flags = " | ".join(word for word, holds in words.items() if holds) or "0"
    reserved = reserved_bits(register) | plan.reserved
    return (
        f'    {{ "{register.slug}", 0x{offset:03X}, 0x{msr:03X}, {slots}, '
        f"PLAN_{plan.kind}, {flags}, 0x{plan.value:X}, 0x{reserved:X} }},\n"
    )


def reserved_bits(register: Register) -> int:
    """Return the bits that any claim says to be reserved, whose write must then fault."""
    mask = 0
    for claim in register.claims:
        mask |= bits_of(claim.bits)
    return mask
