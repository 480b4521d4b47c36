"""The page of what nobody has measured yet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from fastapi import APIRouter, Request
from sqlalchemy.orm import Session
from starlette.responses import RedirectResponse, Response

from app.core import wanted
from app.pages import wanted_text
from app.pens import atom
from app.pens.page import Page
from app.pens.place import Place
from app.store import queries
from app.store.snapshots import LISTED_VERSIONS, Snapshot
from app.web.deps import ReadSession, Render, Snap, filter_pairs, pinned_query

router = APIRouter(include_in_schema=False)


@router.get("/wanted")
def index(request: Request, snapshot: Snap, render: Render, session: ReadSession) -> Response:
    """What is wanted, of every family or of those that ``family`` names."""
    families = wanted.read_families(filter_pairs(request), snapshot.knowledge.families)
    query = pinned_query(request, wanted.query_of(families))
    if request.url.query != query:
        path = request.scope["state"]["asked"]
        return RedirectResponse(f"{path}?{query}" if query else path, 302)
    page = wanted_page(snapshot, families, render.place(snapshot), session)
    return render.respond(request, snapshot, page)


def wanted_page(
    snapshot: Snapshot, families: tuple[str, ...], place: Place, session: Session
) -> Page:
    """Return the page of what is wanted; ``session`` is asked for the feed's times only."""
    knowledge = snapshot.knowledge
    wants = wanted.list_wants(knowledge, snapshot.cells, families)
    batches = wanted.batches(wants)
    return Page(
        template="wanted/index.html",
        view={
            "batches": [(slug, [b for b in batches if b.family == slug])
                        for slug in dict.fromkeys(b.family for b in batches)],
            "chosen": families,
            "counts": wanted_text.counts(wants),
            "wanted": wanted,
            "wording": wanted_text,
        },
        text=lambda: wanted_text.wanted_text(wants, families, knowledge, place),
        table=lambda: wanted_text.wanted_table(wants, place.site),
        data=lambda: wanted_text.wanted_body(wants, place),
        atom=lambda: atom.atom(
            wanted_text.wanted_feed(
                wants, families, knowledge, place,
                wanted_text.times_of(_history(snapshot, session), knowledge),
            ),
            place.site,
        ),
    )  # fmt: skip


def _history(snapshot: Snapshot, session: Session) -> Iterable[tuple[datetime, Iterable[Any]]]:
    """Return every data version with its changes; a snapshot holds the newest alone."""
    yield from ((version.created_at, changes) for version, changes in snapshot.history)
    oldest = snapshot.history[-1][0].id
    older = [v for v in queries.list_versions(session) if v.id < oldest]
    for start in range(0, len(older), LISTED_VERSIONS):
        part = older[start : start + LISTED_VERSIONS]
        changes = queries.list_changes(session, (v.id for v in part))
        yield from ((v.created_at, changes[v.id]) for v in part)
