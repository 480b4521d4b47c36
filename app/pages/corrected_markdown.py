"""The corrected table as Markdown, as printed beside as it should read, with its footnotes."""

from __future__ import annotations

from collections.abc import Iterator

from app.core.corrected import Branches, CorrectedCell, CorrectedTable
from app.core.knowledge import Knowledge
from app.core.rulings import Conditions
from app.core.words import Access, Mode, Printed
from app.pages.corrected_text import TITLE, footnote_lines, headline_counts
from app.pages.print_text import NOT_PRINTED, print_reference, vendor_word
from app.pens.tables import markdown_table
from app.pens.tame import for_markdown


def corrected_markdown(table: CorrectedTable, knowledge: Knowledge) -> str:
    """Return the table, what is printed before what should stand there, and the footnotes."""
    conditions = knowledge.conditions
    columns = ("Register", "Offset", *_sides(Mode.AVIC), "MSR", *_sides(Mode.X2AVIC))
    rows = []
    for row in table.rows:
        register, said = row.register, [_cell(cell, conditions) for cell in row.cells.values()]
        offsets, msrs = " ".join(register.offsets), " ".join(register.msrs)
        rows.append((register.label, offsets, *said[:2], msrs, *said[2:]))
    figures = ", ".join(count.text for count in headline_counts(table))
    head = f"# {TITLE}\n\nAgainst {print_reference(table, knowledge)}: {figures}.\n\n"
    return head + markdown_table(columns, rows) + "".join(_notes(table, knowledge))


def _sides(mode: Mode) -> tuple[str, ...]:
    return tuple(f"{mode.label} {access}" for access in Access)


def _cell(cell: CorrectedCell, conditions: Conditions) -> str:
    def said(branches: Branches) -> str:
        parts = [f"{vendor_word(b)} {conditions.tag(c)}".strip() for b, c in branches]
        return "; ".join(parts) or NOT_PRINTED

    now = said(cell.branches)
    if cell.changed:
        was = said(cell.was)
        now = f"{f'~~{was}~~' if cell.printed is Printed.WRONG else was} -> **{now}**"
    beside = [f"open: {said((one,))}" for one in cell.open]
    beside += [f"seen: {said((one,))}" for one in cell.silicon]
    return "; ".join((now, *beside)) + "".join(f" [{n}]" for n in cell.notes)


def _notes(table: CorrectedTable, knowledge: Knowledge) -> Iterator[str]:
    yield "\n## Footnotes\n"
    for kind, notes in table.groups:
        yield f"\n### {kind.heading}\n\n"
        for note in notes:
            cells = ", ".join(map(knowledge.name_of, note.cells))
            yield f"- [{note.number}] {cells}\n"
            lines = footnote_lines(note, knowledge)
            yield from (f"  - {for_markdown(line)}\n" for line in lines)
