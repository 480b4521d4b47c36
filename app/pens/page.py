"""A page as its parts: what each of its formats is made from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.pens.tables import Table


@dataclass(frozen=True)
class Page:
    """A page's parts. Formats without a part answer 404 and say which there are.

    ``feed`` is the page's address where its changes make a feed; ``atom`` is any other one.
    """

    template: str
    text: Callable[[], str]
    view: Mapping[str, Any] = field(default_factory=dict)
    fragment: str = ""
    table: Callable[[], Table] | None = None
    data: Callable[[], Mapping[str, Any]] | None = None
    atom: Callable[[], str] | None = None
    status: int = 200
    feed: str = ""

    @property
    def formats(self) -> tuple[str, ...]:
        """The extensions this page answers to, besides HTML."""
        extras = (
            ("json", self.data), ("csv", self.table), ("md", self.table),
            ("atom", self.atom or self.feed),
        )  # fmt: skip
        return ("txt", *(name for name, part in extras if part))
