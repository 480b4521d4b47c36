"""The text twin of the table, filtered or whole."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.core.cells import CellKey
from app.core.knowledge import Knowledge
from app.core.views import CellView
from app.core.words import Verdict
from app.pages import policy_phrases
from app.pages.table_columns import CellColumn, columns
from app.pens import leads, phrases
from app.pens.place import Place, head
from app.pens.plain import Plain
from app.pens.tables import Table

TITLE = "Table 15-22 versus real behaviour"


@dataclass(frozen=True)
class Shown:
    """The cells that a filter admits, their rows in order, the filter in words, its address.

    ``policies`` are those shown beside each cell.
    """

    cells: Mapping[CellKey, CellView]
    order: tuple[str, ...]
    sentence: str
    path: str
    policies: tuple[str, ...] = ()
    counts: tuple[tuple[Verdict, int], ...] = ()


def table_text(shown: Shown, knowledge: Knowledge, place: Place) -> str:
    """Return the cells that a filter admits, one register after the other."""
    out = Plain()
    out.title(f"{TITLE}: AVIC and x2AVIC")
    head(out, place, shown.path)
    out.field("Shown", shown.sentence)
    out.field("Verdicts", ", ".join(f"{number} {v}" for v, number in shown.counts if number))
    _introduction(out, shown, knowledge, place)
    if not shown.cells:
        out.blank()
        out.para(f"No cell passes this filter. The whole table: {place.site}/")
    every = columns(knowledge, shown.policies)
    for slug in shown.order:
        views = [view for key, view in shown.cells.items() if key.register == slug]
        register = views[0].register
        out.blank()
        out.para(f"{phrases.heading(register)} ({phrases.addresses(register)})", 0, 2)
        for view in views:
            _cell(out, view, every)
    return out.render()


def _introduction(out: Plain, shown: Shown, knowledge: Knowledge, place: Place) -> None:
    out.blank()
    out.para(
        "What happens when a guest touches its local APIC while AMD's AVIC or x2AVIC is on. "
        "Each cell shows what rules it by the manual's own priority, what the printed table says "
        "where that differs, and what was seen per CPU family: the verdict, what was seen, and "
        "what stands behind it. The printed table has one column for both modes; "
        f"{place.site}/corrected has two. The words are on {place.site}/docs/words."
    )
    out.para(leads.cells_at(place.site))
    for slugs in policy_phrases.apart(shown.policies, knowledge):
        out.blank()
        out.para(
            f"{', '.join(slugs)}: {leads.POLICY_COLUMNS} What is marked, and why: "
            f"{place.site}/docs/policy"
        )
        if len(slugs) > 1:
            out.para(f"Side by side: {place.site}/policy/{'..'.join(slugs)}")


def _cell(out: Plain, view: CellView, every: Iterable[CellColumn]) -> None:
    label = f"  {view.key.mode.label:<6} {view.key.access:<6}"
    for line in (line for column in every for line in column.lines(view)):
        out.field(label, line)
        label = ""


def cells_table(
    cells: Mapping[CellKey, CellView],
    knowledge: Knowledge,
    site: str,
    policies: tuple[str, ...] = (),
) -> Table:
    """Return one row per cell, for CSV and Markdown, with columns for ``policies``."""
    every = columns(knowledge, policies, site)
    rows = (tuple(word for c in every for word in c.values(view)) for view in cells.values())
    return Table(tuple(name for c in every for name in c.names), tuple(rows))
