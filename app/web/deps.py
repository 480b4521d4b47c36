"""What routes take from the application."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated
from urllib.parse import parse_qsl, quote_plus

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from app.core.choices import read_choices
from app.core.filters import CellFilter
from app.pages import explore
from app.pens.place import PIN
from app.settings import Settings
from app.store.snapshots import Snapshot, SnapshotHolder
from app.store.store import NEW_VERSION
from app.web.render import Renderer


def _snapshot(request: Request) -> Snapshot:
    snapshots: SnapshotHolder = request.app.state.snapshots
    if at := pin_of(request):
        return snapshots.at(at)
    # Whoever reads after a write sees it; whoever writes many need not wait for each.
    return snapshots.get() if request.method in ("GET", "HEAD") else snapshots.peek()


def _renderer(request: Request) -> Renderer:
    renderer: Renderer = request.app.state.renderer
    return renderer


def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _write_session(request: Request) -> Iterator[Session]:
    """Commit before the answer leaves, roll back on any exception."""
    with request.app.state.writers.begin() as session:
        yield session
    if version := session.info.get(NEW_VERSION):
        request.app.state.snapshots.expect(version)


def _read_session(request: Request) -> Iterator[Session]:
    with request.app.state.readers() as session:
        yield session


async def _body(request: Request) -> bytes:
    return await request.body()


Snap = Annotated[Snapshot, Depends(_snapshot)]
Render = Annotated[Renderer, Depends(_renderer)]
Config = Annotated[Settings, Depends(_settings)]
WriteSession = Annotated[Session, Depends(_write_session, scope="function")]
ReadSession = Annotated[Session, Depends(_read_session, scope="function")]
RawBody = Annotated[bytes, Depends(_body)]


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


def _filter(request: Request, snapshot: Snap) -> CellFilter:
    return explore.read_filter(snapshot, filter_pairs(request))


Filter = Annotated[CellFilter, Depends(_filter)]


def _no_filter(request: Request) -> None:
    read_choices(filter_pairs(request), {})


# For answers that have one view: a key in their query would be ignored, so it is refused.
NO_FILTER = [Depends(_no_filter)]
