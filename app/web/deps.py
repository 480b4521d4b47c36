"""What routes take from the application."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request
from sqlalchemy.orm import Session

from app.core.choices import read_choices
from app.core.filters import CellFilter
from app.curation import aliases
from app.errors import InvalidFilter
from app.export.copies import refuse_writes
from app.settings import Settings
from app.store.holding import SnapshotHolder
from app.store.queries import NEW_VERSION
from app.store.snapshots import Snapshot
from app.web.page_request import PageRequest, filter_pairs, keep, pin_of


def _snapshot(request: Request) -> Snapshot:
    snapshots: SnapshotHolder = request.app.state.snapshots
    if at := pin_of(request):
        return snapshots.at(at)
    return snapshots.get()


def asked_of(request: Request) -> PageRequest:
    """Return a request for a page with the snapshot that it asks for."""
    return PageRequest(request, _snapshot(request))


async def _settings(request: Request) -> Settings:
    settings: Settings = request.app.state.settings
    return settings


def _write_session(request: Request) -> Iterator[Session]:
    """Commit before the answer leaves, roll back on any exception.

    Whoever reads after that answer sees what was written: its writer alone waits for it. Where many
    write, that is within a second.
    """
    refuse_writes(request.app.state.settings)
    with request.app.state.writers.begin() as session:
        yield session
    if session.info.get(NEW_VERSION):
        request.app.state.snapshots.renew()


def _read_session(request: Request) -> Iterator[Session]:
    with request.app.state.readers() as session:
        yield session


async def _body(request: Request) -> bytes:
    return await request.body()


Snap = Annotated[Snapshot, Depends(_snapshot)]
Ask = Annotated[PageRequest, Depends(asked_of)]
Config = Annotated[Settings, Depends(_settings)]
WriteSession = Annotated[Session, Depends(_write_session, scope="function")]
ReadSession = Annotated[Session, Depends(_read_session, scope="function")]
RawBody = Annotated[bytes, Depends(_body)]


def _filter(request: Request, snapshot: Snap) -> CellFilter:
    found = snapshot.vocabulary.read(
        aliases.name_families(filter_pairs(request), snapshot.knowledge)
    )
    keep(request, found.query())
    return found


TableFilter = Annotated[CellFilter, Depends(_filter)]


def _no_filter(request: Request) -> None:
    declared = request.scope["route"].dependant.query_params
    read_choices(filter_pairs(request), dict.fromkeys(one.alias for one in declared))


NO_FORM = "This body is no form: a file goes into a field of it, as in `curl -F file=@FILE`."


async def _no_other_field(request: Request) -> None:
    if fields := request.scope["route"].dependant.body_params:
        if "json" in request.headers.get("content-type", "").lower():
            raise InvalidFilter(NO_FORM)
        sent = [(name, "") for name in await request.form()]
        if any(len(name.split()) > 1 for name, _ in sent):
            raise InvalidFilter(NO_FORM)
        read_choices(sent, dict.fromkeys(one.alias for one in fields), kind="field of this form")


# For routes that read no key of a query and no field of a form but those that they declare: any
# other would be ignored, so it is refused.
NO_FILTER = [Depends(_no_filter), Depends(_no_other_field)]
