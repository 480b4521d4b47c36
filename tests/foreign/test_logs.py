"""Lines of foreign logs: which say what one access did, and which say nothing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.core.words import Access, Behaviour
from app.foreign.foreign_logs import read_selftests
from app.foreign.unit_test_log import READABLE, read_unit_tests
from app.intake.mail_reading import read_mail
from app.settings import ROOT

FOREIGN = ROOT / "tests/data/foreign"


def lines_of(raw):
    return read_mail(raw).text.split("\n")


def read(name):
    return read_unit_tests(lines_of((FOREIGN / name).read_bytes()))


def cells(reading):
    return {(s.register, str(s.mode), str(s.access), s.value): str(s.outcome) for s in reading.seen}


def unit_tests(*lines):
    return read_unit_tests(lines)


ON = "PASS: x2APIC MSR 0x80f"
OFF = "PASS: Expected #GP on RDMSR(x2APIC MSR 0x802), got vector 13"


def wrmsr(register="x2APIC MSR 0x80d", value="0x0", vector=13, word="PASS", way="WRMSR"):
    return f"{word}: Expected #GP on {way}({register}, {value}), got vector {vector}"


@pytest.mark.parametrize(
    ("expected", "line"),
    [
        (("0x80d", "x2avic", "write", "gp", "0x0", ""), wrmsr()),
        (("0x80d", "x2avic", "write", "gp", "0x0", ""), wrmsr(way="WRSMR")),
        (
            ("0x80d", "x2avic", "write", "completed", "0x0", ""),
            wrmsr(vector=0, word="FAIL"),
        ),
        (
            ("0x80d", "x2avic", "write", "gp", "0xffffffffffffffff", "reserved-bits"),
            wrmsr(value="0xffffffffffffffff"),
        ),
        (
            ("0x83f", "x2avic", "write", "gp", "0x100", "reserved-bits"),
            wrmsr("x2APIC Self-IPI", "0x100"),
        ),
        (
            ("0x80b", "x2avic", "read", "gp", "", ""),
            "PASS: Expected #GP on RDSMR(x2APIC MSR 0x80b), got vector 13",
        ),
        (
            ("0x80a", "x2avic", "read", "completed", "", ""),
            "FAIL: Expected bits 63:32 == 0 for 'x2APIC MSR 0x80a'",
        ),
    ],
)
def test_a_line_of_the_msr_test_says_what_one_access_did(expected, line) -> None:
    shows_mode = "PASS: Expected bits 63:32 == 0 for 'x2APIC MSR 0x802'"
    one = unit_tests(shows_mode, line).seen[-1]

    assert expected == (
        one.register,
        one.mode,
        one.access,
        one.outcome,
        one.value,
        one.condition,
    )


def test_a_register_that_was_read_and_written_back_completed_both_ways() -> None:
    seen = unit_tests("FAIL: x2APIC MSR 0x808").seen

    assert {(Access.READ, Behaviour.COMPLETED), (Access.WRITE, Behaviour.COMPLETED)} == {
        (s.access, s.outcome) for s in seen
    }


def test_the_half_with_x2apic_off_is_no_cell_of_the_table() -> None:
    reading = unit_tests(OFF, wrmsr("x2APIC MSR 0x83e"), wrmsr("x2APIC MSR 0x802"), ON)

    assert {"MSR accesses with x2APIC off: no cell of the table": 2} == dict(reading.unused)
    assert ["0x802", "0x80f", "0x80f"] == [s.register for s in reading.seen]


def test_where_the_mode_does_not_show_nothing_is_used() -> None:
    hidden = unit_tests(wrmsr(), wrmsr("x2APIC MSR 0x80e"))
    both = unit_tests(OFF, ON)

    assert [] == hidden.seen == both.seen
    assert {"MSR accesses where whether x2APIC is on does not show": 2} == dict(hidden.unused)
    assert {"MSR accesses where x2APIC is both on and off": 2} == dict(both.unused)


def test_a_second_run_in_one_log_has_to_show_its_mode_anew() -> None:
    reading = unit_tests(ON, "SUMMARY: 1 tests", wrmsr("x2APIC MSR 0x8ff"))

    assert ["0x80f", "0x80f"] == [s.register for s in reading.seen]


@pytest.mark.parametrize(
    ("expected", "summary"),
    [
        ([], "3 tests, 1 unexpected failures, 1 skipped"),
        ([], "3 tests, 1 unexpected\nfailures, 1 skipped"),
        ([], "3 tests, 2 failures"),
        (["0 skipped, and 1 were"], "3 tests, 1 unexpected failures"),
        (["2 unexpected failures, and 1 were"], "3 tests, 2 unexpected failures, 1 skipped"),
        (["4 results, and 3 were", "1 expected failures, and 0 were"],
         "4 tests, 1 unexpected failures, 1 expected failures, 1 skipped"),
    ],
)  # fmt: skip
def test_what_became_of_the_tests_of_a_run_is_held_against_its_count(expected, summary) -> None:
    reading = unit_tests(ON, "XPASS: a", "SKIP: b", *f"SUMMARY: {summary}".split("\n"))

    told = [f"Line 4: the log counts {word} found: are lines cut or wrapped?" for word in expected]
    assert (told, not told) == (reading.notes, reading.adds_up)


def test_another_exception_is_neither_completed_nor_gp() -> None:
    reading = unit_tests(wrmsr(vector=6, word="FAIL"), ON)

    assert {"another exception": 1} == dict(reading.unused)
    assert {"0x80f"} == {s.register for s in reading.seen}


def test_the_constructed_log_of_the_msr_test_is_read_line_by_line() -> None:
    reading = read("kvm-unit-tests-msr.log")
    seen = cells(reading)

    assert "kvm" == reading.accelerator
    assert "gp" == seen[("0x802", "x2avic", "write", "0x0")]
    assert "completed" == seen[("0x802", "x2avic", "read", "")]
    assert "completed" == seen[("0x840", "x2avic", "read", "")]
    assert "gp" == seen[("0x80b", "x2avic", "read", "")]
    assert ("0x830", "x2avic", "write", "0xffffffffffffffff") not in seen
    assert ("0x80b", "x2avic", "write", "0x0") not in seen
    assert ["SKIP: PRED_CMD is not there", "FAIL: MSR_IA32_MC0_CTL"] == [
        text for _, text in reading.remarkable[:2]
    ]


def test_the_apic_test_is_read_only_where_it_names_register_and_mode() -> None:
    reading = read("kvm-unit-tests-apic.log")
    seen = cells(reading)

    assert {
        ("0x030", "avic", "read", "0x50014"): "completed",
        ("0x080", "avic", "read", "0x0"): "completed",
        ("0x080", "avic", "read", "0xf0"): "completed",
        ("0x300", "avic", "write", ""): "completed",
        ("0x020", "avic", "read", ""): "completed",
        ("0x020", "avic", "write", ""): "completed",
        ("0x802", "x2avic", "write", ""): "gp",
        ("0x802", "x2avic", "read", ""): "completed",
    } == seen
    assert 1 == reading.unused["skipped"]


def test_an_ipi_that_did_not_arrive_says_nothing_about_the_write() -> None:
    assert [] == unit_tests("FAIL: self_ipi_x2apic: self ipi").seen


def test_the_apic_page_is_read_only_while_the_test_is_in_xapic_mode() -> None:
    line = "PASS: apic_disable: *0xfee00030: 50014"
    enabled = "PASS: apic_disable: Local apic enabled in xAPIC mode"

    assert [0, 1, 0] == [
        len(unit_tests(*lines, line).seen)
        for lines in ((), (enabled,), (enabled, "SUMMARY: 2 tests"))
    ]


@given(st.permutations(range(4)), st.integers(0, 3))
def test_lines_that_are_no_results_change_nothing(order, times) -> None:
    noise = ["", "enabling apic", "\x1b[32mPASS\x1b[0m msr (1 tests)", "INFO: PASS is a word"]
    lines = [OFF, wrmsr("x2APIC MSR 0x802"), ON]
    mixed = [text for line in lines for text in (*[noise[i] for i in order[:times]], line)]

    assert cells(read_unit_tests(lines)) == cells(read_unit_tests(mixed))


def test_every_register_that_tells_the_mode_is_one_that_any_x2apic_reads(knowledge) -> None:
    # EOI, SELF_IPI and the absent ones raise #GP in both modes.
    readable = {r.msr_spans[0].first for r in knowledge.registers.values() if r.access == "RO"}
    readable |= {r.msr_spans[0].first for r in knowledge.registers.values() if r.access == "RW"}

    assert readable >= READABLE


def test_a_selftest_that_failed_names_the_access() -> None:
    reading = read_selftests(lines_of((FOREIGN / "selftests-failed.log").read_bytes()))

    assert {
        ("0x830", "x2avic", "write", "0x20440ff"): "completed",
        ("0x83f", "x2avic", "write", "0x20"): "gp",
    } == cells(reading)
    assert "reserved-bits" == reading.seen[0].condition
    assert 1 == reading.unused["another exception"]
    assert 1 == reading.unused["no MSR of the APIC"]
