"""Use cases for reading: what a page, a JSON answer or a terminal asks of a snapshot."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import compress, product
from operator import or_
from typing import Any, Generic, TypeAlias, TypeVar

from app.core import filters
from app.core.cells import CellKey, cells_of
from app.core.facts import Annotation, Difference, Erratum, Family, Register
from app.core.filtering import Passing
from app.core.filters import CPUS, WHOLE, WRONG, CellFilter, Members
from app.core.measuring import NOT_STATED
from app.core.names import NamedRegister
from app.core.views import CellView, CellViews
from app.core.words import Access, Evidence, Mode, Printed, Scope, Verdict
from app.curation import aliases
from app.errors import NotFound
from app.store.snapshots import Snapshot

T = TypeVar("T")
W = TypeVar("W", Printed, Verdict)
ModeAccess: TypeAlias = tuple[Mode, Access]
# What a part of a page depends on, if it may be kept for others, and what it is made of.
Keyed: TypeAlias = list[tuple[tuple[Hashable, ...], tuple[Any, ...]]]
# A register's cells in the order of the table, and which of them each number says by its bits.
SIDES: tuple[ModeAccess, ...] = tuple(product(Mode, Access))
ROW = len(SIDES)
ALL = (1 << ROW) - 1
BITS = [[bits >> place & 1 for place in range(ROW)] for bits in range(ALL + 1)]


@dataclass(frozen=True)
class Tally(Generic[W]):
    """How many cells a filter admits, and the one word by which it narrows another."""

    word: W
    number: int
    wanted: CellFilter


@dataclass(frozen=True)
class TableView:
    """The table under a filter: which cells pass, and the registers in their order.

    ``left`` has the registers of which any cell passes, and which of ``SIDES``, as bits of a
    number; ``rows`` has those cells. ``headline`` is the whole table's, by mode, and ``ran``
    how many of its cells somebody ran, on any family and on each that is known, ``grouped`` of
    them by reports on a group alone. ``wrong`` is, for each of those families, the view of where
    the manual is wrong on it.
    """

    wanted: CellFilter
    left: Mapping[str, int]
    rows: Mapping[str, tuple[CellView, ...]]
    order: tuple[str, ...]
    sentence: str
    headline: tuple[tuple[Mode, tuple[Tally[Printed], ...]], ...]
    ran: Mapping[str, tuple[int, CellFilter]]
    grouped: int
    wrong: Mapping[str, CellFilter]
    snapshot: Snapshot

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
    def prints(self) -> tuple[Tally[Printed], ...]:
        """What each word for print would leave of it, if anything."""
        return _tallies(self.snapshot, self.wanted, Printed)

    @cached_property
    def verdicts(self) -> tuple[Tally[Verdict], ...]:
        """What each verdict would leave of it, if anything."""
        return _tallies(self.snapshot, self.wanted, Verdict)

    @cached_property
    def cells(self) -> CellViews:
        """The cells that pass, in the order of the table."""
        return {view.key: view for row in self.rows.values() for view in row}

    def at(self, slug: str, side: ModeAccess) -> CellView | None:
        """Return a cell, None where it does not pass."""
        return self.cells.get(CellKey(slug, *side))

    @property
    def keyed_rows(self) -> Keyed:
        """Its registers by what their rows are told by: nothing where policies stand beside."""
        told = self._sides if not self.wanted["policy"] else 0
        return [((slug, self.left[slug], told) if told else (), (slug,)) for slug in self.order]

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

    @property
    def sides(self) -> tuple[ModeAccess, ...]:
        """The modes and accesses of which the filter leaves a cell."""
        return tuple(compress(SIDES, BITS[self._sides]))

    @cached_property
    def _sides(self) -> int:
        return reduce(or_, self.left.values(), 0)


def filter_table(snapshot: Snapshot, wanted: CellFilter) -> TableView:
    """Return the table as a filter wants it."""
    passing = _passing(snapshot)
    bits = passing.of(wanted)
    shown, total = bits.bit_count(), passing.of(wanted.only("mode", "access")).bit_count()
    registers = snapshot.once("registers", lambda: _registers(snapshot))
    left = {slug: some for i, slug in enumerate(registers) if (some := bits >> ROW * i & ALL)}
    rows = {slug: tuple(compress(registers[slug], BITS[some])) for slug, some in left.items()}
    ran = snapshot.once("ran", lambda: _ran(snapshot))
    return TableView(
        wanted=wanted,
        left=left,
        rows=rows,
        order=filters.sort_registers(rows, wanted.text("sort")),
        sentence=filters.sentence(wanted, snapshot.vocabulary, shown, total),
        headline=snapshot.once("headline", lambda: _headline(snapshot)),
        ran=ran,
        grouped=snapshot.once(
            "grouped", lambda: sum(v.ran is Scope.GROUP for v in snapshot.cells.values())
        ),
        wrong=snapshot.once(
            "wrong",
            lambda: {f: WHOLE.but(view=(CPUS,), family=(f,), only=(WRONG,)) for f in ran if f},
        ),
        snapshot=snapshot,
    )


def _registers(snapshot: Snapshot) -> Mapping[str, tuple[CellView, ...]]:
    registers = snapshot.knowledge.registers.values()
    return {register.slug: register_cells(snapshot, register) for register in registers}


def _passing(snapshot: Snapshot) -> Passing[CellView, Members]:
    """Return which cells pass a filter: every number beside a link is of the page it leads to."""
    cells, members = snapshot.cells, snapshot.knowledge.members
    return snapshot.once("passing", lambda: Passing(tuple(cells.values()), members))


def _tallies(snapshot: Snapshot, wanted: CellFilter, words: type[W]) -> tuple[Tally[W], ...]:
    """Return how many cells have each word that any has, with the filter that shows them."""
    each = _passing(snapshot).with_each(wanted, words.__name__.lower(), map(str, words))
    return tuple(Tally(words(word), number, narrowed) for word, number, narrowed in each)


def _ran(snapshot: Snapshot) -> Mapping[str, tuple[int, CellFilter]]:
    """Return how many cells somebody ran: under no name on any family, then on each."""
    whole = WHOLE.but(evidence=tuple(e for e in Evidence if e.ran))
    each_filter = {"": whole} | {
        f: whole.but(family=(f,)) for f in snapshot.knowledge.families if f != NOT_STATED
    }
    return {
        f: (number, wanted)
        for f, wanted in each_filter.items()
        if (number := _passing(snapshot).of(wanted).bit_count()) or not f
    }


def _headline(snapshot: Snapshot) -> tuple[tuple[Mode, tuple[Tally[Printed], ...]], ...]:
    """Return what is wrong with print, x2AVIC first: what was printed with AVIC in mind."""
    found = []
    for mode in reversed(Mode):
        tallies = _tallies(snapshot, WHOLE.but(mode=(str(mode),)), Printed)
        found.append((mode, tuple(tally for tally in tallies if tally.word.mark)))
    return tuple(found)


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
