"""The routes of the ledger, the errata and the changes."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.pages import explore, ledger_pages
from app.pages import ledger as use_cases
from app.web.deps import Render, Snap, filter_pairs, in_format, pinned_query

router = APIRouter(include_in_schema=False)


@router.get("/d")
def differences(request: Request, snapshot: Snap, render: Render) -> Response:
    """The ledger; a query that is not canonical is redirected to the one that is."""
    wanted = use_cases.read_filter(snapshot, filter_pairs(request))
    query = pinned_query(request, wanted.query())
    if request.url.query != query:
        path = request.scope["state"]["asked"]
        return RedirectResponse(f"{path}?{query}" if query else path, 302)
    view = use_cases.view(snapshot, wanted)
    page = ledger_pages.differences_page(snapshot, view, render.place(snapshot))
    return render.respond(request, snapshot, page)


@router.get("/d/{number}")
def difference(number: str, request: Request, snapshot: Snap, render: Render) -> Response:
    """One disagreement with its life."""
    found = explore.find_difference(snapshot, number)
    if number != found.slug:
        return RedirectResponse(in_format(request, f"/d/{found.slug}"), 308)
    entry = use_cases.entry(snapshot, found)
    page = ledger_pages.difference_page(snapshot, entry, render.place(snapshot))
    return render.respond(request, snapshot, page)


@router.get("/errata")
def errata(request: Request, snapshot: Snap, render: Render) -> Response:
    """Published errata and informal quirks."""
    page = ledger_pages.errata_page(snapshot, render.place(snapshot))
    return render.respond(request, snapshot, page)


@router.get("/errata/{slug}")
def erratum(slug: str, request: Request, snapshot: Snap, render: Render) -> Response:
    """One erratum or quirk, with the cells that it touches."""
    found = explore.find_erratum(snapshot, slug)
    if slug != found.slug:
        return RedirectResponse(in_format(request, f"/errata/{found.slug}"), 308)
    page = ledger_pages.erratum_page(snapshot, found, render.place(snapshot))
    return render.respond(request, snapshot, page)


@router.get("/changes")
def changes(request: Request, snapshot: Snap, render: Render) -> Response:
    """What became public, and when."""
    editions = explore.editions(snapshot)
    page = ledger_pages.changes_page(snapshot, editions, render.place(snapshot))
    return render.respond(request, snapshot, page)
