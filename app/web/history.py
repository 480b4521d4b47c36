"""The routes of what changed: one data version, and a page since a data version."""

from __future__ import annotations

from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.pages import comparing, feeds, since_text, steps_text
from app.pages.since_text import PageComparison
from app.pages.steps_text import StepView
from app.pens.page import Page
from app.pens.place import Place
from app.store.snapshots import Snapshot
from app.store.trail import Trail
from app.web.deps import Render, Snap, filter_pairs, in_format, pinned_query

router = APIRouter(include_in_schema=False)


@router.get("/changes/{version}")
def show(version: str, request: Request, snapshot: Snap, render: Render) -> Response:
    """One data version: what it changed. A date leads to the last version of that day."""
    trail: Trail = request.app.state.trail
    view = feeds.step_view(snapshot, trail, version)
    if view.version != version:
        return RedirectResponse(in_format(request, f"/changes/{view.version}"), 302)
    return render.respond(request, snapshot, step_page(view, render.place(snapshot)))


@router.get("/since/{version}")
@router.get("/{path:path}/since/{version}")
def since(
    version: str, request: Request, snapshot: Snap, render: Render, path: str = ""
) -> Response:
    """What changed in a page since a data version; any other name of it redirects."""
    then: Snapshot = request.app.state.snapshots.at(version)
    query = urlencode(filter_pairs(request), safe=",")
    place = render.place(snapshot)
    found = comparing.compare(then, snapshot, f"/{path}?{query}", place.site)
    canonical, _, query = found.since.partition("?")
    if (request.url.path, request.url.query) != (canonical, pinned_query(request, query)):
        return RedirectResponse(in_format(request, canonical, query), 302)
    return render.respond(request, snapshot, since_page(found, place))


def step_page(view: StepView, place: Place) -> Page:
    """Return one data version; its text and data name nothing later."""
    return Page(
        template="changes/show.html",
        view={"view": view},
        text=lambda _: steps_text.step_text(view, place),
        data=lambda _: steps_text.step_body(view),
    )


def since_page(found: PageComparison, place: Place) -> Page:
    """Return what changed in a page between two data versions."""
    return Page(
        template="changes/since.html",
        view={"found": found},
        text=lambda _: since_text.comparison_text(found, place),
        data=lambda _: since_text.comparison_body(found),
    )
