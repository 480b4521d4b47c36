"""What the host's trace says, whatever its layout was: the events that matter, in order.

``thread`` is the thread that was running, ``line`` the line of the text. Nothing here
holds KVM's word trap or fault: it is a look-up by offset, not something that hardware
reported.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Codes of exits, APM vol. 2 appendix C.
INTR, NMI, SMI, INIT, VINTR = range(0x60, 0x65)
CPUID, IOIO, MSR = 0x72, 0x7B, 0x7C
NPF, INCOMPLETE_IPI, UNACCELERATED = 0x400, 0x401, 0x402
# What the host did to the processor, whatever the guest was doing.
ASYNCHRONOUS = frozenset({INTR, NMI, SMI, INIT, VINTR})
# What kvm_exit calls them: the kernel's words (arch/x86/include/uapi/asm/svm.h), and those of
# trace-cmd's kvm plugin, where they are not the kernel's behind EXIT_.
_CODES = {
    "interrupt": INTR,
    "nmi": NMI,
    "smi": SMI,
    "init": INIT,
    "vintr": VINTR,
    "cpuid": CPUID,
    "pause": 0x77,
    "hlt": 0x78,
    "io": IOIO,
    "msr": MSR,
    "shutdown": 0x7F,
    "hypercall": 0x81,
    "npf": NPF,
    "avic_incomplete_ipi": INCOMPLETE_IPI,
    "avic_unaccelerated_access": UNACCELERATED,
    "EXIT_INTR": INTR,
    "EXIT_IOIO": IOIO,
    "EXIT_VMMCALL": 0x81,
}
# A reason that the plugin's table lacks (decimal), and one that the kernel's lacks.
_UNKNOWN = re.compile(r"UNKNOWN \((?P<decimal>\d+)\)|0[xX](?P<hex>[0-9a-fA-F]+)")


@dataclass(frozen=True, kw_only=True)
class TraceEvent:
    """One line of a trace."""

    thread: str
    cpu: int | None
    line: int


@dataclass(frozen=True, kw_only=True)
class KvmExit(TraceEvent):
    """``kvm_exit``."""

    reason: str
    rip: int
    info1: int
    info2: int

    @property
    def code(self) -> int | None:
        """The code of the reason; None where nobody knows its name."""
        if match := _UNKNOWN.fullmatch(self.reason):
            return int(match["decimal"]) if match["decimal"] else int(match["hex"], 16)
        return _CODES.get(self.reason, _CODES.get(self.reason.removeprefix("EXIT_").lower()))

    def __str__(self) -> str:
        code = "" if self.code is None else f" ({self.code:X}h)"
        return f"exit {self.reason}{code} at {self.rip:#x}"


@dataclass(frozen=True, kw_only=True)
class Entered(TraceEvent):
    """``kvm_entry``."""


@dataclass(frozen=True, kw_only=True)
class PortWrite(TraceEvent):
    """``kvm_pio``, a write of one item."""

    port: int
    size: int
    value: int


@dataclass(frozen=True, kw_only=True)
class CpuidAsked(TraceEvent):
    """``kvm_cpuid``: EAX and ECX of the guest."""

    function: int
    index: int


@dataclass(frozen=True, kw_only=True)
class MsrEmulated(TraceEvent):
    """``kvm_msr``: KVM carried the access out, or refused it with #GP."""

    write: bool
    number: int
    value: int
    refused: bool


@dataclass(frozen=True, kw_only=True)
class Unaccelerated(TraceEvent):
    """``kvm_avic_unaccelerated_access``."""

    offset: int
    write: bool


@dataclass(frozen=True, kw_only=True)
class IncompleteIpi(TraceEvent):
    """``kvm_avic_incomplete_ipi``: ``icr`` is ICRH:ICRL, ``reason`` the id."""

    icr: int
    reason: int


@dataclass(frozen=True, kw_only=True)
class Injected(TraceEvent):
    """``kvm_inj_exception``."""

    exception: str


@dataclass(frozen=True, kw_only=True)
class PageFault(TraceEvent):
    """``kvm_page_fault``: the guest-physical address of a nested page fault."""

    address: int


@dataclass(frozen=True, kw_only=True)
class InhibitChanged(TraceEvent):
    """``kvm_apicv_inhibit_changed``: ``inhibits`` is the mask after the change.

    ``names`` are those of the mask's bits, empty where the kernel prints none; what a number
    means differs between kernels.
    """

    set: bool
    reason: int
    inhibits: int
    names: str = ""


@dataclass(frozen=True, kw_only=True)
class Lost(TraceEvent):
    """The tracer dropped events of one processor here."""


@dataclass(frozen=True, kw_only=True)
class Unreadable(TraceEvent):
    """A line that could not be read; ``event`` is one that we rely on, empty if it is none.

    ``text`` is the line, ``why`` what is the matter with it as far as that can be told.
    """

    event: str
    text: str
    why: str = ""


@dataclass(frozen=True)
class Trace:
    """A whole trace.

    ``unread`` counts lines that could not be read, ``examples`` names the first of them.
    ``losses`` are lines which say that events are missing and not where. ``refused`` is the
    name of a layout that was recognised and is not read.
    """

    layout: str
    events: tuple[TraceEvent, ...]
    lines: int
    unread: int = 0
    examples: tuple[str, ...] = ()
    losses: tuple[str, ...] = ()
    refused: str = ""
