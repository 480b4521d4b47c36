"""The parts of the table's pages: what each of their formats shows."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl

from app import explore
from app.domain import filters
from app.domain.editions import AsStated
from app.domain.facts import Family, Register
from app.domain.views import CellView
from app.explore import TableView
from app.formats import (
    cell_text,
    corrected_text,
    family_text,
    register_text,
    stated,
    table_text,
)
from app.formats.api import cell_list, cell_out, register_out
from app.formats.page import Page
from app.formats.place import Place
from app.formats.tables import Table
from app.snapshots import Snapshot


def table_page(snapshot: Snapshot, view: TableView, place: Place) -> Page:
    """Return the table under a filter."""
    return Page(
        template="table/index.html",
        feed=view.path,
        fragment="table/_results.html",
        view={
            "view": view,
            "chips": filters.chips(view.wanted, snapshot.vocabulary),
            "kept": parse_qsl(view.wanted.query()),
            "vocabulary": snapshot.vocabulary.values,
            "edition": view.stated,
        },
        text=lambda: table_text.table_text(explore.shown(view), snapshot.knowledge, place),
        table=lambda: stated.marked(
            table_text.cells_table(view.cells, snapshot.knowledge, place.site, view.wanted.policy),
            view.stated,
        ),
        data=lambda: cell_list(
            view.cells.values(),
            snapshot.knowledge,
            place.site,
            snapshot.name,
            view.wanted.policy,
            edition=view.stated,
        ).model_dump(mode="json", by_alias=True),
    )


def corrected_page(snapshot: Snapshot, place: Place, apm: str = "") -> Page:
    """Return the corrected table, of a revision of the manual."""
    edition = explore.stated(snapshot, apm)
    table = explore.corrected(snapshot, apm)
    return Page(
        template="corrected.html",
        view={
            "table": table,
            "counts": corrected_text.counts(table, edition),
            "footnote_lines": corrected_text.footnote_lines,
            "edition": edition,
        },
        text=lambda: corrected_text.corrected_text(table, snapshot.knowledge, place, edition),
        table=lambda: stated.marked(corrected_text.corrected_table(table), edition),
        data=lambda: {
            "data_version": snapshot.name,
            "apm": _manual(edition),
            "cells": {str(c.printed): c.number for c in corrected_text.counts(table)},
            "rows": _records(corrected_text.corrected_table(table)),
            "footnotes": {
                str(note.number): list(corrected_text.footnote_lines(note, snapshot.knowledge))
                for note in table.footnotes
            },
        },
    )


def register_page(snapshot: Snapshot, register: Register, place: Place, apm: str = "") -> Page:
    """Return one register with its four cells, as a revision of the manual states them."""
    edition = explore.stated(snapshot, apm)
    cells = explore.register_cells(snapshot, register, apm)
    annotations = explore.register_annotations(snapshot, register)
    by_key = {view.key: view for view in cells}
    return Page(
        template="registers/show.html",
        feed=f"/r/{register.slug}",
        view={
            "register": register,
            "cells": cells,
            "annotations": annotations,
            "edition": edition,
        },
        text=lambda: register_text.register_text(
            register, cells, annotations, snapshot.knowledge, place, edition=edition
        ),
        table=lambda: stated.marked(
            table_text.cells_table(by_key, snapshot.knowledge, place.site), edition
        ),
        data=lambda: {
            "data_version": snapshot.name,
            "apm": _manual(edition),
            "register": register_out(register, place.site).model_dump(mode="json"),
            "cells": [_cell(view, snapshot, place, edition) for view in cells],
        },
    )


def cell_page(snapshot: Snapshot, view: CellView, place: Place, apm: str = "") -> Page:
    """Return one cell, as a revision of the manual states it."""
    edition = explore.stated(snapshot, apm)
    return Page(
        template="cells/show.html",
        fragment="cells/_cell.html",
        view={"cell": view, "edition": edition},
        feed=view.key.url,
        text=lambda: cell_text.cell_text(view, snapshot.knowledge, place, edition),
        data=lambda: {
            "data_version": snapshot.name,
            "apm": _manual(edition),
            **_cell(view, snapshot, place, edition),
        },
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
        feed=f"/c/{family.slug}",
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


def _cell(
    view: CellView, snapshot: Snapshot, place: Place, edition: AsStated | None = None
) -> dict[str, Any]:
    found = cell_out(view, snapshot.knowledge, place.site, edition=edition)
    return found.model_dump(mode="json", by_alias=True)


def _manual(edition: AsStated | None) -> dict[str, Any] | None:
    found = stated.manual_out(edition)
    return found.model_dump(mode="json") if found else None


def _records(table: Table) -> list[dict[str, str]]:
    return [dict(zip(table.columns, row, strict=True)) for row in table.rows]
