"""Guest and trace together: what a whole run comes to."""

from __future__ import annotations

import json
import random
from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.faults import BadDocument
from app.core.numbers import ranges_of
from app.core.words import Behaviour
from app.intake import probed
from app.intake.measurement import parse, to_measurement
from app.probing import correlation, guest_log, probe_document, trace_reader
from app.probing.correlation import NoMarker
from app.probing.markers import END_OF_MEASURING
from app.probing.matching import match
from app.probing.probe_document import HostFacts, NothingMeasured
from app.probing.trace import Trace
from app.probing.void import why_empty
from app.probing.windows import cut_windows
from tests.probe.layouts import LAYOUTS, Told, kernels, line
from tests.probe.runs import HOST, LDR, LDR_MSR, TIMER, TPR, VERSION_MSR, came_to, full_scene, only
from tests.probe.scenes import (
    Place,
    Scene,
    exits,
    faulted,
    intercepted,
    lost,
    noise,
    unaccelerated,
)

B = Behaviour


@pytest.mark.parametrize(
    ("features", "condition"),
    [({}, None), ({"avic_extlvt": True}, "extlvt"), ({"avic_extlvt": False}, "no-extlvt")],
)
def test_the_extended_lvt_is_told_by_what_cpuid_says_of_it(features, condition) -> None:
    scene = Scene().repeated("ext-lvt", 0x500, member=0).repeated(*TPR)
    host = replace(HOST, features=features)
    read, other = probed.document([came_to(scene)], host)["observations"]

    assert (condition, None) == (read.get("condition"), other.get("condition"))


def test_a_run_without_avic_is_discarded_and_says_why() -> None:
    before = Scene().inhibit(0x20).repeated(*TPR)
    during = Scene().repeated(*TPR).inhibit(0x20).repeated(*LDR)
    page = Scene().repeated(*TPR, faulted()).repeated(*LDR, faulted())
    msrs = Scene("x2apic").repeated(*LDR_MSR, intercepted()).repeated(*VERSION_MSR, intercepted())
    tpr = Scene("x2apic").repeated("tpr", 0x808, intercepted()).repeated(*VERSION_MSR)
    memory = Scene().repeated(*TPR, write=True, effect=False).repeated(*LDR)
    for scene, word in (
        (before, "inhibits=0x20"), (during, "0x20"), (page, "AVIC was off"),
        (page.repeated(*TIMER), "AVIC was off"),
        (tpr, "an access of TPR exited with 7Ch"),
        (msrs, "7Ch, so KVM intercepted them all: x2AVIC was off"),
        (memory, "no APIC, as where AVIC is forced"),
    ):  # fmt: skip
        run = came_to(scene)
        assert ((), True) == (run.results, word in run.void)
        with pytest.raises(NothingMeasured, match=r"AVIC (was|is)|it was off"):
            probed.document([run], HOST)


def test_an_inhibit_that_is_cleared_spoils_only_what_lies_within_it() -> None:
    early = Scene().inhibit(0x22).inhibit(0x20).inhibit(0).repeated(*TPR)
    late = Scene().repeated(*TPR).inhibit(0x20).repeated(*LDR).inhibit(0).repeated(*TIMER)
    after = Scene().repeated(*TPR)
    trace = after.trace() + line(
        Told(1, 0, "kvm_apicv_inhibit_changed", "set reason=5, inhibits=0x20"),
        "trace-cmd", 600, new=True,
    )  # fmt: skip
    assert [B.ALLOWED] == [r.outcome for r in came_to(early).results]
    assert ["tpr", "timer-current"] == [r.access.slug for r in came_to(late).results]
    assert (("AVIC was inhibited during it", 3),) == came_to(late).discarded
    assert "" == correlation.correlate(after.guest(), trace).void


def test_the_reason_named_is_the_one_that_stayed() -> None:
    scene = Scene().inhibit(0x4, "ABSENT").inhibit(0x104, "ABSENT|IRQWIN").inhibit(0x100, "IRQWIN")
    void = came_to(scene.repeated(*TPR)).void
    assert "again: IRQWIN (inhibits=0x100, line 4 " in void
    assert void.endswith(
        " of the trace). Why it may be off, and how to see it: /docs/active of an explorer"
    )


def test_what_another_machine_takes_back_ends_no_inhibit() -> None:
    scene = Scene().inhibit(0x1, "DISABLED")
    scene.host("kvm_apicv_inhibit_changed", "set reason=2, inhibits=0x4 ABSENT", thread=77)
    scene.host("kvm_apicv_inhibit_changed", "cleared reason=2, inhibits=0x0", thread=77)
    assert "again: DISABLED (inhibits=0x1, line 2 " in came_to(scene.repeated(*TPR)).void


def test_a_trace_that_is_not_whole_is_not_believed() -> None:
    scene = full_scene()
    whole = scene.trace("tracefs")
    overflowed = whole.replace("100/100", "100/214563")
    dropped = whole + "cpu: 3\nentries: 5\noverrun: 0\ndropped events: 9\n"
    endless = whole.replace("val 0xffffffff", "val 0x0")
    for text, word in (
        (overflowed, "not whole: line 3: 100 of 214563 entries are left"),
        (dropped, "dropped events: 9"),
        (endless, "does not hold the marker that ends the measuring"),
    ):
        run = correlation.correlate(scene.guest(), text)
        assert ((), True) == (run.results, word in run.void), run.void
    with pytest.raises(NoMarker, match="no marker of this guest is left: line 3: 100 of"):
        correlation.correlate(scene.guest(), overflowed[: whole.index("kvm_pio")])


def test_lost_events_spoil_the_window_they_fall_into_and_no_other() -> None:
    for layout in LAYOUTS:
        for count in (12, None):
            scene = Scene().repeated(*TPR).did(*LDR, rep=0)
            scene.did(*LDR, lost(3, count), rep=1).did(*LDR, rep=2)
            scene.told += lost(3)(None) + lost(7)(None)  # type: ignore[arg-type]
            scene.did(*LDR, lost(7), rep=3)
            run = came_to(scene, layout)
            assert [3, 2] == [r.count for r in run.results]
            assert (("events were lost in it", 1),) == run.discarded
            notes = [seen.get("note", "") for seen in probed.document([run], HOST)["observations"]]
            assert ["", "Of 1 more nothing can be said."] == [note[-30:] for note in notes]


def test_a_window_without_the_exit_of_its_end_marker_proves_nothing() -> None:
    scene = Scene().repeated(*TPR).did(*LDR, rep=0)
    scene.did(*LDR, unaccelerated("at"), rep=1).did(*LDR, rep=2)
    # One is left with its exit 402h, the other with none; neither has that of its marker.
    del scene.told[-9]
    del scene.told[-3]
    run = came_to(scene)
    assert ["tpr"] == [r.access.slug for r in run.results]
    assert (("the exit of its END marker is missing", 2),) == run.discarded


def test_an_unreadable_line_of_kvm_may_have_been_anything() -> None:
    for event in ("kvm_exit", "kvm_pio", "kvm_msr", "kvm_apicv_inhibit_changed"):
        scene = Scene().repeated(*TPR).host("kvm_mmio", "what").repeated(*LDR)
        told = scene.trace().replace("kvm_mmio", event)
        run = correlation.correlate(scene.guest(), told)
        assert [(), 1] == [run.results, run.trace.unread]
        assert run.void.endswith(f"{event}: what"), run.void
        # Behind the end nothing is about the guest any more.
        later = scene.trace() + f"  CPU 0/KVM-2101 [003] 513.0: {event}: what\n"
        assert "" == correlation.correlate(scene.guest(), later).void


def test_events_of_others_and_lines_of_no_event_are_passed_over() -> None:
    scene = Scene().repeated(*TPR).host("kvm_hv_timer_state", "vcpu_id 0").repeated(*LDR)
    run = correlation.correlate(scene.guest(), "words of whoever sent it\n" + scene.trace())
    assert ["", 2, 1] == [run.void, len(run.results), run.trace.unread]


def test_sequence_numbers_wrap_and_a_trace_may_begin_after_the_wrap() -> None:
    whole = Scene(first=0xFFFE).repeated(*TPR, times=6).repeated(*LDR, unaccelerated("at"))
    run = came_to(whole)
    assert [(B.ALLOWED, 5), (B.VMEXIT_FAULT, 3)] == [(r.outcome, r.count) for r in run.results]
    late = Scene(first=0xFFFE).repeated(*TPR, times=6).repeated(*LDR, unaccelerated("at"))
    late.told = late.told[6 * 6 :]
    run = came_to(late)
    assert [("ldr", 3)] == [(r.access.slug, r.count) for r in run.results]
    assert (("the trace holds no window of it", 5),) == run.discarded


def test_a_truncated_trace_loses_its_end_and_says_so() -> None:
    scene = full_scene()
    lines = scene.trace().splitlines(keepends=True)
    for keep in range(40, len(lines), 17):
        run = correlation.correlate(scene.guest(), "".join(lines[:keep]) + lines[keep][:50])
        assert ((), ()) == (run.contradictions, run.results)
        assert "the marker that ends the measuring" in run.void
        assert sum(n for _, n in run.discarded) > 0
    cut_off = correlation.correlate(scene.guest(), "".join(lines[:-40]))
    assert any("END marker is missing" in why or "no window" in why for why, _ in cut_off.discarded)


def test_windows_are_cut_thread_by_thread() -> None:
    other = Place(thread=2102, cpu=3, vcpu=1)
    scene = Scene().repeated(*TPR)
    begin = len(scene.told)
    scene.repeated(*LDR, unaccelerated("at"))
    stranger = Scene().did(*TIMER, exits("hlt"), unaccelerated("after"), place=other).told[6:-6]
    told = []
    for one in scene.told[begin:]:
        told += [one, *stranger]
    scene.told[begin:] = told
    run = came_to(scene)
    assert [(B.ALLOWED, 3), (B.VMEXIT_FAULT, 3)] == [(r.outcome, r.count) for r in run.results]


@pytest.mark.parametrize(("layout", "new"), kernels())
def test_every_layout_of_either_kernel_gives_the_same_document(layout: str, new: bool) -> None:  # noqa: FBT001
    scene = full_scene()
    wanted = probed.document([came_to(scene)], HOST)
    found = probed.document([came_to(scene, layout, new=new)], HOST)
    for body in (wanted, found):
        assert {"layout", "lines", "unread"} == set(body["x-correlation"][0].pop("trace"))
    assert wanted == found


def test_the_document_of_a_scene_is_the_expected_one_and_a_server_takes_it(knowledge) -> None:
    run = came_to(full_scene())
    raw = probe_document.as_bytes(probed.document([run], HOST))
    measured = to_measurement(parse(raw), knowledge, "2026-11-22")
    seen = [(o.register, o.member, o.access, o.outcome, o.count) for o in measured.observations]
    assert [
        ("tpr", None, "write", "accelerated", 3),
        ("ldr", None, "write", "vmexit-trap", 3),
        ("timer-current", None, "read", "vmexit-fault", 3),
        ("isr", 1, "read", "allowed", 3),
        ("unlisted", None, "read", "allowed", 3),
        ("unlisted", None, "read", "allowed", 3),
        ("icr", None, "write", "vmexit-ipi", 3),
    ] == seen
    assert ("zen-4", "KVM 7.2.0", "kvm") == (
        measured.family, measured.hypervisor, measured.accelerator
    )  # fmt: skip
    (account,) = json.loads(raw)["x-correlation"]
    assert (9, ["vmexit-msr"]) == (account["noise"], [e["outcome"] for e in account["elsewhere"]])


def test_two_boots_make_one_document_and_two_machines_do_not() -> None:
    xapic = came_to(Scene().repeated(*TPR))
    x2apic = came_to(Scene("x2apic").repeated(*LDR_MSR))
    body = probed.document([xapic, x2apic], HOST)
    assert ["avic", "x2avic"] == [o["mode"] for o in body["observations"]]
    other = came_to(Scene(start={"vendor": "HygonGenuine"}).repeated(*TPR))
    with pytest.raises(NothingMeasured, match="different machines"):
        probed.document([xapic, other], HOST)


def test_a_guest_alone_says_completed_or_the_fault_and_nothing_of_exits() -> None:
    scene = Scene("x2apic").repeated(*LDR_MSR).repeated(*VERSION_MSR, write=True, fault="#GP")
    scene.repeated("tpr", 0x808, write=True, effect=True)
    body = probed.document([correlation.read_without_trace(scene.guest())], HostFacts())
    assert ["completed", "gp", "completed"] == [o["outcome"] for o in body["observations"]]
    assert Counter() == Counter(key for o in body["observations"] for key in o if key == "exit")
    assert "not stated" == body["hypervisor"]["version"]


def test_an_emulators_run_is_a_document_that_a_server_refuses(knowledge) -> None:
    scene = Scene(start={"hypervisor": "TCGTCGTCGTCG"}).repeated(*TPR)
    body = probed.document([correlation.read_without_trace(scene.guest())], HOST)
    parsed = parse(probe_document.as_bytes(body))
    assert "tcg" == parsed.document.hypervisor.accelerator
    with pytest.raises(BadDocument, match="not AVIC"):
        to_measurement(parsed, knowledge, "2026-11-22")


@pytest.mark.parametrize(
    ("trace", "word"),
    [
        ("", "no event of KVM"),
        ("this is a shopping list\n", "1 of 1 lines could not be read"),
        ("cpus=8\n x-1 [000] 1.0: kvm_msr: msr_read 1b = 0x0\n", "no kvm_exit"),
        (Scene().did(*LDR, exits("hlt")).trace().replace("0x7e0 ", "0x80 "), "no marker"),
    ],
)
def test_a_trace_without_a_marker_says_what_is_missing(trace: str, word: str) -> None:
    with pytest.raises(NoMarker, match=word):
        correlation.correlate(Scene().did(*LDR).guest(), trace)


def test_markers_by_cpuid_are_as_good_as_those_by_port() -> None:
    scene = Scene(marker="cpuid").repeated(*LDR, unaccelerated("after"), write=True)
    assert (B.VMEXIT_TRAP, "after", "", "") == only(scene)


UNRELATED = st.builds(
    Told,
    st.sampled_from([11, 1999, 2102]),
    st.sampled_from([0, 3, 5]),
    st.just("kvm_exit"),
    st.sampled_from(["hlt 100abc 0 0", "npf 100abc 0 fee00080", "io 100a00 0 0", "msr 1 0 0"]),
) | st.builds(
    Told,
    st.sampled_from([11, 2101]),
    st.sampled_from([0, 3]),
    st.sampled_from(["kvm_fpu", "kvm_apic", "kvm_userspace_exit", "sched_switch", "kvm_eoi"]),
    st.just("100abc"),
)


@settings(max_examples=25)
@given(
    st.lists(st.tuples(st.integers(0, 10_000), UNRELATED), max_size=30),
    st.sampled_from(LAYOUTS),
    st.randoms(use_true_random=False),
)
def test_unrelated_lines_in_any_place_and_order_change_nothing(
    extra: list[tuple[int, Told]], layout: str, shuffle: random.Random
) -> None:
    scene = Scene().inhibit(0x2).inhibit(0)
    scene.repeated(*LDR, noise(), unaccelerated("after"), write=True, times=3)
    scene.did(*TPR, lost(3), rep=1).did(*TPR, rep=2).did(*TPR, rep=3)
    wanted = probed.document([came_to(scene, layout)], HOST)
    shuffle.shuffle(extra)
    for place, told in extra:
        scene.told.insert(place % (len(scene.told) + 1), told)
    found = probed.document([came_to(scene, layout)], HOST)
    for body in (wanted, found):
        del body["x-correlation"][0]["trace"]
    assert wanted == found


def test_markers_that_fit_no_window_are_listed() -> None:
    scene = Scene().repeated(*TPR)
    scene.told += scene.marker_of(Place(), 0x12345678)
    scene.told += scene.marker_of(Place(), 0xE1080009)
    scene.did(*LDR).told += scene.marker_of(Place(), END_OF_MEASURING) * 2
    scene.told += scene.marker_of(Place(), 0xB1080009)
    begin, end = scene.marker_of(Place(), 0xB1080063), scene.marker_of(Place(), 0xE1080064)
    scene.told = [*begin, *begin, *end, *scene.told]
    run = came_to(scene)
    for words in (
        "0x12345678 is no marker",
        "END of 9 without its BEGIN",
        "a marker after the end of measuring",
        "END of 100 after BEGIN of 99",
        "write of offset 080h in xAPIC mode, the guest log holds no such access",
    ):
        assert any(words in text for text in run.unexplained), words
    assert ["tpr", "ldr"] == [r.access.slug for r in run.results]


def test_sequence_numbers_that_fit_twice_are_no_match_at_all() -> None:
    log = guest_log.read_guest_log(Scene().repeated(*TPR).guest())
    (access, *_) = log.accesses
    again = tuple(replace(access, seq=n * 0x4000) for n in range(8))
    window = cut_windows(trace_reader.read_trace(Scene(first=0).did(*TPR).trace())).windows[0]
    matched = match(again, [window])
    told = Trace(layout="any", events=(), lines=0)
    assert "the sequence numbers fit the guest's in more than one way" == matched.ambiguous
    assert matched.ambiguous == why_empty(log, told, matched)
    assert [None] * 8 == [found for _, found in matched.pairs]


def test_reserved_bits_that_did_the_same_are_one_observation() -> None:
    scene = Scene(repeat=2)
    for rep in range(2):
        for bit in (8, 9, 10, 12, 31):
            seen = [unaccelerated("after")] if bit == 12 else []
            value, why = 0x20 | 1 << bit, "reserved-bits"
            scene.did(*TPR, *seen, write=True, value=value, why=why, rep=rep, read_back=0x20)
    together, trap, last = probed.document([came_to(scene)], HOST)["observations"]

    assert ("10:8", 3, "Bits 10:8, one at a time.") == (
        together["x-bits"], together["count"], together["note"][:25],
    )  # fmt: skip
    assert "value" not in together
    assert ("vmexit-trap", "0x1020", "0x80000020") == (
        trap["outcome"], trap["value"], last["value"],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("bits", "text"), [((), ""), ((5,), "5"), ((63, 62, 15, 13, 14, 11), "63:62,15:13,11")]
)
def test_bits_are_written_as_the_manual_writes_them(bits, text) -> None:
    assert text == ranges_of(bits)
