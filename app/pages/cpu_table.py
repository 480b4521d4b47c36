"""The table with a column for each CPU: what is printed, what rules, what each was seen to do."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from app.core.cells import access_method
from app.core.emulator_words import Following
from app.core.knowledge import Knowledge
from app.core.rulings import Conditions
from app.core.views import CellView
from app.core.wanted import families_without_reports
from app.core.words import OWN_ORDER, Access, Mode, Printed, Verdict
from app.pages.answering import Answering, emulation_columns, family_columns
from app.pages.explore import TableView
from app.pages.measurement_text import NO_EVIDENCE
from app.pages.table_text import wrong_on
from app.pages.wanted_text import nothing_yet
from app.pens import phrases
from app.pens.lines import CELLS_AT, full_address
from app.pens.parts import Field, Para, Passage, Section, Sheet, Tabular
from app.pens.tables import Table
from app.store.snapshots import Snapshot

TITLE = "Table 15-22, CPU by CPU"
# Of the columns in text: the register, what is printed, what rules; then each CPU.
WIDTHS, WIDTH = (9, 12, 16), 11
EMULATED = "emulated"
# How many conditions of a branch are named.
MOST_CONDITIONS = 2
# How many CPUs a line of text has room for.
ABREAST = 3


@dataclass(frozen=True)
class CpuTable:
    """The cells of a filter by mode and access, and the columns beside them.

    ``silent`` are families without any evidence, which have no column unless they are asked for;
    ``heard`` is how many of the cells have evidence, by column; ``verdicts`` are those that
    occur, and ``followings`` the words for emulations.
    """

    view: TableView
    columns: tuple[Answering, ...]
    silent: tuple[str, ...]
    groups: Mapping[tuple[Mode, Access], tuple[CellView, ...]]
    heard: Mapping[str, int]
    verdicts: tuple[Verdict, ...]
    followings: tuple[Following, ...]


def cpu_table(view: TableView, snapshot: Snapshot) -> CpuTable:
    """Return a view of the table with the columns that its filter names, or all with evidence."""
    knowledge = snapshot.knowledge
    silent = families_without_reports(knowledge, snapshot.cells)
    asked = view.wanted["family"]
    columns = family_columns(knowledge, asked or (f for f in knowledge.families if f not in silent))
    if not asked:
        columns += emulation_columns(knowledge, snapshot.emulations.values())
    groups = {
        side: tuple(cell for slug in view.order if (cell := view.at(slug, side)))
        for side in view.sides
    }
    judged = [[c.judged(cell) for cell in view.cells.values()] for c in columns]
    found = {it.verdict for column in judged for it in column if it}
    return CpuTable(
        view=view,
        columns=columns,
        silent=() if asked else silent,
        groups=groups,
        heard={
            c.slug: sum(bool(it and it.findings) for it in column)
            for c, column in zip(columns, judged, strict=True)
        },
        verdicts=tuple(v for v in Verdict if v in found),
        followings=tuple(f for f in Following if f in found),
    )


def cpu_sheet(shown: CpuTable, knowledge: Knowledge) -> Sheet:
    """Return the cells that a filter admits as text: a grid for each mode and access."""
    view = shown.view
    tallies = (f"{t.number} {t.word.code} {t.word.label}" for t in view.verdicts)
    emulated = ", ".join(f"{f.mark} {f.label}" for f in shown.followings)
    prints = ", ".join(f"{p.mark} {p.short}" for p in Printed if p.mark)
    parts: list[Passage] = [
        Field("Shown", view.sentence),
        Field("Seen", _heard(shown, emulated=False)),
        *wrong_on(view, knowledge),
        Field("Printed", prints),
        Field("Verdicts", f"{', '.join(tallies)}; () only said so"),
        Field(
            "Emulations",
            f"{emulated}; {NO_EVIDENCE}. {_heard(shown, emulated=True)}" if emulated else "",
        ),
        Field("Words", (full_address("/docs/words"),)),
        Para(CELLS_AT, above=True),
    ]
    conditions = knowledge.conditions
    for (mode, access), cells in shown.groups.items():
        parts.append(
            Section(f"{mode.label} {access} ({access_method(mode, access)})").holding(
                _grid(cells, shown.columns[first : first + ABREAST], conditions, first=not first)
                for first in range(0, len(shown.columns), ABREAST)
            )
        )
    if not view.cells:
        parts.append(
            Para(("No cell passes this filter. The whole table: ", full_address("/")), "lead")
        )
    parts.append(Para(nothing_yet(shown.silent, knowledge), above=True))
    return Sheet(title=TITLE, path=view.path).holding(*parts)


def _heard(shown: CpuTable, *, emulated: bool) -> str:
    """Return how many cells were seen on CPUs or, apart from them, on emulations."""
    mine = (c for c in shown.columns if c.emulated is emulated)
    return ", ".join(f"{shown.heard[c.slug]} on {c.name}" for c in mine)


def _grid(
    cells: Iterable[CellView],
    columns: tuple[Answering, ...],
    conditions: Conditions,
    *,
    first: bool,
) -> Tabular:
    def row(cell: CellView) -> Iterator[str]:
        yield cell.register.label
        if first:
            yield f"{cell.printed.mark} {phrases.short_branches(cell.table, conditions)}".strip()
            yield ruling(cell, conditions)
        yield from (column.seen(cell) for column in columns)

    heads = ("Register", "As printed", OWN_ORDER)[: 3 if first else 1]
    widths = (*WIDTHS[: len(heads)], *[WIDTH] * len(columns))
    rows = [tuple(row(cell)) for cell in cells]
    return Tabular("", [(*heads, *(c.slug for c in columns))], rows, widths, above=True)


def ruling(cell: CellView, conditions: Conditions) -> str:
    """Return what rules as the page has it: the ordinary branch first, many cases counted."""
    said = []
    for it in cell.glances:
        many = len(it.conditions) > MOST_CONDITIONS
        tags = [f"{len(it.conditions)} cases"] if many else map(conditions.tag, it.conditions)
        said.append(" ".join((it.behaviour.short, *tags)))
    return "; ".join(said) or "does not say"


def cpu_rows(shown: CpuTable, site: str) -> Table:
    """Return one row per cell: verdict, what was seen and the grade of it, for each column."""
    names = ("cell", "printed", "table_15_22", "rules")
    each = (name for c in shown.columns for name in (c.slug, f"{c.slug}_seen", f"{c.slug}_grade"))

    def row(cell: CellView) -> Iterator[str]:
        yield from (str(cell.key), str(cell.printed))
        yield from (phrases.branches_slugs(claims, "") for claims in (cell.table, cell.effective))
        for column, it in ((column, column.judged(cell)) for column in shown.columns):
            yield from (str(it.verdict), " ".join(it.behaviours)) if it else ("", "")
            grade = it.evidence if it else None
            # The grades are those of silicon: what an emulation answered has none.
            yield EMULATED if grade and column.emulated else str(grade or "")
        yield f"{site}{cell.key.url}"

    rows = (tuple(row(cell)) for cells in shown.groups.values() for cell in cells)
    return Table((*names, *each, "url"), tuple(rows))
