"""Whether a run counts: every reason for which nothing of it is believed stands here."""

from __future__ import annotations

from collections.abc import Sequence

from app.core.words import Behaviour, Mode
from app.probing.guest import GuestLog
from app.probing.majority import Result
from app.probing.matching import Matched
from app.probing.trace import KvmExit, Trace
from app.probing.windows import Cut

NOT_AVIC = (
    "no access of the APIC page went without exit 400h, so AVIC was off before the trace began"
)


def why_void(pieces: Cut, results: Sequence[Result]) -> str:
    """Return why a whole run counts for nothing, empty if it counts."""
    if off := pieces.inhibited:
        return (
            f"AVIC was inhibited (reason {off.reason}, inhibits {off.inhibits:#x}, "
            f"line {off.line} of the trace) and not enabled again"
        )
    # With AVIC on, some accesses of the page never exit.
    page = {result.outcome for result in results if result.access.mode is Mode.AVIC}
    return NOT_AVIC if page == {Behaviour.VMEXIT_NPF} else ""


def why_empty(log: GuestLog, trace: Trace, matched: Matched) -> str:
    """Return why nothing in a trace belongs to the guest."""
    if matched.ambiguous:
        return matched.ambiguous
    if not trace.events:
        read = f"{trace.unread} of {trace.lines} lines could not be read"
        first = f"; the first: {trace.examples[0]}" if trace.examples else ""
        return f"the trace holds no event of KVM ({read}{first})"
    if not any(isinstance(event, KvmExit) for event in trace.events):
        return "the trace holds no kvm_exit: was the event recorded?"
    event = "kvm_pio (port 7E0h)" if log.machine.marker == "port" else "kvm_cpuid (leaf 7E0A91C0h)"
    return (
        f"the trace holds no marker of this guest: was {event} recorded, "
        "and is it the trace of the same boot?"
    )
