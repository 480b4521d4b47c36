"""`vapic correlate`, run as its users do."""

from __future__ import annotations

from pathlib import Path

from tests.probe.runs import LDR, LDR_MSR, TPR, full_scene
from tests.probe.scenes import Scene, intercepted, unaccelerated

DATA = Path(__file__).parents[1] / "data" / "traces"


def saved(folder: Path, scene: Scene, name: str = "run") -> tuple[Path, Path]:
    guest, trace = folder / f"{name}.jsonl", folder / f"{name}.txt"
    guest.write_bytes(scene.guest())
    trace.write_text(scene.trace())
    return guest, trace


def test_the_report_has_a_row_for_each_access_and_the_document_checks(vapic, tmp_path) -> None:
    output = tmp_path / "mine.json"
    guest, trace = saved(tmp_path, full_scene())
    ran = vapic("correlate", guest, trace, "--output", output, "--hypervisor-version", "7.2",
                "--parameter", "kvm_amd.avic=1", "--microcode", "0x0a101148")  # fmt: skip
    assert (0, True) == (ran.code, ran.out.isascii()), ran.err
    assert [] == [line for line in ran.out.splitlines() if len(line) > 75 and "/" not in line]
    for row in (
        "080h tpr             write -                  accelerated  3/3     0",
        "110h isr#1           read  -                  allowed      3/3     6",
        "300h icr             write target-not-running vmexit-ipi   3/3     0",
        "Noise           9 asynchronous exits, dropped",
        "- xapic mode, msr read of 0x01b, initial: vmexit-msr, 3/3",
    ):
        assert row in ran.out
    checked = vapic("check", output)
    assert (0, "") == (checked.code, checked.err)


def test_two_boots_go_into_one_document(vapic, tmp_path) -> None:
    first = saved(tmp_path, Scene().repeated(*TPR), "first")
    second = saved(tmp_path, Scene("x2apic").repeated(*LDR_MSR), "second")
    ran = vapic("correlate", *first, *second)
    assert (0, True) == (ran.code, "2 observations; --output FILE" in ran.out)


def test_a_contradiction_ends_in_code_one_and_writes_nothing(vapic, tmp_path) -> None:
    scene = Scene("x2apic").repeated(*LDR_MSR, intercepted(number=0x808)).repeated("tpr", 0x808)
    output = tmp_path / "mine.json"
    ran = vapic("correlate", *saved(tmp_path, scene), "--output", output)
    assert (1, False) == (ran.code, output.exists())
    assert "Contradictions between guest and trace" in ran.out
    assert "vapic: guest and trace contradict each other" in ran.err


def test_a_run_that_was_inhibited_says_why_and_writes_nothing(vapic, tmp_path) -> None:
    scene = Scene().inhibit(0x20, "LOGICAL_ID_ALIASED").repeated(*LDR, unaccelerated("at"))
    ran = vapic("correlate", *saved(tmp_path, scene), "--output", tmp_path / "mine.json")
    assert (1, ["run.jsonl", "run.txt"]) == (ran.code, sorted(p.name for p in tmp_path.iterdir()))
    said = " ".join(ran.out.split())
    assert "the whole run: AVIC was inhibited and not enabled again: LOGICAL_ID_ALIASED" in said


def test_what_is_wrong_with_the_files_is_told_in_plain_words(vapic, tmp_path) -> None:
    guest, trace = saved(tmp_path, Scene().did(*LDR))
    odd = vapic("correlate", guest)
    swapped = vapic("correlate", trace, guest)
    missing = vapic("correlate", guest, tmp_path / "none.txt")
    empty = vapic("correlate", guest, DATA / "README.md")
    unfit = vapic("correlate", guest, trace, "--microcode", "new")
    assert [1] * 5 == [ran.code for ran in (odd, swapped, missing, empty, unfit)]
    assert "Give a guest log and its trace" in odd.err
    assert f"The two are swapped: vapic correlate {guest} {trace}" in swapped.err
    assert "none.txt" in missing.err
    assert "the trace holds no event of KVM" in empty.err
    assert "/cpu/microcode" in unfit.err
