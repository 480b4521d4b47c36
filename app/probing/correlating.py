"""Use case: hold a guest's log against the host's trace of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from app.errors import AppError
from app.probing import correlation, guest_log, traces
from app.probing.correlation import Correlation
from app.probing.guest import GuestLog
from app.probing.trace import KvmExit, Trace

Progress = Callable[[int], object]


class NoMarker(AppError):
    """A trace in which nothing belongs to the guest."""

    code = "no-marker"


def correlate(guest: bytes, trace: str, progress: Progress | None = None) -> Correlation:
    """Hold a serial log against a trace of the same boot.

    Raises BadGuestLog for a log that is not whole, NoMarker for a trace without a window.
    """
    log = guest_log.read(guest)
    told = traces.read(trace, progress)
    found = correlation.correlate(log, told)
    if not found.matched:
        raise NoMarker(_why_empty(log, told))
    return found


def alone(guest: bytes) -> Correlation:
    """Return what a serial log says without a trace: completed, #GP or #PF, and no more.

    Raises BadGuestLog.
    """
    return correlation.alone(guest_log.read(guest))


def as_bytes(body: dict[str, Any]) -> bytes:
    """Return a document as it goes into a file."""
    return (json.dumps(body, indent=1) + "\n").encode("ascii")


def _why_empty(log: GuestLog, trace: Trace) -> str:
    if not trace.events:
        read = f"{trace.unread} of {trace.lines} lines could not be read"
        first = f"; the first: {trace.examples[0]}" if trace.examples else ""
        return f"the trace holds no event of KVM ({read}{first})"
    event = "kvm_pio (port 7E0h)" if log.machine.marker == "port" else "kvm_cpuid (leaf 7E0A91C0h)"
    if not any(isinstance(event, KvmExit) for event in trace.events):
        return "the trace holds no kvm_exit: was the event recorded?"
    return (
        f"the trace holds no marker of this guest: was {event} recorded, "
        "and is it the trace of the same boot?"
    )
