"""One table, three spellings: CSV, Markdown, and rows for JSON."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain


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
        lines = [self.columns, tuple("---" for _ in self.columns), *self.rows]
        return "".join("| " + " | ".join(map(_escape, line)) + " |\n" for line in lines)

    def records(self) -> list[dict[str, str]]:
        """Return each row by the names of the columns."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def csv_lines(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    """Return the lines of RFC 4180 CSV as rows come, the first with the columns."""
    written = csv.writer(line := _Line())
    for row in chain([columns], ([_harmless(cell) for cell in row] for row in rows)):
        written.writerow(row)
        yield line.text


class _Line:
    """The file of a writer that keeps its last line."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def _escape(cell: str) -> str:
    return cell.replace("\\", "\\\\").replace("|", "\\|").replace("\n", " ").replace("\r", " ")


def _harmless(cell: str) -> str:
    """A spreadsheet runs cells that begin like a formula; a quote keeps them text."""
    runs = cell[:1] in {"=", "+", "@", "\t", "\r"} or (cell[:1] == "-" and len(cell) > 1)
    return "'" + cell if runs else cell
