"""What was recorded on real kernels, none of which had AVIC: nothing of it is believed.

With what gives it away taken out, the same recordings go the way of a host that has it.
"""

from __future__ import annotations

import json
import re

import pytest

from app.core.words import Behaviour
from app.intake import probed
from app.probing import correlation, trace, trace_reader
from app.probing.correlation import Correlation
from app.probing.probe_document import NothingMeasured
from tests.probe.recordings import NAMES, printed, recording
from tests.probe.runs import HOST
from tests.probe.scenes import serial

B = Behaviour
# By recording: how many windows there are, and a word of why it is void.
MEMORY = "what answered is memory and no APIC"
VOID = {
    "6.1-x2apic-off.trace-cmd": (161, "no names for the bits (inhibits=0x5, line 3"),
    "6.1-xapic-forced.tracefs": (16, MEMORY),
    "6.1-xapic-off.tracefs": (1728, "no names for the bits (inhibits=0x5, line 14"),
    "6.12-xapic-off.perf": (102, "again: DISABLED (inhibits=0x1, line 1"),
    "6.12-xapic-reinjecting.tracefs": (861, "again: PIT_REINJ (inhibits=0x200"),
    "7.2-x2apic-off.perf": (161, "again: DISABLED (inhibits=0x1, line 1"),
    "7.2-x2apic-off.tracefs": (2295, "again: DISABLED (inhibits=0x1, line 13"),
    "7.2-xapic-forced.tracefs": (847, MEMORY),
    "7.2-xapic-off.trace-cmd": (102, "again: DISABLED (inhibits=0x1, line 2"),
}


@pytest.mark.parametrize("name", NAMES)
def test_every_line_of_a_recording_is_read_and_nothing_of_it_is_believed(name: str) -> None:
    windows, why = VOID[name]
    run = correlation.correlate(*recording(name))
    assert (windows, windows, 0, ()) == (run.accesses, run.matched, run.trace.unread, run.results)
    assert why in run.void
    with pytest.raises(NothingMeasured, match=r"AVIC|7Ch|no APIC"):
        probed.document([run], HOST)


def test_an_exception_whose_name_a_tool_could_not_print_is_known_by_its_number() -> None:
    for name in ("6.1-x2apic-off.trace-cmd", "7.2-x2apic-off.perf"):
        _, told = recording(name)
        events = trace_reader.read_trace(told).events
        injected = [event.exception for event in events if isinstance(event, trace.Injected)]
        assert told.count("[FAILED TO PARSE]") == len(injected) > 0
        assert {"#GP"} == set(injected)


@pytest.mark.parametrize("name", ["7.2-x2apic-off.tracefs", "7.2-x2apic-off.perf"])
def test_without_a_line_of_an_inhibit_the_intercepts_give_it_away(name: str) -> None:
    guest, told = recording(name)
    told = re.sub(r".*kvm_apicv_inhibit_changed.*\n", "", told)
    void = correlation.correlate(guest, told).void
    assert "every access exited with 7Ch" in void
    assert "/docs/active of an explorer" in void


def test_an_inhibit_that_cannot_be_read_voids_the_run_and_shows_the_line() -> None:
    guest, told = recording("7.2-x2apic-off.tracefs")
    run = correlation.correlate(guest, told.replace("set reason=0, inhibits=", "on since "))
    assert "line 13 (the form is not known): qemu-system-x86-" in run.void
    assert "kvm_apicv_inhibit_changed: on since 0x1 DISABLED" in run.void


def pretended(*lines: str, seq: int = -1) -> Correlation:
    """What a recording of a forced AVIC comes to, had there been one.

    The lines of inhibits are out, what the guest watched for has happened, and ``lines`` stand
    in the window of the access ``seq``.
    """
    guest, told = recording("6.1-xapic-forced.tracefs")
    *events, _ = map(json.loads, guest.splitlines())
    events = [e | {"effect": True} if "effect" in e else e for e in events]
    kept = []
    for line in told.splitlines():
        if "kvm_apicv_inhibit_changed" not in line:
            kept.append(line)
        if re.search(rf"val 0xb[0-9a-f]{{3}}{seq:04x}\b", line):
            front = line.partition("kvm_pio:")[0]
            kept += [front + each for each in lines]
    return correlation.correlate(serial(events), "\n".join(kept))


def test_a_trace_that_was_filtered_by_the_reason_of_exits_is_void() -> None:
    guest, told = recording("7.2-x2apic-off.tracefs")
    kept = [line for line in told.splitlines()
            if not re.search("apicv_inhibit|kvm_exit: .*reason (?!io)", line)]  # fmt: skip
    assert (
        "as where it was filtered by their reason"
        in correlation.correlate(guest, "\n".join(kept)).void
    )


def outcomes(run: Correlation) -> dict[tuple[str, str, str], tuple[Behaviour, str, str]]:
    assert ("", (), (), 0) == (run.void, run.contradictions, run.unexplained, run.trace.unread)
    return {
        (r.access.slug, str(r.access.access), r.access.why): (r.outcome, r.seen.place, r.condition)
        for r in run.results
    }


def test_windows_without_exits_are_results_where_avic_is_on() -> None:
    found = outcomes(pretended())
    assert {
        ("id", "read", "initial"): (B.ALLOWED, "", ""),
        ("tpr", "read", "initial"): (B.ALLOWED, "", ""),
        ("tpr", "write", "pattern"): (B.ACCELERATED, "", ""),
        ("tpr", "write", "reserved-bits"): (B.ACCELERATED, "", "reserved-bits"),
        ("icr", "read", "initial"): (B.ALLOWED, "", ""),
        ("icr", "write", "self-fixed"): (B.ACCELERATED, "", "self-ipi"),
        ("icr", "write", "busy"): (B.ACCELERATED, "", "busy-set"),
        ("icr", "write", "reserved-bits"): (B.ACCELERATED, "", "reserved-bits"),
    } == found
    assert len(found) == len(probed.document([pretended()], HOST)["observations"])


def test_a_forced_avic_of_which_one_register_was_read_is_given_away_by_the_guest_itself() -> None:
    guest, told = recording("6.1-xapic-forced.tracefs")
    *events, _ = map(json.loads, guest.splitlines())
    chosen = [e for e in events if e["event"] != "access" or e["slug"] == "id"]
    chosen = [e | {"accesses": 2} if e["event"] == "end" else e for e in chosen]
    lines = [line for line in told.splitlines() if "kvm_apicv" not in line]
    for ipi, why in ((0, "to itself did not come: what answered is memory and no APIC"), (1, "")):
        log = serial([chosen[0], {"event": "selftest", "ipi": ipi}, *chosen[1:]])
        assert why in correlation.correlate(log, "\n".join(lines)).void
        assert bool(why) == bool(correlation.correlate(log, "\n".join(lines)).void)


READ, WRITE = (0x100898, 0x10089A), (0x100916, 0x100918)
ID_READ, SELF_IPI = 1, 13


def exited(kernel: str, reason: str, rip: int, info1: int, info2: int) -> str:
    return printed(kernel, "kvm_exit", 0, reason, "", "", rip, info1, info2, 0, 0, *_more(kernel))


def _more(kernel: str) -> tuple[int, ...]:
    return (0,) if kernel == "7.2" else ()


@pytest.mark.parametrize("kernel", ["6.1", "7.2"])
@pytest.mark.parametrize(("after", "outcome"), [(0, B.VMEXIT_FAULT), (1, B.VMEXIT_TRAP)])
def test_an_exit_402h_in_the_kernels_own_form_is_a_fault_or_a_trap(kernel, after, outcome) -> None:
    run = pretended(
        exited(kernel, "avic_unaccelerated_access", READ[after], 0x20, 0),
        printed(kernel, "kvm_avic_unaccelerated_access", 0, 0x20, "APIC_ID", "trap", "read", 0),
        seq=ID_READ,
    )
    place = ("at", "after")[after]
    assert (outcome, place, "") == outcomes(run)["id", "read", "initial"]


@pytest.mark.parametrize("kernel", ["6.1", "7.2"])
@pytest.mark.parametrize(
    ("reason", "condition"),
    [
        *((0, "advanced"), (1, "target-not-running"), (2, "invalid-target")),
        *((3, "incomplete"), (4, "invalid-vector")),
    ],
)
def test_an_exit_401h_in_the_kernels_own_form_tells_its_reason(kernel, reason, condition) -> None:
    run = pretended(
        exited(kernel, "avic_incomplete_ipi", WRITE[1], 0x400E0, reason << 32),
        printed(kernel, "kvm_avic_incomplete_ipi", 0, 0, 0x400E0, reason, 0),
        seq=SELF_IPI,
    )
    found = outcomes(run)["icr", "write", "self-fixed"]
    assert (B.VMEXIT_IPI, "after", condition) == found
