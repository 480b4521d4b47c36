"""The pages of search, and its answers as JSON: results, the language, and what cannot be read."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from html import escape
from typing import Any

from pydantic import BaseModel, Field

from app.core.choices import read_choices
from app.errors import InvalidQuery
from app.pages.api_models import error_out
from app.pens.page import Page
from app.pens.place import Place
from app.search import search_text, searching
from app.search.model import KINDS, Hit, Query, SearchResult, address_of_query
from app.store.snapshots import Snapshot


class HitOut(BaseModel):
    """One result; ``snippet`` is plain text."""

    kind: str
    key: str
    title: str
    url: str
    snippet: str


class GroupOut(BaseModel):
    """The best results of one kind; ``url`` leads to all of them."""

    kind: str
    total: int
    url: str
    hits: list[HitOut]


class InTableOut(BaseModel):
    """The table under the query's keys; ``same`` when it shows just the cells that were found."""

    url: str
    cells: int
    same: bool


class SearchOut(BaseModel):
    """The answer; ``exactly`` holds what has the query as its name."""

    data_version: str
    query: str
    exactly: list[HitOut]
    groups: list[GroupOut]
    table: InTableOut | None = None
    suggestions: list[str] = Field(description="queries that find something")
    closest: list[HitOut] = Field([], description="what answers most of it, where nothing does all")


def asked_text(pairs: Iterable[tuple[str, str]]) -> str:
    """Return what is looked for; raises InvalidFilter for any other key."""
    return "".join(read_choices(pairs, {"q": None}, ("q",))["q"])


def canonical_query(query: Query) -> str:
    """Return the query string of a query's own address."""
    return address_of_query(str(query)).partition("?")[2]


def found_page(snapshot: Snapshot, found: SearchResult, place: Place) -> Page:
    """Return the results, or the language for an empty query."""
    empty = found.query.empty
    offers = [query for query, _ in searching.EXAMPLES] if empty else ()
    help_text = partial(search_text.help_text, searching.keys(snapshot), searching.EXAMPLES, place)
    return Page(
        path=address_of_query(str(found.query)),
        template="search/show.html",
        view=_view(snapshot, str(found.query), found=found),
        text=lambda _: help_text() if empty else search_text.found_text(found, place),
        data=lambda _: search_out(found, place.site, snapshot.name, offers).model_dump(mode="json"),
    )


def refused_page(snapshot: Snapshot, error: InvalidQuery) -> Page:
    """Return a query that cannot be read, with the place and what would do."""
    return Page(
        template="search/show.html",
        view=_view(snapshot, error.text, problem=error),
        text=lambda _: search_text.refusal_text(error),
        data=lambda _: {
            **error_out(error.code, error.message, error.hints),
            "query": error.text,
            "position": error.where[0] + 1,
        },
        status=400,
    )


def _view(snapshot: Snapshot, text: str, **given: object) -> dict[str, Any]:
    return {
        "found": None,
        "problem": None,
        "text": text,
        "keys": searching.keys(snapshot),
        "examples": searching.EXAMPLES,
        "address_of_query": address_of_query,
        "wording": search_text,
        **given,
    }


def search_out(
    found: SearchResult, site: str, version: str, suggestions: Iterable[str] = ()
) -> SearchOut:
    """Return an answer; ``suggestions`` stand in for those of the answer when there are any."""
    table = found.table
    return SearchOut(
        data_version=version,
        query=str(found.query),
        exactly=_hits(found.exact, site),
        groups=[
            GroupOut(
                kind=group.kind,
                total=group.total,
                url=site + address_of_query(group.rest),
                hits=_hits(group.hits, site),
            )
            for group in found.groups
        ],
        table=table and InTableOut(url=site + table.path, cells=table.cells, same=table.same),
        suggestions=list(suggestions or found.near),
        closest=_hits(found.closest, site),
    )


def _hits(hits: Iterable[Hit], site: str) -> list[HitOut]:
    return [
        HitOut(
            kind=hit.kind,
            key=hit.key,
            title=search_text.without_marks(hit.title),
            url=site + hit.path,
            snippet=search_text.without_marks(hit.snippet),
        )
        for hit in hits
    ]


# The example of a refused query in the documentation.
REFUSED = "mode:x2avik access:write"


def documented_search(snapshot: Snapshot) -> dict[str, Any]:
    """Return what the documentation of search shows, so that it cannot go stale."""
    try:
        searching.search(snapshot, REFUSED)
        raise AssertionError("nothing is wrong with the example")
    except InvalidQuery as error:
        shown = (
            *search_text.point_at_error(error),
            "",
            error.message,
            f"Perhaps: {error.hints[0]}",
        )
    return {
        "kinds": tuple(KINDS),
        "search_keys": tuple(searching.keys(snapshot)),
        "search_examples": searching.EXAMPLES,
        "pointed": shown,
    }


def opensearch(site: str) -> str:
    """Return the description of this search for browsers."""
    address = escape(site)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<OpenSearchDescription xmlns="http://a9.com/-/spec/opensearch/1.1/">\n'
        "<ShortName>vAPIC Explorer</ShortName>\n"
        "<Description>Registers, cells, differences and errata of AVIC and x2AVIC</Description>\n"
        "<InputEncoding>UTF-8</InputEncoding>\n"
        f'<Url type="text/html" template="{address}/search?q={{searchTerms}}"/>\n'
        f'<Url type="application/json" template="{address}/search.json?q={{searchTerms}}"/>\n'
        "</OpenSearchDescription>\n"
    )
