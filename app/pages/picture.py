"""The whole table as one picture: every register, mode and access, a square each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

from app.core.cells import CellKey, access_method
from app.core.facts import Register
from app.core.numbers import count_noun
from app.core.rulings import Conditions
from app.core.views import CellView
from app.core.words import Access, Mode, Printed, Scope
from app.pens import phrases
from app.pens.lines import full_address
from app.pens.parts import Columns, Field, Included, Para, Sheet
from app.store.snapshots import Snapshot

TITLE = "Table 15-22 as one picture"
LEAD = (
    "Every cell of the table: what is printed, held against the manual's own order. A square is "
    "filled where somebody ran the access, or one of a group that the report names."
)
# Of a square with the gap beside it, of the names of registers, and of a pair of rows.
WIDE, HIGH, GAP = 33, 28, 10
LEFT, TOP = 112, 100
NAME_WIDTH = 20
RAN = {Scope.CELL: "it", Scope.GROUP: "a group that holds it"}


@dataclass(frozen=True)
class Square:
    """A cell in the picture; ``told`` is all that it says."""

    x: int
    key: CellKey
    printed: Printed
    ran: bool
    told: str


@dataclass(frozen=True)
class Strip:
    """The squares of a mode and an access, and how many of them have which word."""

    y: int
    head: str
    way: str
    squares: tuple[Square, ...]
    summary: str


@dataclass(frozen=True)
class Picture:
    """The picture: a column for each register, a strip for each mode and access."""

    registers: tuple[tuple[int, Register], ...]
    strips: tuple[Strip, ...]
    counts: tuple[tuple[Printed, int], ...]

    @property
    def width(self) -> int:
        """How wide the squares and what stands beside them are."""
        return LEFT + WIDE * len(self.registers) + 78

    @property
    def bottom(self) -> int:
        """Where the squares end."""
        return self.strips[-1].y + HIGH

    @property
    def told(self) -> str:
        """The picture in one sentence."""
        numbers = ", ".join(f"{number} {word.label}" for word, number in self.counts)
        return f"{count_noun(len(self.registers), 'register')} by four accesses: {numbers}. {LEAD}"


def picture_of(snapshot: Snapshot) -> Picture:
    """Return the picture of a snapshot, drawn once."""
    return snapshot.once("picture", lambda: _picture(snapshot))


def _picture(snapshot: Snapshot) -> Picture:
    registers = tuple(
        (LEFT + number * WIDE, register)
        for number, register in enumerate(snapshot.knowledge.registers.values())
    )
    strips = tuple(
        _strip(snapshot, number, mode, access, registers)
        for number, (mode, access) in enumerate(product(Mode, Access))
    )
    every = [square.printed for strip in strips for square in strip.squares]
    return Picture(registers, strips, tuple((word, every.count(word)) for word in Printed))


def _strip(
    snapshot: Snapshot,
    number: int,
    mode: Mode,
    access: Access,
    registers: tuple[tuple[int, Register], ...],
) -> Strip:
    squares = []
    for x, register in registers:
        key = CellKey(register.slug, mode, access)
        view = snapshot.cells[key]
        told = _told(view, snapshot.knowledge.conditions)
        squares.append(Square(x, key, view.printed, view.ran is not None, told))
    y = TOP + number * HIGH + GAP * (mode is Mode.X2AVIC)
    marked = ((w, sum(s.printed is w for s in squares)) for w in Printed if w.differs)
    summary = "  ".join(f"{w.mark} {n}" for w, n in marked if n)
    return Strip(y, f"{mode.label} {access}", access_method(mode, access), tuple(squares), summary)


def _told(view: CellView, conditions: Conditions) -> str:
    """``ISR x2AVIC write: wrong in print; printed fault, rules #GP; somebody ran it``."""
    printed = phrases.short_branches(view.table, conditions) or "nothing"
    rules = phrases.short_branches(view.effective, conditions) or "nothing"
    seen = f"; somebody ran {RAN[view.ran]}" if view.ran else ""
    return f"{view.name}: {view.printed.label}; printed {printed}, rules {rules}{seen}"


def picture_sheet(picture: Picture) -> Sheet:
    """Return the picture as a page, with a grid of marks as text."""
    numbers = ", ".join(f"{number} {w.mark or '='} {w.label}" for w, number in picture.counts)
    return Sheet(TITLE, "/map").holding(
        Para(LEAD, "lead"),
        Para(f"{numbers}; * somebody ran it, or a group that holds it", only="text", above=True),
        Field("For slides", (full_address("/map.svg"),)),
        Field("As a table", (full_address("/corrected"),)),
        Included("map/figure.html"),
        Columns("\n".join(_grid(picture)), only="text"),
    )


def _grid(picture: Picture) -> Iterator[str]:
    yield " " * NAME_WIDTH + "".join(f"{s.head:<14}" for s in picture.strips).rstrip()
    for number, (_, register) in enumerate(picture.registers):
        squares = (strip.squares[number] for strip in picture.strips)
        marks = (f"{s.printed.mark or '='}{'*' * s.ran}" for s in squares)
        yield (f"{register.label:<{NAME_WIDTH}}" + "".join(f"{m:<14}" for m in marks)).rstrip()
