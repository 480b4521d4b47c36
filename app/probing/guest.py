"""What the guest says: one record per access, and who it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from app.core.numbers import SLOT
from app.core.words import Access, Mode
from app.probing.markers import Tag

GP, PF = "#GP", "#PF"
# The base family that has extended fields (APM vol. 3, CPUID Fn0000_0001_EAX).
EXTENDED = 0xF
# How wide the manual wants accesses to the page, in bits (APM vol. 2, chapter 16).
PAGE_WIDTH = 32


class Way(StrEnum):
    """How the guest reached the register."""

    MMIO = "mmio"
    MSR = "msr"


@dataclass(frozen=True)
class GuestSite:
    """Where an access instruction stands, and where the next one does."""

    at: int
    after: int


@dataclass(frozen=True, kw_only=True)
class Machine:
    """The start line: the processor and the hypervisor as the guest sees them.

    ``sites`` has one entry per kind of access: ``mmio-read``, ``mmio-write``, ``rdmsr``
    and ``wrmsr``, and ``mmio-read-8`` and so on of a guest that tries other widths.
    """

    tool: str
    version: str
    apic: str
    measured_at: str
    vendor: str
    brand: str
    signature: int
    hypervisor: str
    marker: str
    repeat: int
    sites: Mapping[str, GuestSite]
    svm_edx: int | None = None

    @property
    def family(self) -> int:
        """CPUID Fn0000_0001_EAX: the extended family counts where the base is Fh."""
        base = self.signature >> 8 & 0xF
        return base + (self.signature >> 20 & 0xFF if base == EXTENDED else 0)

    @property
    def model(self) -> int:
        """CPUID Fn0000_0001_EAX: the extended model counts where the base family is Fh."""
        extended = self.signature >> 16 & 0xF if self.signature >> 8 & 0xF == EXTENDED else 0
        return extended << 4 | self.signature >> 4 & 0xF

    @property
    def stepping(self) -> int:
        """CPUID Fn0000_0001_EAX[3:0]."""
        return self.signature & 0xF


@dataclass(frozen=True, kw_only=True)
class GuestAccess:
    """One access as the guest saw it.

    ``address`` is the xAPIC offset or the MSR; ``value`` what was read or written;
    ``effect`` whether hardware was seen to act, None where the guest could not see.
    """

    line: int
    seq: int
    rep: int
    apic: str
    access: Access
    way: Way
    address: int
    slug: str
    width: int
    value: int | None
    why: str
    fault: str = ""
    error: int | None = None
    member: int | None = None
    read_back: int | None = None
    esr: int | None = None
    cycles: int | None = None
    effect: bool | None = None

    @property
    def mode(self) -> Mode | None:
        """The mode whose cell it exercises.

        None for an MSR in xAPIC mode, for the page in x2APIC mode or in another way than
        a register is meant to be reached, and for MSRs that are no register of the APIC: the
        table has no such cell.
        """
        if self.way is Way.MMIO:
            whole = self.width == PAGE_WIDTH and not self.address % SLOT
            return Mode.AVIC if self.apic == "xapic" and whole else None
        return Mode.X2AVIC if self.apic == "x2apic" and not self.tag.outside else None

    @property
    def tag(self) -> Tag:
        """What its marker has to say."""
        return Tag.of(
            x2apic=self.apic == "x2apic",
            by_msr=self.way is Way.MSR,
            access=self.access,
            address=self.address,
        )

    @property
    def kind(self) -> str:
        """The instruction that makes it, as the start line names it."""
        if self.way is Way.MSR:
            return "rdmsr" if self.access is Access.READ else "wrmsr"
        width = "" if self.width == PAGE_WIDTH else f"-{self.width}"
        return f"mmio-{self.access}{width}"

    def __str__(self) -> str:
        """``line 12: write 0x0d0 (ldr) by mmio, pattern``."""
        name = self.slug if self.member is None else f"{self.slug}#{self.member}"
        way = f"by {self.way}" if self.mode else f"by {self.way} in {self.apic} mode"
        return f"line {self.line}: {self.access} {self.address:#05x} ({name}) {way}, {self.why}"


@dataclass(frozen=True)
class GuestLog:
    """One boot: who it was, what it did, what it skipped and why."""

    machine: Machine
    accesses: tuple[GuestAccess, ...]
    remarks: tuple[str, ...] = ()
    # Whether an interrupt that it sent to itself came; older guests do not tell.
    ipi: bool | None = None
