"""One table, three spellings: CSV, Markdown, and rows for JSON."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain

from app.pens.tame import for_markdown, for_spreadsheet


@dataclass(frozen=True)
class Table:
    """Column names and rows of text, all of one length.

    ``read`` is the Markdown for readers, where that says more than the rows.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    read: str = ""

    def csv(self) -> str:
        """Return RFC 4180 CSV with a header line."""
        return "".join(csv_lines(self.columns, self.rows))

    def markdown(self) -> str:
        """Return a GitHub-flavoured Markdown table, or what readers get in its place."""
        if self.read:
            return self.read
        head, *rows = (map(for_markdown, row) for row in (self.columns, *self.rows))
        return markdown_table(head, rows)

    def records(self) -> list[dict[str, str]]:
        """Return each row by the names of the columns."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def column_names(columns: str) -> tuple[str, ...]:
    """Return the names of columns, written in a row."""
    return tuple(columns.split())


def markdown_table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """Return a Markdown table whose cells are Markdown already."""
    heads = tuple(columns)
    lines = (heads, ("---" for _ in heads), *rows)
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def csv_lines(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Return the lines of RFC 4180 CSV as rows come, the first with the columns."""
    written = csv.writer(line := _Line())
    for row in chain([columns], (map(for_spreadsheet, row) for row in rows)):
        written.writerow(row)
        yield line.text


class _Line:
    """The file of a writer that keeps its last line."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text
