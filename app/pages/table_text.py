"""The table of cells, filtered or whole: as a sheet, and as rows."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.core.filters import CellFilter
from app.core.knowledge import Knowledge
from app.core.numbers import count_noun
from app.core.views import CellViews
from app.pages import policy_phrases
from app.pages.explore import TableView
from app.pages.table_columns import cell_columns
from app.pens import phrases
from app.pens.lines import CELLS_AT, full_address
from app.pens.parts import Field, Para, Passage, Record, Sheet
from app.pens.tables import Table

# Of the columns of policies, in text and in HTML.
POLICY_COLUMNS = (
    "pass, intercept: what the hypervisor does with RDMSR and WRMSR while x2AVIC is active. 402h: "
    "what it takes that exit for."
)
LEAD = (
    "What happens when a guest touches its local APIC while AMD's AVIC or x2AVIC is on. Each cell "
    "shows what holds by the manual's own order, what the printed table says where that differs, "
    "and what was seen per CPU family: the verdict, what was seen, and what stands behind it. The "
    "printed table has one column for both modes; "
)
TITLE = "Table 15-22 versus real behaviour"
SEVERAL = "; a cell counts for each verdict that it has"


def table_sheet(view: TableView, knowledge: Knowledge) -> Sheet:
    """Return the cells that a filter admits, one register after the other."""
    policies = view.wanted["policy"]
    every = cell_columns(knowledge, policies)
    counts = ", ".join(f"{t.number} {phrases.counted_verdict(t.word)}" for t in view.verdicts)
    several = SEVERAL if sum(t.number for t in view.verdicts) > len(view.cells) else ""
    sheet = Sheet(title=f"{TITLE}: AVIC and x2AVIC", path=view.path).holding(
        Field("Shown", view.sentence),
        Field("In print", "".join(said for said, _ in headline(view, knowledge))),
        *wrong_on(view, knowledge),
        Field("Verdicts", counts + several),
        *_introduction(policies, knowledge),
    )
    if not view.cells:
        none = ("No cell passes this filter. The whole table: ", full_address("/"))
        sheet.holding(Para(none, "lead"))
    for slug in view.order:
        register = knowledge.registers[slug]
        record = Record(f"{register.heading} ({register.addresses})")
        for cell in view.rows[slug]:
            label = f"{cell.key.mode.label:<6} {cell.key.access:<6}"
            first, *more = (line for column in every for line in column.lines(cell))
            record.holding(Field(label, first, 14, more))
        sheet.holding(record)
    return sheet


def wrong_on(view: TableView, knowledge: Knowledge) -> Iterator[Field]:
    """Yield where it stands what is wrong on each family that somebody looked at."""
    label = "Wrong on"
    for family, wanted in view.wrong.items():
        yield Field(label, (f"{knowledge.families[family].name}: ", full_address(wanted.at("/"))))
        label = ""


def headline(view: TableView, knowledge: Knowledge) -> Iterator[tuple[str, CellFilter | None]]:
    """Yield what is wrong with the printed table, in pieces; a figure with the filter it counts."""
    lead, unit = "On {} print is ", "cell"
    for mode, tallies in view.headline:
        yield lead.format(mode.label), None
        for tally in tallies:
            yield ", " if tally is not tallies[0] else "", None
            number = count_noun(tally.number, unit) if unit else tally.number
            yield f"{tally.word.short} in {number}", tally.wanted
            unit = ""
        lead = "; on {} "
    lead = ". Somebody ran "
    for family, (number, wanted) in view.ran.items():
        yield lead, None
        name = f"on {knowledge.families[family].name}" if family else f"of {len(knowledge.cells)}"
        yield f"{number} {name}", wanted
        if not family and view.grouped:
            yield f" ({view.grouped} as a group)", None
        lead = ", " if family else ": "
    yield ".", None


def _introduction(policies: Iterable[str], knowledge: Knowledge) -> Iterator[Passage]:
    words = (" has two. The words are on ", full_address("/docs/words"), ".")
    yield Para((LEAD, full_address("/corrected"), *words), "lead")
    yield Para(CELLS_AT)
    for slugs in policy_phrases.by_hypervisor(policies, knowledge):
        marked = f"{', '.join(slugs)}: {POLICY_COLUMNS} What is marked, and why: "
        yield Para((marked, full_address("/docs/policy")), "lead")
        if len(slugs) > 1:
            yield Para(("Side by side: ", full_address(f"/policy/{'..'.join(slugs)}")))


def cells_table(
    cells: CellViews,
    knowledge: Knowledge,
    site: str,
    policies: Iterable[str] = (),
) -> Table:
    """Return one row per cell, for CSV and Markdown, with columns for ``policies``."""
    every = cell_columns(knowledge, policies, site)
    rows = (tuple(word for c in every for word in c.values(view)) for view in cells.values())
    return Table(tuple(name for c in every for name in c.names), tuple(rows))
