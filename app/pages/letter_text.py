"""The letter to the editor of the manual: each change of Table 15-22 with its reason."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

from app.core.cells import CellKey
from app.core.corrected import CorrectedCell, CorrectedTable, Footnote, NoteKind
from app.core.knowledge import Knowledge
from app.core.numbers import count_noun
from app.core.words import Printed
from app.pages.corrected_text import footnote_lines
from app.pages.print_text import branch_words, page_words, print_reference
from app.pens.lines import Linked, Sourced, full_address
from app.pens.parts import Field, Item, Para, Passage, Record, Section, Sheet

TITLE = "To the editor of the manual: Table 15-22"
PATH = "/corrected/letter"
ASK = (
    "In print one column stands for AVIC and for x2AVIC. Under x2AVIC the checks of chapter 16 "
    "come first (15.29.10), so that the two modes differ in most writes. Please give x2AVIC "
    "columns of its own, and make the changes below. Each names the page of the manual from which "
    "it follows; where a step is ours, it says so. Reports of what silicon did stand behind it, "
    "with their grade."
)
SAYS_NOTHING = "The table has no word here, or a dash; other pages of the manual say this."
ASKED = "Here the manual says two things, or leaves it open. Which one holds?"
MISPRINTS = "misprints"
# The groups of footnotes that ask for a change, or for an answer: heading, introduction.
GROUPS = {
    NoteKind.WRONG: ("Wrong", "An ordinary access never meets what is printed."),
    NoteKind.INCOMPLETE: ("Incomplete", "What is printed holds, but lacks a condition."),
    NoteKind.OPEN: ("Questions", ASKED),
    NoteKind.NOT_PRINTED: ("Not printed", SAYS_NOTHING),
}


def letter_sheet(table: CorrectedTable, knowledge: Knowledge, pin: str) -> Sheet:
    """Return the letter: what is asked for, every change with page and reason, and misprints.

    ``pin`` is the query that its links have on a pinned page.
    """
    cells = {cell.key: cell for row in table.rows for cell in row.cells.values()}
    notes = dict(table.groups)
    wrong, lacking = (table.count(printed) for printed in (Printed.WRONG, Printed.INCOMPLETE))
    short = f"{count_noun(wrong, 'cell')} wrong, {count_noun(lacking, 'cell')} incomplete"
    about = f"{print_reference(table, knowledge)}, Guest vAPIC Register Access Behavior"
    return Sheet(TITLE, PATH, up=(Linked("Corrected", "/corrected"), "letter")).holding(
        Field("About", about),
        Field("In short", short),
        Field("As a patch", (full_address(f"/corrected.diff{pin}"),)),
        Field("It applies to", (full_address(f"/corrected/printed{pin}"),)),
        Field("The whole table", (full_address(f"/corrected{pin}"),)),
        Para(ASK, "lead"),
        (
            Section(head, str(kind)).holding(
                Para(said), (_change(note, cells, knowledge) for note in notes[kind])
            )
            for kind, (head, said) in GROUPS.items()
            if kind in notes
        ),
        _misprints(knowledge),
    )


def _change(note: Footnote, cells: dict[CellKey, CorrectedCell], knowledge: Knowledge) -> Record:
    """Return one change: pages and cells, the old text, the new text, and why."""
    mine = [cells[key] for key in note.cells]
    names = ", ".join(map(knowledge.name_of, note.cells))
    pages = page_words(mine)
    record = Record(f"[{note.number}] {f'{pages}: ' if pages else ''}{names}", level=3)
    for (was, now), same in groupby(mine, lambda cell: (cell.was, cell.branches)):
        alone = [cell.key for cell in same]
        of = f" ({', '.join(map(knowledge.name_of, alone))})" if len(alone) < len(mine) else ""
        for label, said in ((f"Old text{of}", was), (f"New text{of}", now)):
            first, *more = branch_words(said, knowledge.conditions)
            record.parts.append(Field(label, first, more=more))
    first, *more = footnote_lines(note, knowledge)
    record.parts.append(Field("Reason", first, more=more))
    return record


def _misprints(knowledge: Knowledge) -> Iterator[Passage]:
    note = knowledge.annotations.get(MISPRINTS)
    if note:
        each = re.split(r"(?<=\.) (?=p\.\d)", note.text)
        yield Section("Misprints around the table", MISPRINTS).holding(
            *map(Item, each),
            Para((Sourced(note.sources),)),
        )
