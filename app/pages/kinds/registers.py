"""A register, and a cell: the permalinks of mailing lists."""

from __future__ import annotations

from app.core.chains import ANY, Given, offered_values
from app.core.choices import read_choices
from app.core.views import CellView
from app.pages import cell_text, explore, register_text, table_text
from app.pages.api import cells_body, one_cell, register_out
from app.pages.guest_view import lines_on
from app.pages.kinds.kind import Address, PageKind
from app.pages.subjects import Subject
from app.pages.timeline_text import neighbour_links
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
        sheet = register_text.register_sheet(register, cells, notes, knowledge)
        return Page.of(
            sheet,
            anchor=anchor,
            template="registers/show.html",
            subject=Subject(path, f"{sheet.title}: changes"),
            view={
                "register": register,
                "cells": cells,
                "annotations": notes,
                "around": neighbour_links(register, knowledge),
            },
            table=lambda place: table_text.cells_table(
                {view.key: view for view in cells}, knowledge, place.site
            ),
            data=lambda place: {
                "data_version": asked.snapshot.name,
                "register": register_out(register, place.site),
                "cells": cells_body(cells, knowledge, place.site, knowledge.policies),
            },
        )


class CellPage(PageKind):
    """One cell: a register in one mode for one access."""

    pattern = "/r/{name}/{mode}/{access}"
    promise = "one cell: the link for a mail; policy and value choose an access of it"
    twins = "txt json atom"

    def find(self, asked: Address) -> Page:
        """Return a cell with everything known about it. Raises NotFound."""
        name, mode, access = asked.parts.values()
        view = explore.find_cell(asked.snapshot, name, mode.lower(), access.lower())
        given = _given(view, asked)
        key, heading = view.key, view.register.heading
        return Page.of(
            cell_text.cell_sheet(view, asked.knowledge, lines_on(asked.snapshot, view), given),
            template="cells/show.html",
            subject=Subject(key.url, f"{heading}, {key.mode.label} {key.access}: changes"),
            view={"cell": view, "around": neighbour_links(view.register, asked.knowledge, key)},
            data=lambda place: {
                "data_version": asked.snapshot.name,
                **one_cell(view, asked.knowledge, place.site),
            },
        )


def _given(view: CellView, asked: Address) -> Given:
    """Return what a query chooses of an access; without checks there is nothing to choose."""
    if not view.chain(asked.knowledge.conditions):
        return ANY
    policies = {does.policy.slug: does for does in view.does if does.actions}
    slugs = {slug: does.policy.name for slug, does in policies.items()}
    valid = {"policy": slugs, "value": offered_values(view.claims, asked.knowledge.conditions)}
    offered = {key: words for key, words in valid.items() if words}
    words = read_choices(asked.pairs, offered, offered)
    policy, value = ("".join(words.get(key, ())) for key in valid)
    return Given(policies.get(policy), value)


KINDS: tuple[PageKind, ...] = (RegisterPage(), CellPage())
