"""Whether a run counts: every reason for which nothing of it is believed stands here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from app.core.words import Behaviour, Mode
from app.probing.guest import GuestLog
from app.probing.majority import Result
from app.probing.matching import Matched
from app.probing.trace import MSR, CpuidAsked, KvmExit, PortWrite, Trace, Unreadable
from app.probing.trace_reader import EARLIER
from app.probing.windows import Cut

PLAIN = "give the plain output of trace-cmd report or of perf script"
# One sentence for whoever is told that AVIC was off.
WHY_OFF = ". Why it may be off, and how to see it: /docs/active of an explorer"
NO_NAMES = "this kernel prints no names for the bits"
# What a number means differs between kernels.
ENUM = (
    "; the bits are those of enum kvm_apicv_inhibit in that version's "
    "arch/x86/include/asm/kvm_host.h"
)
# What only AVIC itself does.
AVIC_OUTCOMES = {Behaviour.VMEXIT_IPI, Behaviour.VMEXIT_TRAP, Behaviour.VMEXIT_FAULT}
NO_END = (
    "the trace does not hold the marker that ends the measuring: it was cut off, or its buffer "
    "was full"
)
NOT_AVIC = (
    "most accesses of the APIC page gave exit 400h, so AVIC was off before the trace began"
    f"{WHY_OFF}"
)
NOT_X2AVIC = (
    "every access exited with 7Ch, so KVM intercepted them all: x2AVIC was off before the trace "
    f"began, or is not here{WHY_OFF}"
)
TPR_EXITED = (
    "an access of TPR exited with 7Ch, and KVM lets it through where x2AVIC is on: it was off"
    f"{WHY_OFF}"
)
APIC_BASE = "apic-base"
FILTERED = (
    "the guest accessed the APIC base (1Bh), which KVM intercepts, and the trace has no exit 7Ch "
    "at all: exits are missing from it, as where it was filtered by their reason"
)
_MEMORY = "memory and no APIC, as where AVIC is forced on under an emulator that has none"
NO_IPI = f"an interrupt that the guest sent to itself did not come: what answered is {_MEMORY}"
NO_APIC = (
    "no access gave exit 401h or 402h, and nothing that the guest wrote had the effect that it "
    f"watched for: what answered is {_MEMORY}"
)


def why_void(
    log: GuestLog, trace: Trace, pieces: Cut, matched: Matched, results: Sequence[Result]
) -> str:
    """Return why a whole run counts for nothing, empty if it counts."""
    if trace.losses:
        return f"the trace is not whole: {trace.losses[0]}"
    if not pieces.ended:
        return NO_END
    for event in trace.events:
        # What comes later is not about the guest any more.
        late = event.line > pieces.ended
        if isinstance(event, Unreadable) and event.event and (not late or event.why == EARLIER):
            return (
                "a line of the trace that may say anything cannot be read: "
                f"line {event.line} ({event.why}): {event.text}"
            )
    if off := pieces.inhibited:
        # A number without the kernel that numbers is none.
        names = off.names or NO_NAMES
        return (
            f"AVIC was inhibited and not enabled again: {names} "
            f"(inhibits={off.inhibits:#x}, line {off.line} of the trace)"
            f"{'' if off.names else ENUM}{WHY_OFF}"
        )
    if _is_filtered(trace, matched):
        return FILTERED
    return NO_IPI if log.ipi is False else _why_no_avic(results)


def _is_filtered(trace: Trace, matched: Matched) -> bool:
    """Whether exits that must be there are not.

    KVM has to know the APIC's mode, so it lets no access of the base through (inference).
    """
    based = any(w and not w.exits for access, w in matched.pairs if access.slug == APIC_BASE)
    return based and not any(isinstance(e, KvmExit) and e.code == MSR for e in trace.events)


def _why_no_avic(results: Sequence[Result]) -> str:
    """Return why the outcomes cannot be those of a processor with AVIC on."""
    cells = [result for result in results if result.access.mode]
    if {result.outcome for result in cells} == {Behaviour.VMEXIT_MSR}:
        return NOT_X2AVIC
    # One exit that is missing must not make others believed.
    if any(r.access.slug == "tpr" and r.outcome is Behaviour.VMEXIT_MSR for r in cells):
        return TPR_EXITED
    page = [result.outcome for result in cells if result.access.mode is Mode.AVIC]
    if page.count(Behaviour.VMEXIT_NPF) * 2 > len(page):
        return NOT_AVIC
    watched = {r.access.effect for r in cells if r.access.effect is not None}
    by_avic = any(result.outcome in AVIC_OUTCOMES for result in cells)
    return NO_APIC if watched == {False} and not by_avic else ""


def why_empty(log: GuestLog, trace: Trace, matched: Matched) -> str:
    """Return why nothing in a trace belongs to the guest."""
    return next(_whys_empty(log, trace, matched))


def _whys_empty(log: GuestLog, trace: Trace, matched: Matched) -> Iterator[str]:
    if matched.ambiguous:
        yield matched.ambiguous
    if trace.losses:
        yield f"the trace is not whole, and no marker of this guest is left: {trace.losses[0]}"
    if trace.refused:
        yield f"this is {trace.refused}, which is not read: {PLAIN}"
    by_port = log.machine.marker == "port"
    marker = ("kvm_pio", PortWrite) if by_port else ("kvm_cpuid", CpuidAsked)
    for name, kind in (("kvm_exit", KvmExit), marker):
        unread = [e for e in trace.events if isinstance(e, Unreadable) and e.event == name]
        if unread and not any(isinstance(event, kind) for event in trace.events):
            first = f"line {unread[0].line}: {unread[0].text}: {unread[0].why}"
            yield f"none of {len(unread)} lines with {name} could be read; first: {first}"
    read = f" ({trace.unread} of {trace.lines} lines could not be read"
    read = f"{read}; the first: {trace.examples[0]})" if trace.examples else ""
    if not any(event.thread for event in trace.events):
        yield f"the trace holds no event of KVM{read}"
    if not any(isinstance(event, KvmExit) for event in trace.events):
        yield f"the trace holds no kvm_exit{read}: was the event recorded?"
    recorded = "kvm_pio (port 7E0h)" if by_port else "kvm_cpuid (leaf 7E0A91C0h)"
    yield (
        f"the trace holds no marker of this guest{read}: was {recorded} recorded, "
        "and is it the trace of the same boot?"
    )
