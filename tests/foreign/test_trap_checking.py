"""Somebody's own switch between traps and faults, held against the corrected table."""

import pytest

from app.core.views import view_cells
from app.errors import NotFound
from app.foreign.kernel_source.c_text import UnknownShape
from app.foreign.kernel_source.trap_checking import checks
from app.foreign.kernel_source.trap_running import Handler

SWITCH = """
static bool {name}({params})
{{
    switch ({asked}) {{
{cases}
        return {yes};
    default:
        return {no};
    }}
}}
"""
NAMED = {
    "kernel": ("APIC_ID", "APIC_EOI", "APIC_LVTT", "APIC_TMICT", "APIC_TDCR"),
    "Xen": ("APIC_ID", "APIC_EOI", "APIC_LVTT", "APIC_TMICT", "APIC_TDCR"),
    "bhyve": ("APIC_OFFSET_ID", "APIC_OFFSET_EOI", "APIC_OFFSET_TIMER_LVT",
              "APIC_OFFSET_TIMER_ICR", "APIC_OFFSET_TIMER_DCR"),
    "VirtualBox": ("XAPIC_OFF_ID", "XAPIC_OFF_EOI", "XAPIC_OFF_LVT_TIMER",
                   "XAPIC_OFF_TIMER_ICR", "XAPIC_OFF_TIMER_DCR"),
    "the manual": ("0x20", "0xB0", "0x320u", "0x380", "0x3E0UL"),
}  # fmt: skip
TRAPPED = {"id", "eoi", "lvt-timer", "timer-initial", "timer-divide"}


def written(tmp_path, cases, name="my_trap", params="u32 at", **words):
    """Write a file with a function of some cases."""
    words = {"asked": "at", "yes": "true", "no": "false"} | words
    lines = "\n".join(f"    case {case}:" for case in cases)
    path = tmp_path / "my.c"
    path.write_text(SWITCH.format(name=name, params=params, cases=lines, **words))
    return path


@pytest.fixture(scope="module")
def cells(knowledge):
    return view_cells(knowledge)


def of(path, knowledge, cells, function="", true=""):
    switch = Handler(path, knowledge.registers, true).find(function)
    return {str(row.key): row for row in checks(switch, cells)}


@pytest.mark.parametrize("names", NAMED.values(), ids=NAMED)
def test_registers_are_known_by_everybodys_names(tmp_path, knowledge, cells, names):
    rows = of(written(tmp_path, names), knowledge, cells)

    assert TRAPPED == {key.split("/")[0] for key, row in rows.items() if row.said.word == "trap"}
    assert ("agrees", "differs") == (
        rows["id/avic/write"].verdict,
        rows["ldr/avic/write"].verdict[8:],
    )
    assert "absent; agrees" == rows["isr/avic/write"].verdict
    assert 5 == rows["id/avic/write"].said.place.line
    assert 6 == rows["eoi/x2avic/write"].said.place.line
    assert {"trap", "fault"} == rows["ext-lvt/avic/write"].expected
    assert rows["eoi/avic/write"].mark.claims
    assert rows["eoi/x2avic/write"].mark.observations


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("0x80b", {}),
        ("MSR_IA32_X2APIC_EOI", {}),
        ("X2APIC_MSR(APIC_EOI)", {"name": "how", "yes": "IT_TRAPS", "no": "IT_FAULTS"}),
        ("0x80b", {"name": "is_fault", "yes": "false", "no": "true"}),
        ("0x80b", {"name": "late"}),
        ("0x80b", {"params": "u32 at, bool write", "no": "write && at == 0x80b"}),
    ],
)
def test_msrs_are_asked_for_too_and_answers_have_several_forms(
    tmp_path, knowledge, cells, case, words
):
    path = written(tmp_path, [case], **words)
    path.write_text("#define X2APIC_MSR(r) (0x800 + ((r) >> 4))\n" + path.read_text())
    rows = of(path, knowledge, cells, true="trap" if "late" in words.values() else "")

    assert {"x2avic"} == {key.split("/")[1] for key in rows}
    assert {"eoi"} == {key.split("/")[0] for key, row in rows.items() if row.said.word == "trap"}


def test_conditions_are_followed_as_cases_are_and_other_functions_left_alone(
    tmp_path, knowledge, cells
):
    path = tmp_path / "my.c"
    path.write_text("""
static int other(int x) { log("x"); return x; }
bool is_trap(struct vcpu *v, u32 offset)
{
    u32 at = offset & 0xff0;
    if (at == APIC_ID || (at >= APIC_LVTT && at <= APIC_LVTERR))
        return true;
    return at == APIC_EOI;
}
""")
    rows = of(path, knowledge, cells)

    assert {"id", "lvt-timer", "lvt-error", "eoi"} <= {
        key.split("/")[0] for key, row in rows.items() if row.said.word == "trap" and row.said.case
    }
    assert (6, 8) == tuple(rows[f"{r}/avic/write"].said.place.line for r in ("lvt-perf", "eoi"))
    path.write_text(path.read_text().replace("at == APIC_EOI;", "ask(v);"))
    with pytest.raises(UnknownShape, match=r"my\.c:8: found a call of ask"):
        of(path, knowledge, cells)


def test_members_of_a_vector_are_told_apart_and_a_write_from_a_read(tmp_path, knowledge, cells):
    path = written(tmp_path, ("0x130", "0x140"), params="u32 at, int is_write", yes="is_write")
    switch = Handler(path, knowledge.registers).find()
    rows = [row for row in checks(switch, cells) if str(row.key) == "isr/avic/write"]

    assert [(" 100h-120h", True), (" 130h-140h", False), (" 150h-170h", True)] == [
        (row.addresses, row.agrees) for row in rows
    ]


@pytest.mark.parametrize(
    ("cases", "words", "expected"),
    [
        (("APIC_ID", "APIC_NONESUCH"), {}, ":6: found 'APIC_NONESUCH'"),
        (("APIC_ID", "0xB"), {}, ":6: found case 0xb, expected the offset of a register"),
        (("APIC_ID",), {"yes": "ask(at)"}, ":6: found a call of ask"),
        (("APIC_ID",), {"name": "how"}, ":2: found a truth of how, expected --true trap"),
        (("APIC_ID",), {"yes": "7"}, ":2: found my_trap that gives"),
        (
            ("APIC_ID",),
            {"params": "void", "asked": "0x20"},
            ":2: found my_trap without a number to ask",
        ),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(tmp_path, knowledge, cases, words, expected):
    with pytest.raises(UnknownShape) as caught:
        Handler(written(tmp_path, cases, **words), knowledge.registers).find()
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("before", "case", "said"),
    [
        ("", "0x" + "f" * 5000, "expected a whole number"),
        ("", "9" * 5000, "expected a whole number"),
        ("", "1 << 10000", "expected a number that C defines"),
        ("", "*".join(["0xffffffffffffffff"] * 9), "more than 128 bits"),
        ("", "(" * 1500 + "1" + ")" * 1500, "nested too deep"),
        ("#define M59 1\n" + "".join(f"#define M{n} M{n + 1} + M{n + 1}\n" for n in range(59)),
         "M0", "a loop without an end"),
        ("", "at == 1 ? 1 : " * 20_000 + "0", "nested too deep"),
        (f"#define T(x) {'x == 1 ? 1 : ' * 20_000}0\n", "T(at)", "too much to run"),
        ("".join(f"#define M{n}(x) {call}{'x+' * 100}x)\n"
                 for n, call in enumerate(("(", "M0(", "M1("))), "M2(at)", "too much to run"),
        ("enum {" + ",".join(f"E{n}" for n in range(120_000)) + "};\n", "E5", "without an end"),
        ("int y;\n" * 600_000, "1", "4194304 bytes at most"),
    ],
)  # fmt: skip
def test_what_would_cost_without_end_is_refused(tmp_path, knowledge, before, case, said):
    path = written(tmp_path, (case,))
    path.write_text(before + path.read_text())
    with pytest.raises(UnknownShape) as caught:
        Handler(path, knowledge.registers).find()
    assert said in str(caught.value)
    assert len(str(caught.value)) < 400


def test_of_several_functions_one_has_to_be_named(tmp_path, knowledge, cells):
    path = written(tmp_path, ("APIC_ID",))
    one = path.read_text()
    path.write_text(one + one.replace("my_trap", "other_trap"))

    with pytest.raises(NotFound, match="2 functions tell traps") as caught:
        of(path, knowledge, cells)
    assert ("my_trap", "other_trap") == caught.value.hints
    assert 15 == of(path, knowledge, cells, "other_trap")["id/avic/write"].said.place.line
    with pytest.raises(NotFound, match="no function nobody"):
        of(path, knowledge, cells, "nobody")
    path.write_text("int nothing(int at) { return 1; }")
    with pytest.raises((NotFound, UnknownShape)):
        of(path, knowledge, cells)


def test_the_command_says_each_row_and_ends_in_1_where_one_differs(vapic, tmp_path):
    ran = vapic("policy", "check", written(tmp_path, NAMED["kernel"]))
    lines = ran.out.splitlines()

    assert (1, "") == (ran.code, ran.err)
    assert "ID AVIC write            trap            trap, line 5     agrees" in lines
    assert "LDR AVIC write           trap            fault, line 12   absent; differs" in lines
    assert ran.out.index("What differs, and why") < ran.out.index("What agrees, and why")
    assert "15-22, p.566). No report" in ran.out
    assert not [line for line in lines if len(line) > 75]


TABLES = {
    "a switch of MSRs from their first": """
bool is_trap(u32 msr)
{
    switch (msr - 0x800) {
    case 0x02: case 0x0b: case 0x32 ... 0x33:
        return true;
    }
    return false;
}
""",
    "a switch of slots": """
static int x2avic_trap(u32 msr) {
    switch ((msr - 0x800) << 4) { case APIC_ID: case APIC_EOI: case 0x320: case 0x330: return 1; }
    return 0;
}
""",
    "a table of truths": """
static const bool traps[0x100] = {
    [0x02] = true, [0x0b] = true, [0x32 ... 0x33] = true, [0x10] = false,
};
bool is_trap(u32 msr) { return traps[msr - 0x800]; }
""",
    "a table of names": """
enum kind { IT_FAULTS, IT_TRAPS };
static const u8 kinds[] = { [0xff] = IT_FAULTS,
    [APIC_ID >> 4] = IT_TRAPS, [APIC_EOI >> 4] = IT_TRAPS, [APIC_LVTT >> 4] = IT_TRAPS, IT_TRAPS };
enum kind how(u32 msr) { return kinds[msr & 0xff]; }
""",
    "a table of ranges": """
static const struct { u32 first, last; } ranges[] = {
    { .first = 0x802, .last = 0x802 }, { .first = 0x80b, .last = 0x80b },
    { .first = 0x832, .last = 0x833 },
};
bool is_trap(u32 msr)
{
    for (int i = 0; i < ARRAY_SIZE(ranges); i++) {
        if (msr < ranges[i].first || msr > ranges[i].last)
            continue;
        return true;
    }
    return false;
}
""",
    "a table of rows without names": """
struct row { u32 msr; bool trap:1; };
static const struct row rows[] = {
    { 0x802, true }, { 0x80b, true },
    { 0x832, true }, { 0x833, true },
};
bool is_trap(u32 msr)
{
    for (int i = 0; i < ARRAY_SIZE(rows); i++)
        if (!(rows[i].msr ^ msr))
            return rows[i].trap;
    return false;
}
""",
    "a table of rows": """
static const struct { u32 msr; bool trap; } rows[] = {
    { .msr = 0x802, .trap = true }, { .msr = 0x80b, .trap = true },
    { .msr = 0x832, .trap = true }, { .msr = 0x833, .trap = true },
};
bool is_trap(u32 msr)
{
    for (int i = 0; i < ARRAY_SIZE(rows); i++)
        if (rows[i].msr == msr)
            return rows[i].trap;
    return false;
}
""",
}


@pytest.mark.parametrize("code", TABLES.values(), ids=TABLES)
def test_tables_and_numbers_counted_from_the_first_msr_are_read(tmp_path, knowledge, cells, code):
    path = tmp_path / "my.c"
    path.write_text(code)
    rows = of(path, knowledge, cells)

    assert {"x2avic"} == {key.split("/")[1] for key in rows}
    assert {"eoi", "lvt-timer", "lvt-thermal"} == {
        key.split("/")[0] for key, row in rows.items() if row.said.word == "trap"
    }


@pytest.mark.parametrize(
    ("shape", "change", "expected"),
    [
        ("a switch of MSRs from their first", ("0x0b", "0x133"), ":5: found case 0x133"),
        ("a table of truths", ("[0x0b]", "[2 - 3]"), ":3: found '[2 - 3] = true'"),
        ("a table of truths", ("[0x0b]", "[1 << 40]"), ":3: found '[1 << 40] = true'"),
        ("a table of names", ("IT_FAULTS,", "NONE,"), ":5: found a truth of how"),
        # Of an MSR that is none, of one that was meant as its offset, and of a row too many.
        ("a table of rows", ("0x80b", "0x180b"), ":3: found 0x180b, expected the offset of"),
        ("a table of rows", ("0x832", "0x320"), ":4: found 0x320"),
        ("a table of rows", ("i < ARRAY_SIZE(rows)", "i < 3"), ":4: found '{ .msr = 0x833, "),
        (
            "a table of rows",
            ("rows[i].msr == msr", "0x800 + rows[i].msr == msr"),
            ":3: found 0x1002",
        ),
        ("a table of rows without names", ("0x80b", "0x180b"), ":4: found 0x180b"),
        ("a table of rows without names", ("0x80b, true", "0x80b, 1, 1"), "'rows[i].msr'"),
        ("a table of ranges", ("= 0x833", "= 0x1833"), ":4: found 0x1833"),
        ("a table of ranges", ("0x832, .last = 0x833", "0x330, .last = 0x331"), ":4: found 0x330"),
        ("a table of truths", ("[0x10] =", "[0x110] ="), ":3: found '[0x110] = false'"),
        ("a switch of MSRs from their first", ("0x0b", "0x80b"), ":5: found case 0x80b"),
    ],
)
def test_what_no_address_meets_and_no_table_holds_is_refused(
    tmp_path, knowledge, shape, change, expected
):
    path = tmp_path / "my.c"
    path.write_text(TABLES[shape].replace(*change))
    with pytest.raises(UnknownShape) as caught:
        Handler(path, knowledge.registers).find()

    assert expected in str(caught.value)
