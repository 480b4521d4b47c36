"""One data version in plain words: which cells it changed, and the facts behind them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from app.core.cells import CellKey
from app.core.knowledge import Knowledge
from app.core.words import OWN_ORDER, Verdict
from app.pages import facts_text
from app.pages.subjects import EVERYTHING, Subject
from app.pens.changed import change_line, count_changes
from app.pens.lines import Line, Linked
from app.pens.parts import Columns, Field, Para, Section, Sheet, ShortItem, Told
from app.pens.plain import Plain
from app.store.queries import Change
from app.store.steps import CellStep, VersionStep

# A title tells so many changes, and counts the rest.
TITLED = 2
SLUGS = frozenset(map(str, Verdict))
# How many slashes an address has that is not a cell's.
PAGE = 2


def story_text(
    subject: Subject,
    step: VersionStep,
    changes: Sequence[Change],
    links: Iterable[str],
    *,
    knowledge: Knowledge,
) -> str:
    """Return what a data version did to a subject; it depends on it and the one before alone.

    ``changes`` are those of the subject, ``links`` lead on; of ``knowledge`` come the names of
    cells and families.
    """
    out = Plain()
    version = step.version
    when = f"{version.created_at:%Y-%m-%d %H:%M:%S} UTC"
    out.para(f"Data version {version.name}, {when}: {version.reason}")
    out.raw("\n".join(dict.fromkeys(links)))
    born = subject.begins(step)
    if born:
        out.blank()
        found = ", ".join(count_changes(changes)).replace(" added", "")
        out.para(f"First published. The facts behind it: {found}.")
    out.blank()
    # A whole table that is published for the first time did not change.
    whole = born and (subject.path == EVERYTHING or subject.wanted is not None)
    cells = {} if whole else subject.cells(step)
    for key, lines in told_cells(cells, knowledge, subject.family).items():
        out.para(knowledge.name_of(key))
        for line in lines:
            out.para(line, 2, 2)
    if not born:
        facts_text.changes_lines(out, changes)
    return out.render()


def step_summary(
    subject: Subject, step: VersionStep, changes: Sequence[Change], knowledge: Knowledge
) -> str:
    """Return the same in one line: what became of a cell or two, or else the facts."""
    if subject.begins(step):
        return "first published"
    cells = told_cells(subject.cells(step), knowledge, subject.family)
    told = [f"{knowledge.name_of(key)} {line}" for key, lines in cells.items() for line in lines]
    if told:
        rest = len(told) - TITLED
        return "; ".join((*told[:TITLED], *([f"and {rest} more"] if rest > 0 else [])))
    if len(changes) <= TITLED:
        return "; ".join(map(change_line, changes))
    return ", ".join(count_changes(changes))


def told_cells(
    cells: Mapping[CellKey, CellStep], knowledge: Knowledge, family: str = ""
) -> dict[CellKey, tuple[str, ...]]:
    """Return the lines about each cell of which something is to say, of one family or of all."""
    lines = ((key, cell_lines(cell, knowledge, family)) for key, cell in cells.items())
    return {key: found for key, found in lines if found}


def cell_lines(cell: CellStep, knowledge: Knowledge, family: str) -> tuple[str, ...]:
    """Return what changed in a cell, one line for each: ``Zen 4: not measured -> as printed``.

    Of a cell that was not there before, or is no more, the lines say what it holds.
    """
    before, after = cell.before, cell.after
    names = dict.fromkeys((*(before or ()), *(after or ())))
    told = [name for name in names if family in ("", name)]
    if before is None or after is None:
        whole = after or before or {}
        return tuple(f"{_name(name, knowledge)}: {_words(whole[name])}" for name in told)
    return tuple(
        f"{_name(name, knowledge)}: {_words(before.get(name, ''))} -> {_words(after.get(name, ''))}"
        for name in told
    )


def _name(stored: str, knowledge: Knowledge) -> str:
    """Return what readers call a line of a step: a family, the table, or what rules."""
    if stored in knowledge.families:
        return knowledge.families[stored].name
    return OWN_ORDER.lower() if stored == "rules" else stored


def _words(stored: str) -> str:
    """Return what a step holds, in which verdicts stand by their slugs, in the words of readers."""
    slug, space, seen = (stored or Verdict.UNMEASURED).partition(" (")
    return (Verdict(slug).label if slug in SLUGS else slug) + space + seen


@dataclass(frozen=True)
class StepView:
    """One data version for its page; ``next`` is shown in HTML alone, since it comes later."""

    step: VersionStep
    changes: tuple[Change, ...]
    next: str

    @property
    def version(self) -> str:
        """Its name."""
        return self.step.version.name

    @property
    def pages(self) -> tuple[str, ...]:
        """The addresses that it touched, those of cells left out."""
        return tuple(path for path in sorted(self.step.pages) if path.count("/") == PAGE)

    def link(self, path: str) -> str:
        """Return the address that shows for ever what became of a page."""
        previous = self.step.previous
        if path in self.step.born or not previous:
            return f"{path}?at={self.version}"
        return f"{path}/since/{previous}?at={self.version}"


def step_sheet(view: StepView, knowledge: Knowledge) -> Sheet:
    """Return one data version; its text names nothing that came later."""
    step, version = view.step, view.step.version
    facts = Plain()
    facts_text.changes_lines(facts, view.changes)
    return Sheet(
        title=f"Data version {version.name}",
        path=f"/changes/{version.name}",
        up=(Linked("Changes", "/changes"), version.name),
        pinned=False,
    ).holding(
        Field("Date", f"{version.created_at:%Y-%m-%d %H:%M:%S} UTC"),
        Field("Reason", version.reason),
        Field("Previous", _version(step.previous, "prev")),
        Field("Next", _version(view.next, "next"), only="html"),
        Field("Facts", ", ".join(count_changes(view.changes))),
        Field("The table", (Linked("as of it", f"/?at={version.name}"),), only="html"),
        Section("Pages it touched").holding(
            ShortItem((Linked(path, view.link(path)), ": new" * (path in step.born)))
            for path in view.pages
        ),
        Section("Cells").holding(
            Told((Linked(knowledge.name_of(key), view.link(key.url)),)).holding(
                Para(line, hanging=2) for line in lines
            )
            for key, lines in told_cells(step.cells, knowledge).items()
        ),
        Section("Facts").holding(Columns(facts.render())),
    )


def _version(name: str, rel: str) -> Line:
    return (Linked(name, f"/changes/{name}", told=True, rel=rel),) if name else ""


def step_body(view: StepView, knowledge: Knowledge) -> dict[str, Any]:
    """Return one data version as JSON data, each fact before and after."""
    version, told = view.step.version, told_cells(view.step.cells, knowledge)
    return {
        "data_version": version.name,
        "created_at": f"{version.created_at:%Y-%m-%dT%H:%M:%SZ}",
        "reason": version.reason,
        "previous": view.step.previous or None,
        "pages": list(view.pages),
        "cells": {str(key): list(lines) for key, lines in told.items()},
        "changes": [asdict(change) for change in view.changes],
    }
