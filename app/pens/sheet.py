"""A page as a value: its text is made of it, and the HTML of a plain page too.

A line is words, or pieces in a row: words, links and sources. Parts of a kind that follow each
other make one list in HTML. What has nothing to say is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import partial
from itertools import groupby
from typing import Any, ClassVar

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


def told(href: str) -> Linked:
    """Return an address that a page gives in full."""
    return Linked(href, href, told=True)


Line = str | tuple[str | Linked | Sourced, ...]


@dataclass
class Passage:
    """What a page says in one place, with the parts that belong to it below.

    ``needs`` names what it has nothing to say without. The methods add parts one by one.
    """

    kind: ClassVar[str] = ""
    needs: ClassVar[str] = "line"
    parts: list[Passage] = field(default_factory=list, kw_only=True)

    @property
    def saying(self) -> tuple[Passage, ...]:
        """The parts that have something to say."""
        return tuple(part for part in self.parts if getattr(part, part.needs))

    def runs(self) -> list[tuple[str, list[Passage]]]:
        """Return the parts of a kind that follow each other, with the name of the kind."""
        return [(kind, list(run)) for kind, run in groupby(self.saying, key=lambda p: p.kind)]

    def heading(self, words: str, at: str = "") -> None:
        """Add a heading of what follows."""
        self.parts.append(Heading(words, at))

    def field(self, label: Line, line: Line) -> None:
        """Add a label and what stands behind it."""
        self.parts.append(Field(label, line))

    def para(self, line: Line, kind: str = "para") -> None:
        """Add a paragraph; a ``lead`` is one that stands by itself below the title."""
        self.parts.append(Lead(line) if kind == "lead" else Para(line))

    def item(self, line: Line) -> Item:
        """Add an item of a list, and return it for what stands below."""
        self.parts.append(item := Item(line))
        return item

    def record(self, name: Line, line: str = "", **given: Any) -> Record:
        """Add one thing out of many by its name, and return it for what is told of it."""
        level = 3 if any(isinstance(part, Heading | Section) for part in self.parts) else 2
        self.parts.append(record := Record(name, line, level=level, **given))
        return record

    def fetched(self, href: str, instead: str = "") -> None:
        """Add where something can be fetched; ``instead`` where text has no room for that."""
        self.parts.append(Fetched(href, instead))

    def remarks(self, heading: str, notes: Iterable[Annotation]) -> None:
        """Add annotations, each with the fragment by which search and other pages link it."""
        self.parts.append(Section(heading, parts=[Remark(note) for note in notes]))


@dataclass
class Heading(Passage):
    """A heading of what follows."""

    kind = "heading"
    line: str
    id: str = ""


@dataclass
class Section(Passage):
    """A heading and what stands below it; left out where that is nothing."""

    kind = "section"
    needs = "parts"
    line: str


@dataclass
class Field(Passage):
    """A label and what stands behind it, in a column of its own in text.

    One without a label goes on with the field above.
    """

    kind = "field"
    label: Line
    line: Line
    width: int = 16


@dataclass
class Para(Passage):
    """A paragraph."""

    kind = "para"
    line: Line


@dataclass
class Lead(Para):
    """A paragraph that stands by itself below the title."""

    kind = "lead"


@dataclass
class Item(Passage):
    """An item of a list; a text page puts ``mark`` before it."""

    kind = "item"
    line: Line
    mark: str = "-"


@dataclass
class Record(Passage):
    """One thing out of many by its name.

    It stands at ``id``, a text page puts ``mark`` before it, and it has a page at ``href``,
    which a text page names in a line of its own. ``level`` is that of its heading in HTML.
    """

    kind = "record"
    needs = "label"
    label: Line
    line: Line = ""
    id: str = ""
    href: str = ""
    mark: str = ""
    level: int = 2


@dataclass
class Fetched(Passage):
    """Where something can be fetched; ``instead`` where text has no room for that."""

    kind = "fetched"
    needs = "href"
    href: str
    instead: str = ""


@dataclass
class Remark(Passage):
    """An annotation, with the fragment by which search and other pages link it."""

    kind = "remark"
    needs = "note"
    note: Annotation


@dataclass
class Sheet(Passage):
    """A page.

    ``up`` is the list that it belongs to, with its own short name there; ``made`` says in the
    text how the addresses are made to which the HTML has links.
    """

    title: str = ""
    path: str = ""
    up: tuple[Linked, str] | None = None
    made: tuple[str, str] = ("", "")

    def page(self, *, view: Mapping[str, Any] | None = None, **parts: Any) -> Page:
        """Return the page, with what else it has; as HTML a plain one, if no template says."""
        parts = {"template": "sheet.html", "path": self.path, "title": self.title} | parts
        return Page(text=partial(sheet_text, self), view={"sheet": self, **(view or {})}, **parts)


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
    for part in whole.saying:
        _add(out, part, place, indent)
        add_parts(out, part, place, indent + _deeper(part))
        if isinstance(part, Record) and part.href:
            out.field("URL", place.site + part.href, indent=2)


def _deeper(part: Passage) -> int:
    """Return by how many columns the parts of a part are indented."""
    if isinstance(part, Section):
        return 0
    return len(part.mark) + 1 if isinstance(part, Item) else 2


def _add(out: Plain, part: Passage, place: Place, indent: int) -> None:
    if isinstance(part, Lead | Record):
        out.blank()
    match part:
        case Heading(line) | Section(line):
            out.heading(line)
        case Field(label, line, width):
            out.field(words(label, place), words(line, place), width=width, indent=indent)
        case Item(line, mark):
            out.item(words(line, place), indent, mark)
        case Record(label, line):
            name = part.mark + words(label, place) + words(line, place)
            out.para(name, 0, 4 if part.href else 2)
        case Fetched(href, instead):
            address = place.absolute(href)
            fits = len(address) <= COLUMNS - 2 or not instead
            out.address(address if fits else place.site + instead)
        case Remark(note):
            _remark(out, note)
        case Para(line):
            out.para(words(line, place), indent)


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
