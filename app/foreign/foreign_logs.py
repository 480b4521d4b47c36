"""What a log of somebody else's test says about single accesses; nothing is inferred.

Such a log knows what the guest saw: that an access completed, or that it raised #GP. It
knows no exits. ``RULES`` lists every line that is used and where its meaning comes from;
each was read in the source of the test. Lines of other tests are counted, not guessed at.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from app.core.numbers import ICR_MSR, MSR_BASE, MSR_LAST
from app.core.words import Access, Behaviour, Mode
from app.pens.plain import Plain

GP_VECTOR = 13
# How many results that failed or were skipped are listed; more are counted.
MOST_SHOWN = 20


@dataclass(frozen=True)
class Sighted:
    """What one line says about one access; ``test`` is where its meaning comes from."""

    line: int
    register: str
    mode: Mode
    access: Access
    outcome: Behaviour
    test: str
    value: str = ""
    condition: str = ""


@dataclass
class LogReading:
    """What was found in a log.

    ``unused`` counts results by the reason why they are not used, ``remarkable`` are the
    failed and skipped ones, ``unknown`` counts lines that are no result of a test;
    ``accelerator`` and ``command`` are what the log itself shows of its QEMU; ``asserted`` is
    whether an assertion failed; ``checks`` counts those of a test that this explorer handed out;
    ``notes`` say what was lost on the way here, ``adds_up`` is whether its own counts hold.
    """

    lines: int = 0
    results: int = 0
    unknown: int = 0
    seen: list[Sighted] = field(default_factory=list)
    unused: Counter[str] = field(default_factory=Counter)
    remarkable: list[tuple[int, str]] = field(default_factory=list)
    accelerator: str = ""
    command: str = ""
    asserted: bool = False
    checks: int = 0
    notes: list[str] = field(default_factory=list)
    adds_up: bool = True

    def hold(self, line: int, said: int, found: int, what: str, of: str = "results") -> None:
        """Hold what was found against the count that the log itself has on a line."""
        if said != found:
            self.adds_up = False
            counted = f"{what} {said} {of}, and {found} were found"
            self.notes.append(f"Line {line}: {counted}: are lines cut or wrapped?")


KUT, SELF = "kvm-unit-tests x86/", "Linux tools/testing/selftests/kvm/"
MSR_TEST, APIC_TEST = f"{KUT}msr.c", f"{KUT}apic.c"
APIC_H = f"{SELF}include/x86/apic.h"
# By tool, and by the function that prints it: a line that is used, and what it says.
RULES: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    "kvm-unit-tests": {
        "vapic.c of `vapic export kvm-unit-tests`, main()": {
            "vapic 0018: WRMSR 0x808 tpr pattern 0x20: expected ..., got #GP": (
                "x2AVIC WRMSR of 808h: gp, completed or pf, as it got; with a trace what exited"
            ),
        },
        f"{MSR_TEST}, test_wrmsr_fault()": {
            "Expected #GP on WRMSR(x2APIC MSR 0x802, 0x0), got vector N": (
                "x2AVIC WRMSR of 802h: gp where N is 13, completed where it is 0"
            ),
        },
        f"{MSR_TEST}, test_rdmsr_fault()": {
            "Expected #GP on RDMSR(x2APIC MSR 0x80b), got vector N": (
                "x2AVIC RDMSR of 80Bh: gp where N is 13, completed where it is 0"
            ),
        },
        f"{MSR_TEST}, __test_x2apic_msrs()": {
            "Expected bits 63:32 == 0 for 'x2APIC MSR 0x802'": (
                "x2AVIC RDMSR of 802h: completed, passed or failed"
            ),
        },
        f"{MSR_TEST}, __test_msr_rw()": {
            "x2APIC MSR 0x808": "x2AVIC RDMSR and WRMSR of 808h: completed, passed or failed",
        },
        f"{APIC_TEST}, __test_apic_id()": {
            "writeable xapic id": "AVIC write of ID: completed, if passed",
            "non-writeable x2apic id": "x2AVIC WRMSR of ID: gp if passed, completed if failed",
            "xapic id matches cpuid; correct xapic id after reset": (
                "AVIC read of ID: completed, passed or failed"
            ),
            "sane x2apic id; x2apic id matches cpuid": (
                "x2AVIC RDMSR of ID: completed, passed or failed"
            ),
        },
        f"{APIC_TEST}, test_apic_disable()": {
            "apic_disable: *0xfee00030: V; apic_disable: *0xfee00080: V": (
                "AVIC read of VER, of TPR: completed; only while in xAPIC mode"
            ),
        },
        f"{APIC_TEST}, test_self_ipi_xapic()": {
            "self_ipi_xapic: self ipi": "AVIC write of ICRL, self-ipi: completed, if passed",
        },
        f"{APIC_TEST}, test_self_ipi_x2apic()": {
            "self_ipi_x2apic: self ipi": "x2AVIC WRMSR of ICR, self-ipi: completed, if passed",
        },
    },
    "selftests": {
        f"{APIC_H}, x2apic_write_reg_fault()": {
            "Wanted #GP on WRMSR(830) = V, got 0x0": (
                "x2AVIC WRMSR of 830h: completed where it got 0"
            ),
        },
        f"{APIC_H}, x2apic_write_reg()": {
            "Unexpected fault 0xd on WRMSR(830) = V": (
                "x2AVIC WRMSR of 830h: gp where the fault is 0xd"
            ),
        },
    },
}

TAP = re.compile(r"\s*(?P<deep>(?:# )*)(?P<word>not ok|ok) \d+ ?(?:- )?(?P<name>.*)")
PLAN = re.compile(r"\s*(?P<deep>(?:# )*)1\.\.(?P<most>\d+)\b(?!.*SKIP)")
ASSERTION = re.compile(
    r"(?:(?P<wanted>Wanted #GP)|Unexpected fault (?P<fault>0x[0-9a-fA-F]+)) on WRMSR"
    r"\((?P<msr>[0-9a-fA-F]+)\) = (?P<value>[0-9a-fA-F]+)"
    r"(?(wanted), got (?P<got>0x[0-9a-fA-F]+|0)\b)"
)
# How the test of all MSRs asserts: whether x2APIC was on does not show.
MODELESS = re.compile(r"(?:Wanted|Unexpected) \S+ (?:on|from) (?:WRMSR|RDMSR)\(0x8[0-9a-fA-F]{2}\b")


def outcome_of(vector: int) -> Behaviour | None:
    """Return what the guest saw, by the vector of its exception; None is neither."""
    return {0: Behaviour.COMPLETED, GP_VECTOR: Behaviour.GP}.get(vector)


def read_selftests(lines: Iterable[str]) -> LogReading:
    """Read the output of KVM's selftests: TAP results, and assertions of the guest.

    A test that passes prints nothing about its accesses, so nothing follows from ``ok``.
    """
    reading = LogReading()
    # By depth: the line of a plan, how many results it announces, how many came.
    plans: dict[int, list[int]] = {}
    for number, line in enumerate(lines, 1):
        reading.lines += bool(line.strip())
        if " - vapic " in line and TAP.match(line):
            reading.results += 1
            reading.checks += 1
            plans.get(0, [0, 0, 0])[2] += 1
        elif match := ASSERTION.search(line):
            _assertion(reading, number, match)
        elif MODELESS.search(line):
            reading.results += 1
            reading.unused["MSR accesses where whether x2APIC is on does not show"] += 1
        elif match := TAP.match(line):
            _hold(reading, plans, len(match["deep"]) + 1)
            plans.get(len(match["deep"]), [0, 0, 0])[2] += 1
            reading.results += 1
            failed = "failed" if match["word"] == "not ok" else "passed"
            why = "were skipped" if "# SKIP" in line else failed
            reading.unused[f"whole tests that {why}"] += 1
            if why != "passed":
                reading.remarkable.append((number, line.strip()))
        else:
            reading.unknown += bool(line.strip())
            reading.asserted |= "Test Assertion Failure" in line
            if match := PLAN.match(line):
                _hold(reading, plans, len(match["deep"]))
                plans[len(match["deep"])] = [number, int(match["most"]), 0]
    _hold(reading, plans, 0)
    return reading


def _hold(reading: LogReading, plans: dict[int, list[int]], depth: int) -> None:
    """Hold the plans from a depth on, which end here, against what came."""
    for deep in sorted(d for d in plans if d >= depth):
        line, said, found = plans.pop(deep)
        reading.hold(line, said, found, "the plan announces")


def _assertion(reading: LogReading, number: int, match: re.Match[str]) -> None:
    reading.results += 1
    outcome, address = outcome_of(int(match["fault"] or match["got"], 16)), int(match["msr"], 16)
    if outcome is None:
        reading.unused["another exception"] += 1
    elif not MSR_BASE <= address <= MSR_LAST:
        reading.unused["no MSR of the APIC"] += 1
    else:
        # The ICR test asks for a fault exactly where it sets a reserved bit.
        reserved = "reserved-bits" if match["wanted"] and address == ICR_MSR else ""
        test = f"{APIC_H}, x2apic_write_reg{'_fault' if match['wanted'] else ''}()"
        register, value = f"0x{address:03x}", f"0x{int(match['value'], 16):x}"
        way = (Mode.X2AVIC, Access.WRITE)
        reading.seen.append(Sighted(number, register, *way, outcome, test, value, reserved))


def reading_text(reading: LogReading) -> str:
    """Return what became of the lines of a log."""
    out = Plain()
    used = len({seen.line for seen in reading.seen}) + reading.checks
    out.item(f"{reading.lines} lines, {reading.results} results of tests, {used} used.")
    for why, count in sorted(reading.unused.items()):
        out.item(f"not used, {count}: {why}.")
    out.item(f"{reading.unknown} lines are no result of a test.")
    for note in reading.notes[:MOST_SHOWN]:
        out.item(note)
    for number, line in reading.remarkable[:MOST_SHOWN]:
        out.item(f"line {number}: {line}")
    if len(reading.remarkable) > MOST_SHOWN:
        out.item(f"and {len(reading.remarkable) - MOST_SHOWN} more that failed or were skipped.")
    return out.render()


def rules_text() -> str:
    """Return every line that is used, what it says, and where that was read."""
    out = Plain()
    for tool, tests in RULES.items():
        out.title(f"vapic import {tool}")
        for source, rules in tests.items():
            for line, says in rules.items():
                out.item(line)
                out.para(says, 4)
                out.para(f"[{source}]", 4)
        out.blank()
    return out.render()
