"""What a feed is about: a page, and which data versions concern it."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.filters import CellFilter
from app.core.views import Cells
from app.store.trail import Name, VersionStep

EVERYTHING = "/changes"
LEDGER = "/d"


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

    def concerns(self, step: VersionStep) -> bool:
        """Whether a step did anything to this subject."""
        return self.path == EVERYTHING or bool(self._pages(step))

    def cells(self, step: VersionStep) -> Cells:
        """Return the cells of a step that belong to this subject."""
        if self.path == EVERYTHING or self.family:
            return step.cells
        if self.path.startswith("/d/"):
            return {
                key: sides
                for key, sides in step.cells.items()
                if any(f"/d/{d.slug}" == self.path for v in sides if v for d in v.differences)
            }
        if self.wanted is None:
            inside = f"{self.path}/"
            return {k: v for k, v in step.cells.items() if f"{k.url}/".startswith(inside)}
        return {
            key: sides
            for key, sides in step.cells.items()
            if any(v and self.wanted.admits(v, m) for v, m in zip(sides, step.members, strict=True))
        }

    def facts(self, step: VersionStep) -> frozenset[Name] | None:
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
        return tuple(key.url for key in self.cells(step))
