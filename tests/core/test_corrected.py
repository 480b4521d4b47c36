from collections import Counter

import pytest

from app.core.cells import CellKey
from app.core.corrected import SILICON_SPEAKS, NoteKind, correct
from app.core.rulings import branch_set
from app.core.views import view_cells
from app.core.words import Access, Behaviour, ClaimKind, Mode, Printed
from app.pages import corrected_text
from app.pens.place import Place
from tests.core.shapes import CONDITIONS, ID, LVT, TPR, TRAP, check
from tests.factories import (
    knowing,
    make_claim,
    make_family,
    make_knowledge,
    make_observation,
    make_register,
)

OTHERS = {"dfr", "remote-read", "icrh", "icr", "self-ipi"}


@pytest.fixture(scope="module")
def table(knowledge, views):
    return correct(views, knowledge)


def cells(table):
    """Return every cell in reading order: row by row, AVIC before x2AVIC."""
    return [cell for row in table.rows for cell in row.cells.values()]


def small(*registers, extra=()):
    """Return the corrected table of a few made-up registers."""
    knowledge = make_knowledge(*registers)
    return correct(view_cells(knowing(knowledge, extra)), knowledge)


def wrote(table):
    """Return the write of TPR under x2AVIC."""
    row = next(row for row in table.rows if row.register.slug == "tpr")
    return row.cells[Mode.X2AVIC, Access.WRITE]


def test_the_modes_differ_in_every_register_that_x2apic_restricts(table):
    restricted = {r.register.slug for r in table.rows if r.register.access in ("RO", "WO")}
    said = {
        (row.register.slug, mode): [row.cells[mode, access].branches for access in Access]
        for row in table.rows
        for mode in Mode
    }
    same = {slug for slug, _ in said if said[slug, Mode.AVIC] == said[slug, Mode.X2AVIC]}
    assert not same & (restricted | OTHERS)


@pytest.mark.parametrize(("access", "direction"), [("RO", Access.WRITE), ("WO", Access.READ)])
def test_x2avic_answers_what_the_register_does_not_offer_with_gp(access, direction, table):
    rows = [row for row in table.rows if row.register.access == access]
    assert rows
    for row in rows:
        assert row.cells[Mode.X2AVIC, direction].branches == ((Behaviour.GP, ""),)
        assert row.cells[Mode.X2AVIC, direction].printed is not Printed.AS_PRINTED


@pytest.mark.parametrize("slug", ["dfr", "remote-read", "icrh", "reserved-540", "unlisted"])
def test_x2avic_answers_every_access_with_gp_where_x2apic_has_no_register(slug, table):
    row = next(row for row in table.rows if row.register.slug == slug)
    for access in Access:
        assert row.cells[Mode.X2AVIC, access].branches == ((Behaviour.GP, ""),)


@pytest.mark.parametrize(
    ("branches", "cell"),
    [
        ("gp when reserved-bits, accelerated", "tpr/x2avic/write"),
        ("accelerated", "tpr/avic/write"),
        ("gp when non-zero, accelerated when edge, vmexit-trap when level", "eoi/x2avic/write"),
        ("accelerated when edge, vmexit-trap when level", "eoi/avic/write"),
        ("gp when reserved-bits, accelerated", "self-ipi/x2avic/write"),
        ("absent", "self-ipi/avic/write"),
        ("gp when reserved-bits, vmexit-trap", "lvt-timer/x2avic/write"),
        ("vmexit-trap", "ldr/avic/write"),
        ("gp", "ldr/x2avic/write"),
    ],
)
def test_a_cell_reads_in_the_order_of_the_checks(branches, cell, table):
    found = next(c.branches for c in cells(table) if str(c.key) == cell)
    assert branches == ", ".join(f"{b} when {when}" if when else str(b) for b, when in found)


def test_every_cell_of_the_table_is_there_once(table, knowledge):
    assert [cell.key for cell in cells(table)] == list(knowledge.cells)


def test_every_changed_cell_has_a_footnote_and_every_footnote_a_cell(table):
    from_cells = {(number, cell.key) for cell in cells(table) for number in cell.notes}
    from_notes = {(note.number, key) for note in table.footnotes for key in note.cells}
    assert from_cells == from_notes
    assert all(note.cells for note in table.footnotes)
    printed = {cell.key for cell in cells(table) if cell.printed is Printed.AS_PRINTED}
    assert {cell.key for cell in cells(table) if not cell.notes} <= printed


def test_footnotes_are_numbered_by_kind_and_then_in_reading_order(table):
    notes = table.footnotes
    assert list(range(1, len(notes) + 1)) == [note.number for note in notes]
    kinds = list(NoteKind)
    assert notes == tuple(sorted(notes, key=lambda note: kinds.index(note.kind)))
    first = [
        cells(table).index(next(c for c in cells(table) if n.number in c.notes)) for n in notes
    ]
    for kind in kinds:
        mine = [place for place, note in zip(first, notes, strict=True) if note.kind is kind]
        assert mine == sorted(mine)
    order = [cell.key for cell in cells(table)]
    assert all(note.cells == tuple(sorted(note.cells, key=order.index)) for note in table.footnotes)


def test_every_footnote_has_a_reason_with_its_page_or_its_report(table, knowledge):
    for note in table.footnotes:
        assert note.claims or note.findings or note.side_effects
        assert all(claim.page and claim.source in knowledge.sources for claim in note.claims)
        assert all(f.observation.sources for f in note.findings)


def test_a_cell_has_a_note_where_print_is_not_the_rule_or_something_else_is_known(table, views):
    for cell in cells(table):
        view = views[cell.key]
        heard = {f.verdict for judgement in view.measured for f in judgement.findings}
        known = bool(view.open or view.side_effects or heard & SILICON_SPEAKS)
        assert bool(cell.notes) is (view.printed is not Printed.AS_PRINTED or known)
        assert cell.changed is view.rules_differ


def test_a_cell_that_is_as_printed_reads_as_the_printed_table(table, views):
    for cell in cells(table):
        if cell.printed is Printed.AS_PRINTED:
            assert set(cell.branches) == branch_set(views[cell.key].table)


def test_the_claims_of_a_footnote_are_those_of_the_table_only_where_they_are_inferred(table):
    kinds = {claim.kind for note in table.footnotes for claim in note.claims}
    printed = [c for note in table.footnotes for c in note.claims if c.kind is ClaimKind.TABLE]

    assert {ClaimKind.ACCESS_CHECK, ClaimKind.PRODUCT, ClaimKind.NOTE} <= kinds
    assert printed
    assert all("register locations" in claim.inference for claim in printed)


def test_the_counts_are_those_of_the_cells_and_add_up(table):
    counted = {printed: table.count(printed) for printed in Printed}
    assert counted == Counter(cell.printed for cell in cells(table))
    for kind in (NoteKind.WRONG, NoteKind.INCOMPLETE, NoteKind.NOT_PRINTED):
        footnoted = sum(len(note.cells) for note in table.footnotes if note.kind is kind)
        assert footnoted == counted[Printed(kind)]


def test_side_effects_are_footnoted_but_not_the_halves_of_icr_which_the_manual_has(table):
    notes = [note for note in table.footnotes if note.kind is NoteKind.SIDE_EFFECT]
    assert {"icr/avic/write", "icrh/avic/write"} == {str(k) for note in notes for k in note.cells}
    assert all(seen.side_effect for note in notes for seen in note.side_effects)


def test_a_level_triggered_ipi_exits_with_401h_in_both_modes(table):
    for mode in Mode:
        row = next(row for row in table.rows if row.register.slug == "icr")
        assert (Behaviour.VMEXIT_IPI, "level-ipi") in row.cells[mode, Access.WRITE].branches
        assert row.cells[mode, Access.WRITE].open == ((Behaviour.VMEXIT_IPI, "advanced"),)


def test_the_checks_of_an_ipi_are_in_the_order_of_the_manual(table):
    row = next(row for row in table.rows if row.register.slug == "icr")
    found = [c for b, c in row.cells[Mode.AVIC, Access.WRITE].branches if b.short == "ipi"]
    assert found == ["level-ipi", "invalid-vector", "invalid-target", "bad-backing-page",
                     "target-not-running"]  # fmt: skip


def test_the_same_cells_give_the_same_table(table, knowledge):
    assert table == correct(view_cells(knowledge), knowledge)


@pytest.mark.parametrize(
    ("silicon", "claims", "extra"),
    [
        pytest.param(None, TRAP, (), id="nobody measured"),
        pytest.param(None, TRAP, (make_observation("vmexit-trap"),), id="it agrees"),
        pytest.param(None, TRAP, (make_observation("gp", intercepted=True),), id="masked"),
        pytest.param(None, TRAP, (make_observation("completed"),), id="partial"),
        pytest.param(("gp",), LVT, (make_observation("gp", "zero"),),
                     id="another branch has the word, under another condition"),
        pytest.param((), ID, (), id="the manual corrects itself"),
        pytest.param((), ID, (make_observation("gp"),), id="and silicon explains it"),
        pytest.param(("vmexit-fault",), TRAP, (make_observation("vmexit-fault"),),
                     id="silicon contradicts"),
        pytest.param(("allowed",), ID, (make_observation(),), id="silicon contradicts a rule"),
        pytest.param(("gp",), (), (make_observation("gp"),), id="silicon settles"),
        pytest.param(("vmexit-fault", "gp"), TRAP,
                     (make_observation("gp"), make_observation("vmexit-fault", id="r-2")),
                     id="silicon disagrees with itself"),
    ],
)  # fmt: skip
def test_a_cell_shows_what_silicon_did_where_no_rule_says_so(silicon, claims, extra):
    register = make_register(claims=(*claims, make_claim(access=Access.READ)))
    cell = wrote(small(register, *CONDITIONS.values(), extra=extra))
    assert (silicon is not None) is bool(cell.notes)
    assert (silicon or ()) == tuple(behaviour for behaviour, _ in cell.silicon)


def test_an_observation_changes_its_own_cell_alone():
    table = small(extra=(make_observation("vmexit-trap"),))
    noted = [cell.key for cell in cells(table) if cell.notes]
    assert noted == [CellKey("tpr", Mode.X2AVIC, Access.WRITE)]
    (note,) = table.footnotes
    assert (note.claims, note.findings[0].observation.id) == ((), "report-1")


def test_cells_with_the_same_reasons_share_a_footnote():
    tpr = make_register(claims=TPR)
    ppr = make_register("ppr", TPR, order=5, offsets=("0A0h",), msrs=("80Ah",))
    apr = make_register("apr", (*TRAP, check()), order=4, offsets=("090h",), msrs=("809h",))
    notes = [[str(key) for key in note.cells] for note in small(ppr, tpr, apr).footnotes]
    assert notes == [
        ["apr/avic/write", "apr/x2avic/write"],
        ["tpr/avic/write", "tpr/x2avic/write", "ppr/avic/write", "ppr/x2avic/write"],
    ]


def test_what_silicon_shows_where_nothing_is_printed_stands_apart_from_the_mark():
    seen = make_observation("gp", family="zen-4")
    knowledge = make_knowledge(make_register(claims=()), make_family(), seen)
    table = correct(view_cells(knowledge), knowledge)
    text = corrected_text.corrected_text(table, knowledge, Place("", ""))

    assert "- seen: #GP" in " ".join(text.split())
    assert "-seen" not in text


def test_what_two_places_say_alike_is_one_word_of_a_cell(views):
    shown = {
        str(key): [(it.behaviour, it.conditions) for it in view.glances]
        for key, view in views.items()
    }

    assert {} == {key: words for key, words in shown.items() if len(words) != len({*words})}
    assert 4 == len(shown["icr/x2avic/write"])
