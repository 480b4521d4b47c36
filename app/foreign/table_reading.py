"""One table of a mail, read into observations; what is not understood is a fault, never a guess."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, TypeVar

from app.core.knowledge import Knowledge
from app.core.words import Access, Mode
from app.errors import NotFound
from app.foreign.table_layout import Cell, Grid, TableFault
from app.foreign.table_registers import NamedPlace, places_of
from app.foreign.table_titles import Column, Kind, Title, mode_meant, read_title, with_group
from app.foreign.table_words import LONGEST_WORD, Said, UnknownWord, nearest_word, read_cell
from app.pens.plain import to_ascii

PLACES = (Kind.MSR, Kind.OFFSET, Kind.NAME)
ADDRESS = re.compile(r"\b([0-9A-F]{3}h(?:-[0-9A-F]{3}h)?)")
T = TypeVar("T")


@dataclass
class Drafted:
    """What was read: observations as format 1 has them, faults, and counts.

    ``silent`` counts cells that say nothing; ``copied`` is whether the words are those of a
    manual, not what was seen; ``modeless`` is whether --mode would say what no title does;
    ``notes`` say what was not read or not understood and does not
    matter; ``raw`` is empty where there are faults or nothing to draft.
    """

    tables: int = 0
    rows: int = 0
    silent: int = 0
    copied: bool = False
    modeless: bool = False
    notes: list[str] = field(default_factory=list)
    observations: list[dict[str, Any]] = field(default_factory=list)
    faults: list[TableFault] = field(default_factory=list)
    raw: bytes = b""


@dataclass
class TableReader:
    """One table while it is read; ``first`` is what was said first of each access, and where."""

    grid: Grid
    knowledge: Knowledge
    drafted: Drafted
    first: dict[tuple[object, ...], tuple[str, Cell]]
    titles: dict[int, Title] = field(default_factory=dict)

    def read(self, column: Column | None, mode: Mode | None) -> None:
        """Read it into ``drafted``: observations, or faults.

        ``column`` chooses among several of one access; ``mode`` is that of titles without one.
        """
        self._read_titles(mode)
        chosen = self._chosen(column)
        ways = {self.titles[i].way for i in chosen}
        # Where no column was chosen the words of all are checked all the same.
        doubtful = [i for i in self._columns(Kind.OUTCOME) if self.titles[i].way not in ways]
        named = self._columns(*PLACES)
        above = () if named else self._register_above()
        if not above and not named:
            self._fault(self.grid.head[0], "a column or a line above that names the register")
            return
        for row in self._rows():
            self.drafted.rows += 1
            places = above or self._register(row)
            for i in chosen:
                self._outcomes(row, i, places)
            for i in doubtful:
                self._understood(row[i], self._reader(self.titles[i].mode, self.titles[i]))

    def _columns(self, *kinds: Kind) -> list[int]:
        return [i for i, title in self.titles.items() if title.kind in kinds]

    def _reader(self, mode: Mode | None, title: Title) -> Callable[[str], tuple[Said, ...]]:
        conditions = self.knowledge.conditions
        return partial(read_cell, conditions=conditions, mode=mode, assumed=title.assumed)

    def _fault(self, cell: Cell, expected: str, hint: str = "", found: str = "") -> None:
        self.drafted.faults.append(cell.fault(expected, hint, found))

    def _understood(self, cell: Cell, read: Callable[[str], T]) -> T | None:
        """Return what a text means; None is a fault."""
        try:
            return read(cell.text)
        except UnknownWord as unknown:
            # As it stands there, not as it was taken apart.
            self._fault(cell, unknown.expected, unknown.hint, repr(cell.text[:LONGEST_WORD]))
            return None

    def _read_titles(self, mode: Mode | None) -> None:
        """Find the columns whose titles are understood; the others are faults."""
        if not mode and (
            mode := mode_meant([cell.text for cell in self.grid.head], self.grid.above)
        ):
            told = f"what names no mode is taken for {mode.label}; --mode says another one"
            self.drafted.notes.append(f"Line {self.grid.head[0].line}: {told}.")
        for i, cell in enumerate(self.grid.head):
            if cell.text and (title := self._understood(cell, read_title)):
                self.titles[i] = with_group(title, self.grid.over[i], mode)
        if self._columns(Kind.ACCESS):
            return
        for i in self._columns(Kind.OUTCOME):
            if self.titles[i].access is None:
                self._fault(self.grid.head[i], "RDMSR, WRMSR, read or write in this title")
                del self.titles[i]
            elif self.titles[i].mode is None:
                self._fault(self.grid.head[i], "AVIC or x2AVIC in this title, or --mode")
                self.drafted.modeless = True
                del self.titles[i]

    def _chosen(self, column: Column | None) -> list[int]:
        """Return the columns of outcomes to be read: one for each access, never a guess."""
        ways: dict[tuple[Mode | None, Access | None], list[int]] = {}
        for i in self._columns(Kind.OUTCOME):
            ways.setdefault(self.titles[i].way, []).append(i)
        chosen = []
        for group in ways.values():
            plain = [i for i in group if self.titles[i].variant is None]
            asked = [i for i in group if column and self.titles[i].variant is column]
            found = asked or plain
            if len(found) > 1:
                self._fault(self.grid.head[found[1]], "one column for each access")
            elif not found:
                names = sorted({str(self.titles[i].variant) for i in group})
                offered = " or ".join(f"--column {name}" for name in names)
                self._fault(self.grid.head[group[0]], f"{offered}: which column was meant")
            chosen += found[:1]
        variants = {self.titles[i].variant for i in chosen}
        if column and chosen and column not in variants and not self.drafted.faults:
            self._fault(self.grid.head[chosen[0]], f"a column `{column}`, as --column asks")
        self.drafted.copied |= not variants.isdisjoint((Column.TABLE, Column.RULES))
        return chosen

    def _rows(self) -> Iterator[Sequence[Cell]]:
        """Yield rows; a line whose register is empty continues the row above it."""
        keys = self._columns(*PLACES, Kind.ACCESS)
        if not self.grid.barred:
            # Addresses wrap in our own blocks, names never do.
            keys = self._columns(Kind.NAME, Kind.ACCESS) or keys
        begun: Sequence[Cell] = ()
        for row in self.grid.rows:
            if begun and not any(row[i].text for i in keys):
                begun = [
                    replace(a if a.text else b, text=f"{a.text} {b.text}".strip())
                    for a, b in zip(begun, row, strict=True)
                ]
                continue
            if begun:
                yield begun
            begun = row
        if begun:
            yield begun

    def _register(self, row: Sequence[Cell]) -> tuple[NamedPlace, ...]:
        """Return what all columns of a row that name its register agree on."""
        found: tuple[NamedPlace, ...] = ()
        for i in (*self._columns(Kind.MSR, Kind.OFFSET), *self._columns(Kind.NAME)):
            cell = row[i]
            if cell.text in ("", "-"):
                continue
            try:
                here = places_of(cell.text, self.knowledge.registers, found)
            except NotFound as error:
                if not found:
                    hint = nearest_word(cell.text, error.hints)
                    self._fault(cell, "a slug, a macro, an offset or an MSR", hint)
                    return ()
                told = f"{cell.text!r} is no name here; its row says {found[0][0]}"
                self.drafted.notes.append(to_ascii(f"Line {cell.line}: {told}."))
                continue
            if found and {slug for slug, _ in here} != {slug for slug, _ in found}:
                self._fault(cell, f"a name of {found[0][0]}, as this row says")
                return ()
            # The column that names a member knows more than the one that names the row.
            found = here if not found or here[0][1] is not None else found
        if not found:
            self._fault(row[0], "its MSR, offset or name", found="a row without a register")
        return found

    def _register_above(self) -> tuple[NamedPlace, ...]:
        """Return the register in the title of one of our own blocks, above its table."""
        for line in self.grid.above:
            _, colon, rest = line.partition(": ")
            if colon and (found := ADDRESS.findall(rest)):
                try:
                    return places_of(found[0], self.knowledge.registers)
                except NotFound:
                    return ()
        return ()

    def _outcomes(self, row: Sequence[Cell], i: int, places: Sequence[NamedPlace]) -> None:
        cell, way = row[i], self._way(row, self.titles[i])
        if way is None:
            return
        said = self._understood(cell, self._reader(way[0], self.titles[i]))
        if said is None:
            return
        self.drafted.silent += not said
        if "~~" in cell.text:
            told = f"Line {cell.line}: of {cell.text!r} what is struck out is not read."
            self.drafted.notes.append(to_ascii(told))
        note = next((row[n].text for n in self._columns(Kind.NOTE)), "")
        for one in said:
            for slug, member in places:
                key = (slug, member, *way, one.condition)
                before, where = self.first.setdefault(key, (str(one.outcome), cell))
                if before != one.outcome:
                    expected = f"{before!r}, as line {where.line} says of the same access"
                    self._fault(cell, expected, found=repr(str(one.outcome)))
                elif where is cell:
                    part = {
                        "register": slug, "member": member, "mode": way[0], "access": way[1],
                        "outcome": one.outcome, "condition": one.condition or None,
                        "intercepted": one.intercepted or None, "note": note or None,
                        "x-line": cell.line,
                    }  # fmt: skip
                    given = {key: value for key, value in part.items() if value is not None}
                    self.drafted.observations.append(given)

    def _way(self, row: Sequence[Cell], title: Title) -> tuple[Mode, Access] | None:
        """Return mode and access of a column, or those that a row of one of our blocks names."""
        if title.mode and title.access:
            return title.mode, title.access
        cell = row[self._columns(Kind.ACCESS)[0]]
        try:
            title = read_title(cell.text)
        except UnknownWord as unknown:
            self._fault(cell, "x2AVIC WRMSR, AVIC read ...", unknown.hint, unknown.found)
            return None
        if title.mode and title.access:
            return title.mode, title.access
        self._fault(cell, "a mode and an access: x2AVIC WRMSR")
        return None
