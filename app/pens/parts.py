"""What a page is made of, as values: headings, fields, paragraphs, items, records.

Parts of a kind that follow each other make one list in HTML. What has nothing to say is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import ClassVar, Self

from app.core.facts import Annotation
from app.pens.lines import Line, Linked, Sourced

# The column of a field's label.
WIDTH = 16
# The same of long labels.
WIDE = 24


@dataclass
class Passage:
    """What a page says in one place, with the parts that belong to it below.

    ``needs`` names what it has nothing to say without; it may be ``only`` for ``text`` or for
    ``html``, and stand in text below an empty line ``above`` it.
    """

    kind: ClassVar[str] = ""
    needs: ClassVar[str] = "line"
    only: str = field(default="", kw_only=True)
    above: bool = field(default=False, kw_only=True)
    parts: list[Passage] = field(default_factory=list, init=False)

    @property
    def empty(self) -> bool:
        """Whether it has nothing to say."""
        return not getattr(self, self.needs)

    def runs(self) -> list[tuple[str, list[Passage]]]:
        """Return the parts in HTML of a kind that follow each other, with the name of the kind."""
        shown = (part for part in self.parts if not part.empty and part.only != "text")
        return [(kind, list(run)) for kind, run in groupby(shown, lambda p: p.kind)]

    def holding(self, *parts: Passage | Iterable[Passage]) -> Self:
        """Add parts that belong to it, one by one or some together, and return it."""
        for part in parts:
            self.parts += [part] if isinstance(part, Passage) else part
        return self


@dataclass
class Section(Passage):
    """A heading and what stands below it; left out where that is nothing."""

    kind = "section"
    needs = "parts"
    line: str
    id: str = ""


@dataclass
class Field(Passage):
    """A label and what stands behind it, in a column of its own in text, with ``more`` lines.

    One without a label goes on with the field above.
    """

    kind = "field"
    label: Line
    line: Line
    width: int = WIDTH
    more: Sequence[Line] = ()


@dataclass
class Told(Passage):
    """A name with several lines about it."""

    kind = "told"
    needs = "label"
    label: Line


@dataclass
class Tabular(Passage):
    """Rows of cells below rows of heads; in text each column has its width, and no row is empty.

    A cell for which ``widths`` has none stands in text below its row, as wide as the page.
    ``look`` is a class of its table in HTML.
    """

    kind = "tabular"
    needs = "rows"
    label: str
    heads: Sequence[Sequence[Line]]
    rows: Sequence[Sequence[Line]]
    widths: Sequence[int]
    look: str = ""


@dataclass
class Columns(Passage):
    """Text that is in columns already; it must keep to those of a text page."""

    kind = "columns"
    line: str


@dataclass
class Para(Passage):
    """A paragraph, with a look of its own in HTML.

    In text it stands ``margin`` columns to the right, further lines ``hanging`` more.
    """

    kind = "para"
    line: Line
    look: str = ""
    margin: int = 0
    hanging: int = 0


@dataclass
class Item(Passage):
    """An item of a list; a text page puts ``mark`` before it, HTML has it at ``id``."""

    kind = "item"
    line: Line
    mark: str = "-"
    id: str = ""


@dataclass
class ShortItem(Item):
    """One of many short names in a list, which HTML sets in columns."""

    kind = "short"


@dataclass
class Step(Item):
    """One of several checks in their order, which HTML shows side by side with their looks."""

    kind = "step"
    look: str = ""


@dataclass
class Together(Passage):
    """Parts that HTML has in one element, so that a script can replace it: that at ``id``."""

    kind = "together"
    needs = "parts"
    id: str


@dataclass
class Included(Passage):
    """What a page needs of its own in HTML alone, such as a form: its template."""

    kind = "included"
    line: str
    only: str = field(default="html", kw_only=True)


@dataclass
class Record(Passage):
    """One thing out of many by its name.

    It stands at ``id``, a text page puts ``mark`` before it, and it has a page at ``href``, which
    a text page names in a field of ``width``. ``level`` is that of its heading in HTML.
    """

    kind = "record"
    needs = "label"
    label: Line
    line: Line = ""
    id: str = ""
    href: str = ""
    mark: str = ""
    width: int = WIDTH
    level: int = 2


@dataclass
class Fetched(Passage):
    """Where something can be fetched; ``instead`` where text has no room for that."""

    kind = "fetched"
    needs = "href"
    href: str
    instead: str = ""


@dataclass
class Remark(Item):
    """An annotation, with the fragment by which search and other pages link it."""

    kind = "remark"
    note: Annotation | None = None

    @classmethod
    def of(cls, note: Annotation) -> Remark:
        """Return an annotation as a part; HTML folds its words away."""
        inference = " (inference)" if note.inference else ""
        pages = f" (p.{note.pages})" if note.pages else ""
        said = (f"{note.text}{pages} ", Sourced(note.sources), f" #note-{note.slug}")
        return cls(f"{note.kind}: {note.title}{inference}", note=note).holding(Para(said))


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
