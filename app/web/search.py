"""The routes of search: the page, the API, and the description that browsers read."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.errors import InvalidQuery
from app.search import search_pages, searching
from app.search.search_body import SearchOut, search_out
from app.web.api import ERRORS
from app.web.deps import Config, Render, Snap, filter_pairs, pinned_query

router = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/v1", responses=ERRORS)  # type: ignore[arg-type]

PARAMETERS = {
    "parameters": [
        {"name": name, "in": "query", "required": False, "description": text,
         "schema": {"type": "string"}}
        for name, text in (
            ("q", "words, names, and key:value with the keys of the table's filter or kind"),
            ("at", "a data version or a date: what was public then"),
        )
    ]
}  # fmt: skip


@router.get("/search")
def search(request: Request, snapshot: Snap, render: Render) -> Response:
    """What was found; a query that is not canonical is redirected to the one that is."""
    text = search_pages.text_of(filter_pairs(request))
    place = render.place(snapshot)
    try:
        found = searching.search(snapshot, text)
    except InvalidQuery as error:
        return render.respond(request, snapshot, search_pages.refused_page(snapshot, error))
    query = pinned_query(request, search_pages.canonical(found))
    if request.url.query != query:
        path = request.scope["state"]["asked"]
        return RedirectResponse(f"{path}?{query}" if query else path, 302)
    return render.respond(request, snapshot, search_pages.found_page(snapshot, found, place))


@api.get("/search", openapi_extra=PARAMETERS)
def search_as_data(request: Request, snapshot: Snap, render: Render) -> SearchOut:
    """Things with this name, then the full text; with the filter's keys, cells."""
    found = searching.search(snapshot, search_pages.text_of(filter_pairs(request)))
    return search_out(found, render.place(snapshot).site, snapshot.name)


@router.get("/opensearch.xml")
def description(config: Config) -> Response:
    """How a browser adds this site to its search field."""
    body = search_pages.opensearch(config.site)
    return Response(body, media_type="application/opensearchdescription+xml")
