"""The revisions of the manual: the list, and two side by side."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.core.edition_changes import TO, Comparison, RevisionList
from app.pages import editions_text, manual
from app.pens.page import Page
from app.pens.place import Place
from app.store.snapshots import Snapshot
from app.web.deps import Render, Snap, in_format

router = APIRouter(prefix=editions_text.PATH, include_in_schema=False)


@router.get("")
def index(request: Request, snapshot: Snap, render: Render) -> Response:
    """The revisions, newest first: what each changed, and how far it was read."""
    page = _list(manual.revisions(snapshot), snapshot, render.place(snapshot))
    return render.respond(request, snapshot, page)


@router.get("/{span}")
def compare(span: str, request: Request, snapshot: Snap, render: Render) -> Response:
    """Two revisions side by side; the wrong way round they are redirected."""
    one, other = manual.read_span(snapshot, span)
    older, newer = manual.in_order(snapshot, one, other)
    if (one, other) != (older, newer):
        path = f"{editions_text.PATH}/{older}{TO}{newer}"
        return RedirectResponse(in_format(request, path), 308)
    found = manual.compare(snapshot, older, newer)
    return render.respond(request, snapshot, _compared(found, snapshot, render.place(snapshot)))


def _list(found: RevisionList, snapshot: Snapshot, place: Place) -> Page:
    return Page(
        template="editions/index.html",
        view={"found": found, "wording": editions_text},
        text=lambda _: editions_text.list_text(found, place),
        table=lambda _: editions_text.list_table(found),
        data=lambda _: editions_text.list_body(found, snapshot.name),
    )


def _compared(found: Comparison, snapshot: Snapshot, place: Place) -> Page:
    return Page(
        template="editions/compare.html",
        view={"found": found, "wording": editions_text},
        text=lambda _: editions_text.compared_text(found, snapshot.knowledge, place),
        table=lambda _: editions_text.compared_table(found, place.site),
        data=lambda _: editions_text.compared_body(found, snapshot.name, place.site),
    )
