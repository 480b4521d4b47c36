"""The timeline of a cell or a family, and the way to what stands beside it."""

from __future__ import annotations

from collections.abc import Iterable

from app.core.cells import CellKey, cells_of
from app.core.facts import Register
from app.core.knowledge import Knowledge
from app.core.timeline import Moment
from app.pens.lines import Linked, Pieces, Sourced, Styled, full_address
from app.pens.parts import Field, Para, Section

DAYS = (
    "Each day is that of a source: of the mail, the commit, the manual or the measurement; of a "
    "release that of the earliest source that shows what it does."
)
DATE_WIDTH = 12


def timeline(moments: Iterable[Moment], rest: Pieces) -> Section:
    """Return moments as a section, oldest first; ``rest`` leads to those that are not named."""
    fields = [Field(m.date, (_kind(m), f" {m.text}", *_sourced(m)), DATE_WIDTH) for m in moments]
    below = [Para(DAYS), *fields, Para(rest)] if fields else []
    return Section("Timeline", "timeline").holding(*below)


def _sourced(moment: Moment) -> Pieces:
    return (" ", Sourced(moment.sources)) if moment.sources else ()


def _kind(moment: Moment) -> Linked | Styled:
    return Linked(moment.kind, moment.href) if moment.href else Styled(moment.kind, "tag")


def neighbour_links(
    register: Register, knowledge: Knowledge, key: CellKey | None = None
) -> tuple[Linked, ...]:
    """Return the way to a register's cells, and to the registers before and after it.

    From a cell, ``key``, those lead to the same cell; the cell itself has no address.
    """
    cells = (
        Linked(f"{cell.mode.label} {cell.access}", "" if cell == key else cell.url)
        for cell in cells_of(register.slug)
    )
    order = list(knowledge.registers.values())
    at = order.index(register)
    beside = {"prev": order[:at][-1:], "next": order[at + 1 :][:1]}
    tail = f"/{key.mode}/{key.access}" if key else ""
    others = (
        Linked(other.label, f"/r/{other.slug}{tail}", rel=rel)
        for rel, found in beside.items()
        for other in found
    )
    return (*cells, *others)


def around_section(links: Iterable[Linked]) -> Section:
    """Return the same as a section of a text page; HTML has it as navigation."""
    names = {"prev": "Before it", "next": "Behind it"}
    section = Section("Beside it", "beside", only="text")
    for link in (link for link in links if link.href):
        words = f"{link.words} " if link.rel else ""
        label = names.get(link.rel, link.words)
        section.holding(Field(label, (words, full_address(link.href))))
    return section
