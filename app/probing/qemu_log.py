"""QEMU's own log as a stand-in for the host's trace, where there is no KVM.

With ``-trace 'memory_region_ops_*' -trace 'apic_*' -D FILE`` software emulation writes the
markers and the registers that were touched into one ordered file. 10.0 calls the events
``apic_register_read register 0x08 = 0x0`` (an index), 7.2 ``apic_mem_readl 0x80 =
00000000`` (an offset). It shows nothing of AVIC; it shows that what the guest says about
its accesses is what the machine did.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from app.core.words import Access
from app.probing.emulated import EmulatedWindow, RegisterEvent
from app.probing.markers import END_OF_MEASURING, PORT, Marker

_MARKER = re.compile(
    r"(?:.*:)?memory_region_ops_write cpu \d+ mr \S+ addr 0x(?P<port>[0-9a-f]+) "
    r"value 0x(?P<value>[0-9a-f]+) size 4\b.*"
)
_REGISTER = re.compile(
    r"(?:.*:)?apic_(?:register_(?P<by_index>read|write) register|mem_(?P<by_offset>read|write)l) "
    r"(?:0x)?(?P<place>[0-9a-f]+) = (?:0x)?(?P<value>[0-9a-f]+).*"
)


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
