"""Plain text for terminals and mail, lines or whole sheets: US-ASCII, at most 75 columns."""

from __future__ import annotations

import re
import textwrap
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from itertools import zip_longest
from typing import Any

from app.core.words import Verdict
from app.pens.lines import Line, Linked, Piece, Sourced, Styled
from app.pens.parts import (
    WIDTH,
    Columns,
    Fetched,
    Field,
    Item,
    Para,
    Passage,
    Record,
    Section,
    Sheet,
    Tabular,
    Together,
    Told,
)
from app.pens.place import NOWHERE, Place

COLUMNS = 75
ADDRESS = re.compile("https?://")
# Looks of paragraphs that have an empty line above them in text.
APART = {"lead", "sentence", "prose-width", "inference"}
_CONTROL = re.compile(r"[^\n\t -~]")
_ASCII = str.maketrans(
    {
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{HORIZONTAL ELLIPSIS}": "...",
        "\N{RIGHTWARDS ARROW}": "->",
        "\N{MULTIPLICATION SIGN}": "x",
        "\N{NO-BREAK SPACE}": " ",
    }
)


def to_ascii(text: str) -> str:
    """Return ``text`` in printable US-ASCII: accents dropped, what has no likeness as ``?``."""
    if not text.isascii():
        folded = unicodedata.normalize("NFKD", text.translate(_ASCII))
        bare = "".join(c for c in folded if not unicodedata.combining(c))
        text = bare.encode("ascii", "replace").decode()
    # Strangers' words must not reach a terminal as escapes.
    return text if text.isprintable() else _CONTROL.sub("?", text)


def row_lines(row: Iterable[str], widths: Sequence[int], gap: int = 1) -> Iterator[str]:
    """Return the lines of a row of cells, each wrapped in its column, ``gap`` columns apart."""
    wrapped = (wrap_cell(cell, width) for cell, width in zip(row, widths, strict=True))
    for parts in zip_longest(*wrapped, fillvalue=""):
        padded = (f"{part:<{width}}" for part, width in zip(parts, widths, strict=True))
        yield (" " * gap).join(padded).rstrip()


@lru_cache(4096)
def wrap_cell(cell: str, width: int) -> tuple[str, ...]:
    """Return a cell as the lines that it takes in its column; it may hold several itself."""
    parts = (textwrap.wrap(line, width, break_on_hyphens=False) for line in cell.split("\n"))
    return tuple(line for part in parts for line in part) or ("",)


class _Wrapper(textwrap.TextWrapper):
    """Breaks what is longer than a line, unless it is an address: broken it is none."""

    def _handle_long_word(self, reversed_chunks: list[str], *where: Any) -> None:
        self.break_long_words = not ADDRESS.match(reversed_chunks[-1])
        super()._handle_long_word(reversed_chunks, *where)


class Lines:
    """Lines under construction."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def blank(self) -> None:
        """Add one empty line, never two."""
        if self._lines and self._lines[-1]:
            self._lines.append("")


class Plain(Lines):
    """A text page; every line is wrapped, nothing overflows."""

    def title(self, text: str) -> None:
        """Add the page's title, underlined."""
        self.para(text)
        self._lines.append("=" * COLUMNS)

    def heading(self, text: str) -> None:
        """Add a section heading after an empty line."""
        self.blank()
        self.para(text if to_ascii(text).strip() else "?")
        self._lines.append("-" * len(self._lines[-1]))

    def para(self, text: str, indent: int = 0, hanging: int = 0) -> None:
        """Add wrapped text; further lines are indented by ``hanging`` more columns."""
        pen = _Wrapper(
            COLUMNS,
            initial_indent=" " * indent,
            subsequent_indent=" " * (indent + hanging),
            break_on_hyphens=False,
        )
        self._lines += pen.wrap(to_ascii(text))

    def item(self, text: str, indent: int = 0, mark: str = "-") -> None:
        """Add a list item."""
        self.para(f"{mark} {text}", indent, len(mark) + 1)

    def field(self, label: str, value: str, *, width: int = WIDTH, indent: int = 0) -> None:
        """Add ``label   value``, the value in a column of its own."""
        head = " ".join(to_ascii(label).splitlines())
        if value and len(head) >= width:
            # A label too long for its column has a line of its own.
            self.para(head, indent)
            head = ""
        room = COLUMNS - indent - width
        whole = len(value) <= COLUMNS - indent - 2 or "://" in value
        if " " not in value and len(value) > room and whole:
            # A link that is broken is none, nor is a digest: it has a line of its own.
            self.para(head, indent)
            self.address(value, indent + 2)
            return
        for line in textwrap.wrap(to_ascii(value), room, break_on_hyphens=False):
            self._lines.append(f"{' ' * indent}{head:<{width}}{line}")
            head = ""

    def link(self, label: str, url: str) -> None:
        """Add ``label   url``; a long address has a line of its own, so that it stays whole."""
        if len(url) > COLUMNS - 16:
            self.para(label)
            self.address(url)
        else:
            self.field(label, url)

    def address(self, url: str, indent: int = 2) -> None:
        """Add an address on a line of its own, further to the left where it would be too long.

        One that is longer than a line is the only thing that is: broken it could not be followed.
        """
        self._lines.append(" " * max(0, min(indent, COLUMNS - len(url))) + to_ascii(url))

    def grid(self, rows: Iterable[Sequence[str]], widths: Sequence[int]) -> None:
        """Add rows of cells, each wrapped in its column; columns are one space apart.

        A cell beyond the last column stands below its row.
        """
        for row in rows:
            cells = [to_ascii(cell) for cell in row]
            self._lines += row_lines(cells[: len(widths)], widths)
            for below in cells[len(widths) :]:
                self.para(below, indent=2)

    def raw(self, text: str) -> None:
        """Add lines as they are; the caller keeps them in ASCII and in the columns."""
        self._lines += text.splitlines()

    def render(self) -> str:
        """Return the text, ending in one newline."""
        return "\n".join(line.rstrip() for line in self._lines).rstrip() + "\n"


def add_head(out: Plain, place: Place, path: str) -> None:
    """Add where a page is and which data version it shows.

    A pinned page names its pin alone: nothing in it may ever change.
    """
    pin = place.pin(path)
    whole = len(pin) <= COLUMNS
    if not (place.pinned and whole):
        out.link("URL", f"{place.site}{path}")
    if whole:
        out.link("Pinned", pin)
    else:
        # Broken in two it would be no address; what is to be added never changes either.
        out.field("Pinned", f"with {pin.removeprefix(place.site + path)} at its end")
    out.field("Data version", place.version)


def sheet_text(sheet: Sheet, place: Place) -> str:
    """Return a sheet as text."""
    out = Plain()
    out.title(sheet.title)
    if sheet.pinned:
        add_head(out, place, sheet.path)
    else:
        out.field("URL", place.site + sheet.path)
    add_parts(out, sheet, place)
    return out.render()


def parts_text(whole: Passage, place: Place) -> str:
    """Return parts as text, without the head of a page."""
    out = Plain()
    add_parts(out, whole, place)
    return out.render()


def add_parts(out: Plain, whole: Passage, place: Place, indent: int = 0) -> None:
    """Add the parts of a page, or of one of its parts."""
    for part in (part for part in whole.parts if not part.empty and part.only != "html"):
        if part.above or isinstance(part, Record | Columns) or getattr(part, "look", "") in APART:
            out.blank()
        _add(out, part, place, indent)
        add_parts(out, part, place, indent + _deeper(part))
        if isinstance(part, Record) and part.href:
            out.field("URL", place.site + part.href, width=part.width, indent=2)


def _deeper(part: Passage) -> int:
    """Return by how many columns the parts of a part are indented."""
    if isinstance(part, Section | Together):
        return 0
    return len(part.mark) + 1 if isinstance(part, Item) else 2


def _add(out: Plain, part: Passage, place: Place, indent: int) -> None:
    match part:
        case Section(line):
            out.heading(line)
        case Field():
            _field(out, part, place, indent)
        case Item(line, mark):
            out.item(line_text(line, place), indent, mark)
        case Told(label):
            out.para(line_text(label, place), indent)
        case Tabular():
            rows = ([line_text(cell, place) for cell in row] for row in (*part.heads, *part.rows))
            out.grid(filter(any, rows), part.widths)
        case Columns(line):
            out.raw(line)
        case Record(label, line):
            name = part.mark + line_text(label, place) + line_text(line, place)
            out.para(name, 0, 4 if part.href else 2)
        case Fetched(href, instead):
            address = place.absolute(href)
            fits = len(address) <= COLUMNS - 2 or not instead
            out.address(address if fits else place.site + instead)
        case Para(line):
            out.para(line_text(line, place), indent + part.margin, part.hanging)


def _field(out: Plain, part: Field, place: Place, indent: int) -> None:
    label = line_text(part.label, place)
    for line in (part.line, *part.more):
        out.field(label, line_text(line, place), width=part.width, indent=indent)
        label = ""


def line_text(line: Line, place: Place = NOWHERE) -> str:
    """Return a line as text."""
    return "".join(_words(piece, place) for piece in line)


def _words(piece: Piece, place: Place) -> str:
    match piece:
        case Linked(said, href, told):
            return place.absolute(href) if told else said
        case Sourced(ids):
            return f"[{', '.join(ids)}]"
        case Styled(said):
            return said if piece.told is None else piece.told
        case Verdict():
            return piece.label
        case _:
            return piece
