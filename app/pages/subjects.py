"""What a feed is about: a page, and which data versions concern it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from app.core.cells import CellKey
from app.core.filters import CellFilter
from app.store.stepping import LEDGER, BothViews, FactName
from app.store.steps import CellStep, GroupMembers, VersionStep

EVERYTHING = "/changes"


@dataclass(frozen=True)
class Subject:
    """What a feed is about: its page, its title, and which steps concern it.

    ``path`` and ``query`` are the page's; ``wanted`` is the filter of a table's feed.
    """

    path: str
    title: str
    query: str = ""
    wanted: CellFilter | None = None

    @property
    def name(self) -> str:
        """What it is called in the names of entries: ``r/ldr``, ``table?mode=avic``."""
        mark = f"?{self.query}" if self.query else ""
        return (self.path.strip("/") or "table") + mark

    def address(self, path: str, at: str = "") -> str:
        """Return an address under this subject's query, and pinned if ``at`` says so."""
        parts = (self.query, f"at={at}" if at else "")
        query = "&".join(part for part in parts if part)
        return f"{path}?{query}" if query else path

    @property
    def family(self) -> str:
        """The family that it is about; empty if it is about more."""
        return self.path.removeprefix("/c/") if self.path.startswith("/c/") else ""

    def begins(self, step: VersionStep) -> bool:
        """Whether it was not there before a step."""
        return self.path in step.born or not step.previous

    def cells(self, step: VersionStep) -> Mapping[CellKey, CellStep]:
        """Return the cells of a step that belong to this subject."""
        if self.path == EVERYTHING or self.family or self.wanted is not None:
            return step.cells
        if self.path.startswith(f"{LEDGER}/"):
            return {k: cell for k, cell in step.cells.items() if self.path in cell.differences}
        inside = f"{self.path}/"
        return {k: cell for k, cell in step.cells.items() if f"{k.url}/".startswith(inside)}

    def admitted(
        self,
        step: VersionStep,
        cells: Mapping[CellKey, BothViews],
        members: tuple[GroupMembers, GroupMembers],
    ) -> VersionStep:
        """Return a step with those of its cells that the filter admits, before or after it."""
        assert self.wanted is not None  # noqa: S101 - asked for a table's feed alone
        wanted = self.wanted
        kept = {
            key: step.cells[key]
            for key, sides in cells.items()
            if any(v and wanted.admits(v, m) for v, m in zip(sides, members, strict=True))
        }
        return replace(step, cells=kept)

    def facts(self, step: VersionStep) -> frozenset[FactName] | None:
        """Return the facts of a step that concern this subject; None means all of them."""
        if self.path == EVERYTHING:
            return None
        return frozenset(name for path in self._pages(step) for name in step.pages[path])

    def _pages(self, step: VersionStep) -> tuple[str, ...]:
        """Return the addresses among those that a step touched that this subject is made of."""
        if self.path == LEDGER:
            return tuple(path for path in step.pages if path.startswith(f"{LEDGER}/"))
        if self.wanted is None:
            return (self.path,) if self.path in step.pages else ()
        return tuple(key.url for key in step.cells)
