"""The pages of the table: the table itself, registers, cells, coverage, the corrected table."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.core.names import Found
from app.pages import explore, table_pages
from app.web.deps import Apm, Filter, Render, Snap, in_format, pinned_query, settled

router = APIRouter(include_in_schema=False)


@router.get("/")
def index(request: Request, snapshot: Snap, wanted: Filter, render: Render) -> Response:
    """The table; a query that is not canonical is redirected to the one that is."""
    query = pinned_query(request, wanted.query())
    if request.url.query != query:
        return RedirectResponse(_canonical(request, query), 302)
    view = explore.table(snapshot, wanted)
    page = table_pages.table_page(snapshot, view, render.place(snapshot))
    return render.respond(request, snapshot, page)


@router.get("/corrected")
def corrected(request: Request, snapshot: Snap, apm: Apm, render: Render) -> Response:
    """Table 15-22 as it should read."""
    if elsewhere := settled(request, apm):
        return RedirectResponse(elsewhere, 302)
    page = table_pages.corrected_page(snapshot, render.place(snapshot), apm)
    return render.respond(request, snapshot, page)


@router.get("/r/{name}")
def register(name: str, request: Request, snapshot: Snap, apm: Apm, render: Render) -> Response:
    """One register; any other name of it redirects here for good."""
    found = explore.find_register(snapshot, name)
    if found.path != f"/r/{name}":
        return RedirectResponse(_renamed(request, found, apm), 308)
    if elsewhere := settled(request, apm):
        return RedirectResponse(elsewhere, 302)
    page = table_pages.register_page(snapshot, found.register, render.place(snapshot), apm)
    return render.respond(request, snapshot, page)


@router.get("/r/{name}/{mode}/{access}")
def cell(  # noqa: PLR0917 - three parts of the address, three things of the application
    name: str, mode: str, access: str, request: Request, snapshot: Snap, apm: Apm, render: Render
) -> Response:
    """One cell: the permalink of mailing lists."""
    found = explore.find_register(snapshot, name)
    view = explore.find_cell(snapshot, found.register, mode.lower(), access.lower(), apm)
    if request.url.path != view.key.url:
        return RedirectResponse(_renamed(request, found, apm, str(view.key)), 308)
    if elsewhere := settled(request, apm):
        return RedirectResponse(elsewhere, 302)
    page = table_pages.cell_page(snapshot, view, render.place(snapshot), apm)
    return render.respond(request, snapshot, page)


@router.get("/c")
def coverage(request: Request, snapshot: Snap, render: Render) -> Response:
    """The coverage matrix."""
    page = table_pages.coverage_page(snapshot, render.place(snapshot))
    return render.respond(request, snapshot, page)


@router.get("/c/{slug}")
def family(slug: str, request: Request, snapshot: Snap, render: Render) -> Response:
    """One family: where it differs, who says so, what is unmeasured."""
    found = explore.find_family(snapshot, slug)
    page = table_pages.family_page(snapshot, found, render.place(snapshot))
    return render.respond(request, snapshot, page)


def _canonical(request: Request, query: str) -> str:
    path = request.scope["state"]["asked"]
    return f"{path}?{query}" if query else path


def _renamed(request: Request, found: Found, apm: str, cell: str = "") -> str:
    """Return the canonical address; the member's anchor is for the register's page only."""
    path, _, anchor = found.path.partition("#")
    member = f"#{anchor}" if anchor and not cell else ""
    query = f"apm={apm}" if apm else ""
    return in_format(request, f"/r/{cell}" if cell else path, query) + member
