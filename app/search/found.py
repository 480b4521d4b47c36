"""What a search answers: results in groups, and where else to look."""

from __future__ import annotations

from dataclasses import dataclass

from app.search.model import KINDS, Query

# A text in parts; those that are True were looked for.
Parts = tuple[tuple[str, bool], ...]


@dataclass(frozen=True)
class Hit:
    """One result."""

    kind: str
    key: str
    path: str
    title: Parts
    snippet: Parts


@dataclass(frozen=True)
class HitGroup:
    """The results of one kind: the best of ``total``; ``rest`` is the query for all of them."""

    kind: str
    total: int
    hits: tuple[Hit, ...]
    rest: str

    @property
    def label(self) -> str:
        """The kind in the plural."""
        return KINDS[self.kind]


@dataclass(frozen=True)
class InTable:
    """The table under the same keys; ``same`` when it shows exactly the cells that were found."""

    path: str
    cells: int
    same: bool


@dataclass(frozen=True)
class SearchResult:
    """The answer to a query."""

    query: Query
    exact: tuple[Hit, ...] = ()
    groups: tuple[HitGroup, ...] = ()
    table: InTable | None = None
    near: tuple[str, ...] = ()

    @property
    def total(self) -> int:
        """How many things were found."""
        return len(self.exact) + sum(group.total for group in self.groups)
