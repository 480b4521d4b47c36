"""Logs of tests in the forms in which people send them, held against the count that they have."""

import json
import re

import pytest

from app.foreign.foreign_logs import read_selftests
from app.foreign.importing import CannotImport, import_log
from app.foreign.table_draft import import_table
from app.foreign.unit_test_log import read_unit_tests
from app.settings import ROOT
from tests.foreign.test_importing import OPTIONS, SAID
from tests.pasted import FORMS, HEAD
from tests.probe.runs import full_scene

FOREIGN = ROOT / "tests/data/foreign"
MSR_LOG = (FOREIGN / "kvm-unit-tests-msr.log").read_text("utf-8")
TABLE = "| MSR  | RDMSR | WRMSR |\n|------|-------|-------|\n| 80Dh | -     | #GP   |\n"
RUN_TESTS = "$ ./run_tests.sh\nPASS x2apic (56 tests)\nSKIP pmu (no module)\n"
FAILED = """TAP version 13
1..2
# ==== Test Assertion Failure ====
#   x86/xapic_state_test.c:75: icr == val
#   Wanted #GP on WRMSR(0x830, 0x20440ff), got #NONE
not ok 1 selftests: kvm: xapic_state_test # exit=254
# 1..0 # SKIP - AVIC is not enabled
ok 2 selftests: kvm: xapic_ipi_test # SKIP
"""


def observed(raw):
    return json.loads(import_log("kvm-unit-tests", raw, SAID).raw)["observations"]


@pytest.mark.parametrize("form", FORMS)
def test_a_log_in_any_form_gives_the_same_observations(form) -> None:
    assert observed(MSR_LOG.encode()) == observed(FORMS[form](MSR_LOG))


@pytest.mark.parametrize("form", FORMS)
def test_a_table_in_any_form_gives_the_same_draft(form, knowledge) -> None:
    drafted = import_table(FORMS[form](TABLE), knowledge)

    assert [] == drafted.faults
    assert [("ldr", "gp")] == [(o["register"], o["outcome"]) for o in drafted.observations]


@pytest.mark.parametrize("form", ["quoted", "coloured", "UTF-16 with its mark", "base64",
                                  "quoted-printable", "lines of a web mail"])  # fmt: skip
def test_guest_and_trace_in_any_form_correlate_as_they_are(vapic, tmp_path, form) -> None:
    scene = full_scene()
    for name, wrap in (("plain", str.encode), ("pasted", FORMS[form])):
        (tmp_path / f"{name}.log").write_bytes(wrap(scene.guest().decode()))
        (tmp_path / f"{name}.txt").write_bytes(wrap(scene.trace()))
    plain, pasted = (
        vapic("correlate", tmp_path / f"{name}.log", tmp_path / f"{name}.txt")
        for name in ("plain", "pasted")
    )

    assert (0, 0) == (plain.code, pasted.code), pasted.err
    # How many lines a file has is another matter.
    told = [
        [x for x in ran.out.splitlines() if not x.endswith(" lines")] for ran in (plain, pasted)
    ]
    assert told[0] == told[1]


def test_a_table_of_a_page_is_a_table(knowledge) -> None:
    cells = "<tr><td><p>80Dh</p></td><td>-</td><td>#GP</td></tr>"
    head = "<tr><th>MSR</th><th>RDMSR</th><th>WRMSR</th></tr>"
    raw = f"{HEAD}Content-Type: text/html\n\n<table>{head}{cells}</table>".encode()

    assert ["gp"] == [o["outcome"] for o in import_table(raw, knowledge).observations]


def test_results_that_a_mail_program_broke_are_whole() -> None:
    wrapped = MSR_LOG.replace(", got vector", ",\ngot vector").replace("== 0 for", "== 0\nfor")

    assert wrapped != MSR_LOG
    assert observed(MSR_LOG.encode()) == observed(wrapped.encode())


def test_numbers_in_upper_case_are_the_same() -> None:
    upper = re.sub(r"0x[0-9a-f]+", lambda m: f"0x{m[0][2:].upper()}", MSR_LOG)

    assert upper != MSR_LOG
    assert observed(MSR_LOG.encode()) == observed(upper.encode())


@pytest.mark.parametrize("gone", [1, 5, 40])
def test_a_log_is_held_against_its_own_count(gone) -> None:
    lines = MSR_LOG.splitlines()
    results = [i for i, line in enumerate(lines) if line.startswith("PASS")]
    left = [line for i, line in enumerate(lines) if i not in results[:gone]]

    assert [] == read_unit_tests(lines).notes
    (note,) = read_unit_tests(left).notes
    assert f"Line {len(left)}: the log counts 88 results, and {88 - gone} were found" in note


def test_several_runs_are_each_held_against_their_own_count() -> None:
    lines = MSR_LOG.splitlines()
    notes = read_unit_tests([*lines, *lines[:-1], lines[-1].replace("88", "90")]).notes

    assert [f"Line {2 * len(lines)}"] == [note.partition(":")[0] for note in notes]


@pytest.mark.parametrize(("plan", "found"), [("1..3", [2]), ("1..2", []), ("1..1", [2])])
def test_tap_is_held_against_its_plan(plan, found) -> None:
    notes = read_selftests([plan, "# 1..2", "# ok 1 a", "# ok 2 b", "ok 1 x", "not ok 2 y"]).notes

    assert [f"Line 1: the plan announces {plan[3:]} results, and {n} were found: are lines cut or "
            "wrapped?" for n in found] == notes  # fmt: skip


def test_what_is_said_of_a_log_that_cannot_be_used_is_about_that_log() -> None:
    with pytest.raises(CannotImport) as summary:
        import_log("kvm-unit-tests", RUN_TESTS.encode(), SAID)
    with pytest.raises(CannotImport) as failed:
        import_log("selftests", FAILED.encode(), SAID)
    with pytest.raises(CannotImport) as alone:
        import_log("selftests", b"==== Test Assertion Failure ====\n  icr is 1; val is 2\n", SAID)
    with pytest.raises(CannotImport) as other:
        import_log("selftests", MSR_LOG.encode(), SAID)
    with pytest.raises(CannotImport) as zipped:
        import_log("selftests", b"\x1f\x8b\x08\0", SAID)

    assert "`vapic import kvm-unit-tests logs/x2apic.log`" in summary.value.reasons[0]
    assert "these assertions name no single access" in failed.value.reasons[0]
    assert "prints nothing" not in failed.value.reasons[0]
    assert "an assertion failed; it names no single access" in alone.value.reasons[0]
    assert "This is a log of kvm-unit-tests" in other.value.reasons[0]
    assert "`zcat FILE`" in zipped.value.reasons[0]


def test_cpuinfo_may_be_quoted_and_lscpu_is_named(vapic, tmp_path) -> None:
    made = []
    for name, text in (("info", (FOREIGN / "cpuinfo.txt").read_text("utf-8")),
                       ("lscpu", "Architecture: x86_64\nVendor ID: AuthenticAMD\n")):  # fmt: skip
        path = tmp_path / name
        path.write_bytes(FORMS["quoted"](text))
        log = FOREIGN / "kvm-unit-tests-msr.log"
        made.append(vapic("import", "kvm-unit-tests", log, "--cpuinfo", path, *OPTIONS[2:]))

    assert [0, 1] == [ran.code for ran in made]
    assert "This is the output of lscpu" in made[1].err


ROW = "| Offset | MSR | Register | RDMSR | WRMSR |\n|--|--|--|--|--|\n"


@pytest.mark.parametrize(
    ("cell", "said", "unsaid"),
    [
        ("no exit", "allowed or accelerated", "did you mean"),
        ("OK", "allowed or accelerated", "did you mean"),
        ("exit 0x402", "trap or fault", "did you mean"),
        ("AVIC_NOACCEL", "trap or fault", "did you mean"),
        ("EBX[27]=1: Allowed", "'EBX[27]=1: Allowed'", "did you mean"),
        ("#GP (no", "'#GP (no'", "did you mean"),
        ("falt", "did you mean `fault`", "either"),
    ],
)
def test_a_cell_that_is_refused_is_quoted_as_written(knowledge, cell, said, unsaid) -> None:
    raw = f"{ROW}| 350h | 835h | LVT | {cell} | trap |\n".encode()
    (fault,) = import_table(raw, knowledge).faults

    assert said in str(fault)
    assert unsaid not in str(fault)


def test_a_name_that_is_unknown_beside_an_address_is_no_fault(knowledge) -> None:
    edge = '"Accelerated by hardware for edge or exits as a (trap) for level interrupts"'
    raw = f"{ROW}| B0h | 80Bh | The end of it all | - | {edge} |\n".encode()
    drafted = import_table(raw, knowledge)

    assert [] == drafted.faults
    assert ["Line 3: 'The end of it all' is no name here; its row says eoi."] == drafted.notes
    assert {("edge", "accelerated"), ("level", "vmexit-trap")} == {
        (o["condition"], o["outcome"]) for o in drafted.observations
    }


@pytest.mark.parametrize(
    "raw",
    [
        "Offset,MSR,Register,RDMSR,WRMSR\nD0h,80Dh,LDR,-,#VMEXIT(AVIC_INCOMPLETE_IPI)\n",
        'MSR,Register,RDMSR,WRMSR\n80Dh,LDR,"-","exit 0x401"\n',
        "| MSR | Register | RDMSR | WRMSR |\n|--|--|--|--|\n| `0x80d` | APIC\\_LDR | - | `ipi` |\n",
        "| Register | RDMSR | WRMSR |\n|--|--|--|\n| LDR (D0h/80Dh) | - | #VMEXIT 401h |\n",
    ],
    ids=["CSV", "CSV with quotes", "Markdown", "both addresses"],
)
def test_a_row_is_read_however_its_cells_are_set(knowledge, raw) -> None:
    drafted = import_table(raw.encode(), knowledge)

    assert [] == drafted.faults
    assert [("ldr", "vmexit-ipi")] == [(o["register"], o["outcome"]) for o in drafted.observations]
