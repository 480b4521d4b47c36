"""The answer to a search as JSON."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import BaseModel, Field

from app.search.model import Hit, SearchResult, address_of_query
from app.search.search_text import plain


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
    )


def _hits(hits: Iterable[Hit], site: str) -> list[HitOut]:
    return [
        HitOut(
            kind=hit.kind,
            key=hit.key,
            title=plain(hit.title),
            url=site + hit.path,
            snippet=plain(hit.snippet),
        )
        for hit in hits
    ]
