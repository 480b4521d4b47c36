"""Coverage as a picture: one small mark for each cell of a CPU, register by register."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from app.core.cells import CellKey, cells_of
from app.core.facts import Register
from app.core.knowledge import Knowledge
from app.core.views import CellView, CellViews
from app.core.wanted import REASONS
from app.core.words import Access, Mode, Verdict
from app.pages.answering import Answering, CellState, family_columns
from app.pens.lines import CELLS_AT
from app.pens.parts import Columns, Field, Included, Para, Passage

# Of the columns in text: the register, then four codes for each CPU.
NAME, WIDTH, CODE = 20, 13, 3
ABREAST = 4


@dataclass(frozen=True)
class Band:
    """Four rows of marks: what each cell is on one CPU, by mode and access.

    ``marks`` hold None where there is no such machine; ``seen`` is how many have evidence,
    ``open`` how many are wanted.
    """

    who: Answering
    rows: tuple[tuple[str, tuple[tuple[CellView, CellState | None], ...]], ...]
    seen: int
    open: int


@dataclass(frozen=True)
class Coverage:
    """The bands of some CPUs over the same registers, and the verdicts that occur."""

    registers: tuple[Register, ...]
    bands: tuple[Band, ...]
    verdicts: tuple[Verdict, ...]


def coverage_of(knowledge: Knowledge, cells: CellViews, families: Sequence[str]) -> Coverage:
    """Return the picture of some families."""
    bands = tuple(_band(who, knowledge, cells) for who in family_columns(knowledge, families))
    found = {it.verdict for band in bands for _, row in band.rows for _, it in row if it}
    every = tuple(verdict for verdict in Verdict if verdict in found)
    return Coverage(tuple(knowledge.registers.values()), bands, every)


def _band(who: Answering, knowledge: Knowledge, cells: CellViews) -> Band:
    rows = []
    for mode, access in product(Mode, Access):
        views = [cells[CellKey(slug, mode, access)] for slug in knowledge.registers]
        rows.append((f"{mode.label} {access}", tuple((view, who.judged(view)) for view in views)))
    there = [it for _, row in rows for _, it in row if it]
    seen = sum(it.findings for it in there)
    return Band(who, tuple(rows), seen, sum(it.verdict in REASONS for it in there))


def coverage_parts(shown: Coverage) -> Iterator[Passage]:
    """Yield the picture for HTML, and as text the codes of the same marks in columns."""
    yield Included("families/coverage.html")
    codes = ", ".join(f"{v.code} {v.label}" for v in shown.verdicts)
    four = "four a CPU: AVIC read, AVIC write, x2AVIC read, x2AVIC write"
    yield Field("Marks", f"{codes}; {four}", only="text")
    yield Para(CELLS_AT, only="text")
    for first in range(0, len(shown.bands), ABREAST):
        yield Columns("\n".join(_grid(shown, shown.bands[first : first + ABREAST])), only="text")


def _grid(shown: Coverage, bands: Sequence[Band]) -> Iterator[str]:
    yield " " * NAME + "".join(f"{band.who.slug:<{WIDTH}}" for band in bands).rstrip()
    for register in shown.registers:
        marks = (
            "".join(f"{_code(band, key):<{CODE}}" for key in cells_of(register.slug))
            for band in bands
        )
        yield (f"{register.label:<{NAME}}" + "".join(f"{m:<{WIDTH}}" for m in marks)).rstrip()


def _code(band: Band, key: CellKey) -> str:
    judged = (it for _, row in band.rows for view, it in row if view.key == key)
    found = next(judged)
    return found.code if found else ""
