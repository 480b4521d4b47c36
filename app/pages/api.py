"""The JSON that the API, the ``.json`` twins and exports share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from pydantic import Field, create_model

from app.core import facts
from app.core.cells import cells_of
from app.core.knowledge import Knowledge
from app.core.revisions import revision_read
from app.core.summaries import NEWEST
from app.core.views import CellView
from app.pages.api_models import ManualOut, Out, RegisterOut
from app.pages.table_columns import cell_columns

# Which keys a cell has hangs on nothing that is known.
_KEYS: dict[str, Any] = {
    f"{key}_": (kind, Field(alias=key))
    for column in cell_columns(Knowledge.of(()), ())
    for key, (kind, _) in column.json.items()
}
CellOut = create_model(
    "CellOut", __base__=Out, __doc__="A cell: register x mode x access.", **_KEYS
)


class OneCell(CellOut):
    """A cell by itself, with the revision of the manual that it is held against."""

    apm: ManualOut | None


class CellList(Out):
    """Cells of one data version, held against the revision of the manual that was read."""

    data_version: str
    apm: ManualOut | None
    cells: list[CellOut]


def cells_body(
    cells: Iterable[CellView],
    knowledge: Knowledge,
    site: str,
    policies: Iterable[str],
    most: int | None = None,
) -> list[dict[str, Any]]:
    """Return cells as JSON data, with what ``policies`` assume of them.

    ``most`` bounds the observations of measurements that each names.
    """
    every = cell_columns(knowledge, policies, site, most=most)
    keys = {key: value for column in every for key, (_, value) in column.json.items()}
    return [{key: value(view) for key, value in keys.items()} for view in cells]


def cell_list(
    cells: Iterable[CellView],
    knowledge: Knowledge,
    site: str,
    version: str,
    policies: Iterable[str],
) -> dict[str, Any]:
    """Return cells under their data version, with what ``policies`` assume of them.

    Of measurements a cell names its newest observations here, and those of each sort by itself.
    """
    found = cells_body(cells, knowledge, site, policies, NEWEST)
    return {"data_version": version, "apm": manual_out(knowledge), "cells": found}


def one_cell(view: CellView, knowledge: Knowledge, site: str) -> dict[str, Any]:
    """Return a cell in full, with the revision that it is held against."""
    (found,) = cells_body([view], knowledge, site, knowledge.policies)
    return {**found, "apm": manual_out(knowledge)}


def manual_out(knowledge: Knowledge) -> ManualOut | None:
    """Return the revision of the manual that was read, None without any."""
    read = revision_read(knowledge)
    if not read:
        return None
    return ManualOut(revision=read, inference=False, read=[read], silent=[], note="")


def register_out(register: facts.Register, site: str) -> RegisterOut:
    """Return a register as the API shows it."""
    return RegisterOut.of(
        register,
        x2apic_access=register.access,
        url=f"{site}/r/{register.slug}",
        cells=[f"{site}{key.url}" for key in cells_of(register.slug)],
    )
