"""`vapic import kvm-unit-tests` and `selftests`: a document, or every reason why there is none."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.foreign.cpuinfo import read_cpuinfo
from app.foreign.foreign_logs import RULES
from app.foreign.importing import UNKNOWN, WHO, CannotImport, import_log
from app.foreign.unit_test_log import without_folders
from app.intake.measurement import parse
from app.settings import ROOT

FOREIGN = ROOT / "tests/data/foreign"
CPU = {"cpu.vendor": "AuthenticAMD", "cpu.family": 26, "cpu.model": 2, "cpu.stepping": 1}
SAID = {
    **CPU,
    "measured_at": "2026-11-22T10:13:27+01:00",
    "hypervisor.name": "KVM",
    "hypervisor.version": "7.1.3",
    "hypervisor.parameters": ("kvm_amd.avic=1",),
    "guest.command": "x86/run msr.flat",
}
OPTIONS = (
    *("--cpuinfo", FOREIGN / "cpuinfo.txt"),
    *("--measured-at", "2026-11-22T10:13:27+01:00"),
    *("--kernel", "7.1.3"),
    *("--parameter", "kvm_amd.avic=1"),
)
ON = "PASS: x2APIC MSR 0x80f"
GP = "PASS: Expected #GP on WRMSR(x2APIC MSR 0x80d, 0x0), got vector 13"
NONE = "FAIL: Expected #GP on WRMSR(x2APIC MSR 0x80d, 0x0), got vector 0"


def test_a_selftest_that_passes_says_nothing_about_single_accesses() -> None:
    raw = (FOREIGN / "selftests.log").read_bytes()
    with pytest.raises(CannotImport) as refused:
        import_log("selftests", raw, SAID)

    assert 1 == len(refused.value.reasons)
    assert "3 results, none of which says what one access did" in refused.value.reasons[0]
    assert "prints nothing about single accesses" in refused.value.reasons[0]
    assert 2 == len(refused.value.reading.remarkable)


def test_a_document_says_what_cannot_be_known(vapic, tmp_path) -> None:
    path = tmp_path / "made.json"
    ran = vapic(
        "import",
        "kvm-unit-tests",
        FOREIGN / "kvm-unit-tests-msr.log",
        *OPTIONS,
        *("--output", path),
    )
    made = json.loads(path.read_bytes())

    assert 0 == ran.code
    assert UNKNOWN in made["notes"]
    assert {"completed", "gp"} == {part["outcome"] for part in made["observations"]}
    assert {"name": "KVM", "version": "7.1.3", "accelerator": "kvm"} == {
        key: value for key, value in made["hypervisor"].items() if key != "parameters"
    }
    assert {"avic": True, "x2avic": True} == made["features"]
    assert not any("exit" in part for part in made["observations"])
    assert "somebody" not in path.read_text("utf-8")
    assert 0 == vapic("check", path).code


def test_everything_that_is_missing_is_named_at_once(vapic) -> None:
    ran = vapic("import", "kvm-unit-tests", FOREIGN / "kvm-unit-tests-apic.log")
    named = set(re.findall(r": (--[a-z-]+) is missing", ran.err))

    assert 1 == ran.code
    assert "" == ran.out
    assert {
        "--cpu-vendor",
        "--cpu-family",
        "--cpu-model",
        "--cpu-stepping",
        "--measured-at",
        "--hypervisor",
        "--kernel",
        "--command",
    } == named


@pytest.mark.parametrize("log", ["kvm-unit-tests-msr.log", "kvm-unit-tests-apic.log"])
def test_a_log_is_of_silicon_only_where_somebody_says_that_avic_was_on(log) -> None:
    raw = (FOREIGN / log).read_bytes()
    for parameters in ((), ("kvm_amd.avic=0",), ("kvm_amd.avic=N", "kvm_amd.npt=1")):
        with pytest.raises(CannotImport) as refused:
            import_log("kvm-unit-tests", raw, SAID | {"hypervisor.parameters": parameters})
        assert [WHO] == list(refused.value.reasons)


def test_what_was_said_wrongly_is_a_fault_of_the_document(vapic) -> None:
    log = FOREIGN / "kvm-unit-tests-msr.log"
    wrong = ("--measured-at", "x", "--kernel", 7)
    ran = vapic("import", "kvm-unit-tests", log, *OPTIONS[:2], *OPTIONS[-2:], *wrong)

    assert 1 == ran.code
    assert '/measured_at: found "x", expected a moment' in ran.err


@pytest.mark.parametrize(
    ("expected", "accelerator", "cpuinfo", "line"),
    [
        ("emulates the APIC", "tcg", "", ""),
        ("emulates the APIC", "", "", "qemu-system-x86_64 -nodefaults -accel tcg -kernel msr.flat"),
        ("the log's own QEMU ran with kvm", "xen", "", "qemu -x -enable-kvm"),
        ("--cpu-model says 2, --cpuinfo says 3", "", "processor:0\nmodel: 3\n", ""),
        ("this is the text of a guest", "", "processor:0\nflags: hypervisor\n", ""),
        ("no result of kvm-unit-tests among", "", "", None),
    ],
)
def test_what_contradicts_itself_is_refused(expected, accelerator, cpuinfo, line) -> None:
    raw = "nothing" if line is None else f"{line}\n{ON}"
    said = SAID | {"hypervisor.accelerator": accelerator}
    with pytest.raises(CannotImport, match=re.escape(expected)):
        import_log("kvm-unit-tests", raw.encode(), said, cpuinfo)


def test_equal_sightings_are_one_observation_with_their_number() -> None:
    raw = f"{GP}\n{GP}\n{NONE}\n{ON}"
    made = json.loads(import_log("kvm-unit-tests", raw.encode(), SAID).raw)

    assert [("gp", 2), ("completed", 1)] == [
        (part["outcome"], part["count"])
        for part in made["observations"]
        if part["register"] == "0x80d"
    ]


@pytest.mark.parametrize(
    ("expected", "command"),
    [
        ("qemu-kvm -kernel msr.flat", "/home/me/q/qemu-kvm -kernel ./x86/msr.flat"),
        ("qemu-kvm -drive file=disk.img,if=none", "qemu-kvm -drive file=/home/me/disk.img,if=none"),
        ("qemu-kvm -kernel msr.flat", "../build/qemu-kvm -kernel ~/kut/msr.flat"),
        ("qemu-kvm -smp 1 -cpu max,-x2apic", "qemu-kvm -smp 1 -cpu max,-x2apic"),
    ],
)
def test_a_command_line_loses_its_folders(expected, command) -> None:
    assert expected == without_folders(command)


def test_processors_that_differ_are_named() -> None:
    text = (FOREIGN / "cpuinfo.txt").read_text("utf-8")

    found, faults = read_cpuinfo(text)

    assert (CPU, ()) == ({key: found[key] for key in CPU}, faults)
    assert ("processors that differ in 'microcode': 0x1, 0xb002116",) == read_cpuinfo(
        text.replace("0xb002116", "0x1", 1)
    )[1]
    assert 1 == len(read_cpuinfo("model: x\n")[1])


def test_the_rules_name_every_source_and_fit_a_terminal(vapic) -> None:
    ran = vapic("import", "rules")

    assert 0 == ran.code
    assert all(len(line) <= 75 for line in ran.out.splitlines())
    for source in (source for tests in RULES.values() for source in tests):
        assert source.split(", ")[-1] in ran.out


@given(st.binary(max_size=300), st.sampled_from(["kvm-unit-tests", "selftests"]))
def test_any_bytes_give_a_document_or_reasons(raw, tool) -> None:
    try:
        made = import_log(tool, raw, SAID)
    except CannotImport as error:
        assert error.reasons  # noqa: PT017 - either outcome is right
    else:
        assert not parse(made.raw).document.exits_watched
