"""A request for a page: its snapshot, how it stands in time, and the answer in its format."""

from __future__ import annotations

from functools import cached_property
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, quote_plus

from fastapi import Request
from pydantic_core import to_json
from starlette.responses import RedirectResponse, Response

from app.core.filtering import Filter
from app.errors import InvalidFilter, NotFound
from app.pages import comparing, feeds
from app.pages.comparing import PageComparison
from app.pens import atom
from app.pens.page import Page
from app.pens.place import PIN, Place
from app.settings import Settings
from app.store.snapshots import Snapshot
from app.web.negotiate import Format
from app.web.render import Renderer

# The type of each twin and what it is called, by its extension.
TWINS = {
    "txt": ("text/plain", "text"),
    "json": ("application/json", "JSON"),
    "csv": ("text/csv", "CSV"),
    "md": ("text/markdown", "Markdown"),
    "atom": ("application/atom+xml", "Atom"),
    "svg": ("image/svg+xml", "SVG"),
    "diff": ("text/x-diff", "diff"),
}
UNFOUND = ("/search", "/check-mail", "/review")


def pin_of(request: Request) -> str:
    """Return the data version or date that a request asks for, empty for today's."""
    return request.query_params.get(PIN, "").strip()


def filter_pairs(request: Request) -> list[tuple[str, str]]:
    """Return the decoded query without the pin, which is no filter."""
    pairs = parse_qsl(request.url.query, keep_blank_values=True)
    return [pair for pair in pairs if pair[0] != PIN]


def pinned_query(request: Request, query: str) -> str:
    """Return a canonical query with the request's pin at its end."""
    pin = f"{PIN}={quote_plus(pin_of(request))}" if pin_of(request) else ""
    return "&".join(part for part in (query, pin) if part)


def in_format(request: Request, path: str, query: str = "") -> str:
    """Return a path and a query with the extension and the pin of the request's address."""
    asked: str = request.scope["state"]["asked"]
    extension = asked.removeprefix(request.url.path) if asked != request.url.path else ""
    query = pinned_query(request, query)
    return f"{path}{extension}" + (f"?{query}" if query else "")


def leading(where: str, status: int) -> Response:
    """Return a redirect whose body tells the way to whoever does not follow it."""
    headers = {"location": RedirectResponse(where).headers["location"]}
    body = f"See {headers['location']}\n"
    return Response(body, status, headers, Format.TEXT.media_type)


def keep(request: Request, query: str = "", tag: str = "") -> None:
    """Let the front send the answer as it sends pages, whose canonical query is ``query``.

    Only at its canonical address is it kept: others are without number. ``tag`` names what it
    holds, if anything does.
    """
    request.state.tag = tag
    request.state.keep = True
    request.state.canonical = request.url.query == pinned_query(request, query)


def unkept(request: Request, response: Response) -> Response:
    """Return a response that nobody keeps: neither we nor the browser."""
    request.state.keep = False
    response.headers["cache-control"] = "no-store"
    return response


class PageRequest:
    """A request and the snapshot that answers it; templates know it as ``pin``."""

    def __init__(self, request: Request, snapshot: Snapshot) -> None:
        self.request = request
        self.snapshot = snapshot
        self.state = request.app.state
        self.settings: Settings = self.state.settings
        self.renderer: Renderer = self.state.renderer
        self.place = Place(self.settings.site, snapshot.name, pinned=snapshot.pinned)
        self.path = request.url.path
        self.pinned = snapshot.pinned
        # As it came: a route has made it canonical, and each has its own way to write it.
        parts = (p for p in request.url.query.split("&") if p)
        query = "&".join(p for p in parts if parse_qsl(p, keep_blank_values=True)[0][0] != PIN)
        self.today = f"{self.path}?{query}" if query else self.path
        self.address = f"{self.path}?{query + '&' if query else ''}{PIN}={snapshot.name}"

    @property
    def plain(self) -> str:
        """The page that search engines are to show: today's, without a filter."""
        after = (p for p in self.today.partition("?")[2].split("&") if p.startswith("after="))
        return "?".join([self.path, *after])

    @property
    def found(self) -> bool:
        """Whether search engines are to show it: pages of what somebody typed say nothing new."""
        pairs = "/since/" in self.path or "/diff/" in self.path
        return not (pairs or self.path.startswith(UNFOUND))

    @cached_property
    def asked(self) -> str:
        """The data version or date that was asked for, empty for today's."""
        return pin_of(self.request)

    def under(self, wanted: Filter[Any, Any] | None = None) -> str:
        """Return this page under another filter or none, as it was asked for in time."""
        pin = self.asked and f"{PIN}={quote_plus(self.asked)}"
        query = "&".join(filter(None, (wanted.query() if wanted else "", pin)))
        return f"{self.path}?{query}" if query else self.path

    @cached_property
    def comparison(self) -> PageComparison | None:
        """What changed since; None for a live page and for one that is not compared.

        Computed on first use: only a pinned HTML page asks.
        """
        if not self.pinned:
            return None
        live: Snapshot = self.state.snapshots.get()
        try:
            return comparing.compare(self.snapshot, live, self.today, self.place.site)
        except (NotFound, InvalidFilter):
            return None

    def elsewhere(self, path: str, query: str) -> Response | None:
        """Return the way to a page's canonical address, None for a request that is there."""
        url = self.request.url
        if (url.path, url.query) == (path, pinned_query(self.request, query)):
            return None
        return leading(in_format(self.request, path, query), 302)

    def respond(self, page: Page) -> Response:
        """Return the page in the format that the request wants; raises NotFound."""
        state, place = self.request.state, self.place
        wanted: Format = state.format
        body: str | bytes
        match wanted:
            case Format.TEXT:
                body = page.text(place)
            case Format.JSON if page.data:
                body = to_json(page.data(place), indent=1) + b"\n"
            case Format.CSV | Format.MARKDOWN if page.table:
                table = page.table(place)
                body = table.csv() if wanted is Format.CSV else table.markdown()
            case Format.DIFF if page.diff:
                body = page.diff(place)
            case Format.ATOM if page.feed:
                body = page.feed(place)
            case Format.ATOM if page.subject:
                feed = feeds.feed_of(self.snapshot, page.subject, place)
                body = atom.feed_xml(feed, place.site)
            case Format.HTML:
                body = self._html(page)
            case Format.SVG if page.picture:
                body = self.renderer.page(page.picture, self.snapshot, **page.view)
            case _:
                hints = tuple(f"{self.path}.{name}" for name in page.formats)
                raise NotFound(f"This page has no .{wanted} twin.", hints=hints)
        if page.status == HTTPStatus.OK:
            keep(self.request, page.path.partition("?")[2])
        return Response(body, page.status, media_type=wanted.media_type)

    def _html(self, page: Page) -> bytes:
        path, query = "/index" if self.path == "/" else self.path, self.request.url.query
        asked = f"?{query}" if query else ""
        twins = [(f"{path}.{name}{asked}", *TWINS[name]) for name in page.formats]
        return self.renderer.page(
            page.template, self.snapshot, **page.view, path=self.path, twins=twins, pin=self
        )
