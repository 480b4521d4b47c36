"""QEMU's own log as a stand-in for the host's trace, where there is no KVM.

With ``-trace 'memory_region_ops_*' -trace 'apic_*' -D FILE`` software emulation writes the
markers and the registers that were touched into one ordered file. 10.0 calls the events
``apic_register_read register 0x08 = 0x0`` (an index), 7.2 ``apic_mem_readl 0x80 =
00000000`` (an offset). It shows nothing of AVIC; it shows that what the guest says about
its accesses is what the machine did: register, direction and value.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.core.numbers import format_hex
from app.core.words import Access
from app.probing.guest import GuestAccess, Way
from app.probing.markers import END_OF_MEASURING, PORT, WRAP, Marker

LOW_32 = 0xFFFFFFFF
WIDEST = 32
TO_OTHERS = ("to-running", "to-halted", "logical", "lowest", "others", "all", "level")
EOI = 0x0B
_MARKER = re.compile(
    r"(?:.*:)?memory_region_ops_write cpu \d+ mr \S+ addr 0x(?P<port>[0-9a-f]+) "
    r"value 0x(?P<value>[0-9a-f]+) size 4\b.*"
)
_REGISTER = re.compile(
    r"(?:.*:)?apic_(?:register_(?P<by_index>read|write) register|mem_(?P<by_offset>read|write)l) "
    r"(?:0x)?(?P<place>[0-9a-f]+) = (?:0x)?(?P<value>[0-9a-f]+).*"
)


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
    if access.width > WIDEST and access.way is Way.MMIO:
        # Two registers of half the width, if any: the second one lies in the same slot.
        return [] if {access.tag.index} == {event.index for event in events} else ["elsewhere"]
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
    return access.why in TO_OTHERS and eoi


def read(lines: Iterable[str]) -> tuple[EmulatedWindow, ...]:
    """Return the windows between markers, in order, up to the end of measuring.

    ``lines`` may be an open file: these logs are large, since every byte on the serial
    port is in them. A BEGIN without its END makes no window.
    """
    windows: list[EmulatedWindow] = []
    begin: Marker | None = None
    events: list[RegisterEvent] = []
    for line in lines:
        if "memory_region_ops_write" in line:
            value = _marker_value(line)
            if value == END_OF_MEASURING:
                break
            marker = None if value is None else Marker.read(value)
            if marker is None:
                continue
            same = begin is not None and (begin.tag, begin.seq) == (marker.tag, marker.seq)
            if not marker.begins and same:
                windows.append(EmulatedWindow(marker, tuple(events)))
            begin, events = (marker, []) if marker.begins else (None, [])
        elif begin is not None and "apic_" in line and (event := _event(line)):
            events.append(event)
    return tuple(windows)


def _marker_value(line: str) -> int | None:
    match = _MARKER.fullmatch(line.rstrip())
    return int(match["value"], 16) if match and int(match["port"], 16) == PORT else None


def _event(line: str) -> RegisterEvent | None:
    match = _REGISTER.fullmatch(line.rstrip())
    if match is None:
        return None
    place = int(match["place"], 16)
    index = place if match["by_index"] else place >> 4
    word = match["by_index"] or match["by_offset"]
    access = Access.WRITE if word == "write" else Access.READ
    return RegisterEvent(index, access, int(match["value"], 16))
