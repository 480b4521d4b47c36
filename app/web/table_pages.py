"""The parts of the table's pages: what each of their formats shows."""

from __future__ import annotations

from typing import Any

from app import explore
from app.domain import filters
from app.domain.facts import Family, Register
from app.domain.views import CellView
from app.explore import TableView
from app.formats import cell_text, changes_text, family_text, table_text
from app.formats.api import cell_list, cell_out, register_out
from app.formats.cell_text import Place
from app.formats.tables import Table
from app.snapshots import Snapshot
from app.web.render import Page


def table_page(snapshot: Snapshot, view: TableView, place: Place) -> Page:
    """Return the table under a filter."""
    return Page(
        template="table/index.html",
        fragment="table/_results.html",
        view={
            "view": view,
            "chips": filters.chips(view.wanted, snapshot.vocabulary),
            "vocabulary": snapshot.vocabulary.values,
        },
        text=lambda: table_text.table_text(
            table_text.Shown(view.cells, view.order, view.sentence, view.path),
            snapshot.knowledge,
            place,
        ),
        table=lambda: table_text.cells_table(view.cells, snapshot.knowledge, place.site),
        data=lambda: cell_list(
            view.cells.values(), snapshot.knowledge, place.site, snapshot.name
        ).model_dump(mode="json", by_alias=True),
    )


def corrected_page(snapshot: Snapshot, place: Place) -> Page:
    """Return the corrected table."""
    table = snapshot.corrected
    return Page(
        template="corrected.html",
        view={"table": table, "footnote_lines": table_text.footnote_lines},
        text=lambda: table_text.corrected_text(table, snapshot.knowledge, place),
        table=lambda: table_text.corrected_table(table),
        data=lambda: {
            "data_version": snapshot.name,
            "rows": _records(table_text.corrected_table(table)),
            "footnotes": {
                str(note.number): list(table_text.footnote_lines(note, snapshot.knowledge))
                for note in table.footnotes
            },
        },
    )


def register_page(snapshot: Snapshot, register: Register, place: Place) -> Page:
    """Return one register with its four cells."""
    cells = explore.register_cells(snapshot, register)
    annotations = explore.register_annotations(snapshot, register)
    by_key = {view.key: view for view in cells}
    return Page(
        template="registers/show.html",
        view={"register": register, "cells": cells, "annotations": annotations},
        text=lambda: cell_text.register_text(
            register, cells, annotations, snapshot.knowledge, place
        ),
        table=lambda: table_text.cells_table(by_key, snapshot.knowledge, place.site),
        data=lambda: {
            "data_version": snapshot.name,
            "register": register_out(register, place.site).model_dump(mode="json"),
            "cells": [_cell(view, snapshot, place) for view in cells],
        },
    )


def cell_page(snapshot: Snapshot, view: CellView, place: Place) -> Page:
    """Return one cell."""
    return Page(
        template="cells/show.html",
        fragment="cells/_cell.html",
        view={"cell": view},
        same=lambda live: live.cells.get(view.key) == view,
        since=f"{view.key.url}/since/{snapshot.name}",
        text=lambda: cell_text.cell_text(view, snapshot.knowledge, place),
        data=lambda: {"data_version": snapshot.name, **_cell(view, snapshot, place)},
    )


def since_page(then: Snapshot, now: Snapshot, view: CellView, place: Place) -> Page:
    """Return what changed in a cell between two data versions."""
    before = then.cells.get(view.key)
    old = cell_text.cell_text(before, then.knowledge, place) if before else ""
    new = cell_text.cell_text(view, now.knowledge, place)
    hunks = changes_text.hunks(old, new)
    text = changes_text.since_text(view.key.url, (then.name, now.name), hunks, place)
    return Page(
        template="cells/since.html",
        view={"cell": view, "then": then.name, "now": now.name, "hunks": hunks},
        text=lambda: text,
    )


def coverage_page(snapshot: Snapshot, place: Place) -> Page:
    """Return the coverage matrix."""
    cells, knowledge = snapshot.cells, snapshot.knowledge
    return Page(
        template="families/index.html",
        view={
            "cells": cells,
            "counts": {f: family_text.coverage(cells, f) for f in knowledge.families},
        },
        text=lambda: family_text.coverage_text(cells, knowledge, place),
        table=lambda: family_text.coverage_table(cells, knowledge),
        data=lambda: {
            "data_version": snapshot.name,
            "families": _records(family_text.coverage_table(cells, knowledge)),
        },
    )


def family_page(snapshot: Snapshot, family: Family, place: Place) -> Page:
    """Return one family."""
    cells = snapshot.cells
    judged = {key: view.judgements[family.slug] for key, view in cells.items()}
    return Page(
        template="families/show.html",
        view={
            "family": family,
            "judged": judged,
            "counts": family_text.coverage(cells, family.slug),
            "errata": family_text.errata_of(family, snapshot.knowledge),
            "cells": cells,
        },
        text=lambda: family_text.family_text(family, cells, snapshot.knowledge, place),
        table=lambda: family_text.family_table(family, cells),
        data=lambda: {
            "data_version": snapshot.name,
            "family": family.slug,
            "cells": _records(family_text.family_table(family, cells)),
        },
    )


def _cell(view: CellView, snapshot: Snapshot, place: Place) -> dict[str, Any]:
    return cell_out(view, snapshot.knowledge, place.site).model_dump(mode="json", by_alias=True)


def _records(table: Table) -> list[dict[str, str]]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]
