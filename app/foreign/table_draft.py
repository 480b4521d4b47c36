"""Use case: the draft of a document from the tables of a mail, or every fault at once."""

from __future__ import annotations

import json

from app import __version__
from app.core.knowledge import Knowledge
from app.core.words import Mode
from app.foreign.table_layout import Cell, find_grids
from app.foreign.table_reading import Drafted, TableReader
from app.foreign.table_titles import Column, is_head
from app.intake.mail_reading import read_mail

# What no table in a mail says; the human who completes the draft does.
DRAFT_MISSING = (
    "measured_at",
    "cpu.vendor",
    "cpu.family",
    "cpu.model",
    "cpu.stepping",
    "hypervisor.name",
    "hypervisor.version",
    "guest.name",
    "guest.command",
)
DRAFT = (
    "A draft made from a table in a mail: add every key that x-missing lists, hold each "
    "observation against the mail (x-line is its line), then remove the keys with x-."
)
COPIED = (
    "These words were copied from what the manual states, not from a run: as a measurement "
    "this would be false, and a reviewer will reject it."
)
# The end of every block that this site gives for mails.
OURS = "Architecture Programmer's Manual vol. 2 (24593) rev"


def import_table(
    raw: bytes, knowledge: Knowledge, column: Column | None = None, mode: Mode | None = None
) -> Drafted:
    """Return the draft of a document from the tables of a mail or any pasted text.

    ``column`` chooses where an access has several columns; ``mode`` is meant by titles
    that name none. The draft lacks what no table says, so `vapic check` refuses it until it
    is completed.
    """
    mail = read_mail(raw)
    lines = mail.lines
    drafted = Drafted(copied=any(OURS in line.text for line in lines), notes=[*mail.notes])
    first: dict[tuple[object, ...], tuple[str, Cell]] = {}
    grids, unread = find_grids(lines, is_head)
    told = "a table whose titles name no register or no access is not read."
    drafted.notes += [f"Line {line}: {told}" for line in unread]
    for grid in grids:
        drafted.tables += 1
        drafted.faults += grid.faults
        TableReader(grid, knowledge, drafted, first).read(column, mode)
    drafted.faults.sort(key=lambda fault: (fault.line, fault.column))
    if drafted.observations and not drafted.faults:
        document = {
            "x-draft": DRAFT,
            "x-missing": list(DRAFT_MISSING),
            **({"x-copied": COPIED} if drafted.copied else {}),
            "format": 1,
            "tool": {"name": "vapic import mail-table", "version": __version__},
            "observations": drafted.observations,
        }
        drafted.raw = (json.dumps(document, indent=1, ensure_ascii=False) + "\n").encode()
    return drafted
