"""Tables in pasted text, as grids of cells that know where they stood.

Two layouts: columns between bars (Markdown, ASCII with +---+ lines, box drawing), and
columns aligned by white space, with or without a rule of dashes under the titles. A text
between two columns is a fault, never put into the nearest one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from app.intake.mail_reading import MailLine
from app.pens.plain import to_ascii

# What draws the same in a terminal; one character for one, so that columns stay.
DRAWN = str.maketrans("│┃║─━═┌┐└┘├┤┬┴┼╔╗╚╝╠╣╦╩╬\u00a0\u2013\u2014", "|||---" + "+" * 18 + " --")
GAP = re.compile(r" {2,}")
BAR = re.compile(r"(?<!\\)\|")
WORDS = re.compile(r"\S+(?: \S+)*")


@dataclass(frozen=True)
class Cell:
    """The text of one cell and where it begins: line and column as pasted, from 1."""

    text: str
    line: int
    column: int


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
    faults: tuple[TableFault, ...] = ()


@dataclass(frozen=True)
class _Span:
    """Where a column begins and where the next one does, from 0."""

    first: int
    behind: int


def find_grids(lines: Sequence[MailLine], is_head: Callable[[Sequence[str]], bool]) -> list[Grid]:
    """Return the tables of a text: ``is_head`` knows a line of titles by its cells."""
    flat = [replace(one, text=one.text.expandtabs(8).translate(DRAWN)) for one in lines]
    grids, at = [], 0
    while at < len(flat):
        barred = bool(BAR.search(flat[at].text))
        parts = _barred(flat[at]) if barred else _spaced(flat, at)
        if not is_head([part.text for part in parts]):
            at += 1
            continue
        end = _end(flat, at, barred=barred)
        read = _bars if barred else _columns
        grids.append(read(flat, at, end))
        at = end
    return grids


def _end(lines: Sequence[MailLine], at: int, *, barred: bool) -> int:
    """Return the first line behind a table: a blank one, another depth of quotes, no bars."""
    for i in range(at + 1, len(lines)):
        text = lines[i].text
        if not text.strip() or lines[i].depth != lines[at].depth:
            return i
        if barred and not BAR.search(text) and not _is_rule(lines[i]):
            return i
    return len(lines)


def _left(line: MailLine) -> int:
    """How many columns of a line its quotes take."""
    return max(0, line.width - len(line.text))


def _is_rule(line: MailLine) -> bool:
    return set(line.text) <= set("-=+:| ") and ("--" in line.text or "==" in line.text)


def _barred(line: MailLine, margins: tuple[bool, bool] | None = None) -> list[Cell]:
    """Split at bars; those at the margins, if the titles have any, hold nothing outside."""
    cells, start = [], 0
    text = line.text
    for end in [match.start() for match in BAR.finditer(text)] + [len(text)]:
        part = text[start:end]
        first = start + len(part) - len(part.lstrip())
        cells.append(Cell(part.strip().replace("\\|", "|"), line.number, _left(line) + first + 1))
        start = end + 1
    left, right = margins or _margins(line)
    cells = cells[1:] if left and not cells[0].text else cells
    return cells[:-1] if right and cells and not cells[-1].text else cells


def _margins(line: MailLine) -> tuple[bool, bool]:
    text = line.text.strip()
    return text.startswith("|"), text.endswith("|")


def _spaced(lines: Sequence[MailLine], at: int) -> tuple[Cell, ...]:
    """Return what may be titles: as the rule below them cuts them, else two blanks apart."""
    line = lines[at]
    if at + 1 < len(lines) and _is_rule(lines[at + 1]):
        return _cut(line, _ruled(lines[at + 1]))
    return tuple(
        Cell(match[0], line.number, _left(line) + match.start() + 1)
        for match in WORDS.finditer(line.text)
    )


def _bars(lines: Sequence[MailLine], at: int, end: int) -> Grid:
    head, rows, faults = _barred(lines[at]), [], []
    for line in lines[at + 1 : end]:
        if _is_rule(line):
            continue
        cells = _barred(line, _margins(lines[at]))
        if len(cells) == len(head):
            rows.append(tuple(cells))
        else:
            found = f"{len(cells)} cells"
            faults.append(TableFault(line.number, 1, found, f"{len(head)}, as the titles have"))
    over = tuple("" for _ in head)
    return Grid(
        tuple(head), over, tuple(rows), _above(lines, at), barred=True, faults=tuple(faults)
    )


def _columns(lines: Sequence[MailLine], at: int, end: int) -> Grid:
    body = [line for line in lines[at + 1 : end] if not _is_rule(line)]
    rule = next((line for line in lines[at + 1 : end][:1] if _is_rule(line)), None)
    spans = _ruled(rule) if rule else _gutters([lines[at], *body])
    faults = list(_crossing([lines[at], *body], spans))
    head = _cut(lines[at], spans)
    # Without a rule only the titles show where columns are.
    faults += [
        TableFault(at_.line, at_.column, repr(at_.text), "two or more spaces between columns")
        for at_ in head
        if GAP.search(at_.text)
    ]
    rows = tuple(_cut(line, spans) for line in body)
    faults += [TableFault(c.line, c.column, repr(c.text), "a title above this column")
               for row in rows for title, c in zip(head, row, strict=True)
               if c.text and not title.text][:1]  # fmt: skip
    over = _over(lines, at, spans)
    return Grid(head, over, rows, _above(lines, at), barred=False, faults=tuple(faults))


def _ruled(rule: MailLine) -> list[_Span]:
    starts = [match.start() for match in re.finditer(r"[-=+]+", rule.text)]
    return [
        _Span(first, behind) for first, behind in zip(starts, [*starts[1:], 10**6], strict=True)
    ]


def _gutters(lines: Sequence[MailLine]) -> list[_Span]:
    """Return the columns between which no line has text: two blanks or more apart."""
    width = max(len(line.text) for line in lines)
    taken = [any(line.text[i : i + 1].strip() for line in lines) for i in range(width)]
    drawn = "".join("x" if one else " " for one in taken)
    starts = [match.start() for match in WORDS.finditer(drawn)]
    return [
        _Span(first, behind) for first, behind in zip(starts, [*starts[1:], 10**6], strict=True)
    ]


def _crossing(lines: Sequence[MailLine], spans: Sequence[_Span]) -> Iterator[TableFault]:
    """Yield the words that stand in two columns, or before the first."""
    for line in lines:
        for match in re.finditer(r"\S+", line.text):
            inside = any(s.first <= match.start() and match.end() <= s.behind for s in spans)
            if not inside:
                column = _left(line) + match.start() + 1
                yield TableFault(line.number, column, repr(match[0]), "text inside one column")


def _cut(line: MailLine, spans: Sequence[_Span]) -> tuple[Cell, ...]:
    cells = []
    for span in spans:
        part = line.text[span.first : span.behind]
        first = span.first + len(part) - len(part.lstrip())
        cells.append(Cell(part.strip(), line.number, _left(line) + first + 1))
    return tuple(cells)


def _over(lines: Sequence[MailLine], at: int, spans: Sequence[_Span]) -> tuple[str, ...]:
    """Return for each column the title of the group that it is in, from the line above."""
    none = tuple("" for _ in spans)
    if at == 0 or lines[at - 1].depth != lines[at].depth:
        return none
    groups = [(match.start(), match[0]) for match in WORDS.finditer(lines[at - 1].text)]
    starts = {span.first for span in spans}
    # Prose above a table does not begin where its columns do.
    if not groups or any(start not in starts for start, _ in groups):
        return none
    return tuple(
        next((title for start, title in reversed(groups) if start <= span.first), "")
        for span in spans
    )


def _above(lines: Sequence[MailLine], at: int) -> tuple[str, ...]:
    found: list[str] = []
    for line in reversed(lines[max(0, at - 6) : at]):
        if line.depth != lines[at].depth:
            break
        if line.text.strip():
            found.append(line.text.strip())
    return tuple(found)
