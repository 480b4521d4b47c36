"""Table 15-22 in the vendor's own words, as printed and as it should read, for its editor.

Both are written in one form, a line for each branch of a cell, so that one is a patch away from
the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from difflib import unified_diff

from app.core.corrected import Branches, CorrectedCell, CorrectedTable
from app.core.knowledge import Knowledge
from app.core.revisions import MANUAL, revision_read
from app.core.rulings import Conditions
from app.core.words import Behaviour
from app.pens.place import Place
from app.pens.plain import Plain

TITLE = "Table 15-22. Guest vAPIC Register Access Behavior"
FILE = "table-15-22.txt"
NOT_PRINTED = "-"
LABEL_WIDTH = 16


def vendor_word(behaviour: Behaviour) -> str:
    """``Allowed``, ``#VMEXIT (trap)``, ``#GP``: a behaviour as the manual spells it."""
    label = behaviour.label.partition(",")[0]
    return label[0].upper() + label[1:]


def branch_words(branches: Branches, conditions: Conditions) -> tuple[str, ...]:
    """Return what a cell says, a sentence for each branch, a dash where it says nothing."""
    found, said = [], False
    for behaviour, condition in branches:
        when = f" when {conditions.text(condition)}" if condition else ", otherwise" * said
        found.append(vendor_word(behaviour) + when)
        said = True
    return tuple(found) or (NOT_PRINTED,)


def print_reference(table: CorrectedTable, knowledge: Knowledge) -> str:
    """``24593 rev 3.44, p.566-568``: which print it is held against."""
    cells = (cell for row in table.rows for cell in row.cells.values())
    pages = page_words(cells)
    number = knowledge.documents[MANUAL].number
    return f"{number} rev {revision_read(knowledge)}{f', {pages}' if pages else ''}"


def page_words(cells: Iterable[CorrectedCell]) -> str:
    """``p.566-568``: from the first to the last page on which cells are printed; empty for none."""
    pages = [int(n) for cell in cells for c in cell.table for n in re.findall(r"\d+", c.page)]
    first, last = min(pages, default=0), max(pages, default=0)
    return f"p.{first}{f'-{last}' if last > first else ''}" if pages else ""


def printed_form(table: CorrectedTable, knowledge: Knowledge) -> str:
    """Return the table as it is printed."""
    return _form(table, knowledge, lambda cell: cell.was)


def mended_form(table: CorrectedTable, knowledge: Knowledge) -> str:
    """Return the table as it should read: what the manual's own order gives each cell."""
    return _form(table, knowledge, lambda cell: cell.branches)


def _form(
    table: CorrectedTable, knowledge: Knowledge, said: Callable[[CorrectedCell], Branches]
) -> str:
    out = Plain()
    out.title(TITLE)
    out.para(
        f"{print_reference(table, knowledge)}. "
        "In print one column is for both modes; here each has its own."
    )
    for row in table.rows:
        out.blank()
        out.para(f"{row.register.heading} ({row.register.addresses})")
        for cell in row.cells.values():
            label = f"{cell.key.mode.label} {cell.key.access}"
            for line in branch_words(said(cell), knowledge.conditions):
                out.field(label, line, width=LABEL_WIDTH, indent=2)
                label = ""
    return out.render()


def corrected_diff(table: CorrectedTable, knowledge: Knowledge, place: Place) -> str:
    """Return the patch that makes the printed table read as it should, with what it is for."""
    return "".join(_diff(table, knowledge, place))


def _diff(table: CorrectedTable, knowledge: Knowledge, place: Place) -> Iterator[str]:
    before, after = printed_form(table, knowledge), mended_form(table, knowledge)
    yield f"Table 15-22 as it should read, against {print_reference(table, knowledge)}.\n"
    yield f"It applies to {place.pin('/corrected/printed.txt')}\n"
    yield f"Each change with its reason: {place.pin('/corrected/letter')}\n\n"
    lines = before.splitlines(keepends=True), after.splitlines(keepends=True)
    yield from unified_diff(*lines, f"a/{FILE}", f"b/{FILE}")
