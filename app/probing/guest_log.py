"""The guest's serial log: JSON lines between lines for people, closed by a checksum.

A line that begins with ``{"event":`` is JSON and counts, every other one is for whoever
reads along. The last event is the checksum: CRC-32 over the bytes of all JSON lines before
it, each with one newline, so a log that lost a character on its way is not taken for whole.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.core.faults import describe
from app.core.numbers import PAGE_LAST
from app.core.words import Access
from app.errors import AppError, Problem
from app.pens.plain import to_ascii
from app.probing.guest import GP, PF, GuestAccess, GuestLog, GuestSite, Machine, Way

JSON_LINE = b'{"event":'
MAX_PROBLEMS = 1000
LONGEST_LINE = 4096
LONGEST_TEXT = 200
# The protocol nests two deep; a parser that recurses must not be led further.
MAX_BRACKETS = 16
KINDS = ("mmio-read", "mmio-write", "rdmsr", "wrmsr")
# Only of a guest that tries other widths.
WIDE_KINDS = tuple(f"mmio-{op}-{width}" for width in (8, 16, 64) for op in ("read", "write"))
APICS = ("xapic", "x2apic")
EVENTS = ("start", "selftest", "access", "irqs", "skip", "note", "panic", "end", "checksum")

_HEX = re.compile(r"0x[0-9a-fA-F]{1,16}")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_PRINTABLE = re.compile(rf"[ -~]{{0,{LONGEST_TEXT}}}")


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

    problems: list[Problem] = field(default_factory=list)
    machine: Machine | None = None
    accesses: list[GuestAccess] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)
    ipi: bool | None = None
    crc: int = 0
    lines: int = 0
    ended: bool = False
    closed: bool = False

    def tell(self, line: int, place: str, found: str, expected: str) -> None:
        self.problems.append(Problem("guest log", place, found, expected, line))


def is_guest_log(raw: bytes) -> bool:
    """Whether bytes look like a serial log of the guest rather than a document."""
    return any(line.startswith(JSON_LINE) for line in raw.split(b"\n", 200)[:200])


def read_guest_log(raw: bytes) -> GuestLog:
    """Read a whole serial log.

    Raises BadGuestLog with every fault at once: the line, what was found, what was
    expected. A log without its checksum line is one of them.
    """
    reading = _Reading()
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
    accesses, remarks = tuple(reading.accesses), tuple(reading.remarks)
    return GuestLog(reading.machine, accesses, remarks, reading.ipi)


@dataclass(frozen=True)
class _Line:
    """A line as an object; its methods return a field, or complain and return nothing."""

    reading: _Reading
    number: int
    values: dict[str, Any]

    def complain(self, key: str, found: Any, expected: str) -> None:
        self.reading.tell(self.number, key, describe(found), expected)

    def field(self, key: str, fits: Callable[[Any], bool], expected: str) -> Any:
        value = self.values.get(key)
        if fits(value):
            return value
        self.complain(key, value, expected)
        return None

    def text(self, key: str, *, empty: bool = False) -> str:
        def fits(value: Any) -> bool:
            printable = isinstance(value, str) and _PRINTABLE.fullmatch(value)
            return bool(printable and (value or empty))

        expected = f"a text of up to {LONGEST_TEXT} printable characters"
        return str(self.field(key, fits, expected) or "")

    def word(self, key: str, words: Sequence[str]) -> str:
        return str(self.field(key, lambda v: v in words, "one of " + ", ".join(words)) or "")

    def slug(self, key: str) -> str:
        def fits(value: Any) -> bool:
            return isinstance(value, str) and bool(_SLUG.fullmatch(value))

        return str(self.field(key, fits, "a word of letters, digits and dashes") or "")

    def number_at(self, key: str, least: int, most: int, *, missing: bool = False) -> int | None:
        """Return a whole number within bounds."""

        def fits(value: Any) -> bool:
            whole = isinstance(value, int) and not isinstance(value, bool)
            return (missing and value is None) or (whole and least <= value <= most)

        bounds = str(least) if least == most else f"a whole number from {least} to {most}"
        number: int | None = self.field(key, fits, bounds)
        return number

    def hexadecimal(self, key: str, bits: int, *, missing: bool = False) -> int | None:
        """Return a hexadecimal number of so many bits."""
        value = self.values.get(key)
        return None if missing and value is None else self.as_hexadecimal(key, value, bits)

    def as_hexadecimal(self, key: str, value: Any, bits: int) -> int | None:
        if not isinstance(value, str) or not _HEX.fullmatch(value) or int(value, 16) >> bits:
            self.complain(key, value, f"hexadecimal such as 0x80, at most {bits} bits")
            return None
        return int(value, 16)


def _take(reading: _Reading, number: int, text: bytes) -> None:
    line = _line(reading, number, text)
    event = line.word("event", EVENTS) if line else None
    if reading.closed:
        reading.tell(number, "", "a line after the checksum", "one boot in one log")
    elif line and event == "start":
        _start(reading, line)
    elif line and event == "access":
        access = _access(line)
        reading.accesses.append(access)
        if reading.machine and access.kind not in reading.machine.sites:
            line.complain("width", access.width, "a width of which insns names the instruction")
    elif line and event:
        _other(reading, line, event)
    reading.crc = zlib.crc32(text + b"\n", reading.crc)
    reading.lines += 1


def _line(reading: _Reading, number: int, text: bytes) -> _Line | None:
    found = f"{len(text)} bytes"
    if len(text) <= LONGEST_LINE and text.count(b"[") + text.count(b"{") <= MAX_BRACKETS:
        try:
            values = json.loads(text.decode("ascii"), object_pairs_hook=_distinct)
            return _Line(reading, number, values)
        except ValueError as error:
            # The text of a parser's complaint; never the bytes, which may hold anything.
            found = str(error).splitlines()[0]
    reading.tell(number, "", found, "a whole JSON line: is it garbled?")
    return None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a key that stands there twice")
    return values


def _start(reading: _Reading, line: _Line) -> None:
    if reading.machine is not None:
        reading.tell(line.number, "", "a second start line", "one boot in one log")
    if line.number_at("schema", 1, 1) is None:
        return
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
        sites={kind: _site(line, kind) for kind in _kinds(line)},
        svm_edx=line.hexadecimal("svm_edx", 32, missing=True),
    )


def _kinds(line: _Line) -> tuple[str, ...]:
    told = line.values.get("insns")
    return (*KINDS, *(kind for kind in WIDE_KINDS if isinstance(told, dict) and kind in told))


def _site(line: _Line, kind: str) -> GuestSite:
    sites, place = line.values.get("insns"), f"insns.{kind}"
    pair = sites.get(kind) if isinstance(sites, dict) else None
    if not isinstance(pair, list) or len(pair) != len(("at", "after")):
        line.complain(place, pair, "two addresses: of the access, and of what follows it")
        return GuestSite(0, 0)
    at, after = (line.as_hexadecimal(place, value, 64) for value in pair)
    return GuestSite(at or 0, after or 0)


def _access(line: _Line) -> GuestAccess:
    way = Way(line.word("via", tuple(Way)) or Way.MMIO)
    access = Access(line.word("op", tuple(Access)) or Access.READ)
    fault = line.values.get("fault", "")
    if fault not in (None, GP, PF):
        line.complain("fault", fault, "null, #GP or #PF")
        fault = None
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
        # What was read is unknown where the read faulted; what was to be written never is.
        value=None if fault and access is Access.READ else line.hexadecimal("value", 64),
        why=line.slug("why"),
        fault=fault or "",
        error=line.hexadecimal("err", 32, missing=True),
        member=line.number_at("member", 0, 255, missing=True),
        read_back=line.hexadecimal("read_back", 64, missing=True),
        esr=line.hexadecimal("esr", 32, missing=True),
        cycles=line.number_at("cycles", 0, 1 << 64, missing=True),
        effect=line.field("effect", lambda v: v is None or isinstance(v, bool), "true or false"),
    )


def _other(reading: _Reading, line: _Line, event: str) -> None:
    if event in ("skip", "note"):
        # Whoever reads it has an option where the guest has a word.
        why = line.text("why", empty=True).replace("the word disruptive", "--disruptive")
        words = (line.text("what", empty=True), why)
        reading.remarks.append(to_ascii(f"{event} {': '.join(filter(None, words))}"))
    elif event == "panic":
        what = line.text("what", empty=True)
        reading.tell(line.number, "", f"panic: {what}", "a run that came to its end")
    elif event == "selftest" and "ipi" in line.values:
        reading.ipi = bool(line.number_at("ipi", 0, 1))
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


def _counted(line: _Line, key: str, count: int) -> None:
    told = line.number_at(key, 0, 1 << 32)
    if told is not None and told != count:
        line.complain(key, told, f"{count}, as many as stand above")
