"""The marker: one 32-bit value before and after each access, seen by the host's trace.

    31:28 phase (Bh begin, Eh end)    27 an MSR outside 800h-8FFh    26 x2APIC mode
    25 by MSR    24 write    23:16 index (offset >> 4, or MSR & FFh)
    15:0 sequence number, which wraps

It goes out on port 7E0h, which no machine that was tried owns, or as ECX of a CPUID with
a leaf that nobody else asks for. FFFFFFFFh ends the measuring.
"""

from __future__ import annotations

from dataclasses import dataclass

from app.core.numbers import MSR_BASE, MSR_LAST
from app.core.words import Access

PORT = 0x7E0
LEAF = 0x7E0A91C0
END_OF_MEASURING = 0xFFFFFFFF
WRAP = 1 << 16
BEGIN, END = 0xB, 0xE


@dataclass(frozen=True, kw_only=True)
class Tag:
    """What a marker says about its access, without phase and sequence number."""

    x2apic: bool
    by_msr: bool
    access: Access
    index: int
    outside: bool = False

    @classmethod
    def of(cls, *, x2apic: bool, by_msr: bool, access: Access, address: int) -> Tag:
        """Return the tag of an access to an xAPIC offset or to an MSR."""
        return cls(
            x2apic=x2apic,
            by_msr=by_msr,
            access=access,
            index=address & 0xFF if by_msr else address >> 4 & 0xFF,
            outside=by_msr and not MSR_BASE <= address <= MSR_LAST,
        )

    def __str__(self) -> str:
        mode = "x2APIC" if self.x2apic else "xAPIC"
        place = "MSR ..%02Xh" if self.outside else "MSR 8%02Xh" if self.by_msr else "offset %02X0h"
        return f"{self.access} of {place % self.index} in {mode} mode"


@dataclass(frozen=True)
class Marker:
    """One marker; ``seq`` is the 16-bit sequence number."""

    phase: int
    tag: Tag
    seq: int

    @property
    def begins(self) -> bool:
        """Whether it stands before its access."""
        return self.phase == BEGIN

    @classmethod
    def read(cls, value: int) -> Marker | None:
        """Return the marker of a 32-bit value; None when the value is no marker."""
        phase = value >> 28
        if phase not in (BEGIN, END):
            return None
        tag = Tag(
            outside=bool(value >> 27 & 1),
            x2apic=bool(value >> 26 & 1),
            by_msr=bool(value >> 25 & 1),
            access=Access.WRITE if value >> 24 & 1 else Access.READ,
            index=value >> 16 & 0xFF,
        )
        return cls(phase, tag, value % WRAP)
