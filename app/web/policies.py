"""The routes of policies."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.pages import policies, policy_pages
from app.web.deps import Render, Snap, in_format

router = APIRouter(prefix="/policy", include_in_schema=False)


@router.get("")
def index(request: Request, snapshot: Snap, render: Render) -> Response:
    """Every policy, with where the evidence says otherwise."""
    page = policy_pages.policies_page(snapshot, render.place(snapshot))
    return render.respond(request, snapshot, page)


@router.get("/{slug}")
def show(slug: str, request: Request, snapshot: Snap, render: Render) -> Response:
    """One policy in full, or two with ``..`` between them, in the order asked for."""
    view = policies.policy_view(snapshot, slug)
    if request.url.path != view.path:
        return RedirectResponse(in_format(request, view.path), 308)
    page = policy_pages.policy_page(snapshot, view, render.place(snapshot))
    return render.respond(request, snapshot, page)
