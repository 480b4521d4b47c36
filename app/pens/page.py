"""A page as its parts: where it lives, and what each of its formats is made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Self

from app.pens.parts import Sheet
from app.pens.place import Place
from app.pens.plain import sheet_text
from app.pens.tables import Table

# The formats of pages besides HTML, by the extensions of their addresses.
EXTENSIONS = ("txt", "json", "csv", "md", "atom", "svg", "diff")


@dataclass(frozen=True)
class Page:
    """A page's parts. Formats without a part answer 404 and say which there are.

    ``path`` is its canonical address with its query, without a pin; other names of the page
    are redirected there, to ``anchor`` of it. ``subject`` is what its feed is about; ``feed``
    writes any other one. ``compared`` is the text that two data versions are compared by, where
    that is not ``text``. ``picture`` is the template of its picture, ``diff``
    writes a patch.
    """

    template: str
    text: Callable[[Place], str]
    path: str = ""
    title: str = ""
    view: Mapping[str, Any] = field(default_factory=dict)
    table: Callable[[Place], Table] | None = None
    data: Callable[[Place], Mapping[str, Any]] | None = None
    subject: Any = None
    feed: Callable[[Place], str] | None = None
    compared: Callable[[Place], str] | None = None
    anchor: str = ""
    picture: str = ""
    diff: Callable[[Place], str] | None = None
    status: int = 200

    @classmethod
    def of(cls, sheet: Sheet, *, view: Mapping[str, Any] | None = None, **parts: Any) -> Self:
        """Return a sheet as a page, with what else it has; HTML is plain if no template says."""
        parts = {"template": "sheet.html", "path": sheet.path, "title": sheet.title} | parts
        return cls(text=partial(sheet_text, sheet), view={"sheet": sheet, **(view or {})}, **parts)

    @property
    def formats(self) -> tuple[str, ...]:
        """The extensions this page answers to, besides HTML."""
        feed = self.feed or self.subject
        parts = (self.text, self.data, self.table, self.table, feed, self.picture, self.diff)
        return tuple(name for name, part in zip(EXTENSIONS, parts, strict=True) if part)

    def comparable(self, place: Place) -> str:
        """Return the text by which this page is compared with itself at another data version."""
        return (self.compared or self.text)(place)
