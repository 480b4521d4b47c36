import pytest

from app.domain.cells import CellKey
from app.domain.corrected import SILICON_SPEAKS, correct
from app.domain.rulings import said
from app.domain.views import view_cells
from app.domain.words import Access, Behaviour, ClaimKind, Mode
from tests.domain.shapes import ID, TPR, TRAP, check
from tests.factories import make_claim, make_knowledge, make_observation, make_register

OTHERS = {"dfr", "remote-read", "icrh", "icr", "self-ipi"}


@pytest.fixture(scope="module")
def table(knowledge, views):
    return correct(views, knowledge.families)


def cells(table):
    """Return every cell in reading order: row by row, AVIC before x2AVIC."""
    return [cell for row in table.rows for cell in row.cells.values()]


def small(*registers, extra=()):
    """Return the corrected table of a few made-up registers."""
    knowledge = make_knowledge(*registers)
    return correct(view_cells(knowledge, extra), knowledge.families)


def wrote(table):
    """Return the write of TPR under x2AVIC."""
    row = next(row for row in table.rows if row.register.slug == "tpr")
    return row.cells[Mode.X2AVIC, Access.WRITE]


def test_the_modes_differ_in_every_register_that_x2apic_restricts(table):
    restricted = {r.register.slug for r in table.rows if r.register.access in ("RO", "WO")}
    same = {row.register.slug for row in table.rows if not row.differs}
    assert not same & (restricted | OTHERS)


@pytest.mark.parametrize(("access", "direction"), [("RO", Access.WRITE), ("WO", Access.READ)])
def test_x2avic_answers_what_the_register_does_not_offer_with_gp(access, direction, table):
    rows = [row for row in table.rows if row.register.access == access]
    assert rows
    for row in rows:
        assert row.cells[Mode.X2AVIC, direction].branches == ((Behaviour.GP, ""),)
        assert row.cells[Mode.X2AVIC, direction].changed


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
    assert all(cell.changed is bool(cell.notes) for cell in cells(table))


def test_footnotes_are_numbered_in_reading_order(table):
    met = list(dict.fromkeys(number for cell in cells(table) for number in cell.notes))
    assert met == list(range(1, len(met) + 1))
    assert met == [note.number for note in table.footnotes]
    order = [cell.key for cell in cells(table)]
    assert all(note.cells == tuple(sorted(note.cells, key=order.index)) for note in table.footnotes)


def test_every_footnote_has_a_reason_with_its_page_or_its_report(table, knowledge):
    for note in table.footnotes:
        assert note.claims or note.findings
        assert all(claim.page and claim.source in knowledge.sources for claim in note.claims)
        assert all(f.observation.sources for f in note.findings)


def test_a_cell_is_changed_where_the_rules_differ_or_silicon_speaks(table, views):
    for cell in cells(table):
        view = views[cell.key]
        heard = {f.verdict for judgement in view.measured for f in judgement.findings}
        assert cell.changed is (view.rules_differ or bool(heard & SILICON_SPEAKS))


def test_an_unchanged_cell_reads_as_the_printed_table(table, views):
    for cell in (cell for cell in cells(table) if not cell.changed):
        assert set(cell.branches) == said(views[cell.key].table)
        assert not cell.silicon


def test_the_claims_of_a_footnote_are_not_those_of_the_table(table):
    kinds = {claim.kind for note in table.footnotes for claim in note.claims}
    assert kinds <= {ClaimKind.ACCESS_CHECK, ClaimKind.NOTE}


def test_the_count_of_changed_cells_is_that_of_the_cells(table):
    assert table.changed == sum(len(note.cells) for note in table.footnotes)


def test_the_same_cells_give_the_same_table(table, knowledge):
    assert table == correct(view_cells(knowledge), knowledge.families)


@pytest.mark.parametrize(
    ("silicon", "claims", "extra"),
    [
        pytest.param(None, TRAP, (), id="nobody measured"),
        pytest.param(None, TRAP, (make_observation("vmexit-trap"),), id="it agrees"),
        pytest.param(None, TRAP, (make_observation("gp", intercepted=True),), id="masked"),
        pytest.param(None, TRAP, (make_observation("completed"),), id="partial"),
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
    cell = wrote(small(register, extra=extra))
    assert (silicon is not None) is cell.changed
    assert (silicon or ()) == cell.silicon


def test_an_observation_changes_its_own_cell_alone():
    table = small(extra=(make_observation("vmexit-trap"),))
    changed = [cell.key for cell in cells(table) if cell.changed]
    assert changed == [CellKey("tpr", Mode.X2AVIC, Access.WRITE)]
    (note,) = table.footnotes
    assert (note.claims, note.findings[0].observation.id) == ((), "report-1")


def test_cells_with_the_same_reasons_share_a_footnote():
    tpr = make_register(claims=TPR)
    ppr = make_register("ppr", TPR, order=5, offsets=("0A0h",), msrs=("80Ah",))
    apr = make_register("apr", (*TRAP, check()), order=4, offsets=("090h",), msrs=("809h",))
    notes = [[str(key) for key in note.cells] for note in small(ppr, tpr, apr).footnotes]
    assert notes == [
        ["tpr/avic/write", "tpr/x2avic/write", "ppr/avic/write", "ppr/x2avic/write"],
        ["apr/avic/write", "apr/x2avic/write"],
    ]
