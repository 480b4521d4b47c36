"""The JSON API, version 1: the same facts, the same filters, one shape."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, Response

from app.core.filters import KEYS
from app.curation.seed import body_of
from app.pages import explore
from app.pages.api import CellList, OneCell, cell_list, one_cell, register_out
from app.pages.api_models import ErrorOut, FactList, RegisterList
from app.pages.kinds.differences import filter_ledger, ledger_body
from app.pens.page import Page
from app.web.deps import NO_FILTER, Ask, Config, Snap, TableFilter
from app.web.page_request import keep

ERRORS = {status: {"model": ErrorOut} for status in (400, 404, 503)}


async def _keep(request: Request) -> None:
    """Let the front keep what is answered, as it keeps pages."""
    keep(request)


router = APIRouter(prefix="/api/v1", responses=ERRORS, dependencies=[Depends(_keep)])  # type: ignore[arg-type]


def described(*parameters: tuple[str, str]) -> dict[str, Any]:
    """Return what OpenAPI says of queries that a route reads raw, so that it names every fault."""
    return {
        "parameters": [
            {
                "name": name,
                "in": "query",
                "required": False,
                "description": text,
                "schema": {"type": "string"},
            }
            for name, text in parameters
        ]
    }


_SEVERAL = ". Several values are joined with commas."
*_NAMED, _SORT = ((k.name, f"{k.api}{'.' if k.most == 1 else _SEVERAL}") for k in KEYS if k.api)
_PIN = ("at", "a data version or a date: what was public then.")
FILTERS = (*_NAMED, _PIN, _SORT)
OPENAPI_FILTERS = described(*FILTERS)


@router.get("/cells", openapi_extra=OPENAPI_FILTERS)
def list_cells(snapshot: Snap, wanted: TableFilter, config: Config) -> CellList:
    """Cells with claims, what rules them, verdicts per family, policies and errata."""
    cells, policies = explore.filter_table(snapshot, wanted).cells.values(), wanted["policy"]
    return CellList(**cell_list(cells, snapshot.knowledge, config.site, snapshot.name, policies))


@router.get(
    "/cells/{register}/{mode}/{access}", openapi_extra=described(_PIN), dependencies=NO_FILTER
)
def get_cell(register: str, mode: str, access: str, snapshot: Snap, config: Config) -> OneCell:
    """One cell; the register by any of its names."""
    view = explore.find_cell(snapshot, register, mode, access)
    return OneCell(**one_cell(view, snapshot.knowledge, config.site))


@router.get("/registers", openapi_extra=OPENAPI_FILTERS)
def list_registers(snapshot: Snap, wanted: TableFilter, config: Config) -> RegisterList:
    """Registers with a cell that the filter admits, in the order that it asks for."""
    registers = snapshot.knowledge.registers
    order = explore.filter_table(snapshot, wanted).order
    shown = [register_out(registers[slug], config.site) for slug in order]
    return RegisterList(data_version=snapshot.name, registers=shown)


@router.get("/families", openapi_extra=OPENAPI_FILTERS, response_model_exclude_none=True)
def list_families(snapshot: Snap, wanted: TableFilter) -> FactList:
    """Families that the filter speaks of, with CPUID ranges and feature readings."""
    families = snapshot.knowledge.families
    chosen = [families[slug] for slug in wanted["family"] or families]
    return FactList(data_version=snapshot.name, families=[body_of(f) for f in chosen])


@router.get("/errata", openapi_extra=OPENAPI_FILTERS, response_model_exclude_none=True)
def list_errata(snapshot: Snap, wanted: TableFilter) -> FactList:
    """Errata and quirks; under a filter, those that touch a cell that it admits."""
    shown = explore.filter_table(snapshot, wanted).cells.values()
    touching = {e.slug for view in shown for e in view.errata}
    every = snapshot.knowledge.errata.values()
    chosen = [e for e in every if e.slug in touching or not wanted.active]
    return FactList(data_version=snapshot.name, errata=[body_of(e) for e in chosen])


@router.get("/differences", openapi_extra=OPENAPI_FILTERS, response_model_exclude_none=True)
def list_differences(snapshot: Snap, wanted: TableFilter, config: Config) -> FactList:
    """The ledger with what it does not cover; under a filter, what touches its cells."""
    found = filter_ledger(snapshot, wanted)
    return FactList(**ledger_body(found, snapshot.name, snapshot.knowledge, config.site))


@router.get("/openapi.json", include_in_schema=False, dependencies=NO_FILTER)
def description(request: Request) -> Response:
    """What there is to ask, for programs."""
    return JSONResponse(request.app.openapi())


@router.get("/docs", include_in_schema=False, dependencies=NO_FILTER)
def reference(asked: Ask) -> Response:
    """The reference of the API, made from its OpenAPI description."""
    description = asked.request.app.openapi()
    context = {"api": description, "site": asked.place.site}
    page = Page(
        template="api.html",
        view={"api": description},
        text=lambda _: asked.renderer.text("docs/_api_reference.md", **context),
    )
    return asked.respond(page)
