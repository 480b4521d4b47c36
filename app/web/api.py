"""The JSON API, version 1: the same facts, the same filters, one shape."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from app import explore
from app.domain.knowledge import kind_of
from app.formats.api import (
    CellList,
    CellOut,
    ErrorOut,
    FactList,
    RegisterList,
    cell_list,
    cell_out,
    register_out,
)
from app.formats.seed import body_of
from app.web.deps import Filter, Render, Snap
from app.web.render import Page

ERRORS = {status: {"model": ErrorOut} for status in (400, 404, 503)}
router = APIRouter(prefix="/api/v1", responses=ERRORS)  # type: ignore[arg-type]

FILTERS = (
    ("mode", "avic or x2avic"),
    ("access", "read or write"),
    ("family", "slugs of families; with verdict, the verdict on these"),
    ("group", "groups of registers"),
    ("behaviour", "documented, ruling or seen"),
    ("verdict", "verdicts"),
    ("evidence", "measured, observed or stated"),
    ("erratum", "slugs of errata, or any"),
    ("only", "disagreements"),
    ("pending", "include: pending measurements count too"),
    ("q", "words that must all occur"),
    ("at", "a data version or a date: what was public then"),
    ("sort", "order, name, msr, verdict or reports; with - in front backwards"),
)
# The filter reads the raw query, so that its errors name every problem; these describe it.
OPENAPI_FILTERS = {
    "parameters": [
        {
            "name": name,
            "in": "query",
            "required": False,
            "description": f"{text}. Several values are joined with commas."
            if name not in ("only", "pending", "q", "at", "sort")
            else f"{text}.",
            "schema": {"type": "string"},
        }
        for name, text in FILTERS
    ]
}


@router.get("/cells", openapi_extra=OPENAPI_FILTERS)
def list_cells(snapshot: Snap, wanted: Filter, render: Render) -> CellList:
    """Cells with claims, what rules them, verdicts per family, policies and errata."""
    view = explore.table(snapshot, wanted)
    site = render.place(snapshot).site
    return cell_list(view.cells.values(), snapshot.knowledge, site, snapshot.name)


@router.get("/cells/{register}/{mode}/{access}")
def get_cell(register: str, mode: str, access: str, snapshot: Snap, render: Render) -> CellOut:
    """One cell; the register by any of its names."""
    found = explore.find_register(snapshot, register)
    view = explore.find_cell(snapshot, found.register, mode, access)
    return cell_out(view, snapshot.knowledge, render.place(snapshot).site)


@router.get("/registers", openapi_extra=OPENAPI_FILTERS)
def list_registers(snapshot: Snap, wanted: Filter, render: Render) -> RegisterList:
    """Registers with a cell that the filter admits, in the order that it asks for."""
    registers = snapshot.knowledge.registers
    site = render.place(snapshot).site
    order = explore.table(snapshot, wanted).order
    return RegisterList(
        data_version=snapshot.name,
        registers=[register_out(registers[slug], site) for slug in order],
    )


@router.get("/families", openapi_extra=OPENAPI_FILTERS, response_model_exclude_none=True)
def list_families(snapshot: Snap, wanted: Filter) -> FactList:
    """Families that the filter speaks of, with CPUID ranges and feature readings."""
    families = snapshot.knowledge.families
    chosen = [families[slug] for slug in wanted.families(families)]
    return FactList(data_version=snapshot.name, families=[body_of(kind_of(f), f) for f in chosen])


@router.get("/errata", openapi_extra=OPENAPI_FILTERS, response_model_exclude_none=True)
def list_errata(snapshot: Snap, wanted: Filter) -> FactList:
    """Errata and quirks; under a filter, those that touch a cell that it admits."""
    shown = explore.table(snapshot, wanted).cells.values()
    touching = {e.slug for view in shown for e in view.errata}
    every = snapshot.knowledge.errata.values()
    chosen = [e for e in every if e.slug in touching or not wanted.active]
    return FactList(data_version=snapshot.name, errata=[body_of(kind_of(e), e) for e in chosen])


@router.get("/differences", openapi_extra=OPENAPI_FILTERS, response_model_exclude_none=True)
def list_differences(snapshot: Snap, wanted: Filter) -> FactList:
    """The ledger; under a filter, the entries that touch a cell that it admits."""
    shown = explore.table(snapshot, wanted).cells.values()
    touching = {d.number for view in shown for d in view.differences}
    every = snapshot.knowledge.differences.values()
    chosen = [d for d in every if d.number in touching or not wanted.active]
    bodies = [body_of(kind_of(d), d) for d in chosen]
    return FactList(data_version=snapshot.name, differences=bodies)


@router.get("/docs", include_in_schema=False)
def reference(request: Request, snapshot: Snap, render: Render) -> Response:
    """The reference of the API, made from its OpenAPI description."""
    description = request.app.openapi()
    context = {"api": description, "site": render.place(snapshot).site}
    page = Page(
        template="api.html",
        view={"api": description},
        text=lambda: render.text_template("docs/api_reference.md", **context),
    )
    return render.respond(request, snapshot, page)
