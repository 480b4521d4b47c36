"""Where guest and trace cannot both be right.

They are two witnesses of one access. Where they disagree one of the two files belongs to
another run, or the instrument is broken: that is an error to be told, never a guess.
"""

from __future__ import annotations

from collections.abc import Iterable

from app.core.numbers import ICR_MSR, format_hex
from app.core.words import Access
from app.probing import trace
from app.probing.classifying import AFTER, APIC_PAGE, PAGE_SHIFT, place_of
from app.probing.guest import GP, GuestAccess, GuestSite, Machine, Way
from app.probing.windows import Window

ICR = 0x300
OFFSET_MASK = 0xFF0
WRITE_BIT = 32
VECTOR = 0xFF
AVIC_EXITS = frozenset({trace.INCOMPLETE_IPI, trace.UNACCELERATED})


def contradictions(access: GuestAccess, window: Window, machine: Machine) -> tuple[str, ...]:
    """Return every point in which an access and its window disagree, in words."""
    if access.tag != window.begin.tag:
        # Nothing else about this window can be held against this access.
        return (f"the marker says {window.begin.tag}, the guest says {access.tag}",)
    found = [*_of_exits(access, window)]
    for event in window.events:
        if isinstance(event, trace.MsrEmulated):
            found += _of_msr(access, event)
        elif isinstance(event, trace.Unaccelerated):
            found += _of_place(access, "the AVIC event", event.offset, write=event.write)
        elif isinstance(event, trace.IncompleteIpi):
            found += _of_ipi(window, event)
        elif isinstance(event, trace.PageFault) and event.address >> PAGE_SHIFT == APIC_PAGE:
            found += _of_offset(access, "the nested page fault", event.address & 0xFFF)
    found += _of_faults(access, window, machine.sites[access.kind])
    return tuple(dict.fromkeys(found))


def _of_exits(access: GuestAccess, window: Window) -> Iterable[str]:
    writes = access.access is Access.WRITE
    is_icr = access.address == (ICR_MSR if access.way is Way.MSR else ICR)
    for exit_ in window.exits:
        if exit_.code == trace.UNACCELERATED:
            offset, write = exit_.info1 & OFFSET_MASK, bool(exit_.info1 >> WRITE_BIT & 1)
            yield from _of_place(access, "the exit", offset, write=write)
        elif exit_.code == trace.INCOMPLETE_IPI and not (writes and is_icr):
            yield f"an incomplete IPI, but the guest says {access.tag}"
        elif exit_.code == trace.INCOMPLETE_IPI and (exit_.info1 ^ (access.value or 0)) & VECTOR:
            yield f"the exit says vector {exit_.info1 & VECTOR:#x}, the guest {_hex(access.value)}"
        elif exit_.code == trace.MSR and access.way is not Way.MSR:
            yield f"an exit for an MSR, but the guest says {access.tag}"
        elif exit_.code == trace.MSR and bool(exit_.info1 & 1) != writes:
            yield f"the exit says {_word(write=not writes)}, the guest says {access.tag}"


def _of_place(access: GuestAccess, who: str, offset: int, *, write: bool) -> Iterable[str]:
    yield from _of_offset(access, who, offset)
    if write != (access.access is Access.WRITE):
        yield f"{who} says {_word(write=write)}, the guest says {access.tag}"


def _of_offset(access: GuestAccess, who: str, offset: int) -> Iterable[str]:
    # Both ways of access share the offset: MSR 8nnh stands for offset nn0h.
    mine = (access.address & 0xFF) << 4 if access.way is Way.MSR else access.address
    if offset & OFFSET_MASK != mine & OFFSET_MASK:
        yield f"{who} says offset {format_hex(offset)}, the guest says {access.tag}"


def _of_ipi(window: Window, event: trace.IncompleteIpi) -> Iterable[str]:
    for exit_ in window.exits:
        if exit_.code == trace.INCOMPLETE_IPI and (exit_.info1, exit_.info2 >> 32) != (
            event.icr,
            event.reason,
        ):
            held = f"ICR {exit_.info1:#x}, id {exit_.info2 >> 32}"
            yield f"the exit says {held}, the AVIC event ICR {event.icr:#x}, id {event.reason}"


def _of_msr(access: GuestAccess, event: trace.MsrEmulated) -> Iterable[str]:
    word = f"{_word(write=event.write)} of MSR {format_hex(event.number)}"
    direction = event.write == (access.access is Access.WRITE)
    if access.way is not Way.MSR or event.number != access.address or not direction:
        yield f"kvm_msr says {word}, the guest says {access.tag}"
    elif event.refused != (access.fault == GP):
        ending = "with #GP" if event.refused else "which completed"
        yield f"kvm_msr says {word}, {ending}; the guest saw {access.fault or 'no fault'}"
    elif not event.refused and event.value != access.value:
        yield f"kvm_msr says value {event.value:#x}, the guest says {_hex(access.value)}"


def _of_faults(access: GuestAccess, window: Window, site: GuestSite) -> Iterable[str]:
    injected = {e.exception for e in window.events if isinstance(e, trace.Injected)}
    for exception in sorted(injected - {access.fault}):
        yield f"KVM injected {exception}, the guest saw {access.fault or 'no fault'}"
    # AVIC reported the access after it had completed.
    finished = any(e.code in AVIC_EXITS and place_of(e.rip, site) == AFTER for e in window.exits)
    if access.fault and not injected and finished:
        yield f"the guest saw {access.fault}, but the access had completed before the exit"


def _word(*, write: bool) -> str:
    return "write" if write else "read"


def _hex(value: int | None) -> str:
    return "none" if value is None else f"{value:#x}"
