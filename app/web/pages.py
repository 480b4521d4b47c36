"""The pages of the registry: one route for each kind, all of them alike."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.errors import NotFound
from app.pages import registry
from app.pens.page import Page
from app.store.snapshots import Snapshot
from app.web.deps import Render, Snap, in_format, pin_of, pinned_query


def routes() -> APIRouter:
    """Return a route for each kind of page that the registry knows."""
    router = APIRouter(include_in_schema=False)
    for kind in registry.KINDS:
        router.add_api_route(kind.pattern, show, methods=["GET"])
    return router


def show(request: Request, snapshot: Snap, render: Render) -> Response:
    """The page at an address; any other name of it redirects there."""
    snapshot, page = _find(request, snapshot)
    path, _, query = page.path.partition("?")
    if request.url.path != path:
        anchor = f"#{page.anchor}" if page.anchor else ""
        return RedirectResponse(in_format(request, path, query) + anchor, 308)
    if request.url.query != (settled := pinned_query(request, query)):
        asked: str = request.scope["state"]["asked"]
        return RedirectResponse(f"{asked}?{settled}" if settled else asked, 302)
    return render.respond(request, snapshot, page)


def _find(request: Request, snapshot: Snapshot) -> tuple[Snapshot, Page]:
    """Return the page; what came a moment ago is looked for again in the newest snapshot."""
    address = f"{request.url.path}?{request.url.query}"
    try:
        return snapshot, registry.find(snapshot, address)
    except NotFound:
        if pin_of(request) or not request.url.path.startswith("/m/"):
            raise
        newest: Snapshot = request.app.state.snapshots.refresh()
        return newest, registry.find(newest, address)
