"""Tables in the markup of wikis and manuals, as lines with bars between their cells.

reStructuredText's list-table and csv-table, MediaWiki, Jira, AsciiDoc, LaTeX, and cells of
spreadsheets that hold line breaks. A row stands at its first line; any other text stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from app.intake.mail_reading import MailLine

MOST_JOINED = 8
_ITEM = re.compile(r"(?P<row>\s*[*-]\s+)?(?:\s*)[*-](?:\s+(?P<cell>.*)|$)")
_OPTION = re.compile(r"\s*:(?P<name>[\w-]+):\s*(?P<said>.*)")
_BAR = re.compile(r"(?<!\\)\|")

Row = tuple[MailLine, list[str]]


def with_bars(lines: Sequence[MailLine]) -> list[MailLine]:
    """Return lines in which each table of a known markup has bars."""
    out: list[MailLine] = []
    at = 0
    while at < len(lines):
        text = lines[at].text.strip()
        begins = next((rows for begin, rows in _KINDS if begin.fullmatch(text)), None)
        end = _end(lines, at, text) if begins else at
        if begins is None:
            out.append(lines[at])
            at += 1
            continue
        inner = lines[at:end]
        rows = list(begins(inner))
        at = end
        # A blank line parts it from what stands above.
        out.append(replace(inner[0], text=""))
        out += [replace(first, text=f"| {' | '.join(cells)} |", width=0) for first, cells in rows]
        out.append(replace(inner[-1], text=""))
    return [_jira(one) for one in _joined(out)]


def _end(lines: Sequence[MailLine], at: int, text: str) -> int:
    """Return the line behind a table: behind its closing mark, or the first one not indented."""
    closed = {"{|": "|}", "|===": "|===", "\\begin": "\\end"}
    close = next((mark for begin, mark in closed.items() if text.startswith(begin)), "")
    for n in range(at + 1, len(lines)):
        line = lines[n].text
        if lines[n].depth != lines[at].depth:
            return n
        if close and line.strip().startswith(close):
            return n + 1
        if not close and line.strip() and line[:1].strip():
            return n
    return len(lines)


def _list_table(lines: Sequence[MailLine]) -> Iterator[Row]:
    """Yield rows of a list of lists; what is indented further goes on with its cell."""
    row: Row | None = None
    for line in lines[1:]:
        if _OPTION.fullmatch(line.text) or not line.text.strip():
            continue
        if item := _ITEM.fullmatch(line.text):
            cell = (item["cell"] or "").strip()
            if item["row"]:
                if row:
                    yield row
                row = line, [cell]
                continue
            if row:
                row[1].append(cell)
                continue
        if row:
            row[1][-1] = f"{row[1][-1]} {line.text.strip()}"
    if row:
        yield row


def _csv_table(lines: Sequence[MailLine]) -> Iterator[Row]:
    for line in lines[1:]:
        option = _OPTION.fullmatch(line.text)
        if option and option["name"] != "header":
            continue
        text = option["said"] if option else line.text.strip()
        if text:
            parts = re.split(r",(?=(?:[^\"]*\"[^\"]*\")*[^\"]*$)", text)
            yield line, [part.strip().strip('"').strip() for part in parts]


def _media_wiki(lines: Sequence[MailLine]) -> Iterator[Row]:
    row: Row | None = None
    for line in lines[1:]:
        text = line.text.strip()
        if text.startswith(("|-", "|}", "|+")):
            if row and not text.startswith("|+"):
                yield row
                row = None
        elif text[:1] in ("|", "!"):
            cells = re.split(r"\|\||!!" if text[0] == "!" else r"\|\|", text[1:])
            # What stands before a bar of its own is how the cell looks.
            plain = [re.sub(r"^\s*[\w-]+=\S[^|]*\|", "", cell).strip() for cell in cells]
            row = (row[0], [*row[1], *plain]) if row else (line, plain)


def _ascii_doc(lines: Sequence[MailLine]) -> Iterator[Row]:
    """Yield rows of as many cells as the first line of them has."""
    cells: list[tuple[MailLine, str]] = []
    width = 0
    for line in lines[1:]:
        text = line.text.strip()
        if not text or text.startswith("|==="):
            continue
        here = [cell.strip() for cell in _BAR.split(text)]
        if cells and here[0]:
            cells[-1] = cells[-1][0], f"{cells[-1][1]} {here[0]}"
        cells += [(line, cell) for cell in here[1:]]
        width = width or len(cells)
    for n in range(0, len(cells), max(1, width)):
        yield cells[n][0], [cell for _, cell in cells[n : n + width]]


def _latex(lines: Sequence[MailLine]) -> Iterator[Row]:
    for line in lines[1:]:
        text = re.sub(r"\\(?:hline|(?:top|mid|bottom)rule)\s*", "", line.text).strip()
        text = re.sub(r"\s*\\\\(?:\[.*\])?$", "", text)
        if text and not text.startswith("\\end"):
            cells = re.split(r"(?<!\\)&", text)
            plain = (re.sub(r"\\(?:text\w\w|emph)\{([^{}]*)\}", r"\1", cell) for cell in cells)
            yield line, [re.sub(r"\\([#_&%$])", r"\1", cell).strip() for cell in plain]


# How a table begins, and what reads the lines from there.
_KINDS: tuple[tuple[re.Pattern[str], Callable[[Sequence[MailLine]], Iterator[Row]]], ...] = (
    (re.compile(r"\.\. (?:flat|list)-table::.*"), _list_table),
    (re.compile(r"\.\. csv-table::.*"), _csv_table),
    (re.compile(r"\{\|.*"), _media_wiki),
    (re.compile(r"\|===+"), _ascii_doc),
    (re.compile(r"\\begin\{(?:tabular|tabularx|longtable|array)\*?\}.*"), _latex),
)


def _jira(line: MailLine) -> MailLine:
    """Return a line of titles with single bars."""
    text = line.text.strip()
    titles = text.startswith("||") and text.endswith("||")
    return replace(line, text=text.replace("||", "|")) if titles else line


def _joined(lines: Sequence[MailLine]) -> Iterator[MailLine]:
    """Yield lines; one with a quoted cell that does not end goes on in the next ones."""
    at = 0
    while at < len(lines):
        text, end = lines[at].text, at + 1
        listed = "\t" in text or text.count(",") > 1 or text.count(";") > 1
        while listed and text.count('"') % 2 and end < min(len(lines), at + MOST_JOINED):
            text, end = f"{text} {lines[end].text}", end + 1
        if text.count('"') % 2:
            # It was a mark like any other.
            text, end = lines[at].text, at + 1
        yield replace(lines[at], text=text)
        at = end
