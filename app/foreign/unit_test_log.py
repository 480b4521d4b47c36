"""The log of kvm-unit-tests: results of x86/msr.c and x86/apic.c that speak of one access.

Facts on the format were read in kvm-unit-tests: lib/report.c (the words before the first
colon, prefixes joined by ": ", what the count at the end leaves out), x86/msr.c and
x86/apic.c (the texts), x86/run (it prints the command line of QEMU). See
``foreign_logs.RULES`` for what each line says.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from app.core.words import Access, Behaviour, Mode
from app.foreign.foreign_logs import APIC_TEST, MSR_TEST, LogReading, Sighted, outcome_of

RESULT = re.compile(r"(PASS|FAIL|SKIP|XFAIL|XPASS|KFAIL|KPASS): (.*)")
# Both spellings are in use: older versions print WRSMR and RDSMR.
ACCESS = re.compile(
    r"Expected (?:#GP|success) on (?P<way>WRMSR|WRSMR|RDMSR|RDSMR)"
    r"\((?P<name>x2APIC MSR 0x(?P<msr>8[0-9a-fA-F]{2})|x2APIC Self-IPI)"
    r"(?:, 0x(?P<value>[0-9a-fA-F]{1,16}))?\), got vector (?P<vector>\d+)"
)
# A result that a mail program broke between its words, and the count of a run at its end.
BROKEN = re.compile(
    r"(?:PASS|FAIL|XFAIL|XPASS|KFAIL|KPASS): Expected (?!.*(?:vector \d|MSR 0x\w+'))"
    r"|SUMMARY: \d+ tests.*,(?: \d+(?: (?:un)?expected| known)?)?\s*$"
)
SUMMARY = re.compile(r"\s*SUMMARY: (\d+) tests(.*)")
# Of the end of a run: its words, and the results that each counts; what it leaves out is none.
COUNTED = {
    "unexpected failures": ("FAIL", "XPASS"),
    "expected failures": ("XFAIL",),
    "known failures": ("KFAIL",),
    "skipped": ("SKIP",),
}
PIECES = 3
HIGH_BITS = re.compile(r"Expected bits 63:32 == 0 for 'x2APIC MSR 0x(8[0-9a-fA-F]{2})'")
READ_WRITE = re.compile(r"x2APIC MSR 0x(8[0-9a-fA-F]{2})")
MMIO = re.compile(r"apic_disable: \*0xfee00(030|080): ([0-9a-fA-F]{1,8})")
MODES = {
    "apic_disable: Local apic enabled in xAPIC mode": True,
    "apic_disable: Local apic disabled": False,
    "apic_disable: Local apic enabled in x2APIC mode": False,
}
QEMU = re.compile(r"\S*qemu\S*\s+-.*")
ACCELERATOR = re.compile(r"(?:-accel[ =]|accel=)(kvm|tcg|hvf|whpx|xen)\b|(-enable-kvm)")
# Registers that any x2APIC reads: the half of the test that runs in xAPIC mode expects #GP.
READABLE = frozenset({0x802, 0x803, 0x808, 0x80D, 0x80F})
SELF_IPI, VECTORS, HIGH_HALF = 0x83F, 0xFF, 1 << 32

# A check of a test that this explorer handed out (``app.probing.check_log``).
OURS = "vapic "

R, W, C, G = Access.READ, Access.WRITE, Behaviour.COMPLETED, Behaviour.GP
A, X = Mode.AVIC, Mode.X2AVIC
# text: (register, mode, access, outcome if passed, outcome if failed, condition, function)
SINGLE: dict[str, tuple[str, Mode, Access, Behaviour, Behaviour | None, str, str]] = {
    "xapic id matches cpuid": ("0x020", A, R, C, C, "", "__test_apic_id()"),
    "correct xapic id after reset": ("0x020", A, R, C, C, "", "__test_apic_id()"),
    "writeable xapic id": ("0x020", A, W, C, None, "", "__test_apic_id()"),
    "non-writeable x2apic id": ("0x802", X, W, G, C, "", "__test_apic_id()"),
    "sane x2apic id": ("0x802", X, R, C, C, "", "__test_apic_id()"),
    "x2apic id matches cpuid": ("0x802", X, R, C, C, "", "__test_apic_id()"),
    "self_ipi_xapic: self ipi": ("0x300", A, W, C, None, "self-ipi", "test_self_ipi_xapic()"),
    "self_ipi_x2apic: self ipi": ("0x830", X, W, C, None, "self-ipi", "test_self_ipi_x2apic()"),
}


@dataclass
class _Half:
    """One walk of msr.c over all 256 MSRs; which mode it ran in shows in what it asks."""

    seen: list[Sighted] = field(default_factory=list)
    results: int = 0
    last: int = 0
    off: bool = False
    on: bool = False


def read_unit_tests(lines: Iterable[str]) -> LogReading:
    """Read a log of x86/msr.c or x86/apic.c, or of both, one run or several."""
    return _Log().read(lines)


class _Log:
    def __init__(self) -> None:
        self.reading = LogReading()
        self.halves = [_Half()]
        self.in_xapic = False
        self.run: Counter[str] = Counter()

    def read(self, lines: Iterable[str]) -> LogReading:
        for number, line in _whole(lines):
            self.reading.lines += bool(line.strip())
            # Console output may stand before a result on the same line.
            if match := RESULT.search(line):
                self._result(number, match[1], match[2])
            else:
                self._other(number, line)
        for half in self.halves:
            self._close(half)
        self.reading.seen.sort(key=lambda seen: seen.line)
        return self.reading

    def _result(self, number: int, word: str, text: str) -> None:
        self.reading.results += 1
        self.run[word] += 1
        if word != "PASS" and not (word == "SKIP" and text.startswith(OURS)):
            self.reading.remarkable.append((number, f"{word}: {text}"))
        if word == "SKIP" and not text.startswith(OURS):
            self.reading.unused["skipped"] += 1
            return
        if text.startswith(OURS):
            self.reading.checks += 1
        elif not self._msr(number, text) and not self._apic(number, word, text):
            self.reading.unused["names no register, or not its mode"] += 1

    def _other(self, number: int, line: str) -> None:
        if match := SUMMARY.match(line):
            # The next run begins anew, in a mode that it has yet to say.
            self._summed(number, int(match[1]), match[2])
            self.halves.append(_Half())
            self.in_xapic = False
        elif (qemu := QEMU.search(line)) and not self.reading.command:
            self.reading.command = without_folders(qemu[0])
            if accelerated := ACCELERATOR.search(line):
                self.reading.accelerator = accelerated[1] or "kvm"
        self.reading.unknown += bool(line.strip())

    def _summed(self, number: int, tests: int, rest: str) -> None:
        """Hold the count at the end of a run, and what became of its tests, against the lines."""
        run, self.run = self.run, Counter()
        self.reading.hold(number, tests, run.total(), "the log counts")
        said = {word: int(count) for count, word in re.findall(r"(\d+) ([a-z ]+)", rest)}
        # Other words are those of another version: what it leaves out is not known.
        for word, results in COUNTED.items() if said.keys() <= COUNTED.keys() else ():
            found = sum(run[result] for result in results)
            self.reading.hold(number, said.get(word, 0), found, "the log counts", word)

    def _msr(self, number: int, text: str) -> bool:
        """Read a result of msr.c; whether it was one."""
        if match := ACCESS.match(text):
            msr = int(match["msr"], 16) if match["msr"] else SELF_IPI
            access = W if match["way"].startswith("W") else R
            half = self._half(msr)
            half.off |= access is R and msr in READABLE and text.startswith("Expected #GP")
            if outcome := outcome_of(int(match["vector"])):
                function = "test_wrmsr_fault()" if access is W else "test_rdmsr_fault()"
                value = match["value"] or ""
                half.seen.append(_sighted(number, msr, access, outcome, function, value=value))
            else:
                half.results -= 1
                self.reading.unused["another exception"] += 1
        elif match := HIGH_BITS.match(text) or READ_WRITE.fullmatch(text):
            half = self._half(int(match[1], 16))
            half.on = True
            both = match.re is READ_WRITE
            function = "__test_msr_rw()" if both else "__test_x2apic_msrs()"
            ways = (R, W) if both else (R,)
            half.seen += [_sighted(number, half.last, way, C, function) for way in ways]
        return match is not None

    def _half(self, msr: int) -> _Half:
        """Return the walk that a result belongs to: one begins anew where MSRs go down."""
        if msr < self.halves[-1].last:
            self.halves.append(_Half())
        half = self.halves[-1]
        half.last = msr
        half.results += 1
        return half

    def _close(self, half: _Half) -> None:
        unused = self.reading.unused
        if half.on and not half.off:
            self.reading.seen += half.seen
        elif half.off and not half.on:
            unused["MSR accesses with x2APIC off: no cell of the table"] += half.results
        elif half.results:
            why = "x2APIC is both on and off" if half.on else "whether x2APIC is on does not show"
            unused[f"MSR accesses where {why}"] += half.results

    def _apic(self, number: int, word: str, text: str) -> bool:
        """Read a result of apic.c; whether it was one that is used."""
        if text in MODES:
            self.in_xapic = MODES[text]
        elif (match := MMIO.fullmatch(text)) and self.in_xapic:
            test, value = f"{APIC_TEST}, test_apic_disable()", f"0x{int(match[2], 16):x}"
            self.reading.seen.append(Sighted(number, f"0x{match[1]}", A, R, C, test, value))
            return True
        elif text in SINGLE and word in ("PASS", "FAIL"):
            register, mode, access, passed, failed, condition, function = SINGLE[text]
            if outcome := passed if word == "PASS" else failed:
                way, test = (register, mode, access), f"{APIC_TEST}, {function}"
                seen = Sighted(number, *way, outcome, test, condition=condition)
                self.reading.seen.append(seen)
                return True
        return False


def _whole(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield lines with their numbers; the pieces of a result as one, with that of its first."""
    number, begun, pieces = 0, "", 0
    for here, line in enumerate(lines, 1):
        if begun and pieces < PIECES and line.strip() and not RESULT.search(line):
            begun, pieces = f"{begun} {line.strip()}", pieces + 1
        else:
            if begun:
                yield number, begun
            number, begun, pieces = here, line, 1
        if not BROKEN.search(begun):
            yield number, begun
            begun = ""
    if begun:
        yield number, begun


def _sighted(
    number: int, msr: int, access: Access, outcome: Behaviour, function: str, *, value: str = ""
) -> Sighted:
    written = int(value, 16) if value else 0
    reserved = written >= HIGH_HALF or (msr == SELF_IPI and written > VECTORS)
    test, shown = f"{MSR_TEST}, {function}", f"0x{written:x}" if value else ""
    condition = "reserved-bits" if reserved else ""
    return Sighted(number, f"0x{msr:03x}", X, access, outcome, test, shown, condition)


def without_folders(command: str) -> str:
    """Return a command line with only the last part of each path: folders name people."""
    return re.sub(r"(?<![\w.-])(?:~|\.{0,2})/(?:[^\s,='\"]*/)*([^\s/,='\"]+)", r"\1", command)
