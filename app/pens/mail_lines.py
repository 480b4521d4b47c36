"""Lines for mail and changelogs: US-ASCII, at most 72 columns, proof against git.

A line that must not begin a line of a changelog (``#`` is a comment to git commit, three
dashes end a message for git am) is indented; only first lines and the last paragraph
stand at the margin.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from itertools import permutations

from app.pens.plain import Lines, row_lines, to_ascii, wrap_cell

COLUMNS = 72
INDENT = 2
GAP = 2
# From this many columns on they stand one space apart, unless there is room.
CROWDED = 7
# How many columns one move may give away when a table is fitted.
REACH = 3


class MailBlock(Lines):
    """What is pasted into a mail; every line is wrapped, nothing overflows but the address."""

    def lead(self, text: str) -> None:
        """Add text at the margin; further lines hang, so that no word stands first there."""
        self._lines += _wrap(text, "", " " * INDENT)

    def leads(self, texts: Iterable[str]) -> None:
        """Add several texts at the margin."""
        for text in texts:
            self.lead(text)

    def para(self, text: str) -> None:
        """Add indented text."""
        self._lines += _wrap(text, " " * INDENT, " " * INDENT)

    def note(self, mark: str, texts: Iterable[str]) -> None:
        """Add statements after a mark such as ``[1]``, each on a line of its own."""
        first = " " * INDENT + f"{mark} "
        for text in texts:
            self._lines += _wrap(text, first, " " * (len(mark) + 1 + 2 * INDENT))
            first = " " * len(first)

    def fields(self, rows: Sequence[tuple[str, str]]) -> None:
        """Add ``label:  value`` lines, the values in one column; an empty label continues."""
        width = max((len(to_ascii(label)) for label, _ in rows if label), default=0) + 1 + GAP
        for label, value in rows:
            head = f"{to_ascii(label)}:" if label else ""
            first = " " * INDENT + f"{head:<{width}}"
            # Wrapped lines hang deeper than the next statement under the same label.
            self._lines += _wrap(value, first, " " * (len(first) + INDENT))

    def table(self, rows: Sequence[Sequence[str]], spans: Sequence[tuple[str, int]] = ()) -> None:
        """Add a table whose first row is its head; ``spans`` are titles over its columns."""
        cells = [[to_ascii(cell) for cell in row] for row in rows]
        natural = [
            max(len(line) for cell in column for line in cell.split("\n"))
            for column in zip(*cells, strict=True)
        ]
        many = len(natural) >= CROWDED and sum(natural) > _room(len(natural), GAP)
        gap = 1 if many else GAP
        widths = _fit(cells, natural, gap)
        margin = " " * INDENT
        if spans:
            rooms = _widen(widths, spans, gap)
            self._lines += [margin + line for line in row_lines((t for t, _ in spans), rooms, gap)]
        rule = ["-" * width for width in widths]
        for row in (cells[0], rule, *cells[1:]):
            self._lines += [margin + line for line in row_lines(row, widths, gap)]

    def last(self, texts: Iterable[str], url: str) -> None:
        """Add the last paragraph: what was cited, and its address alone on its line.

        They share a paragraph because git takes an address alone in one for a trailer.
        """
        self.blank()
        self.leads(texts)
        self._lines.append(url)

    def render(self) -> str:
        """Return the text, ending in one newline."""
        return "\n".join(line.rstrip() for line in self._lines) + "\n"


def _wrap(text: str, first: str, later: str) -> list[str]:
    return textwrap.wrap(
        # Reports may bring addresses along; the block's own is the only one.
        to_ascii(text).replace("://", ": //"),
        COLUMNS,
        initial_indent=first,
        subsequent_indent=later,
        break_on_hyphens=False,
    )


def _widen(widths: list[int], spans: Sequence[tuple[str, int]], gap: int) -> list[int]:
    """Give the last column of each group what the group's title needs, if there is room.

    Return how wide each group then is.
    """
    spare = _room(len(widths), gap) - sum(widths)
    rooms, end = [], 0
    for title, count in spans:
        end += count
        room = sum(widths[end - count : end]) + gap * (count - 1)
        given = max(0, min(len(title) - room, spare))
        widths[end - 1] += given
        spare -= given
        rooms.append(room + given)
    return rooms


def _room(columns: int, gap: int) -> int:
    return COLUMNS - INDENT - gap * (columns - 1)


def _fit(rows: Sequence[Sequence[str]], natural: Sequence[int], gap: int) -> list[int]:
    """Return column widths that fit: words stay whole if they can, lines stay few."""
    columns = list(zip(*rows, strict=True))
    widths = list(natural)
    floor = [
        max(len(word) for cell in column for word in (cell.split() or [""])) for column in columns
    ]
    room = _room(len(columns), gap)
    if sum(widths) <= room:
        return widths
    while sum(widths) > room:
        loose = [i for i, width in enumerate(widths) if width > floor[i]] or range(len(widths))
        widths[max(loose, key=lambda i: widths[i])] -= 1
    while better := _shorter(rows, widths, floor):
        widths = better
    return widths


def _shorter(
    rows: Sequence[Sequence[str]], widths: list[int], floor: Sequence[int]
) -> list[int] | None:
    """Return widths that take fewer lines, some columns moved from one to another; or None."""
    best, least = None, _height(rows, widths)
    for giver, taker in permutations(range(len(widths)), 2):
        for step in range(1, min(REACH, widths[giver] - floor[giver]) + 1):
            moved = list(widths)
            moved[giver] -= step
            moved[taker] += step
            if (height := _height(rows, moved)) < least:
                best, least = moved, height
    return best


def _height(rows: Sequence[Sequence[str]], widths: Sequence[int]) -> int:
    return sum(
        max(len(wrap_cell(cell, width)) for cell, width in zip(row, widths, strict=True))
        for row in rows
    )
