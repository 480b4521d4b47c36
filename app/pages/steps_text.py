"""One data version in plain words: which cells it changed, and the facts behind them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core.cells import CellKey
from app.core.verdicts import Judgement
from app.core.views import Cells, CellView
from app.pages import facts_text
from app.pens import phrases
from app.pens.lines import Line, Linked
from app.pens.parts import Columns, Field, Heading, Para, Passage, Section, ShortItem, Told
from app.pens.plain import Plain
from app.pens.sheet import Sheet

# More cells than this are counted.
LISTED = 40
# More than this is counted in a title.
TITLED = 2


@dataclass(frozen=True)
class Story:
    """What one data version did to one subject.

    ``cells`` holds each cell of the subject before and after; ``family`` limits what is said
    of them to one family; ``links`` lead on, the page itself first; ``born`` when the subject
    was not there before.
    """

    version: str
    created_at: datetime
    reason: str
    cells: Cells
    changes: tuple[Any, ...]
    links: tuple[str, ...]
    family: str = ""
    born: bool = False


def story_text(story: Story) -> str:
    """Return a story as text; it depends on the two data versions alone."""
    out = Plain()
    when = f"{story.created_at:%Y-%m-%d %H:%M:%S} UTC"
    out.para(f"Data version {story.version}, {when}: {story.reason}")
    out.raw("\n".join(dict.fromkeys(story.links)))
    if story.born:
        out.blank()
        found = ", ".join(facts_text.counted(story.changes)).replace(" added", "")
        out.para(f"First published. The facts behind it: {found}.")
    out.blank()
    add_cells(out, story.cells, story.family)
    if not story.born:
        facts_text.changes_lines(out, story.changes)
    return out.render()


def add_cells(out: Plain, cells: Cells, family: str = "") -> None:
    """Add what became of each cell; cells of which nothing is to say are left out."""
    told = {key: lines for key in cells if (lines := cell_lines(*cells[key], family))}
    if len(told) > LISTED:
        out.para(f"{len(told)} cells changed.")
        return
    for key, lines in told.items():
        out.para(str(key))
        for line in lines:
            out.para(line, 2, 2)


def summary(story: Story) -> str:
    """Return a story in one line: what became of a cell or two, or else the facts."""
    if story.born:
        return "first published"
    told = [f"{key} {line}" for key, sides in story.cells.items()
            for line in cell_lines(*sides, story.family)]  # fmt: skip
    if 0 < len(told) <= TITLED:
        return "; ".join(told)
    if len(story.changes) <= TITLED:
        return "; ".join(f"{c.kind} {c.key} {c.action}" for c in story.changes)
    return ", ".join(facts_text.counted(story.changes))


def cell_lines(
    before: CellView | None, after: CellView | None, family: str = ""
) -> tuple[str, ...]:
    """Return what changed in a cell, one line for each thing: ``zen-4: unmeasured -> explained``.

    Of a cell that was not there before, or is no more, the lines say what it holds.
    """
    sides = (_said(before, family), _said(after, family))
    names = tuple(dict.fromkeys((*sides[0], *sides[1])))
    if not (before and after):
        whole = sides[1] or sides[0]
        return tuple(f"{name}: {whole[name]}" for name in names)
    return tuple(
        f"{name}: {sides[0].get(name, 'unmeasured')} -> {sides[1].get(name, 'unmeasured')}"
        for name in names
        if sides[0].get(name) != sides[1].get(name)
    )


def _said(view: CellView | None, family: str) -> dict[str, str]:
    if view is None:
        return {}
    heard = {j.family: _judged(j) for j in view.measured if family in ("", j.family)}
    if family:
        return heard
    ruling = {"rules": phrases.branches(view.effective)}
    return {"Table 15-22": phrases.branches(view.table, "does not say"), **ruling, **heard}


def _judged(judgement: Judgement) -> str:
    seen = ", ".join(judgement.behaviours)
    return f"{judgement.verdict} ({seen})" if seen else str(judgement.verdict)


@dataclass(frozen=True)
class StepView:
    """One data version for its page.

    ``pages`` are the addresses that it touched, those of cells left out; ``born`` those
    among them that it began; ``next`` is shown in HTML alone, since it comes later.
    """

    version: str
    created_at: datetime
    reason: str
    previous: str
    next: str
    pages: tuple[str, ...]
    born: frozenset[str]
    cells: Cells
    changes: tuple[Any, ...]

    @property
    def told(self) -> tuple[tuple[CellKey, tuple[str, ...]], ...]:
        """Each cell of which something is to say, with its lines."""
        lines = ((key, cell_lines(*sides)) for key, sides in self.cells.items())
        return tuple((key, found) for key, found in lines if found)

    @property
    def counted(self) -> tuple[str, ...]:
        """The changes by kind."""
        return facts_text.counted(self.changes)

    @property
    def facts(self) -> str:
        """Every change in plain words, in columns."""
        out = Plain()
        facts_text.changes_lines(out, self.changes)
        return out.render()

    def link(self, path: str) -> str:
        """Return the address that shows for ever what became of a page."""
        if path in self.born or not self.previous:
            return f"{path}?at={self.version}"
        return f"{path}/since/{self.previous}?at={self.version}"


def step_sheet(view: StepView) -> Sheet:
    """Return one data version; its text names nothing that came later."""
    many = len(view.told) > LISTED
    cells: list[Passage] = [
        Told((Linked(str(key), view.link(key.url)),), lines, only="html" if many else "")
        for key, lines in view.told
    ]
    if many:
        cells.append(Para(f"{len(cells)} cells changed.", only="text"))
    return Sheet(
        title=f"Data version {view.version}",
        path=f"/changes/{view.version}",
        up=(Linked("Changes", "/changes"), view.version),
        pinned=False,
        parts=[
            Field("Date", f"{view.created_at:%Y-%m-%d %H:%M:%S} UTC"),
            Field("Reason", view.reason),
            Field("Previous", _version(view.previous, "prev")),
            Field("Next", _version(view.next, "next"), only="html"),
            Field("Facts", ", ".join(view.counted)),
            Field("The table", (Linked("as of it", f"/?at={view.version}"),), only="html"),
            Section("Pages it touched", parts=[
                ShortItem((Linked(path, view.link(path)), ": new" * (path in view.born)))
                for path in view.pages
            ]),
            Section("Cells", parts=cells),
            Heading("Facts"),
            Columns(view.facts),
        ],
    )  # fmt: skip


def _version(name: str, rel: str) -> Line:
    return (Linked(name, f"/changes/{name}", told=True, rel=rel),) if name else ""


def step_body(view: StepView) -> dict[str, Any]:
    """Return one data version as JSON data, each fact before and after."""
    return {
        "data_version": view.version,
        "created_at": f"{view.created_at:%Y-%m-%dT%H:%M:%SZ}",
        "reason": view.reason,
        "previous": view.previous or None,
        "pages": list(view.pages),
        "cells": {str(key): list(lines) for key, lines in view.told},
        "changes": [
            {"action": c.action, "kind": c.kind, "key": c.key, "before": c.before, "after": c.after}
            for c in view.changes
        ],
    }
