"""The log of a test that this explorer handed out: one line a check, counted and summed at its end.

    vapic begin: 1688 checks, expect manual, data 2026-11-22.3, https://...
    vapic guest: AuthenticAMD 0xa20f12 under KVMKVMKVM, rdmsr at 0x400384, wrmsr at 0x4003...
    PASS: vapic 0018: WRMSR 0x808 tpr pattern 0x20: expected completed, got completed, th...
    vapic end: 1688 checks, 1359 passed, 219 failed, 110 skipped, crc 0x12d83020

What a harness puts in front (``PASS:``, ``ok 18 -``, ``#``) is its own. The CRC-32 is that of
all lines from ``vapic`` on but the last, each with one newline (``probe/handout/checks.h``),
so that a log which is cut, or from which lines are missing, is not taken for whole.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest

from app.core.words import Access
from app.probing.guest import GP, PF, GuestAccess, GuestLog, GuestSite, Machine, Way

LINE = re.compile(
    r"(?P<front>.*?)\b(?P<text>vapic (?P<what>begin|guest|end|\d{4,5}): .*?)(?P<tap> # SKIP)?\s*"
)
BEGIN = re.compile(
    r"vapic begin: (?P<checks>\d+) checks, expect (?P<expect>\S+), data (?P<data>\S+), "
    r"(?P<site>\S+)"
)
GUEST = re.compile(
    r"vapic guest: (?P<vendor>.{12}) 0x(?P<signature>[0-9a-fA-F]+) under (?P<under>.*?), "
    r"rdmsr at 0x(?P<rdmsr>[0-9a-fA-F]+), wrmsr at 0x(?P<wrmsr>[0-9a-fA-F]+)"
)
CHECK = re.compile(
    r"vapic \d+: (?P<way>RDMSR|WRMSR) 0x(?P<msr>8[0-9a-fA-F]{2}) "
    r"(?P<slug>[a-z0-9-]+)(?:#(?P<member>\d+))? (?P<why>[a-z0-9-]+)"
    r"(?: 0x(?P<value>[0-9a-fA-F]{1,16}))?: expected (?P<expected>any|completed|#GP), "
    r"got (?P<got>completed|#GP|#PF|another exception|not made)"
    r"(?: 0x(?P<read>[0-9a-fA-F]{1,16}))?(?:, then 0x(?P<then>[0-9a-fA-F]{1,16}))?"
    r"(?:, (?P<effect>effect|no effect))?"
)
END = re.compile(
    r"vapic end: (?P<checks>\d+) checks, (?P<passed>\d+) passed, (?P<failed>\d+) failed, "
    r"(?P<skipped>\d+) skipped, crc 0x(?P<crc>[0-9a-fA-F]{1,8})"
)
PASSED, FAILED, SKIPPED = "passed", "failed", "skipped"
WORDS = {PASSED: ("PASS", "ok"), FAILED: ("FAIL", "not ok"), SKIPPED: ("SKIP", "ok")}
FRONT = re.compile(r"(PASS|FAIL|SKIP): (?:\S+: )*$|(?:^|\s)((?:not )?ok) \d+ - $")
MADE = {"completed": "", "#GP": GP, "#PF": PF}
# RDMSR and WRMSR are two bytes long (0F 32h, 0F 30h).
LENGTH = 2
# The line of a check, and its number.
Seen = tuple[int, int]


@dataclass
class CheckLog:
    """One run of such a test.

    ``faults`` say why the log is not whole; what else it holds counts only without them.
    ``results`` are the numbers of the checks by what became of them, ``under`` the hypervisor's
    signature as the guest saw it.
    """

    expect: str = ""
    data_version: str = ""
    site: str = ""
    vendor: str = ""
    signature: int = 0
    under: str = ""
    sites: dict[str, GuestSite] = field(default_factory=dict)
    accesses: list[GuestAccess] = field(default_factory=list)
    results: dict[str, list[int]] = field(default_factory=lambda: {word: [] for word in WORDS})
    not_made: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def as_guest_log(self, measured_at: str, tool: str, version: str) -> GuestLog:
        """Return it as our own guest's log would say it, to be held against a trace."""
        missing = f"checks that were not made: {', '.join(map(str, self.not_made))}"
        machine = Machine(
            tool=tool, version=version, apic="x2apic", measured_at=measured_at,
            vendor=self.vendor, brand="", signature=self.signature, hypervisor=self.under,
            marker="port", repeat=1, sites=self.sites,
        )  # fmt: skip
        return GuestLog(machine, tuple(self.accesses), (missing,) if self.not_made else ())


def is_check_log(text: str) -> bool:
    """Whether a text holds any line of such a test."""
    return any(LINE.fullmatch(line) for line in text.split("\n") if "vapic " in line)


def read_check_log(lines: Iterable[str]) -> CheckLog:
    """Read a log; nothing is raised: what is not as it has to be is a fault."""
    log, crc, begins, ends = CheckLog(), 0, 0, 0
    announced, seen = 0, list[Seen]()
    for number, line in enumerate(lines, 1):
        match = LINE.fullmatch(line)
        if not match:
            continue
        what, text = match["what"], match["text"]
        if what == "end":
            ends += 1
            log.faults += _end_faults(log, text, crc, announced)
            continue
        crc = zlib.crc32(text.encode() + b"\n", crc)
        if what == "begin":
            begins += 1
            announced = _begin(log, text)
        elif what == "guest":
            _guest(log, text)
        else:
            seen.append((number, int(what)))
            log.faults += _check(log, number, int(what), match)
    log.faults[:0] = [*_missing(announced, seen), *_order(announced, seen)]
    log.faults += _not_once(begins, "no `vapic begin:` line: is its head missing?")
    log.faults += _not_once(ends, "no `vapic end:` line: is it cut?")
    return log


def _not_once(count: int, none: str) -> tuple[str, ...]:
    if not count:
        return (none,)
    return () if count == 1 else (f"{count} runs: give one a log",)


def _begin(log: CheckLog, text: str) -> int:
    match = BEGIN.fullmatch(text)
    if not match:
        log.faults.append(f"cannot be read: {text}")
        return 0
    log.expect, log.data_version, log.site = match["expect"], match["data"], match["site"]
    return int(match["checks"])


def _guest(log: CheckLog, text: str) -> None:
    match = GUEST.fullmatch(text)
    if not match:
        log.faults.append(f"cannot be read: {text}")
        return
    log.vendor, log.signature = match["vendor"], int(match["signature"], 16)
    log.under = "" if match["under"] == "nothing" else match["under"]
    places = {way: int(match[way], 16) for way in ("rdmsr", "wrmsr")}
    log.sites = {way: GuestSite(at, at + LENGTH) for way, at in places.items()}


def _check(log: CheckLog, line: int, number: int, match: re.Match[str]) -> Iterator[str]:
    """Take one check; yield what is wrong with its line."""
    told = CHECK.fullmatch(match["text"])
    if not told or (told["value"] is None) is (told["way"] == "WRMSR"):
        yield f"line {line} cannot be read: {match['text']}"
        return
    word = _result(told["expected"], told["got"])
    front = FRONT.search(match["front"])
    if not front or (front[1] or front[2]) not in WORDS[word]:
        yield f"line {line} says {match['front'].strip() or 'nothing'!r} of a check that {word}"
    log.results[word].append(number)
    if told["got"] in MADE:
        log.accesses.append(_access(line, number, told))
    else:
        log.not_made.append(number)


def _result(expected: str, got: str) -> str:
    if expected == "any" or got == "not made":
        return SKIPPED
    return PASSED if got == expected else FAILED


def _access(line: int, number: int, told: re.Match[str]) -> GuestAccess:
    def value(key: str) -> int | None:
        return None if told[key] is None else int(told[key], 16)

    write = told["way"] == "WRMSR"
    return GuestAccess(
        line=line,
        seq=number,
        rep=0,
        apic="x2apic",
        access=Access.WRITE if write else Access.READ,
        way=Way.MSR,
        address=int(told["msr"], 16),
        slug=told["slug"],
        width=64,
        value=value("value" if write else "read"),
        why=told["why"],
        fault=MADE[told["got"]],
        member=None if told["member"] is None else int(told["member"]),
        read_back=value("then"),
        effect=None if told["effect"] is None else told["effect"] == "effect",
    )


def _missing(announced: int, seen: list[Seen]) -> Iterator[str]:
    lost = sorted(set(range(1, announced + 1)) - {number for _, number in seen})
    if lost:
        some = ", ".join(map(str, lost[:5])) + (" ..." if len(lost) > len(lost[:5]) else "")
        yield f"{len(lost)} of {announced} checks are missing: {some}"


def _order(announced: int, seen: list[Seen]) -> Iterator[str]:
    """Yield the first check that stands twice, out of order, or was not announced."""
    due = sorted({number for _, number in seen if not announced or number <= announced})
    for (line, number), expected in zip_longest(seen, due):
        if number != expected:
            yield f"line {line}: found check {number}, expected {expected or 'no more of them'}"
            return


def _end_faults(log: CheckLog, text: str, crc: int, announced: int) -> Iterator[str]:
    match = END.fullmatch(text)
    if not match:
        yield f"cannot be read: {text}"
        return
    if int(match["checks"]) != announced:
        yield f"its end counts {match['checks']} checks, and its head {announced}"
    for word, numbers in log.results.items():
        if int(match[word]) != len(numbers):
            yield f"its end counts {match[word]} {word}, and {len(numbers)} were found"
    if int(match["crc"], 16) != crc:
        yield f"its lines do not sum up to crc 0x{match['crc']} but to {crc:#x}: were any changed?"
