"""The routes of what is pasted: blocks for a mail, entries for reference managers."""

from __future__ import annotations

import json

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.core.choices import read_choices
from app.mail import citing, references
from app.mail.references import Reference
from app.pens.page import Page
from app.store.snapshots import Snapshot
from app.web.deps import Render, Snap, filter_pairs, in_format, pinned_query
from app.web.negotiate import Format
from app.web.render import Renderer

router = APIRouter(include_in_schema=False)
BIBTEX = "application/x-bibtex; charset=us-ascii"
CSL = "application/vnd.citationstyles.csl+json"


@router.get("/mail")
@router.get("/r/{name}/mail")
@router.get("/r/{name}/{mode}/{access}/mail")
@router.get("/d/{number}/mail")
def mail(request: Request, snapshot: Snap, render: Render) -> Response:
    """A selection of rows, a register, a cell or a difference, ready to be pasted."""
    address = f"{request.url.path}?{request.url.query}"
    copies = citing.copies(snapshot, address, render.place(snapshot).site)
    elsewhere = _canonical(request, copies.path)
    if elsewhere:
        return RedirectResponse(elsewhere, 302)
    view = {"copied": copies, "chosen": request.url.path == "/mail"}
    page = Page(template="mail/show.html", view=view, text=lambda _: copies.block)
    return render.respond(request, snapshot, page)


@router.get("/cite.bib")
def bibtex(request: Request, snapshot: Snap, render: Render) -> Response:
    """A page as a BibTeX entry."""
    found = _reference(request, snapshot, render)
    request.state.keep = True
    return Response(references.bibtex(found), media_type=BIBTEX)


@router.get("/cite")
def csl(request: Request, snapshot: Snap, render: Render) -> Response:
    """A page as CSL-JSON; anything but ``.json`` is sent to the documentation."""
    if request.state.format is not Format.JSON:
        return RedirectResponse(in_format(request, "/docs/cite"), 302)
    found = _reference(request, snapshot, render)
    request.state.keep = True
    body = json.dumps([references.csl(found)], indent=1, ensure_ascii=False) + "\n"
    return Response(body, media_type=CSL)


def _reference(request: Request, snapshot: Snapshot, render: Renderer) -> Reference:
    """Read ``page=``, the address of a page with its own query encoded; ``/`` without it."""
    asked = read_choices(filter_pairs(request), {"page": None}, ("page",))["page"]
    site = render.place(snapshot).site
    return citing.reference(snapshot, next(iter(asked), "/").removeprefix(site), site)


def _canonical(request: Request, path: str) -> str:
    """Return where a block lives, empty when the request is there already."""
    bare, _, query = path.partition("?")
    stem = bare if bare == "/mail" else f"{bare}/mail"
    here = (request.url.path, request.url.query)
    there = (stem, pinned_query(request, query))
    return "" if here == there else in_format(request, stem, query)
