"""A page as a value: its text is made of it, and the HTML of a plain page too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from app.pens.lines import Line, Linked, words
from app.pens.page import Page
from app.pens.parts import (
    Columns,
    Fetched,
    Field,
    Heading,
    Item,
    Para,
    Passage,
    Record,
    Section,
    Tabular,
    Together,
    Told,
)
from app.pens.place import Place, head
from app.pens.plain import COLUMNS, Plain

# Looks of paragraphs that have an empty line above them in text.
APART = {"lead", "sentence", "prose-width", "inference"}


@dataclass
class Sheet(Passage):
    """A page.

    ``up`` is the list that it belongs to, with its own short name there; ``shown`` is its title
    in HTML, where that has a look of its own. A page about a data version is not ``pinned`` to
    another.
    """

    title: str = ""
    path: str = ""
    up: tuple[Linked, str] | None = None
    shown: Line = ""
    pinned: bool = True

    def page(self, *, view: Mapping[str, Any] | None = None, **parts: Any) -> Page:
        """Return the page, with what else it has; as HTML a plain one, if no template says."""
        parts = {"template": "sheet.html", "path": self.path, "title": self.title} | parts
        return Page(text=partial(sheet_text, self), view={"sheet": self, **(view or {})}, **parts)


def sheet_text(sheet: Sheet, place: Place) -> str:
    """Return a sheet as text."""
    out = Plain()
    out.title(sheet.title)
    if sheet.pinned:
        head(out, place, sheet.path)
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
    for part in whole.saying("text"):
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
        case Heading(line) | Section(line):
            out.heading(line)
        case Field(label, line, width):
            out.field(words(label, place), words(line, place), width=width, indent=indent)
        case Item(line, mark):
            out.item(words(line, place), indent, mark)
        case Told(label):
            out.para(words(label, place), indent)
        case Tabular():
            rows = (*part.heads, *part.rows)
            out.grid([[words(cell, place) for cell in row] for row in rows], part.widths)
        case Columns(line):
            out.raw(line)
        case Record(label, line):
            name = part.mark + words(label, place) + words(line, place)
            out.para(name, 0, 4 if part.href else 2)
        case Fetched(href, instead):
            address = place.absolute(href)
            fits = len(address) <= COLUMNS - 2 or not instead
            out.address(address if fits else place.site + instead)
        case Para(line):
            out.para(words(line, place), indent + part.margin, part.hanging)
