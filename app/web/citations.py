"""The routes of what is pasted: blocks for a mail."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from app.errors import Gone
from app.mail import citing
from app.pens.page import Page
from app.web.deps import Ask

router = APIRouter(include_in_schema=False)


@router.get("/mail")
@router.get("/r/{name}/mail")
@router.get("/r/{name}/{mode}/{access}/mail")
@router.get("/d/{number}/mail")
def mail(asked: Ask) -> Response:
    """A selection of rows, a register, a cell or a difference, ready to be pasted."""
    address = f"{asked.path}?{asked.request.url.query}"
    cited = citing.find_citation(asked.snapshot, address, asked.place.site)
    bare, _, query = cited.path.partition("?")
    view = {"copied": cited, "chosen": asked.path == "/mail"}
    path = bare if bare == "/mail" else f"{bare}/mail"
    page = Page(
        path=f"{path}?{query}", template="mail/show.html", view=view, text=lambda _: cited.block()
    )
    return asked.elsewhere(path, query) or asked.respond(page)


@router.get("/cite")
@router.get("/cite.bib")
def gone(asked: Ask) -> Response:
    """Entries for reference managers; ``page=`` is the address that one was asked for."""
    site = asked.place.site
    address = asked.request.query_params.get("page", "").removeprefix(site)
    raise Gone(citing.instead_of_entry(asked.snapshot, address or "/", site))
