"""What one access did: every rule, on constructed scenes."""

from __future__ import annotations

import pytest

from app.core.words import Behaviour
from app.intake import probed
from app.probing import correlation
from app.probing.probe_document import Contradicted
from tests.probe.runs import HOST, ICR, ICR_MSR, LDR, LDR_MSR, TPR, VERSION_MSR, came_to, only
from tests.probe.scenes import (
    Scene,
    exits,
    faulted,
    incomplete,
    intercepted,
    noise,
    said,
    unaccelerated,
)

B = Behaviour


def test_the_instruction_pointer_tells_a_trap_from_a_fault_and_kvms_word_does_not() -> None:
    for word in ("trap", "fault"):
        trap = Scene().repeated(*LDR, unaccelerated("after", word=word), write=True)
        fault = Scene().repeated(*LDR, unaccelerated("at", word=word), write=True)
        assert (B.VMEXIT_TRAP, "after", "", "") == only(trap)
        assert (B.VMEXIT_FAULT, "at", "", "") == only(fault)


@pytest.mark.parametrize(
    ("reason", "condition"),
    list(
        enumerate(
            ["advanced", "target-not-running", "invalid-target", "incomplete", "invalid-vector"]
        )
    ),
)
def test_an_incomplete_ipi_names_its_own_reason_and_that_is_the_condition(
    reason: int, condition: str
) -> None:
    for apic, register in (("xapic", ICR), ("x2apic", ICR_MSR)):
        scene = Scene(apic).repeated(*register, incomplete(reason), write=True, value=0xE5)
        assert (B.VMEXIT_IPI, "after", condition) == only(scene)[:3]
        body = probed.document([came_to(scene)], HOST)
        (seen,) = body["observations"]
        info = {"code": "0x401", "info1": "0xe5", "info2": f"{reason << 32 | 1:#x}", "rip": "after"}
        assert (info, f"id {reason}") == (seen["exit"], seen["note"].partition(": ")[0][-4:])


def test_what_the_permission_map_intercepts_is_masked() -> None:
    for refused in (False, True):
        scene = Scene("x2apic").repeated(
            *LDR_MSR, intercepted(refused=refused), write=True, fault="#GP" if refused else None
        )
        # Where all are intercepted, x2AVIC was off.
        run = came_to(scene.repeated(*VERSION_MSR))
        assert [(B.VMEXIT_MSR, "at"), (B.ALLOWED, "")] == [
            (r.outcome, r.seen.place) for r in run.results
        ]
        seen, _ = probed.document([run], HOST)["observations"]
        assert (True, "0x7c") == (seen["intercepted"], seen["exit"]["code"])
        assert refused == ("from the hypervisor" in seen.get("note", ""))


def test_a_fault_in_the_guest_without_an_exit_was_raised_by_the_processor() -> None:
    gp = Scene("x2apic").repeated(*VERSION_MSR, write=True, fault="#GP")
    pf = Scene().repeated(*TPR, fault="#PF")
    assert (B.GP, "", "", "") == only(gp)
    injected = said("kvm_inj_exception", "#GP (0x0)")
    run = came_to(Scene("x2apic").repeated(*VERSION_MSR, injected, write=True, fault="#GP"))
    assert ((), True) == (run.results, "no exit was recorded" in run.unexplained[-1])
    assert (B.PF, "", "", "") == only(pf)


WRITES = [
    ("hardware was seen to act", {"effect": True}, B.ACCELERATED),
    ("it reads back as written", {"value": 2, "read_back": 2}, B.ALLOWED),
    ("stored, but nothing happened", {"value": 2, "read_back": 2, "effect": False}, B.ALLOWED),
    ("the old value is still there", {"value": 2, "read_back": 1}, B.IGNORED),
    ("nothing happened, nothing to read", {"effect": False}, B.IGNORED),
    ("nobody could see", {"value": 2}, B.COMPLETED),
    ("it held that value before", {"value": 1, "read_back": 1}, B.COMPLETED),
    ("something else came of it", {"value": 2, "read_back": 6}, B.COMPLETED),
]


@pytest.mark.parametrize(("_why", "told", "outcome"), WRITES)
def test_a_write_without_an_exit_is_what_the_guest_saw_of_it(
    _why: str, told: dict[str, object], outcome: Behaviour
) -> None:
    scene = Scene()
    for rep in range(4):
        scene.did("svr", 0xF0, value=1, rep=rep)
        scene.did("svr", 0xF0, write=True, rep=rep, **told)
        # Where nothing ever acts, no APIC answers.
        scene.did(*TPR, write=True, rep=rep, effect=True)
    assert [B.ALLOWED, outcome, B.ACCELERATED] == [r.outcome for r in came_to(scene).results]


def test_a_trap_whose_value_is_not_there_says_so() -> None:
    scene = Scene().repeated(*LDR, unaccelerated("after"), write=True, value=2, read_back=0)
    assert "does not hold it" in only(scene)[3]


def test_a_nested_fault_counts_only_on_the_page_of_the_apic() -> None:
    scene = Scene().repeated(*TPR, faulted()).repeated(*LDR)
    assert [B.VMEXIT_NPF, B.ALLOWED] == [r.outcome for r in came_to(scene).results]
    elsewhere = came_to(Scene().repeated(*TPR, faulted(0x12345000)).repeated(*LDR))
    assert [B.ALLOWED] == [r.outcome for r in elsewhere.results]
    assert any("page 0x12345" in text for text in elsewhere.unexplained)


@pytest.mark.parametrize(
    ("happening", "word"),
    [
        ((exits("hlt"),), "exit hlt (78h)"),
        ((exits("GP excp"),), "exit GP excp"),
        ((exits("0x8f"),), "(8Fh)"),
        ((noise("msr"),), "not at the access"),
        ((faulted(), unaccelerated("at")), "more than one exit"),
        ((said("kvm_msr", "msr_read 803 = 0x0"),), "no exit was recorded"),
        ((said("kvm_page_fault", "address fee00030 error_code 6"),), "no exit was recorded"),
    ],
)
def test_what_cannot_be_explained_is_listed_and_never_guessed(happening, word: str) -> None:
    scene = Scene("x2apic").repeated(*VERSION_MSR, *happening).repeated(*LDR_MSR)
    if happening[0] is not None and "more" in word:
        scene = Scene().repeated(*TPR, *happening).repeated(*LDR)
    run = came_to(scene)
    assert [1, ()] == [len(run.results), run.contradictions]
    assert any(word in text for text in run.unexplained)


def test_asynchronous_exits_are_dropped_and_counted() -> None:
    reasons = ("interrupt", "nmi", "smi", "init", "vintr")
    scene = Scene().repeated(*LDR, *map(noise, reasons), unaccelerated("after"), write=True)
    run = came_to(scene)
    assert [B.VMEXIT_TRAP, 15, 15] == [run.results[0].outcome, run.results[0].noise, run.noise]


def test_the_first_repetition_does_not_count_and_the_minority_is_told() -> None:
    scene = Scene()
    for rep, happening in enumerate(
        [faulted(), *[unaccelerated("after")] * 3, unaccelerated("at")]
    ):
        scene.did(*LDR, happening, write=True, rep=rep)
    (seen,) = probed.document([came_to(scene)], HOST)["observations"]
    assert ("vmexit-trap", 3, {"vmexit-fault": 1}) == (
        seen["outcome"],
        seen["count"],
        seen["x-minority"],
    )
    assert "3 of 4 repetitions; the others: 1 x vmexit-fault." in seen["note"]


def test_what_the_repetitions_say_beside_the_outcome_is_counted() -> None:
    scene = Scene()
    for rep, kept in enumerate((2, 2, 0, 2)):
        lost = unaccelerated("after"), {"write": True, "value": 2, "read_back": kept}
        scene.did(*LDR, lost[0], rep=rep, **lost[1])
    (seen,) = probed.document([came_to(scene)], HOST)["observations"]
    assert ("vmexit-trap", 3) == (seen["outcome"], seen["count"])
    assert "1 of 3: The exit came after the write, but" in seen["note"]


def test_half_is_no_majority() -> None:
    scene = Scene().repeated(*TPR)
    for rep in range(5):
        scene.did(*LDR, unaccelerated("at" if rep % 2 else "after"), write=True, rep=rep)
    run = came_to(scene)
    assert ["tpr"] == [r.access.slug for r in run.results]
    assert ["2 x vmexit-fault, 2 x vmexit-trap"] == [
        text.partition("no majority, ")[2] for text in run.unexplained
    ]


def test_two_writes_of_one_repetition_are_two_accesses() -> None:
    scene = Scene()
    for rep in range(3):
        for value, read_back in ((0x100, 0), (0x200, 0x200)):
            scene.did("svr", 0xF0, value=0, rep=rep)
            scene.did(
                "svr", 0xF0, write=True, value=value, read_back=read_back, rep=rep,
                why="reserved-bits",
            )  # fmt: skip
    wrote = [r for r in came_to(scene).results if r.access.why == "reserved-bits"]
    assert [(0x100, B.IGNORED), (0x200, B.ALLOWED)] == [(r.value, r.outcome) for r in wrote]


CONTRADICTIONS = [
    (("tpr", 0x80), {}, unaccelerated("at", offset=0xD0), "offset 0D0h"),
    (("tpr", 0x80), {"write": True}, unaccelerated("at", read=True), "says read"),
    (("tpr", 0x808), {"msr": True}, intercepted(number=0x80D), "MSR 80Dh"),
    (("tpr", 0x808), {"msr": True, "value": 5}, intercepted(value=6), "value 0x6"),
    (("tpr", 0x808), {"msr": True}, intercepted(refused=True), "with #GP"),
    (("tpr", 0x808), {"msr": True, "fault": "#GP"}, intercepted(), "which completed"),
    (("tpr", 0x80), {}, said("kvm_inj_exception", "#GP (0x0)"), "KVM injected #GP"),
    (("tpr", 0x80), {"write": True, "fault": "#GP"}, unaccelerated("after"), "had completed"),
    (("tpr", 0x80), {"write": True}, incomplete(1), "an incomplete IPI"),
    (("icr", 0x300), {"write": True}, incomplete(1, told=2), "id 2"),
    (("tpr", 0x80), {}, intercepted(), "an exit for an MSR"),
    (("tpr", 0x80), {}, faulted(0xFEE000D0), "offset 0D0h"),
]


@pytest.mark.parametrize(("register", "more", "happening", "word"), CONTRADICTIONS)
def test_where_guest_and_trace_disagree_there_is_no_document(
    register, more, happening, word: str
) -> None:
    run = came_to(Scene().repeated(*LDR).repeated(*register, happening, **more))
    assert ["ldr"] == [r.access.slug for r in run.results]
    assert any(word in text for text in run.contradictions), run.contradictions
    with pytest.raises(Contradicted, match="contradict"):
        probed.document([run], HOST)


def test_a_marker_that_names_another_access_is_a_contradiction() -> None:
    scene, other = Scene().repeated(*TPR), Scene().repeated(*TPR, times=3)
    other.did(*TPR, write=True, rep=3)
    run = correlation.correlate(other.guest(), scene.trace())
    assert ["the marker says read of offset 080h in xAPIC mode"] == [
        text.partition(", pattern: ")[2].partition(", the guest")[0] for text in run.contradictions
    ]
    twice = Scene().repeated(*TPR)
    twice.told += twice.told[-6:]
    assert ["sequence number 4 stands twice"] == [
        text.partition(" in ")[0] for text in came_to(twice).contradictions
    ]
