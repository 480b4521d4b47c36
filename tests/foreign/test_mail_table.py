"""`vapic import mail-table`: tables pasted from mails, in every layout, and what is refused."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.core.words import Mode
from app.foreign.table_draft import COPIED, DRAFT_MISSING, import_table
from app.foreign.table_titles import Column
from app.foreign.table_words import WORDS
from app.intake.format1 import OUTCOMES
from app.mail import citing
from app.settings import ROOT
from app.store.snapshots import offline_snapshot
from tests.conftest import SEEDED_AT

FOREIGN = ROOT / "tests/data/foreign"


@pytest.fixture(scope="module")
def draft(knowledge):
    """Import a text, as a mail."""
    return lambda text, *chosen: import_table(text.encode(), knowledge, *chosen)


def said(imported):
    """Return what a draft says, cell by cell."""
    return {
        (o["register"], o.get("member"), str(o["mode"]), str(o["access"]), o.get("condition", "")):
        str(o["outcome"]) for o in imported.observations
    }  # fmt: skip


def faults(imported):
    return [str(fault) for fault in imported.faults]


PLAIN = """
| MSR  | RDMSR | WRMSR |
|------|-------|-------|
| 80Dh | {}    | #GP   |
"""


@pytest.mark.parametrize(
    "name",
    ["80Dh", "0x80d", "LDR", "APIC_LDR", "ldr", "Logical Destination Register", "LDR (80Dh)"],
)
def test_a_register_may_have_any_of_its_names(draft, name) -> None:
    imported = draft(f"| Register | WRMSR |\n|--|--|\n| {name} | #GP |")

    assert [] == faults(imported)
    assert {("ldr", None, "x2avic", "write", ""): "gp"} == said(imported)


def test_the_last_row_of_the_printed_table_reads_by_its_range_and_by_the_mode_it_names(draft):
    imported = draft("| Offset | AVIC write |\n|--|--|\n| 540h-FFFh | fault (xAVIC) |")

    assert [] == faults(imported)
    assert {("reserved-540", None, "avic", "write", ""): "vmexit-fault"} == said(imported)


def test_a_copy_of_the_printed_table_reads_one_mode_at_a_time(draft):
    text = (
        "| MMIO off | x2APIC MSR | Register | Read | Write |\n|--|--|--|--|--|\n"
        '| 310h | - | ICRH | "Allowed (xAVIC)" | "Allowed (xAVIC)" |\n'
        "| 330h | 833h | Thermal LVT | Allowed | trap |\n"
        '| - | 83Fh | Self IPI (x2APIC only) | (no entry) | "Allowed (x2AVIC)" |\n'
        "| 500h-530h | 850h-853h | Ext Interrupt [3:0] LVT | EDX[27]=1: Allowed; EDX[27]=0: fault"
        " | if CPUID Fn8000_000A_EDX[27] = 1: trap; EDX[27]=0: fault |\n"
    )
    avic, x2avic = draft(text, None, Mode.AVIC), draft(text, None, Mode.X2AVIC)
    both = {"icrh": ["allowed"] * 2, "self-ipi": ["allowed"],
            "lvt-thermal": ["allowed", "vmexit-trap"],
            "ext-lvt": ["allowed extlvt", "vmexit-fault no-extlvt",
                        "vmexit-trap extlvt", "vmexit-fault no-extlvt"]}  # fmt: skip
    for imported, other in ((avic, "self-ipi"), (x2avic, "icrh")):
        found = {}
        for (slug, _, _, _, condition), outcome in said(imported).items():
            found.setdefault(slug, []).append(f"{outcome} {condition}".strip())
        assert [] == faults(imported)
        assert {slug: words for slug, words in both.items() if slug != other} == found


def test_rows_of_a_spreadsheet_are_read_by_their_tabs(draft):
    imported = draft("Notes:\n\nRegister\tOffset\tRd\tWr\nAPIC Version\t30h\tAllowed\tfault\n",
                     None, Mode.AVIC)  # fmt: skip

    assert [] == faults(imported)
    assert ["allowed", "vmexit-fault"] == list(said(imported).values())


def test_a_range_is_a_whole_register_or_its_members(draft) -> None:
    text = "| MSR | WRMSR |\n|--|--|\n| 810h-817h | #GP |\n| 820-821 | #GP |\n| 0x82a | #GP |"

    assert [("isr", None), ("irr", 0), ("irr", 1), ("unlisted", None)] == [
        key[:2] for key in said(draft(text))
    ]


def test_which_of_two_columns_is_meant_is_never_guessed(draft) -> None:
    mail = (FOREIGN / "mail-before-after.eml").read_text("utf-8")
    undecided, before, after = draft(mail), draft(mail, Column.BEFORE), draft(mail, Column.AFTER)

    assert b"" == undecided.raw
    assert all("--column after or --column before" in fault for fault in faults(undecided))
    assert "vmexit-trap" == said(before)["id", None, "x2avic", "write", ""]
    assert "vmexit-msr" == said(after)["id", None, "x2avic", "write", ""]
    assert "allowed" == said(after)["isr", 3, "x2avic", "read", ""]
    assert {"x2avic write": True} == {
        f"{o['mode']} {o['access']}": o["intercepted"]
        for o in after.observations
        if o["register"] == "version" and "intercepted" in o
    }


def test_a_column_that_is_asked_for_must_be_there(draft) -> None:
    assert ["2:10: found 'RDMSR', expected a column `after`, as --column asks"] == faults(
        draft(PLAIN.format("allowed"), Column.AFTER)
    )


def test_bare_read_and_write_need_a_mode(draft) -> None:
    text = "| Offset | Read | Write |\n|--|--|--|\n| 0D0h | allowed | trap |"

    assert 2 == len(faults(draft(text)))
    assert 2 == len(faults(draft(f"What the AVIC patches do:\n\n{text}")))
    assert 2 == len(faults(draft(f"x2AVIC against xAPIC\n{text}")))
    assert {
        ("ldr", None, "avic", "read", ""): "allowed",
        ("ldr", None, "avic", "write", ""): "vmexit-trap",
    } == said(draft(text, None, Mode.AVIC))


@pytest.mark.parametrize(
    ("above", "place", "mode"),
    [
        ("# x2AVIC on Zen 4\n\n", "Offset", "x2avic"),
        ("In xAPIC mode:\n", "Offset", "avic"),
        ("MMIO accesses\n\n", "Register", "avic"),
        ("", "MSR", "x2avic"),
        ("xAPIC mode\n", "MSR", ""),
    ],
)
def test_a_caption_or_the_msrs_say_the_mode_of_titles_without_one(draft, above, place, mode):
    name = "80Dh" if place == "MSR" else "LDR"
    imported = draft(f"{above}| {place} | Read | Write |\n|--|--|--|\n| {name} | allowed | trap |")

    assert {mode} - {""} == {key[2] for key in said(imported)}
    assert [bool(mode)] == [any("--mode" in note for note in imported.notes)]
    assert imported.modeless is not bool(mode)


def test_a_table_of_both_modes_is_told_the_two_commands_that_read_it(vapic, tmp_path):
    path = tmp_path / "notes.md"
    path.write_text(
        "Table 15-22:\n\n| Offset | MSR | Register | Read | Write |\n|-|-|-|-|-|\n"
        "| 0D0h | 80Dh | LDR | Allowed | fault |\n| 310h | - | ICRH | Allowed (xAVIC) | . |\n"
        "| - | 83Fh | Self IPI (x2APIC only) | . | Allowed (x2AVIC) |\n"
    )
    refused = vapic("import", "mail-table", path)
    commands = [line.split() for line in refused.err.splitlines() if line.startswith("  vapic")]

    assert (1, "") == (refused.code, refused.out)
    assert ["avic", "x2avic"] == [command[-1] for command in commands]
    assert [3, 3] == [len(json.loads(vapic(*command[1:]).out)["observations"])
                      for command in commands]  # fmt: skip


def test_everything_that_is_wrong_is_named_at_once_with_its_place(draft) -> None:
    imported = draft((FOREIGN / "broken-table.txt").read_text("utf-8"))
    found = faults(imported)

    assert b"" == imported.raw
    assert ["3:33", "3:43", "5:22", "6:11", "7:3", "8:1", "10:22"] == [
        fault.partition(": ")[0] for fault in found
    ]
    assert "(did you mean `wrmsr`?)" in found[0]
    assert "(did you mean `allowed`?)" in found[2]
    assert "'TPR', expected a name of version, as this row says" in found[3]
    assert "4 cells, expected 5" in found[5]
    assert "found 'gp', expected 'allowed', as line 9 says" in found[6]


@pytest.mark.parametrize(
    ("expected", "text"),
    [
        ("expected one column for each access", "| MSR | RDMSR | RDMSR |\n| 808h | #GP | #GP |"),
        ("expected RDMSR, WRMSR, read or write", "| MSR | RDMSR | new |\n| 808h | #GP | #GP |"),
        ("expected its MSR, offset or name", "| MSR | RDMSR |\n| - | #GP |"),
        ("expected a column or a line above", "| Access | new |\n| x2AVIC RDMSR | #GP |"),
        ("expected a slug, a macro", "| MSR | RDMSR |\n| 0-ffffffff | #GP |"),
        ("expected a slug, a macro", "| MSR | RDMSR |\n| 808h-80ah | #GP |"),
        (
            "2:12: found 'Allowed (x2AVIC)', expected a word of AVIC, the mode of this column",
            "| Offset | AVIC read |\n| 310h   | Allowed (x2AVIC) |",
        ),
        ("expected a title above", "MSR   RDMSR   WRMSR\n808h  #GP     #GP      #GP"),
        ("expected two or more spaces", "MSR   RDMSR  WRMSR\n808h  allowed really  #GP"),
        ("expected text inside one", "MSR   RDMSR\n----  -----\n808h  #GP\n810h-817h #GP"),
    ],
)
def test_a_broken_table_is_refused(draft, expected, text) -> None:
    found = faults(draft(text))

    assert any(expected in fault for fault in found), found


def test_what_is_not_said_is_missing_and_check_names_it(vapic, tmp_path) -> None:
    path = tmp_path / "draft.json"
    source = FOREIGN / "mail-before-after.eml"
    ran = vapic("import", "mail-table", source, "--column", "after", "--output", path)
    made = json.loads(path.read_bytes())
    checked = vapic("check", path)

    assert 0 == ran.code
    assert list(DRAFT_MISSING) == made["x-missing"]
    assert 11 == made["observations"][0]["x-line"]
    assert 1 == checked.code
    for key in {name.partition(".")[0] for name in DRAFT_MISSING}:
        assert f"/{key}: found nothing, expected a value: this key is required" in checked.err
    assert 1 == vapic("import", "mail-table", source, "--column", "after", "--output", path).code


def test_a_completed_draft_passes(vapic, tmp_path) -> None:
    source, path = FOREIGN / "mail-before-after.eml", tmp_path / "whole.json"
    made = json.loads(vapic("import", "mail-table", source, "--column", "before").out)
    made |= {
        "measured_at": "2026-05-08T12:00:00Z",
        "cpu": {"vendor": "AuthenticAMD", "family": 26, "model": 2, "stepping": 1},
        "hypervisor": {"name": "KVM", "version": "7.1"},
        "guest": {"name": "constructed", "command": "none"},
    }
    path.write_text(json.dumps(made), "utf-8")

    assert 0 == vapic("check", path).code


def test_a_text_without_a_table_says_what_was_looked_for(vapic, tmp_path) -> None:
    path = tmp_path / "mail.txt"
    path.write_text("The MSR is read, and RDMSR raises #GP.\n", "utf-8")
    ran = vapic("import", "mail-table", path)

    assert 1 == ran.code
    assert "no line of titles such as `MSR | Register | RDMSR | WRMSR`" in ran.err


@pytest.fixture(scope="module")
def snapshot(knowledge):
    """The real seed as a data version."""
    return offline_snapshot(knowledge, SEEDED_AT)


@pytest.mark.parametrize("column", [Column.TABLE, Column.RULES])
@pytest.mark.parametrize("address", ["/mail?rows=ro,wo&mode=x2avic", "/r/ldr", "/r/eoi"])
def test_our_own_blocks_import_and_are_called_copies(draft, snapshot, address, column) -> None:
    block = citing.find_citation(snapshot, address, "https://vapic.example.org").block()
    imported = draft(block, column)
    registers = {o["register"] for o in imported.observations}
    expected = {}
    for key, view in snapshot.cells.items():
        claims = view.table if column is Column.TABLE else view.effective
        if key.register in registers and (key.mode is Mode.X2AVIC or address.startswith("/r/")):
            expected |= {
                (key.register, None, str(key.mode), str(key.access), c.condition): str(c.behaviour)
                for c in claims
                if c.behaviour in OUTCOMES
            }

    assert [] == faults(imported)
    assert expected == said(imported)
    assert imported.copied
    assert COPIED == json.loads(imported.raw)["x-copied"]


# The layouts: from titles and rows to lines.


def markdown(rows):
    return ["| " + " | ".join(row) + " |" for row in (rows[0], ["---"] * len(rows[0]), *rows[1:])]


def bare_bars(rows):
    return ["  |".join(row) for row in (rows[0], ["---"] * len(rows[0]), *rows[1:])]


def padded(rows):
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [[f"{cell:<{w}}" for cell, w in zip(row, widths, strict=True)] for row in rows], widths


def drawn(rows):
    full, widths = padded(rows)
    rule = "+-" + "-+-".join("-" * width for width in widths) + "-+"
    lines = ["| " + " | ".join(row) + " |" for row in full]
    return [rule, lines[0], rule.replace("-", "="), *lines[1:], rule]


def boxed(rows):
    return [line.translate(str.maketrans("|+-=", "│┼──")) for line in drawn(rows)]


def aligned(rows):
    return ["   ".join(row).rstrip() for row in padded(rows)[0]]


def ruled(rows):
    full, widths = padded(rows)
    lines = [" ".join(row).rstrip() for row in full]
    return [lines[0], " ".join("-" * width for width in widths), *lines[1:]]


LAYOUTS = [markdown, bare_bars, drawn, boxed, aligned, ruled]
NAMES = {"id": "0x802", "tpr": "808h", "eoi": "APIC_EOI", "svr": "SVR", "icr": "830", "ldr": "ldr"}
CELLS = st.lists(
    st.tuples(*[st.sampled_from([*WORDS, "-"])] * 2), min_size=len(NAMES), max_size=len(NAMES)
)


@pytest.mark.parametrize("layout", LAYOUTS)
@settings(max_examples=8)
@given(cells=CELLS, quotes=st.sampled_from(["", "> ", ">>", "> > > "]), prose=st.booleans())
def test_a_table_reads_back_what_it_was_made_from(draft, layout, *, cells, quotes, prose) -> None:
    rows = [["Register", "RDMSR", "WRMSR"]]
    rows += [[name, *row] for name, row in zip(NAMES.values(), cells, strict=True)]
    lines = layout(rows)
    lines = ["We saw this, by hand:", "", *lines, "", "Thanks."] if prose else lines
    imported = draft("".join(f"{quotes}{line}\n" for line in lines))
    expected = {
        (slug, None, "x2avic", access, ""): str(WORDS[word])
        for slug, row in zip(NAMES, cells, strict=True)
        for access, word in zip(("read", "write"), row, strict=True)
        if word != "-"
    }

    assert [] == faults(imported)
    assert expected == said(imported)


@settings(max_examples=60)
@given(st.text(alphabet="|-+> \n\t0x80MSRdwregitp#GPvl;[](),é", max_size=200))
def test_any_text_is_read_or_refused(draft, text) -> None:
    for titles in ("| MSR | RDMSR | Name |\n", "MSR  RDMSR  Name\n"):
        imported = draft(titles + text)

        assert not (imported.raw and faults(imported))
        assert bool(imported.raw) is (bool(said(imported)) and not faults(imported))
