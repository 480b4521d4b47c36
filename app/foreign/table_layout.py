"""Tables in pasted text, as grids of cells that know where they stood.

Two layouts: columns between bars (Markdown, ASCII with +---+ lines, box drawing), and
columns aligned by white space, with or without a rule of dashes under the titles. A text
between two columns is a fault, never put into the nearest one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, islice, pairwise

from app.foreign.table_markup import with_bars
from app.intake.mail_reading import MailLine
from app.pens.plain import to_ascii

# What draws the same in a terminal; one character for one, so that columns stay.
DRAWN = str.maketrans(
    "│┃║─━═┌┐└┘├┤┬┴┼╔╗╚╝╠╣╦╩╬\u00a0\u2013\u2014\uff5c\uff03", "|||---" + "+" * 18 + " --|#"
)
GAP = re.compile(r" {2,}")
BAR = re.compile(r"(?<!\\)\|")
WORDS = re.compile(r"\S+(?: \S+)*")
# What stands between the cells of a CSV file, where it does not stand in quotes.
COMMAS = [re.compile(rf'{mark}(?=(?:[^"]*"[^"]*")*[^"]*$)') for mark in ",;"]
RULE = re.compile(r"[-=+]+")
ENDLESS = 10**6
# Where a column begins and where the next one does, from 0.
Stretch = tuple[int, int]


@dataclass(frozen=True)
class TableFault:
    """What is wrong in one place of a table, what would be right, and a suggestion."""

    line: int
    column: int
    found: str
    expected: str
    hint: str = ""

    def __str__(self) -> str:
        hint = f" ({self.hint})" if self.hint else ""
        said = f"{self.line}:{self.column}: found {self.found}, expected {self.expected}{hint}"
        return to_ascii(said)


@dataclass(frozen=True)
class Cell:
    """The text of one cell and where it begins: line and column as pasted, from 1."""

    text: str
    line: int
    column: int

    def fault(self, expected: str, hint: str = "", found: str = "") -> TableFault:
        """Return the fault that something else than ``found``, its text, is expected here."""
        return TableFault(self.line, self.column, found or repr(self.text), expected, hint)


@dataclass(frozen=True)
class Grid:
    """One table: titles, the titles above them if there are any, rows of as many cells.

    ``above`` are the lines before it, the nearest first; ``barred`` when bars set its
    cells apart, so that a row without a register is a row all the same.
    """

    head: tuple[Cell, ...]
    over: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    above: tuple[str, ...]
    barred: bool
    faults: tuple[TableFault, ...]


def find_grids(
    lines: Sequence[MailLine], is_head: Callable[[Sequence[str]], bool]
) -> tuple[list[Grid], list[int]]:
    """Return the tables of a text: ``is_head`` knows a line of titles by its cells.

    With them come the numbers of lines at which there are tables without such titles.
    """
    flat = [replace(one, text=one.text.translate(DRAWN)) for one in _barred_tabs(with_bars(lines))]
    grids: list[Grid] = []
    at, taken = 0, set[int]()
    while at < len(flat):
        barred = bool(BAR.search(flat[at].text))
        parts = _barred(flat[at]) if barred else _spaced(flat, at)
        if not is_head([part.text for part in parts]):
            at += 1
            continue
        end = _end(flat, at, barred=barred)
        read = _bars if barred else _columns
        grids.append(read(flat, at, end))
        taken |= set(range(at, end))
        at = end
    return grids, list(_unread(flat, taken))


def _unread(lines: Sequence[MailLine], taken: set[int]) -> Iterator[int]:
    """Yield where two lines or more have two bars or more, and no table that was read."""
    for several, run in groupby(enumerate(lines), lambda at: len(BAR.findall(at[1].text)) > 1):
        rows = list(run)
        if several and len(rows) > 1 and taken.isdisjoint(at for at, _ in rows):
            yield rows[0][1].number


def _barred_tabs(lines: Sequence[MailLine]) -> Iterator[MailLine]:
    """Yield lines with each tab of a spreadsheet's rows as a bar, of any other text as blanks.

    Those have one tab, comma or semicolon between columns, as many in each line up to a blank one.
    """
    for _, run in groupby(lines, lambda line: bool(line.text.strip())):
        rows = list(run)
        tabs = {row.text.count("\t") for row in rows}
        spread = len(tabs) == 1 < len(rows) and tabs != {0}
        # Two in the titles are set by hand; in a row they are a cell that says nothing.
        spread = spread and "\t\t" not in rows[0].text and not any("|" in r.text for r in rows)
        comma = None if spread or len(rows) == 1 else _comma([row.text for row in rows])
        for row in rows:
            text = row.text.replace("\t", "|") if spread else row.text.expandtabs(8)
            yield replace(row, text=comma.sub("|", text) if comma else text)


def _comma(rows: Sequence[str]) -> re.Pattern[str] | None:
    """Return what stands between the cells of a CSV file: as often in each row, twice or more."""
    for comma in COMMAS:
        found = {len(comma.findall(row)) for row in rows if "|" not in row}
        if len(found) == 1 and min(found) > 1:
            return comma
    return None


def _end(lines: Sequence[MailLine], at: int, *, barred: bool) -> int:
    """Return the first line behind a table: a blank one, another depth of quotes, no bars."""
    for i in range(at + 1, len(lines)):
        text = lines[i].text
        if not text.strip() or lines[i].depth != lines[at].depth:
            return i
        if barred and not BAR.search(text) and not _is_rule(lines[i]):
            return i
    return len(lines)


def _is_rule(line: MailLine) -> bool:
    return set(line.text) <= set("-=+:| ") and any(r in line.text for r in ("--", "==", "|-"))


def _cell(line: MailLine, start: int, end: int) -> Cell:
    part = line.text[start:end]
    # The quotes of a line take columns too.
    left = max(0, line.width - len(line.text)) + start + len(part) - len(part.lstrip())
    return Cell(part.strip(), line.number, left + 1)


def _barred(line: MailLine, margins: tuple[bool, bool] | None = None) -> list[Cell]:
    """Split at bars; those at the margins, if the titles have any, hold nothing outside."""
    bars = [match.start() for match in BAR.finditer(line.text)]
    parts = pairwise([-1, *bars, len(line.text)])
    cells = [_cell(line, bar + 1, end) for bar, end in parts]
    left, right = margins or _margins(line)
    cells = cells[1:] if left and not cells[0].text else cells
    cells = cells[:-1] if right and cells and not cells[-1].text else cells
    return [replace(cell, text=cell.text.replace("\\|", "|")) for cell in cells]


def _margins(line: MailLine) -> tuple[bool, bool]:
    text = line.text.strip()
    return text.startswith("|"), text.endswith("|")


def _spaced(lines: Sequence[MailLine], at: int) -> list[Cell]:
    """Return what may be titles: as the rule below them cuts them, else two blanks apart."""
    line = lines[at]
    if at + 1 < len(lines) and _is_rule(lines[at + 1]):
        return [_cell(line, *stretch) for stretch in _stretches(RULE, lines[at + 1].text)]
    return [_cell(line, *match.span()) for match in WORDS.finditer(line.text)]


def _stretches(column: re.Pattern[str], text: str) -> list[Stretch]:
    return list(pairwise([*(match.start() for match in column.finditer(text)), ENDLESS]))


def _bars(lines: Sequence[MailLine], at: int, end: int) -> Grid:
    head, rows, faults = _barred(lines[at]), [], []
    for line in lines[at + 1 : end]:
        if _is_rule(line):
            continue
        cells = tuple(_barred(line, _margins(lines[at])))
        if len(cells) == len(head):
            rows.append(cells)
        else:
            found = f"{len(cells)} cells"
            faults.append(TableFault(line.number, 1, found, f"{len(head)}, as the titles have"))
    over = ("",) * len(head)
    return Grid(tuple(head), over, tuple(rows), _above(lines, at), True, tuple(faults))


def _columns(lines: Sequence[MailLine], at: int, end: int) -> Grid:
    body = [line for line in lines[at + 1 : end] if not _is_rule(line)]
    table = [lines[at], *body]
    if at + 1 < end and _is_rule(lines[at + 1]):
        stretches = _stretches(RULE, lines[at + 1].text)
    else:
        # Columns begin behind gutters: two blanks or more in which no line has text.
        width = max(len(line.text) for line in table)
        taken = (any(line.text[i : i + 1].strip() for line in table) for i in range(width))
        stretches = _stretches(WORDS, "".join("x" if one else " " for one in taken))
    head, *rows = (tuple(_cell(line, *stretch) for stretch in stretches) for line in table)
    faults = list(_crossing(table, stretches))
    # Without a rule only the titles show where columns are.
    faults += [
        cell.fault("two or more spaces between columns") for cell in head if GAP.search(cell.text)
    ]
    pairs = (pair for row in rows for pair in zip(head, row, strict=True))
    untitled = (cell for title, cell in pairs if cell.text and not title.text)
    faults += [cell.fault("a title above this column") for cell in islice(untitled, 1)]
    over = _over(lines, at, [first for first, _ in stretches])
    return Grid(head, over, tuple(rows), _above(lines, at), False, tuple(faults))


def _crossing(lines: Sequence[MailLine], stretches: Sequence[Stretch]) -> Iterator[TableFault]:
    """Yield the words that stand in two columns, or before the first."""
    for line in lines:
        for match in re.finditer(r"\S+", line.text):
            start, end = match.span()
            if not any(first <= start and end <= behind for first, behind in stretches):
                yield _cell(line, start, end).fault("text inside one column")


def _over(lines: Sequence[MailLine], at: int, starts: Sequence[int]) -> tuple[str, ...]:
    """Return for each column the title of the group that it is in, from the line above."""
    groups = []
    if at and lines[at - 1].depth == lines[at].depth:
        groups = [(match.start(), match[0]) for match in WORDS.finditer(lines[at - 1].text)]
    # Prose above a table does not begin where its columns do.
    if any(start not in starts for start, _ in groups):
        groups = []
    return tuple(
        next((title for start, title in reversed(groups) if start <= first), "") for first in starts
    )


def _above(lines: Sequence[MailLine], at: int) -> tuple[str, ...]:
    found: list[str] = []
    for line in reversed(lines[max(0, at - 6) : at]):
        if line.depth != lines[at].depth:
            break
        if line.text.strip():
            found.append(line.text.strip())
    return tuple(found)
