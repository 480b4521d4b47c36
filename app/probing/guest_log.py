"""The guest's serial log: JSON lines between lines for people, closed by a checksum.

A line that begins with ``{"event":`` is JSON and counts, every other one is for whoever
reads along. The last event is the checksum: CRC-32 over the bytes of all JSON lines before
it, each with one newline, so a log that lost a character on its way is not taken for whole.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass, field
from typing import Any

from app.core.numbers import PAGE_LAST
from app.core.words import Access
from app.errors import AppError, Problem
from app.pens.plain import to_ascii
from app.probing.guest import GP, PF, GuestAccess, GuestLog, GuestSite, Machine, Way
from app.probing.guest_line import GuestLine, read_line

JSON_LINE = b'{"event":'
MAX_PROBLEMS = 1000
KINDS = ("mmio-read", "mmio-write", "rdmsr", "wrmsr")
APICS = ("xapic", "x2apic")
EVENTS = (
    "start",
    "selftest",
    "access",
    "irqs",
    "skip",
    "note",
    "panic",
    "end",
    "checksum",
)


class BadGuestLog(AppError):
    """A serial log that is refused; carries every problem, with its line."""

    code = "bad-guest-log"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        shown = problems[:MAX_PROBLEMS]
        more = f" and {len(problems) - len(shown)} more" if len(problems) > len(shown) else ""
        super().__init__("\n".join(map(str, shown)) + more)
        self.problems = shown


@dataclass
class _Reading:
    """A log on the way through its lines."""

    file: str
    problems: list[Problem] = field(default_factory=list)
    machine: Machine | None = None
    accesses: list[GuestAccess] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    crc: int = 0
    lines: int = 0
    ended: bool = False
    closed: bool = False

    def tell(self, line: int, place: str, found: str, expected: str) -> None:
        self.problems.append(Problem(self.file, place, found, expected, line))


def is_guest_log(raw: bytes) -> bool:
    """Whether bytes look like a serial log of the guest rather than a document."""
    return any(line.startswith(JSON_LINE) for line in raw.split(b"\n", 200)[:200])


def read(raw: bytes, file: str = "guest log") -> GuestLog:
    """Read a whole serial log.

    Raises BadGuestLog with every fault at once: the line, what was found, what was
    expected. A log without its checksum line is one of them.
    """
    reading = _Reading(file)
    number = 0
    for number, text in enumerate(raw.split(b"\n"), 1):
        text = text.rstrip(b"\r")  # noqa: PLW2901 - a serial line may end in both
        if text.startswith(JSON_LINE):
            _take(reading, number, text)
    if reading.machine is None:
        reading.tell(0, "", "no start line", 'a line that begins with {"event":"start"')
    if not reading.closed:
        reading.tell(number, "", "the end of the log", "a checksum line: is it cut off?")
    if reading.problems or reading.machine is None:
        raise BadGuestLog(tuple(reading.problems))
    return GuestLog(reading.machine, tuple(reading.accesses), tuple(reading.remarks))


def _take(reading: _Reading, number: int, text: bytes) -> None:
    line = read_line(text, reading.file, number, reading.problems)
    event = line.word("event", EVENTS) if line else None
    if reading.closed:
        reading.tell(number, "", "a line after the checksum", "one boot in one log")
    elif line and event == "start":
        _start(reading, line)
    elif line and event == "access":
        reading.accesses.append(_access(line))
    elif line and event:
        _other(reading, line, event)
    reading.crc = zlib.crc32(text + b"\n", reading.crc)
    reading.lines += 1


def _start(reading: _Reading, line: GuestLine) -> None:
    if reading.machine is not None:
        reading.tell(line.number, "", "a second start line", "one boot in one log")
    if line.number_at("schema", 1, 1) is None:
        return
    sites = line.values.get("insns")
    reading.machine = Machine(
        tool=line.text("tool"),
        version=line.text("version"),
        apic=line.word("apic", APICS),
        measured_at=line.text("measured_at"),
        vendor=line.text("vendor"),
        brand=line.text("brand", empty=True),
        signature=line.hexadecimal("cpuid1_eax", 32) or 0,
        hypervisor=line.text("hypervisor", empty=True),
        marker=line.word("marker", ("port", "cpuid")),
        repeat=line.number_at("repeat", 1, 100_000) or 1,
        sites={kind: (_site(line, sites, kind),) for kind in KINDS},
        svm_edx=line.hexadecimal("svm_edx", 32, missing=True),
    )


def _site(line: GuestLine, sites: Any, kind: str) -> GuestSite:
    pair = sites.get(kind) if isinstance(sites, dict) else None
    place = f"insns.{kind}"
    if not isinstance(pair, list) or len(pair) != len(("at", "after")):
        line.complain(place, pair, "two addresses: of the access, and of what follows it")
        return GuestSite(0, 0)
    at, after = (line.as_hexadecimal(place, value, 64) for value in pair)
    return GuestSite(at or 0, after or 0)


def _access(line: GuestLine) -> GuestAccess:
    way = Way(line.word("via", tuple(Way)) or Way.MMIO)
    access = Access(line.word("op", tuple(Access)) or Access.READ)
    fault = line.values.get("fault", "")
    if fault not in (None, GP, PF):
        line.complain("fault", fault, "null, #GP or #PF")
    # What was read is unknown where the read faulted; what was to be written never is.
    unread = access is Access.READ and fault in (GP, PF)
    value = None if unread else line.hexadecimal("value", 64)
    address = line.hexadecimal("reg", 32) or 0
    if way is Way.MMIO and address > PAGE_LAST:
        line.complain("reg", f"0x{address:x}", "an offset within the APIC page")
    return GuestAccess(
        line=line.number,
        seq=line.number_at("seq", 0, 1 << 32) or 0,
        rep=line.number_at("rep", 0, 100_000) or 0,
        apic=line.word("apic", APICS),
        access=access,
        way=way,
        address=address,
        slug=line.slug("slug"),
        width=line.number_at("width", 8, 64) or 0,
        value=value,
        why=line.slug("why"),
        fault=fault if fault in (GP, PF) else "",
        error=line.hexadecimal("err", 32, missing=True),
        member=line.number_at("member", 0, 255, missing=True),
        read_back=line.hexadecimal("read_back", 64, missing=True),
        esr=line.hexadecimal("esr", 32, missing=True),
        cycles=line.number_at("cycles", 0, 1 << 64, missing=True),
        effect=line.flag("effect"),
    )


def _other(reading: _Reading, line: GuestLine, event: str) -> None:
    if event in ("skip", "note"):
        words = (line.text("what", empty=True), line.text("why", empty=True))
        reading.remarks.append(to_ascii(f"{event} {': '.join(filter(None, words))}"))
    elif event == "panic":
        what = line.text("what", empty=True)
        reading.tell(line.number, "", f"panic: {what}", "a run that came to its end")
    elif event == "selftest":
        for key in ("pf", "gp"):
            line.number_at(key, 1, 1)
    elif event == "end":
        reading.ended = True
        _counted(line, "accesses", len(reading.accesses))
    elif event == "checksum":
        reading.closed = True
        _counted(line, "lines", reading.lines)
        told = line.hexadecimal("crc32", 32)
        if told is not None and told != reading.crc:
            expected = f"0x{reading.crc:08x}, the CRC-32 of the lines above"
            line.complain("crc32", line.values["crc32"], expected)
        if not reading.ended:
            reading.tell(line.number, "", "the checksum", "an end line before it")


def _counted(line: GuestLine, key: str, count: int) -> None:
    told = line.number_at(key, 0, 1 << 32)
    if told is not None and told != count:
        line.complain(key, told, f"{count}, as many as stand above")
