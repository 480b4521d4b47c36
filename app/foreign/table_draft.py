"""From a table in a mail to the observations of a draft, or to every fault at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from app.core.facts import Condition, Register
from app.core.words import Access, Mode
from app.errors import NotFound
from app.foreign.table_layout import Cell, Grid, TableFault, find_grids
from app.foreign.table_registers import Naming, Place
from app.foreign.table_words import (
    Column,
    Kind,
    Said,
    Title,
    UnknownWord,
    is_head,
    read_cell,
    read_title,
)
from app.intake.mail_reading import MailLine

PLACES = (Kind.MSR, Kind.OFFSET, Kind.NAME)
ADDRESS = re.compile(r"\b([0-9A-F]{3}h(?:-[0-9A-F]{3}h)?)")


@dataclass(frozen=True)
class MailVocabulary:
    """The registers and conditions that a table may name."""

    registers: Mapping[str, Register]
    conditions: Mapping[str, Condition]


@dataclass
class Drafted:
    """What was read: observations as format 1 has them, faults, and counts.

    ``silent`` counts cells that say nothing; ``stated`` is whether a column was taken that
    says what a manual states, not what was seen.
    """

    tables: int = 0
    rows: int = 0
    silent: int = 0
    stated: bool = False
    observations: list[dict[str, Any]] = field(default_factory=list)
    faults: list[TableFault] = field(default_factory=list)


class _Contradictions:
    """What was said first about each cell, by whom."""

    def __init__(self) -> None:
        self._said: dict[tuple[Any, ...], tuple[str, Cell]] = {}

    def check(self, key: tuple[Any, ...], outcome: str, cell: Cell) -> TableFault | bool:
        """Return a fault where an earlier row says otherwise; whether it is new otherwise."""
        before, first = self._said.setdefault(key, (outcome, cell))
        if before == outcome:
            return first is cell
        expected = f"{before!r}, as line {first.line} says of the same access"
        return TableFault(cell.line, cell.column, repr(outcome), expected)


def read_table(
    lines: Sequence[MailLine],
    vocabulary: MailVocabulary,
    column: Column | None = None,
    mode: Mode | None = None,
) -> Drafted:
    """Read every table of a text whose titles name registers and accesses.

    ``column`` chooses where an access has several columns; ``mode`` is meant by titles
    that name none. All faults are collected: without any, ``observations`` is the draft.
    """
    drafted = Drafted()
    first = _Contradictions()
    for grid in find_grids(lines, is_head):
        drafted.tables += 1
        drafted.faults += grid.faults
        _Table(grid, vocabulary, drafted, first).read(column, mode)
    drafted.faults.sort(key=lambda fault: (fault.line, fault.column))
    return drafted


@dataclass(frozen=True)
class _Table:
    grid: Grid
    vocabulary: MailVocabulary
    drafted: Drafted
    first: _Contradictions

    @property
    def _naming(self) -> Naming:
        return Naming(self.vocabulary.registers)

    def read(self, column: Column | None, mode: Mode | None) -> None:
        titles = self._titles(mode)
        chosen = self._chosen(titles, column)
        ways = {(titles[i].mode, titles[i].access) for i in chosen}
        # Where no column was chosen the words of all are checked all the same.
        doubtful = [i for i, t in titles.items()
                    if t.kind is Kind.OUTCOME and (t.mode, t.access) not in ways]  # fmt: skip
        kinds = {title.kind for title in titles.values()}
        above = self._register_above() if not kinds & set(PLACES) else ()
        if not above and not kinds & set(PLACES):
            head = self.grid.head[0]
            self._fault(head, repr(head.text), "a column or a line above that names the register")
            return
        for row in _joined(self.grid, titles):
            self.drafted.rows += 1
            places = above or self._register(row, titles)
            for i in chosen:
                self._outcomes(row, i, titles, places)
            for i in doubtful:
                self._said(row[i])

    def _fault(self, cell: Cell, found: str, expected: str, hint: str = "") -> None:
        self.drafted.faults.append(TableFault(cell.line, cell.column, found, expected, hint))

    def _titles(self, mode: Mode | None) -> dict[int, Title]:
        """Return the columns whose titles were understood; the others are faults."""
        titles: dict[int, Title] = {}
        for i, (cell, over) in enumerate(zip(self.grid.head, self.grid.over, strict=True)):
            if not cell.text:
                continue
            try:
                titles[i] = _with_group(read_title(cell.text), over, mode)
            except UnknownWord as unknown:
                self._fault(cell, unknown.found, unknown.expected, unknown.hint)
        with_access = any(title.kind is Kind.ACCESS for title in titles.values())
        for i, title in list(titles.items()):
            cell = self.grid.head[i]
            if title.kind is not Kind.OUTCOME or with_access:
                continue
            if title.access is None:
                self._fault(cell, repr(cell.text), "RDMSR, WRMSR, read or write in this title")
                del titles[i]
            elif title.mode is None:
                self._fault(cell, repr(cell.text), "AVIC or x2AVIC in this title, or --mode")
                del titles[i]
        return titles

    def _chosen(self, titles: Mapping[int, Title], column: Column | None) -> list[int]:
        """Return the columns of outcomes to be read: one for each access, never a guess."""
        ways: dict[tuple[Mode | None, Access | None], list[int]] = {}
        for i, title in titles.items():
            if title.kind is Kind.OUTCOME:
                ways.setdefault((title.mode, title.access), []).append(i)
        chosen = []
        for group in ways.values():
            plain = [i for i in group if titles[i].variant is None]
            asked = [i for i in group if titles[i].variant is column] if column else []
            found = asked or plain
            if len(found) > 1:
                cell = self.grid.head[found[1]]
                self._fault(cell, repr(cell.text), "one column for each access")
            elif not found:
                cell = self.grid.head[group[0]]
                names = {str(v) for i in group if (v := titles[i].variant)}
                offered = " or ".join(f"--column {name}" for name in sorted(names))
                self._fault(cell, repr(cell.text), f"{offered}: which column was meant")
            chosen += found[:1]
        variants = {titles[i].variant for i in chosen}
        if column and chosen and column not in variants and not self.drafted.faults:
            cell = self.grid.head[chosen[0]]
            self._fault(cell, repr(cell.text), f"a column `{column}`, as --column asks")
        self.drafted.stated |= bool(variants & {Column.TABLE, Column.RULES})
        return chosen

    def _register(self, row: Sequence[Cell], titles: Mapping[int, Title]) -> tuple[Place, ...]:
        """Return what all columns of a row that name its register agree on."""
        found: tuple[Place, ...] = ()
        addressed = [i for i, t in titles.items() if t.kind in (Kind.MSR, Kind.OFFSET)]
        named = [i for i, t in titles.items() if t.kind is Kind.NAME]
        for i in (*addressed, *named):
            cell = row[i]
            if cell.text in ("", "-"):
                continue
            try:
                here = self._naming.places(cell.text, found)
            except NotFound as error:
                hint = f"did you mean `{error.hints[0]}`?" if error.hints else ""
                self._fault(cell, repr(cell.text), "a slug, a macro, an offset or an MSR", hint)
                return ()
            if found and {slug for slug, _ in here} != {slug for slug, _ in found}:
                self._fault(cell, repr(cell.text), f"a name of {found[0][0]}, as this row says")
                return ()
            # The column that names a member knows more than the one that names the row.
            found = here if not found or here[0][1] is not None else found
        if not found:
            self._fault(row[0], "a row without a register", "its MSR, offset or name")
        return found

    def _register_above(self) -> tuple[Place, ...]:
        """Return the register in the title of one of our own blocks, above its table."""
        for line in self.grid.above:
            _, colon, rest = line.partition(": ")
            if colon and (found := ADDRESS.findall(rest)):
                try:
                    return self._naming.places(found[0])
                except NotFound:
                    return ()
        return ()

    def _outcomes(
        self, row: Sequence[Cell], i: int, titles: Mapping[int, Title], places: Sequence[Place]
    ) -> None:
        cell, title = row[i], titles[i]
        mode, access = title.mode, title.access
        if access is None or mode is None:
            way = self._way(row, titles)
            if way is None:
                return
            mode, access = way
        said = self._said(cell)
        if said is None:
            return
        self.drafted.silent += not said
        note = next((row[n].text for n, t in titles.items() if t.kind is Kind.NOTE), "")
        for one in said:
            for slug, member in places:
                key = (slug, member, mode, access, one.condition)
                new = self.first.check(key, str(one.outcome), cell)
                if isinstance(new, TableFault):
                    self.drafted.faults.append(new)
                elif new:
                    part: dict[str, Any] = {"register": slug}
                    part |= {"member": member} if member is not None else {}
                    part |= {"mode": mode, "access": access, "outcome": one.outcome}
                    part |= {"condition": one.condition} if one.condition else {}
                    part |= {"intercepted": True} if one.intercepted else {}
                    part |= {"note": note} if note else {}
                    self.drafted.observations.append(part | {"x-line": cell.line})

    def _said(self, cell: Cell) -> tuple[Said, ...] | None:
        try:
            return read_cell(cell.text, self.vocabulary.conditions)
        except UnknownWord as unknown:
            self._fault(cell, unknown.found, unknown.expected, unknown.hint)
            return None

    def _way(self, row: Sequence[Cell], titles: Mapping[int, Title]) -> tuple[Mode, Access] | None:
        """Return mode and access that a row of one of our own blocks names."""
        i = next(i for i, title in titles.items() if title.kind is Kind.ACCESS)
        try:
            title = read_title(row[i].text)
        except UnknownWord as unknown:
            self._fault(row[i], unknown.found, "x2AVIC WRMSR, AVIC read ...", unknown.hint)
            return None
        if title.mode is None or title.access is None:
            self._fault(row[i], repr(row[i].text), "a mode and an access: x2AVIC WRMSR")
            return None
        return title.mode, title.access


def _with_group(title: Title, over: str, mode: Mode | None) -> Title:
    """Complete a title by the one above its group, and by --mode; prose above is no group."""
    if title.kind is not Kind.OUTCOME:
        return title
    try:
        group = read_title(over) if over else Title(Kind.OUTCOME)
    except UnknownWord:
        group = Title(Kind.OUTCOME)
    return Title(
        Kind.OUTCOME,
        title.mode or group.mode or mode,
        title.access or group.access,
        title.variant or group.variant,
    )


def _joined(grid: Grid, titles: Mapping[int, Title]) -> Iterator[tuple[Cell, ...]]:
    """Yield rows; a line whose register is empty continues the row above it."""
    keys = [i for i, title in titles.items() if title.kind in (*PLACES, Kind.ACCESS)]
    if not grid.barred:
        # Addresses wrap in our own blocks, names never do.
        names = [i for i in keys if titles[i].kind in (Kind.NAME, Kind.ACCESS)]
        keys = names or keys
    begun: list[Cell] = []
    for row in grid.rows:
        if begun and not any(row[i].text for i in keys):
            begun = [Cell(f"{a.text} {b.text}".strip(), *((a.line, a.column) if a.text else
                     (b.line, b.column))) for a, b in zip(begun, row, strict=True)]  # fmt: skip
            continue
        if begun:
            yield tuple(begun)
        begun = list(row)
    if begun:
        yield tuple(begun)
