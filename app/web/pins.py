"""How a page stands in time: its pin, today's page, and what changed in between."""

from __future__ import annotations

from functools import cached_property
from urllib.parse import parse_qsl

from fastapi import Request

from app.errors import InvalidFilter, NotFound
from app.pages import comparing
from app.pages.since_text import PageComparison
from app.pens.place import PIN
from app.store.snapshots import Snapshot


class Pin:
    """What the banner and the footer of a page say about its data version."""

    def __init__(self, request: Request, snapshot: Snapshot, site: str) -> None:
        # As it came: a route has made it canonical, and each has its own way to write it.
        others = (p for p in request.url.query.split("&") if p and _key(p) != PIN)
        query = "&".join(others)
        self._request = request
        self._snapshot = snapshot
        self._site = site
        self._path = request.url.path
        self.pinned = snapshot.pinned
        self.today = f"{self._path}?{query}" if query else self._path
        self.address = f"{self._path}?{query + '&' if query else ''}at={snapshot.name}"

    @cached_property
    def comparison(self) -> PageComparison | None:
        """What changed since; None for a live page and for one that is not compared.

        Computed on first use: only a pinned HTML page asks.
        """
        if not self.pinned:
            return None
        live: Snapshot = self._request.app.state.snapshots.peek()
        try:
            return comparing.compare(self._snapshot, live, self.today, self._site)
        except (NotFound, InvalidFilter):
            return None


def _key(part: str) -> str:
    return parse_qsl(part, keep_blank_values=True)[0][0]
