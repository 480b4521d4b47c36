"""The routes of search: the page, the API, and the description that browsers read."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from app.errors import InvalidQuery
from app.search import search_pages, searching
from app.search.model import Query
from app.search.search_pages import SearchOut, search_out
from app.web.api import ERRORS, described
from app.web.deps import NO_FILTER, Ask, Config
from app.web.page_request import PageRequest, filter_pairs, keep, pin_of

router = APIRouter(include_in_schema=False)
api = APIRouter(prefix="/api/v1", responses=ERRORS)  # type: ignore[arg-type]

PARAMETERS = described(
    ("q", "words, names, and key:value with the keys of the table's filter or kind"),
    ("at", "a data version or a date: what was public then"),
)


@router.get("/search")
def search(asked: Ask) -> Response:
    """What was found; a query that is not canonical is redirected to the one that is."""
    snapshot = asked.snapshot
    try:
        query = _query(asked)
        if elsewhere := asked.elsewhere(asked.path, search_pages.canonical_query(query)):
            return elsewhere
        found = searching.answer(snapshot, query)
    except InvalidQuery as error:
        return asked.respond(search_pages.refused_page(snapshot, error))
    return asked.respond(search_pages.found_page(snapshot, found, asked.place))


@api.get("/search", openapi_extra=PARAMETERS)
def search_as_data(asked: Ask) -> SearchOut:
    """Things with this name, then the full text; with the filter's keys, cells."""
    found = searching.answer(asked.snapshot, _query(asked))
    keep(asked.request, search_pages.canonical_query(found.query))
    return search_out(found, asked.place.site, asked.snapshot.name)


def _query(asked: PageRequest) -> Query:
    text = search_pages.asked_text(filter_pairs(asked.request))
    return searching.read(asked.snapshot, text, pinned=bool(pin_of(asked.request)))


@router.get("/opensearch.xml", dependencies=NO_FILTER)
def description(config: Config) -> Response:
    """How a browser adds this site to its search field."""
    body = search_pages.opensearch(config.site)
    return Response(body, media_type="application/opensearchdescription+xml")
