"""A plain page as a value: its text and its HTML are both made of it.

A line is words, or pieces in a row: words, links and sources. Parts of a kind that follow each
other make one list in HTML. What has nothing to say is left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Any

from app.core.facts import Annotation
from app.pens.page import Page
from app.pens.place import Place, head
from app.pens.plain import COLUMNS, Plain


@dataclass(frozen=True)
class Linked:
    """Words that lead to an address; a text page gives the address if it is ``told``."""

    words: str
    href: str
    told: bool = False


@dataclass(frozen=True)
class Sourced:
    """Sources by name, each leading to what is known of it: ``[apm-3.44, kvm-7.2]``."""

    ids: tuple[str, ...]


Line = str | tuple[str | Linked | Sourced, ...]


@dataclass
class Passage:
    """What a page says in one place, with the parts that belong to it below."""

    kind: str
    line: Line = ""
    label: Line = ""
    id: str = ""
    href: str = ""
    mark: str = ""
    note: Annotation | None = None
    level: int = 2
    parts: list[Passage] = field(default_factory=list)

    def _add(self, kind: str, line: Line = "", **given: Any) -> Passage:
        self.parts.append(Passage(kind, line, **given))
        return self.parts[-1]

    def runs(self) -> list[tuple[str, list[Passage]]]:
        """Return the parts of a kind that follow each other, with the name of the kind."""
        return [(kind, list(run)) for kind, run in groupby(self.parts, key=lambda p: p.kind)]

    def heading(self, words: str, at: str = "") -> None:
        """Add a heading of what follows."""
        self._add("heading", words, id=at)

    def field(self, label: str, line: Line) -> None:
        """Add a label and what stands behind it."""
        if line:
            self._add("field", line, label=label)

    def para(self, line: Line, kind: str = "para") -> None:
        """Add a paragraph; a ``lead`` is one that stands by itself below the title."""
        if line:
            self._add(kind, line)

    def item(self, line: Line) -> Passage:
        """Add an item of a list, and return it for what stands below."""
        return self._add("item", line)

    def record(self, name: Line, line: str = "", **given: str) -> Passage:
        """Add one thing out of many by its name, and return it for what is told of it.

        It stands at ``id``, a text page puts ``mark`` before it, and it has a page at ``href``,
        which a text page names in a line of its own.
        """
        level = 3 if any(part.kind == "heading" for part in self.parts) else 2
        return self._add("record", line, label=name, level=level, **given)

    def fetched(self, href: str, instead: str = "") -> None:
        """Add where something can be fetched; ``instead`` where text has no room for that."""
        if href:
            self._add("fetched", instead, href=href)

    def remarks(self, heading: str, notes: Iterable[Annotation]) -> None:
        """Add annotations, each with the fragment by which search and other pages link it."""
        for number, note in enumerate(notes):
            if not number:
                self.heading(heading)
            self._add("remark", note=note)


@dataclass
class Sheet(Passage):
    """A plain page.

    ``up`` is the list that it belongs to, with its own short name there; ``made`` says in the
    text how the addresses are made to which the HTML has links.
    """

    kind: str = "sheet"
    title: str = ""
    path: str = ""
    up: tuple[Linked, str] | None = None
    made: tuple[str, str] = ("", "")

    def page(self, **parts: Any) -> Page:
        """Return the page, with what else it has."""
        parts = {"path": self.path, "title": self.title, "view": {"sheet": self}} | parts
        return Page(template="sheet.html", text=partial(sheet_text, self), **parts)


def sheet_text(sheet: Sheet, place: Place) -> str:
    """Return a sheet as text."""
    out = Plain()
    out.title(sheet.title)
    head(out, place, sheet.path)
    out.field(sheet.made[0], sheet.made[1] and place.site + sheet.made[1])
    add_parts(out, sheet, place)
    return out.render()


def add_parts(out: Plain, whole: Passage, place: Place, indent: int = 0) -> None:
    """Add the parts of a page, or of one of its parts."""
    for part in whole.parts:
        _add(out, part, place, indent)
        add_parts(out, part, place, indent + 2)
        if part.kind == "record" and part.href:
            out.field("URL", place.site + part.href, indent=2)


def _add(out: Plain, part: Passage, place: Place, indent: int) -> None:
    line = words(part.line, place)
    if part.kind in ("lead", "record"):
        out.blank()
    match part.kind:
        case "heading":
            out.heading(line)
        case "field":
            out.field(words(part.label, place), line, indent=indent)
        case "item":
            out.item(line, indent)
        case "record":
            out.para(part.mark + words(part.label, place) + line, 0, 4 if part.href else 2)
        case "fetched":
            address = place.absolute(part.href)
            out.address(place.site + line if line and len(address) > COLUMNS - 2 else address)
        case "remark" if part.note:
            _remark(out, part.note)
        case _:
            out.para(line, indent)


def words(line: Line, place: Place) -> str:
    """Return a line as text."""
    return "".join(
        piece if isinstance(piece, str)
        else f"[{', '.join(piece.ids)}]" if isinstance(piece, Sourced)
        else place.absolute(piece.href) if piece.told else piece.words
        for piece in line
    )  # fmt: skip


def _remark(out: Plain, note: Annotation) -> None:
    out.item(f"{note.kind}: {note.title}{' (inference)' if note.inference else ''}")
    pages = f" (p.{note.pages})" if note.pages else ""
    out.para(f"{note.text}{pages} [{', '.join(note.sources)}] #note-{note.slug}", 2)
