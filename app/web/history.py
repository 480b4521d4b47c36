"""The routes of what changed: one data version, and a page since a data version."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from app.pages import comparing, feeds, steps_text
from app.pens.page import Page
from app.store.snapshots import Snapshot
from app.web.deps import NO_FILTER, Ask
from app.web.page_request import filter_pairs, in_format

router = APIRouter(include_in_schema=False)


@router.get("/changes/{version}", dependencies=NO_FILTER)
def show(version: str, asked: Ask) -> Response:
    """One data version: what it changed. A date leads to the last version of that day."""
    view = feeds.step_view(asked.snapshot, version)
    if view.version != version:
        return RedirectResponse(in_format(asked.request, f"/changes/{view.version}"), 302)
    sheet = steps_text.step_sheet(view, asked.snapshot.knowledge)
    page = Page.of(sheet, data=lambda _: steps_text.step_body(view, asked.snapshot.knowledge))
    return asked.respond(page)


@router.get("/since/{version}")
@router.get("/{path:path}/since/{version}")
def since(version: str, asked: Ask, path: str = "") -> Response:
    """What changed in a page since a data version; any other name of it redirects."""
    then: Snapshot = asked.state.snapshots.at(version)
    query = urlencode(filter_pairs(asked.request), safe=",")
    found = comparing.compare(then, asked.snapshot, f"/{path}?{query}", asked.place.site)
    canonical, _, query = found.since.partition("?")
    page = Page(
        path=found.since,
        template="changes/since.html",
        view={"found": found},
        text=lambda place: comparing.comparison_text(found, place),
        data=lambda _: comparing.comparison_body(found),
    )
    return asked.elsewhere(canonical, query) or asked.respond(page)
