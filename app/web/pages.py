"""The pages of the registry: one route for each kind, all of them alike."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.errors import NotFound
from app.pages import registry
from app.pens.page import Page
from app.web.deps import asked_of
from app.web.page_request import PageRequest, in_format, leading, pin_of


def routes() -> APIRouter:
    """Return a route for each kind of page that the registry knows."""
    router = APIRouter(include_in_schema=False)
    for kind in registry.KINDS:
        # No route of the framework's own: nothing of these is declared, and it asks anew each time.
        router.add_route(kind.pattern, show, methods=["GET"])
    return router


def show(request: Request) -> Response:
    """The page at an address; any other name of it redirects there."""
    asked, page = _find(asked_of(request))
    path, _, query = page.path.partition("?")
    if asked.path != path:
        anchor = f"#{page.anchor}" if page.anchor else ""
        return leading(in_format(asked.request, path, query) + anchor, 308)
    return asked.elsewhere(path, query) or asked.respond(page)


def _find(asked: PageRequest) -> tuple[PageRequest, Page]:
    """Return the page; what came a moment ago is looked for again in the newest snapshot."""
    address = f"{asked.path}?{asked.request.url.query}"
    try:
        return asked, registry.find_page(asked.snapshot, address)
    except NotFound:
        if pin_of(asked.request) or not asked.path.startswith("/m/"):
            raise
        newest = PageRequest(asked.request, asked.state.snapshots.refresh())
        return newest, registry.find_page(newest.snapshot, address)
