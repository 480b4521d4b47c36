"""What became public, and when: data versions as sentences, as rows and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.core.cells import CellKey
from app.core.knowledge import Knowledge
from app.pages.kinds.kind import Address, PageKind
from app.pages.steps_text import StepView, told_cells
from app.pages.subjects import EVERYTHING, Subject
from app.pens.lines import Linked, full_address
from app.pens.page import Page
from app.pens.parts import Field, Item, Para, Record, Sheet
from app.pens.tables import Table
from app.store.steps import VersionStep

LEAD = "What became public, and when. Every data version keeps what it held."
# Older data versions are still there: each has its page, which leads to its neighbours.
MOST_VERSIONS = 200
ISO = "%Y-%m-%dT%H:%M:%SZ"


class ChangesPage(PageKind):
    """Every data version, newest first."""

    pattern = "/changes"
    promise = "what became public, and when"
    twins = "txt json csv md atom"

    def find(self, asked: Address) -> Page:
        """Return what changed and when."""
        steps = asked.snapshot.steps.history(MOST_VERSIONS)
        known = asked.knowledge
        cell = full_address("/r/REGISTER/MODE/ACCESS/since/VERSION")
        sheet = Sheet("Changes: what became public, and when", self.pattern).holding(
            Field("One of them", (full_address("/changes/VERSION"),), only="text"),
            Field("A cell since", (cell,), only="text"),
            Para(LEAD, "lead"),
            (_record(step, known) for step in steps),
        )
        columns = ("data_version", "created_at", "reason", "change")
        return Page.of(
            sheet,
            title="Changes",
            subject=Subject(EVERYTHING, "vAPIC Explorer: every change"),
            table=lambda _: Table(columns, tuple(row for s in steps for row in _rows(s, known))),
            data=lambda _: {
                "data_version": asked.snapshot.name,
                "changes": [_body(step, known) for step in steps],
            },
        )


def _told(step: VersionStep, knowledge: Knowledge) -> dict[CellKey, tuple[str, ...]]:
    """Return what became of each cell; what is published for the first time did not change."""
    return dict(told_cells(step.cells, knowledge)) if step.previous else {}


def _record(step: VersionStep, knowledge: Knowledge) -> Record:
    version, view = step.version, StepView(step, (), "")
    cells = (
        Item((Linked(knowledge.name_of(key), view.link(key.url)), f" {'; '.join(lines)}"))
        for key, lines in _told(step, knowledge).items()
    )
    link = (Linked(version.name, f"/changes/{version.name}"),)
    told = f"  {version.created_at:%Y-%m-%d %H:%M:%S} UTC  {version.reason}"
    return Record(link, told, version.name).holding(cells, map(Item, step.lines))


def _rows(step: VersionStep, knowledge: Knowledge) -> Iterator[tuple[str, ...]]:
    version, cells = step.version, _told(step, knowledge)
    changes = [f"{key} {line}" for key, lines in cells.items() for line in lines]
    for change in (*changes, *step.lines):
        yield version.name, f"{version.created_at:{ISO}}", version.reason, change


def _body(step: VersionStep, knowledge: Knowledge) -> dict[str, Any]:
    version = step.version
    return {
        "data_version": version.name,
        "created_at": f"{version.created_at:{ISO}}",
        "reason": version.reason,
        "facts": step.total,
        "lines": list(step.lines),
        "cells": {str(key): list(lines) for key, lines in _told(step, knowledge).items()},
    }


KINDS: tuple[PageKind, ...] = (ChangesPage(),)
