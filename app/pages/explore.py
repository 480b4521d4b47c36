"""Use cases for reading: what a page, a JSON answer or a terminal asks of a snapshot."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from app.core import filters, names
from app.core.cells import CellKey, cells_of
from app.core.facts import Annotation, Difference, Erratum, Family, Register
from app.core.filters import CellFilter
from app.core.views import CellView
from app.core.words import Access, Mode, Verdict
from app.errors import NotFound
from app.store.snapshots import Snapshot

T = TypeVar("T")


@dataclass(frozen=True)
class TableView:
    """The table under a filter: the cells that pass, and the rows in their order."""

    wanted: CellFilter
    cells: Mapping[CellKey, CellView]
    order: tuple[str, ...]
    sentence: str
    counts: tuple[tuple[Verdict, int, CellFilter], ...]

    @property
    def path(self) -> str:
        """The canonical address of this view."""
        query = self.wanted.query()
        return f"/?{query}" if query else "/"

    @property
    def sides(self) -> tuple[tuple[Mode, Access], ...]:
        """The modes and accesses that the filter leaves."""
        return tuple(
            (mode, access)
            for mode in Mode
            for access in Access
            if (not self.wanted["mode"] or mode in self.wanted["mode"])
            and (not self.wanted["access"] or access in self.wanted["access"])
        )


def table(snapshot: Snapshot, wanted: CellFilter) -> TableView:
    """Return the table as a filter wants it."""
    members = snapshot.knowledge.members
    cells = snapshot.cells
    shown = {k: v for k, v in cells.items() if wanted.admits(v, members)}
    worst = [view.verdict for view in shown.values()]
    subject = wanted.only("mode", "access")
    total = sum(subject.admits(view, members) for view in cells.values())
    return TableView(
        wanted=wanted,
        cells=shown,
        order=filters.sort_registers(shown, wanted.text("sort")),
        sentence=filters.sentence(wanted, snapshot.vocabulary, len(shown), total),
        counts=tuple((v, worst.count(v), wanted.but(verdict=(str(v),))) for v in Verdict),
    )


def find_register(snapshot: Snapshot, name: str) -> names.NamedRegister:
    """Return the register that any of its names means; raises NotFound."""
    return names.resolve(name, snapshot.knowledge.registers)


def register_cells(snapshot: Snapshot, register: Register) -> tuple[CellView, ...]:
    """Return the four cells of a register."""
    return tuple(snapshot.cells[key] for key in cells_of(register.slug))


def find_cell(snapshot: Snapshot, name: str, mode: str, access: str) -> CellView:
    """Return a cell by any name of its register.

    Raises NotFound, which names the valid modes and accesses.
    """
    slug = find_register(snapshot, name).register.slug
    if mode not in set(Mode) or access not in set(Access):
        hints = tuple(str(key) for key in cells_of(slug))
        raise NotFound(f"{slug!r} has no cell {mode}/{access}.", hints=hints)
    return snapshot.cells[CellKey(slug, Mode(mode), Access(access))]


def register_annotations(snapshot: Snapshot, register: Register) -> tuple[Annotation, ...]:
    """Return the annotations on a register or on any of its cells, each once."""
    on_cells = {a.slug for view in register_cells(snapshot, register) for a in view.annotations}
    return tuple(
        a
        for a in snapshot.knowledge.annotations.values()
        if a.slug in on_cells or register.slug in a.registers
    )


def find_family(snapshot: Snapshot, slug: str) -> Family:
    """Return a family by slug; raises NotFound."""
    return _find(snapshot.knowledge.families, slug, "family")


def find_difference(snapshot: Snapshot, number: str) -> Difference:
    """Return a difference by number, with or without ``D-``; raises NotFound."""
    bare = number.upper().removeprefix("D-")
    return _find(snapshot.knowledge.differences, bare, "difference")


def find_erratum(snapshot: Snapshot, slug: str) -> Erratum:
    """Return an erratum by slug or by another of its numbers; raises NotFound."""
    for erratum in snapshot.knowledge.errata.values():
        if slug in erratum.aliases:
            return erratum
    return _find(snapshot.knowledge.errata, slug, "erratum")


def _find(known: Mapping[str, T], slug: str, what: str) -> T:
    if slug not in known:
        near = tuple(name for name in known if slug and (slug in name or name in slug))
        raise NotFound(f"There is no {what} {slug!r}.", hints=near[:5] or tuple(known)[:8])
    return known[slug]
