"""Traces as text: lines from format strings, literal ones, and the layouts' differences."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.intake import probed
from app.probing import correlation, trace, trace_reader
from app.probing.probe_document import HostFacts
from tests.probe.layouts import LAYOUTS, kernels
from tests.probe.runs import full_scene, short_boot

DATA = Path(__file__).parents[1] / "data" / "traces"
LITERAL_HEAD, *LITERAL = (DATA / "layouts.txt").read_text("ascii").split("== ")
WHERE = {"thread": "2101", "cpu": 3, "line": 1}
FRONT = "CPU 0/KVM-2101  [003] .....  512.345678: "
# Written by hand from the format strings of the kernel; none was captured.
LINES = [
    (
        (
            "kvm_exit: vcpu 0 reason avic_unaccelerated_access rip 0xffffffff8108f2a4 "
            "info1 0x00000001000000b0 info2 0x0000000000000031 intr_info 0x00000000 "
            "error_code 0x00000000 requests 0x0000000000000000"
        ),
        trace.KvmExit, ("avic_unaccelerated_access", 0xFFFFFFFF8108F2A4, 0x1000000B0, 0x31),
    ),
    ("kvm_exit: reason EXIT_AVIC_INCOMPLETE_IPI rip 0x1 info 1000000fb 100000001",
     trace.KvmExit, ("EXIT_AVIC_INCOMPLETE_IPI", 1, 0x1000000FB, 0x100000001)),
    ("kvm_exit: reason UNKNOWN (1025) rip 0x1 info 0 0",
     trace.KvmExit, ("UNKNOWN (1025)", 1, 0, 0)),
    ("kvm_pio: pio_write at 0x7e0 size 4 count 1 val 0xb0080008",
     trace.PortWrite, (0x7E0, 4, 0xB0080008)),
    ("kvm_cpuid: func 7e0a91c0 idx b0080008 rax 0 rbx 0 rcx 0 rdx 0, cpuid entry not found",
     trace.CpuidAsked, (0x7E0A91C0, 0xB0080008)),
    ("kvm_avic_unaccelerated_access: vcpu=1, offset=0x390(APIC_TMCCT), fault, read, vec=0x0",
     trace.Unaccelerated, (0x390, False)),
    ("kvm_avic_unaccelerated_access: vcpu=1, offset=0x2f0(0x2f0), trap, write, vec=0",
     trace.Unaccelerated, (0x2F0, True)),
    ("kvm_avic_incomplete_ipi: vcpu=0, icrh:icrl=0x00000001:000000fb, id=1, index=1",
     trace.IncompleteIpi, (0x1000000FB, 1)),
    ("kvm_msr: msr_write 838 = 0x9c40", trace.MsrEmulated, (True, 0x838, 0x9C40, False)),
    ("kvm_msr: msr_write 802 = 0x0 (#GP)", trace.MsrEmulated, (True, 0x802, 0, True)),
    ("kvm_apicv_inhibit_changed: set reason=5, inhibits=0x20",
     trace.InhibitChanged, (True, 5, 0x20, "")),
    ("kvm_apicv_inhibit_changed: cleared reason=8, inhibits=0x220 PIT_REINJ|0x20 for=now",
     trace.InhibitChanged, (False, 8, 0x220, "PIT_REINJ|0x20")),
    ("kvm_inj_exception: #GP (0x0) [reinjected]", trace.Injected, ("#GP",)),
    ("kvm_inj_exception:    [FAILED TO PARSE] exception=14 has_error=1 error_code=0",
     trace.Injected, ("#PF",)),
    ("kvm_inj_exception: 0x1f (0x0)", trace.Injected, ("#0x1f",)),
    ("kvm_page_fault: vcpu 0 rip 0x8075 address 0x00000000fee00030 error_code 0x10000000f",
     trace.PageFault, (0xFEE00030,)),
    ("kvm_page_fault: address fee00030 error_code 6", trace.PageFault, (0xFEE00030,)),
    ("kvm_pio: pio_read at 0x64 size 1 count 1 val 0x1c", None, ()),
    ("kvm_pio: pio_write at 0x64 size 1 count 2 val 0x1c (...)", None, ()),
    ("kvm_apic: apic_write APIC_TMICT = 0x9c40", None, ()),
    ("kvm_cpuid: func 0 rax 1 rbx 2 rcx 3 rdx 4, cpuid entry found", None, ()),
    # Kernels append to their lines.
    ("kvm_msr: msr_write 802 = 0x0 (#GP) host", trace.MsrEmulated, (True, 0x802, 0, True)),
    ("kvm_msr: msr_write 802 = 0x0, host", trace.MsrEmulated, (True, 0x802, 0, False)),
    ("kvm_avic_unaccelerated_access: vcpu=1, offset=0x20(APIC_ID), trap, write, vec=0x0, new=1",
     trace.Unaccelerated, (0x20, True)),
    ("kvm_avic_incomplete_ipi: vcpu=0, icrh:icrl=0x00000001:000000fb, id=1, index=1 target=2",
     trace.IncompleteIpi, (0x1000000FB, 1)),
]  # fmt: skip


@pytest.mark.parametrize(("text", "kind", "parts"), LINES)
def test_a_line_is_the_event_that_its_format_string_says(text: str, kind, parts) -> None:
    read = trace_reader.read_trace(FRONT + text)
    found = [(type(event), *(vars(event)[name] for name in WHERE)) for event in read.events]
    told = [tuple(v for k, v in vars(event).items() if k not in WHERE) for event in read.events]
    assert ([(kind, *WHERE.values())] if kind else [], 0) == (found, read.unread)
    assert ([parts] if kind else []) == told


@pytest.mark.parametrize(
    ("reason", "code"),
    [
        ("avic_unaccelerated_access", 0x402),
        ("EXIT_AVIC_INCOMPLETE_IPI", 0x401),
        ("EXIT_INTR", 0x60),
        ("UNKNOWN (1025)", 0x401),
        ("0x8f", 0x8F),
        ("GP excp", None),
    ],
)
def test_a_reason_has_its_code_whoever_names_it(reason: str, code: int | None) -> None:
    read = trace_reader.read_trace(f"{FRONT}kvm_exit: reason {reason} rip 0x1 info 0 0")
    assert [code] == [event.code for event in read.events]


@pytest.mark.parametrize(
    ("front", "layout"),
    [
        ("qemu-system-x86-2101 [003] 512.345678: kvm_pio:             ", "trace-cmd report"),
        ("           CPU 0/KVM-2101  [003] d..1.   512.345678: kvm_pio: ", "trace-cmd report"),
        ("   <...>-2101  (   2098) [003] ..... 512.345678: kvm_pio: ", "trace-cmd report"),
        ("  a b-7 c-2101  (-------) [003] ..... 512.345678: kvm_pio: ", "trace-cmd report"),
        ("qemu-2101 [003] 51234567812: kvm_pio: ", "trace-cmd report"),
        ("# tracer: nop\n#\n CPU 0/KVM-2101 [003] d.... 512.3: kvm_pio: ", "tracefs trace"),
        ("       CPU 0/KVM  2101 [003]   512.345678:          kvm:kvm_pio: ", "perf script"),
        ("qemu-system-x86  2098/2101  [003]   512.345678:  1 kvm:kvm_pio: ", "perf script"),
    ],
)
def test_the_layout_is_recognised_by_what_stands_before_an_event(front: str, layout: str) -> None:
    read = trace_reader.read_trace(front + "pio_write at 0x7e0 size 4 count 1 val 0xb0080008")
    (event,) = read.events
    assert (layout, "2101", 3, 0) == (read.layout, event.thread, event.cpu, read.unread)


@pytest.mark.parametrize(
    ("text", "cpu"),
    [
        ("CPU:3 [LOST 12 EVENTS]", 3),
        ("CPU:3 [LOST EVENTS]", 3),
        ("CPU:3 [12 EVENTS DROPPED]", 3),
        ("CPU:3 [EVENTS DROPPED]", 3),
        ("> CPU:3 [LOST 12 EVENTS] ", 3),
        ("12:CPU:3 [LOST 12 EVENTS]", 3),
        ("  CPU 0/KVM  2101 [003]  512.3: PERF_RECORD_LOST lost 12", 3),
        ("  CPU 0/KVM  2101 [003]  512.3: PERF_RECORD_LOST_SAMPLES lost 12", 3),
        ("PERF_RECORD_LOST lost 12", None),
    ],
)
def test_what_a_tracer_lost_is_an_event_of_its_own(text: str, cpu: int | None) -> None:
    wanted = trace.Lost(thread="", cpu=cpu, line=1)
    assert ((wanted,), 0) == (
        trace_reader.read_trace(text).events,
        trace_reader.read_trace(text).unread,
    )


@pytest.mark.parametrize(
    ("text", "loss"),
    [
        ("# entries-in-buffer/entries-written: 26322/214563   #P:2",
         "line 1: 26322 of 214563 entries are left"),
        ("overrun: 7", "line 1: overrun: 7"),
        ("commit overrun: 7", "line 1: commit overrun: 7"),
        ("dropped events: 7", "line 1: dropped events: 7"),
        ("Processed 9 events and lost 3 chunks!", "line 1: Processed 9 events and lost 3 chunks!"),
        ("> # entries-in-buffer/entries-written: 1/2", "line 1: 1 of 2 entries are left"),
        ("3: overrun: 7", "line 1: 3: overrun: 7"),
        ("Processed 9 samples and lost 12.50%!", "line 1: Processed 9 samples and lost 12.50%!"),
        ("CPU 0: 3500 events lost", "line 1: CPU 0: 3500 events lost"),
        ("lost samples: 7", "line 1: lost samples: 7"),
        ("events missed: 7", "line 1: events missed: 7"),
        ("7 lost events", "line 1: 7 lost events"),
        ("[LOST SOME EVENTS]", "line 1: [LOST SOME EVENTS]"),
        ("Processed 9 samples and lost 0.00%!", None),
        ("# entries-in-buffer/entries-written: 57416/57416   #P:2", ""),
        ("overrun: 0", ""),
        ("dropped events: 0", ""),
    ],
)  # fmt: skip
def test_what_is_missing_somewhere_is_a_loss_of_the_whole_trace(
    text: str, loss: str | None
) -> None:
    read = trace_reader.read_trace(text)
    assert ((loss,) if loss else (), int(loss is None)) == (read.losses, read.unread)


def test_lines_that_cannot_be_read_are_counted_and_the_first_are_named() -> None:
    garbled = [f"nonsense {n}" for n in range(5)] + ["x" * 5000, FRONT + "kvm_msr: msr_peek 1"]
    read = trace_reader.read_trace("\n".join(["cpus=8", "", *garbled, "# end"]))
    assert (7, 10, 3) == (read.unread, len(garbled) + 3, len(read.examples))
    assert "line 3: no event of this layout: nonsense 0" == read.examples[0]
    # One that we rely on may have said anything.
    *others, event = read.events
    assert [""] * 6 == [other.event for other in others]
    assert (9, "kvm_msr", "the form is not known") == (event.line, event.event, event.why)
    assert event.text.endswith("kvm_msr: msr_peek 1")


@pytest.mark.parametrize(("layout", "new"), kernels())
def test_the_same_boot_gives_the_expected_document_in_each_layout(layout, new) -> None:
    scene = short_boot()
    run = correlation.correlate(scene.guest(), scene.trace(layout, new=new))
    body = probed.document([run], HostFacts(version="6.14"))
    assert 0 == body.pop("x-correlation")[0]["trace"]["unread"]
    assert json.loads((DATA / "expected.json").read_text("ascii")) == body


@pytest.mark.parametrize("literal", LITERAL, ids=[text.partition("\n")[0] for text in LITERAL])
def test_a_trace_of_these_tests_has_the_literal_lines_of_its_layout(literal: str) -> None:
    name, _, lines = literal.partition("\n")
    layout, _, release = name.partition(", ")
    written = short_boot().trace(layout, new=release == "6.14")
    head = "".join(line for line in lines.splitlines(keepends=True) if line[0] in "c#")
    assert written.startswith(head)
    assert lines.removeprefix(head) in written


def test_there_are_literal_lines_of_every_layout() -> None:
    assert LITERAL_HEAD == "# Constructed from format strings; nobody captured it.\n"
    assert set(LAYOUTS) == {text.partition(",")[0] for text in LITERAL}


def test_all_layouts_hold_the_same_events() -> None:
    scene = full_scene()
    seen = []
    for layout in LAYOUTS:
        events = trace_reader.read_trace(scene.trace(layout)).events
        shift = events[0].line
        seen.append([(type(e), e.thread, e.cpu, e.line - shift) for e in events])
    assert all(one == seen[0] for one in seen)


def test_progress_is_told_now_and_then() -> None:
    told: list[int] = []
    trace_reader.read_trace("\n" * 2500, told.append)
    assert [1000, 2000] == told


@given(st.text(max_size=400))
def test_text_of_any_kind_is_read_without_an_error(text: str) -> None:
    read = trace_reader.read_trace(text)
    assert read.unread <= read.lines
