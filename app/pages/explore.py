"""Use cases for reading: what a page, a JSON answer or a terminal asks of a snapshot."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import product
from typing import Any, Generic, TypeAlias, TypeVar

from app.core import filters
from app.core.cells import CellKey, cells_of
from app.core.facts import Annotation, Difference, Erratum, Family, Register
from app.core.filtering import Passing
from app.core.filters import CPUS, WHOLE, WRONG, CellFilter, Members
from app.core.measuring import NOT_STATED
from app.core.names import NamedRegister
from app.core.views import CellView
from app.core.words import Access, Evidence, Mode, Printed, Scope, Verdict
from app.curation import aliases
from app.errors import NotFound
from app.store.snapshots import Snapshot

T = TypeVar("T")
W = TypeVar("W", Printed, Verdict)
Side: TypeAlias = tuple[Mode, Access]
# What a part of a page depends on, if it may be kept for others, and what it is made of.
Keyed: TypeAlias = list[tuple[tuple[Hashable, ...], tuple[Any, ...]]]
SIDES: tuple[Side, ...] = tuple(product(Mode, Access))


@dataclass(frozen=True)
class Tally(Generic[W]):
    """How many cells a filter admits, and the one word by which it narrows another."""

    word: W
    number: int
    wanted: CellFilter


@dataclass(frozen=True)
class TableView:
    """The table under a filter: the cells that pass, and the rows in their order.

    ``prints`` and ``verdicts`` are what a word more would leave of it; ``headline`` is the whole
    table's, by mode, and ``ran`` how many of its cells somebody ran, on any family and on
    each that is known, ``grouped`` of them by reports on a group alone. ``wrong`` is, for each
    of those families, the view of where the manual is wrong on it.
    """

    wanted: CellFilter
    cells: Mapping[CellKey, CellView]
    order: tuple[str, ...]
    sentence: str
    prints: tuple[Tally[Printed], ...]
    verdicts: tuple[Tally[Verdict], ...]
    headline: tuple[tuple[Mode, tuple[Tally[Printed], ...]], ...]
    ran: Mapping[str, tuple[int, CellFilter]]
    grouped: int
    wrong: Mapping[str, CellFilter]

    @property
    def by_cpu(self) -> CellFilter:
        """The same view with CPUs as columns; of the whole table the part that print gets wrong."""
        most = {"mode": (Mode.X2AVIC,), "access": (Access.WRITE,)}
        return self.wanted.but(view=(CPUS,), **({} if self.wanted.active else most))

    @property
    def path(self) -> str:
        """The canonical address of this view."""
        return self.wanted.at("/")

    @cached_property
    def rows(self) -> Mapping[str, Mapping[Side, CellView]]:
        """The cells that the filter leaves of each register, by mode and access."""
        rows: dict[str, dict[Side, CellView]] = {slug: {} for slug in self.order}
        for key, view in self.cells.items():
            rows[key.register][key.mode, key.access] = view
        return rows

    @property
    def keyed_rows(self) -> Keyed:
        """Its rows by what they are told by: nothing where policies stand beside them."""
        alike = not self.wanted["policy"]
        each = self.rows.items()
        return [((slug, self.sides, *here) if alike else (), (slug, here)) for slug, here in each]

    @property
    def keyed_fields(self) -> Mapping[str, Keyed]:
        """The fields of its form by what they are told by: nothing where two are chosen."""
        found: dict[str, Keyed] = {"first": [], "boxes": [], "select": []}
        for key in self.wanted.keys:
            if control := key.control:
                chosen = self.wanted[key.name]
                told = () if chosen[1:] else (key.name, *chosen)
                found[control.kind if control.more else "first"].append((told, (key,)))
        return found

    @property
    def wrong_here(self) -> str:
        """The family whose wrong cells this view is, empty for any other."""
        return next((family for family, wrong in self.wrong.items() if wrong == self.wanted), "")

    @property
    def folded(self) -> bool:
        """Whether something is chosen of what its form folds away."""
        return any(k.control and k.control.more for k in self.wanted.keys if self.wanted[k.name])

    @cached_property
    def sides(self) -> tuple[Side, ...]:
        """The modes and accesses of which the filter leaves a cell."""
        left = {side for here in self.rows.values() for side in here}
        return tuple(side for side in SIDES if side in left)


def table(snapshot: Snapshot, wanted: CellFilter) -> TableView:
    """Return the table as a filter wants it."""
    cells, passing = snapshot.cells, _passing(snapshot)
    bits = passing.of(wanted)
    shown = {k: v for i, (k, v) in enumerate(cells.items()) if bits >> i & 1}
    total = passing.of(wanted.only("mode", "access")).bit_count()
    ran = snapshot.once("ran", lambda: _ran(snapshot))
    return TableView(
        wanted=wanted,
        cells=shown,
        order=filters.sort_registers(shown, wanted.text("sort")),
        sentence=filters.sentence(wanted, snapshot.vocabulary, len(shown), total),
        prints=_tallies(snapshot, wanted, Printed),
        verdicts=_tallies(snapshot, wanted, Verdict),
        headline=snapshot.once("headline", lambda: _headline(snapshot)),
        ran=ran,
        grouped=snapshot.once(
            "grouped", lambda: sum(view.ran is Scope.GROUP for view in cells.values())
        ),
        wrong=snapshot.once(
            "wrong",
            lambda: {f: WHOLE.but(view=(CPUS,), family=(f,), only=(WRONG,)) for f in ran if f},
        ),
    )


def _passing(snapshot: Snapshot) -> Passing[CellView, Members]:
    """Return which cells pass a filter: every number beside a link is of the page it leads to."""
    cells, members = snapshot.cells, snapshot.knowledge.members
    return snapshot.once("passing", lambda: Passing(tuple(cells.values()), members))


def _tallies(snapshot: Snapshot, wanted: CellFilter, words: type[W]) -> tuple[Tally[W], ...]:
    """Return how many cells have each word, with the page of a filter that shows them."""
    each = _passing(snapshot).with_each(wanted, words.__name__.lower(), map(str, words))
    return tuple(Tally(word, *counted) for word, counted in zip(words, each, strict=True))


def _ran(snapshot: Snapshot) -> Mapping[str, tuple[int, CellFilter]]:
    """Return how many cells somebody ran: under no name on any family, then on each."""
    whole = WHOLE.but(evidence=tuple(e for e in Evidence if e.ran))
    filters_ = {"": whole} | {
        f: whole.but(family=(f,)) for f in snapshot.knowledge.families if f != NOT_STATED
    }
    return {
        f: (number, wanted) for f, wanted in filters_.items()
        if (number := _passing(snapshot).of(wanted).bit_count()) or not f
    }  # fmt: skip


def _headline(snapshot: Snapshot) -> tuple[tuple[Mode, tuple[Tally[Printed], ...]], ...]:
    """Return what is wrong with print, x2AVIC first: what was printed with AVIC in mind."""
    return tuple(
        (mode, tuple(
            tally for tally in _tallies(snapshot, WHOLE.but(mode=(str(mode),)), Printed)
            if tally.word.mark and tally.number
        ))
        for mode in reversed(Mode)
    )  # fmt: skip


def find_register(snapshot: Snapshot, name: str) -> NamedRegister:
    """Return the register that any of its names means; raises NotFound."""
    known = snapshot.knowledge
    return aliases.find_register(name, known.registers, known.annotations)


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
    """Return a family by any of its names; raises NotFound."""
    found = aliases.family_slug(slug, snapshot.knowledge)
    return _find(snapshot.knowledge.families, found or slug, "family")


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
