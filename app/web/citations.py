"""The routes of what is pasted: blocks for a mail."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.errors import Gone
from app.mail import citing
from app.pens.page import Page
from app.web.deps import Render, Snap, in_format, pinned_query

router = APIRouter(include_in_schema=False)


@router.get("/mail")
@router.get("/r/{name}/mail")
@router.get("/r/{name}/{mode}/{access}/mail")
@router.get("/d/{number}/mail")
def mail(request: Request, snapshot: Snap, render: Render) -> Response:
    """A selection of rows, a register, a cell or a difference, ready to be pasted."""
    address = f"{request.url.path}?{request.url.query}"
    cited = citing.find(snapshot, address, render.place(snapshot).site)
    elsewhere = _canonical(request, cited.path)
    if elsewhere:
        return RedirectResponse(elsewhere, 302)
    view = {"copied": cited, "chosen": request.url.path == "/mail"}
    page = Page(template="mail/show.html", view=view, text=lambda _: cited.block())
    return render.respond(request, snapshot, page)


@router.get("/cite")
@router.get("/cite.bib")
def gone(request: Request, snapshot: Snap, render: Render) -> Response:
    """Entries for reference managers; ``page=`` is the address that one was asked for."""
    site = render.place(snapshot).site
    asked = request.query_params.get("page", "").removeprefix(site)
    raise Gone(citing.instead_of_entry(snapshot, asked or "/", site))


def _canonical(request: Request, path: str) -> str:
    """Return where a block lives, empty when the request is there already."""
    bare, _, query = path.partition("?")
    stem = bare if bare == "/mail" else f"{bare}/mail"
    here = (request.url.path, request.url.query)
    there = (stem, pinned_query(request, query))
    return "" if here == there else in_format(request, stem, query)
