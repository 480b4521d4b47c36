"""The guest's account held against an emulator's: register, direction and value.

This proves the instrument, not the silicon: an emulator knows no AVIC.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.core.numbers import format_hex
from app.core.words import Access
from app.probing.guest import GuestAccess
from app.probing.markers import WRAP, Marker

LOW_32 = 0xFFFFFFFF
EOI = 0x0B


@dataclass(frozen=True)
class RegisterEvent:
    """A register of the emulated APIC was touched; ``index`` is offset >> 4."""

    index: int
    access: Access
    value: int


@dataclass(frozen=True)
class EmulatedWindow:
    """What the emulator did between the two markers of an access."""

    marker: Marker
    events: tuple[RegisterEvent, ...]


@dataclass(frozen=True)
class Comparison:
    """``silent`` are accesses that touched no register: refused, or no register of the APIC."""

    matched: int
    silent: tuple[GuestAccess, ...]
    disagreements: tuple[str, ...]


def compare(accesses: Sequence[GuestAccess], windows: Sequence[EmulatedWindow]) -> Comparison:
    """Hold every access against the window that stands in its place.

    An emulator loses nothing, so the two are as long and in the same order.
    """
    found: list[str] = []
    silent: list[GuestAccess] = []
    if len(accesses) != len(windows):
        found.append(f"{len(accesses)} accesses, but {len(windows)} windows")
    for access, window in zip(accesses, windows, strict=False):
        marker = window.marker
        if (access.seq % WRAP, access.tag) != (marker.seq, marker.tag):
            found.append(f"{access}: the marker says {marker.tag}, sequence number {marker.seq}")
        elif not window.events:
            silent.append(access)
        else:
            found += [f"{access}: {what}" for what in _against(access, window.events)]
    return Comparison(min(len(accesses), len(windows)), tuple(silent), tuple(found))


def _against(access: GuestAccess, told: tuple[RegisterEvent, ...]) -> list[str]:
    events = [event for event in told if not _is_of_target(access, event)]
    if len(events) != 1:
        return [f"{len(events)} registers were touched"]
    event = events[0]
    found = []
    if event.index != access.tag.index:
        found.append(f"register {format_hex(event.index << 4)} was touched")
    if event.access is not access.access:
        found.append(f"it was a {event.access}")
    # 10.0 prints the low half of the ICR in x2APIC mode, 7.2 has no 64-bit access.
    differs = access.value is not None and (event.value ^ access.value) & LOW_32
    if differs and not access.fault:
        found.append(f"its value was {event.value:#x}, not {access.value or 0:#x}")
    return found


def _is_of_target(access: GuestAccess, event: RegisterEvent) -> bool:
    """Whether the IPI's target may have done it: these logs do not name the processor."""
    eoi = (event.index, event.access) == (EOI, Access.WRITE)
    return access.why in ("to-running", "to-halted") and eoi
