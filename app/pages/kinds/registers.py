"""A register, and a cell: the permalinks of mailing lists."""

from __future__ import annotations

from pydantic_core import to_jsonable_python

from app.pages import cell_text, explore, table_text
from app.pages.api import cells_body, one_cell, register_out
from app.pages.kinds.kind import Address, PageKind
from app.pages.subjects import Subject
from app.pens.page import Page


class RegisterPage(PageKind):
    """One register; any of its names finds it."""

    pattern = "/r/{name}"
    promise = "one register; any of its names redirects here"
    twins = "txt json csv md atom"

    def find(self, asked: Address) -> Page:
        """Return a register with its four cells. Raises NotFound."""
        found = explore.find_register(asked.snapshot, asked.parts["name"])
        register, knowledge = found.register, asked.knowledge
        cells = explore.register_cells(asked.snapshot, register)
        notes = explore.register_annotations(asked.snapshot, register)
        path, _, anchor = found.path.partition("#")
        sheet = cell_text.register_sheet(register, cells, notes, knowledge)
        return Page.of(
            sheet,
            anchor=anchor,
            template="registers/show.html",
            subject=Subject(path, f"{sheet.title}: changes"),
            view={"register": register, "cells": cells, "annotations": notes},
            table=lambda place: table_text.cells_table(
                {view.key: view for view in cells}, knowledge, place.site
            ),
            data=lambda place: {
                "data_version": asked.snapshot.name,
                "register": to_jsonable_python(register_out(register, place.site)),
                "cells": to_jsonable_python(
                    cells_body(cells, knowledge, place.site, knowledge.policies)
                ),
            },
        )


class CellPage(PageKind):
    """One cell: a register in one mode for one access."""

    pattern = "/r/{name}/{mode}/{access}"
    promise = "one cell: the link for a mail"
    twins = "txt json atom"

    def find(self, asked: Address) -> Page:
        """Return a cell with everything known about it. Raises NotFound."""
        name, mode, access = asked.parts.values()
        view = explore.find_cell(asked.snapshot, name, mode.lower(), access.lower())
        key, heading = view.key, view.register.heading
        return Page.of(
            cell_text.cell_sheet(view, asked.knowledge),
            template="cells/show.html",
            subject=Subject(key.url, f"{heading}, {key.mode.label} {key.access}: changes"),
            view={"cell": view},
            data=lambda place: {
                "data_version": asked.snapshot.name,
                **to_jsonable_python(one_cell(view, asked.knowledge, place.site)),
            },
        )


KINDS: tuple[PageKind, ...] = (RegisterPage(), CellPage())
