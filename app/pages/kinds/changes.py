"""What became public, and when: data versions as sentences, as rows and as JSON."""

from __future__ import annotations

from app.pages.kinds.kind import Address, PageKind
from app.pages.steps_text import StepView, told_cells
from app.pages.subjects import EVERYTHING, Subject
from app.pens.lines import Linked, full_address
from app.pens.page import Page
from app.pens.parts import Field, Item, Para, Passage, Record, Sheet
from app.pens.tables import Table

LEAD = "What became public, and when. Every data version keeps what it held."
# Older data versions are still there: each has its page, which leads to its neighbours.
MOST_VERSIONS = 200


class ChangesPage(PageKind):
    """Every data version, newest first."""

    pattern = "/changes"
    promise = "what became public, and when"
    twins = "txt json csv md atom"

    def find(self, asked: Address) -> Page:
        """Return what changed and when."""
        steps = asked.snapshot.steps.history(MOST_VERSIONS)
        rows, bodies = [], []
        parts: list[Passage] = [
            Field("One of them", (full_address("/changes/VERSION"),), only="text"),
            Field(
                "A cell since",
                (full_address("/r/REGISTER/MODE/ACCESS/since/VERSION"),),
                only="text",
            ),
            Para(LEAD, "lead"),
        ]
        for step in steps:
            name, reason, when = step.version.name, step.version.reason, step.version.created_at
            dated, created = f"{when:%Y-%m-%d %H:%M:%S} UTC", f"{when:%Y-%m-%dT%H:%M:%SZ}"
            linked, told_of = (Linked(name, f"/changes/{name}"),), f"  {dated}  {reason}"
            view = StepView(step, (), "")
            # What is published for the first time did not change.
            called = asked.knowledge.name_of
            told_of_cells = told_cells(step.cells, asked.knowledge) if step.previous else {}
            judged = (
                Item((Linked(called(key), view.link(key.url)), f" {'; '.join(lines)}"))
                for key, lines in told_of_cells.items()
            )
            cells = {str(key): list(lines) for key, lines in told_of_cells.items()}
            parts.append(Record(linked, told_of, name, parts=[*judged, *map(Item, step.lines)]))
            changes = [f"{key} {line}" for key, lines in cells.items() for line in lines]
            changes += step.lines
            rows += [(name, created, reason, change) for change in changes]
            bodies.append({"data_version": name, "created_at": created, "reason": reason,
                           "facts": step.total, "lines": list(step.lines),
                           "cells": cells})  # fmt: skip
        return Page.of(
            Sheet("Changes: what became public, and when", self.pattern, parts=parts),
            title="Changes",
            subject=Subject(EVERYTHING, "vAPIC Explorer: every change"),
            table=lambda _: Table(("data_version", "created_at", "reason", "change"), tuple(rows)),
            data=lambda _: {"data_version": asked.snapshot.name, "changes": bodies},
        )


KINDS: tuple[PageKind, ...] = (ChangesPage(),)
