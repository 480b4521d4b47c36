"""Errors at the web edge: one table of statuses, one JSON shape, a page or a text."""

from __future__ import annotations

import logging
import re
from dataclasses import asdict, dataclass, replace
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.routing import Match, Mount

from app.core.choices import LONGEST, SHOWN
from app.core.faults import BadDocument, Fault
from app.core.numbers import count_noun
from app.errors import (
    AppError,
    Conflict,
    Forbidden,
    Gone,
    InvalidFilter,
    InvalidQuery,
    NotFound,
    NotReady,
    QueueFull,
    SenderFull,
)
from app.pages.api_models import error_out
from app.pens.plain import Plain
from app.search.model import address_of_query
from app.store.ailing import is_passing, remedy, said_of
from app.web.negotiate import SAFE, Format
from app.web.render import Renderer

log = logging.getLogger(__name__)
# Seconds after which a database that could not be used may be asked for again.
AGAIN = "2"
STATUS: dict[type[AppError], int] = {
    NotFound: 404,
    InvalidFilter: 400,
    InvalidQuery: 400,
    Forbidden: 403,
    Conflict: 409,
    QueueFull: 503,
    SenderFull: 429,
    Gone: 410,
    NotReady: 503,
}
TITLES = {
    400: "Not understood",
    403: "Not allowed",
    404: "Nothing here",
    405: "Not that way",
    408: "Too slow",
    409: "That does not fit",
    410: "No longer here",
    413: "Too large",
    414: "Too long an address",
    415: "Not in this form",
    421: "Another site",
    422: "This request cannot be understood",
    429: "Too much, or too often",
    500: "Our mistake",
    503: "Not ready",
}


# What a message calls wrong, and what it offers for it.
_QUOTED = re.compile(r"'([^']+)'")
_MEANT = re.compile(r"'([^']+)' is not a [^;]+; did you mean '([^']+)'")
# How long an address may be that is offered mended.
MENDED = 500
# What was asked for is told, but not all of a word that is no name of anything.
_LONG = re.compile(r"(\S{100})\S{100,}")


@dataclass(frozen=True)
class Refusal:
    """What went wrong, before any format is chosen.

    ``faults`` are those of a document; ``search`` looks for what has no page.
    """

    status: int
    code: str
    message: str
    hints: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    search: str = ""

    def body(self, *, listed: bool) -> dict[str, Any]:
        """Return the JSON of the error; ``listed`` adds one list of problems for uploads."""
        found = error_out(self.code, self.message, self.hints)
        if listed:
            faults = self.faults or (Fault("", self.message, self.hints[0] if self.hints else ""),)
            found["problems"] = [asdict(fault) for fault in faults]
        return found

    def text(self) -> str:
        """Return the error as a text page."""
        out = Plain()
        out.title(self.title)
        out.para(self.message)
        for fault in self.untold:
            out.item(str(fault))
        if self.hints:
            out.blank()
            out.para("Near misses:")
        for hint in self.hints:
            out.item(hint)
        if self.search:
            out.para(f"Search for its words: {self.search}")
        return out.render()

    @property
    def untold(self) -> tuple[Fault, ...]:
        """The faults that the message does not tell."""
        told = self.message
        return tuple(one for one in self.faults if f"Found {one.found}, expected" not in told)

    @property
    def title(self) -> str:
        """The heading of the page."""
        if self.code == "invalid-document":
            return "Refused: nothing was kept"
        return TITLES.get(self.status, "Something went wrong")


def install(app: FastAPI, renderer: Renderer) -> None:
    """Make every error of ``app`` answer in the format that was asked for."""

    def handle(request: Request, error: Exception) -> Response:
        refusal = explain(error)
        if refusal.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            # What is refused on purpose is no bug, and anybody can bring it about; a database that
            # cannot be used is none either, and the same for everybody until somebody mends it.
            known = isinstance(error, AppError | PoolTimeout) or _ails(error)
            said = f": {said_of(error)}" if isinstance(error, DBAPIError) and known else ""
            path, why = request.url.path[:SHOWN], None if known else error
            log.error("answered %s to %s%s", refusal.status, path, said, exc_info=why)
        ways = allowed(request) if refusal.status == HTTPStatus.METHOD_NOT_ALLOWED else ""
        if ways:
            message = f"{request.method} is not taken at this address, which takes {ways}."
            refusal = replace(refusal, message=message)
        response = answer(request, renderer, refusal)
        if ways:
            response.headers["allow"] = ways
        if isinstance(error, NotReady | DBAPIError | PoolTimeout):
            response.headers["retry-after"] = AGAIN
        return response

    ours = (AppError, BadDocument, HTTPException, RequestValidationError)
    for kind in (*ours, DBAPIError, PoolTimeout, Exception):
        app.add_exception_handler(kind, handle)


def _ails(error: Exception) -> bool:
    return isinstance(error, OperationalError) or (
        isinstance(error, DBAPIError) and bool(remedy(error))
    )


def allowed(request: Request) -> str:
    """Return the methods of a path, as ``Allow`` names them.

    A form and what it sends are two routes of one path, and the framework names the first
    alone. HEAD goes wherever GET does; static files have no route.
    """
    routes = [route for route in request.app.routes if not isinstance(route, Mount)]
    found = [
        method
        for method in ("GET", "POST")
        if any(r.matches({**request.scope, "method": method})[0] is Match.FULL for r in routes)
    ]
    return ", ".join(found or ["GET"]).replace("GET", "GET, HEAD")


def explain(error: Exception) -> Refusal:
    """Return what any error means to whoever asked."""
    match error:
        case AppError():
            message = _LONG.sub(r"\1...", error.message)
            return Refusal(STATUS.get(type(error), 500), error.code, message, error.hints)
        case BadDocument():
            message = f"The document has {count_noun(len(error.faults), 'problem')}."
            return Refusal(422, "invalid-document", message, (), error.faults)
        case HTTPException():
            missing = error.status_code == HTTPStatus.NOT_FOUND
            code = "not-found" if missing else "http-error"
            message = "No page has this address." if missing else str(error.detail)
            return Refusal(error.status_code, code, message)
        case RequestValidationError():
            parts = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            return Refusal(422, "invalid-request", "; ".join(parts))
        case DBAPIError() | PoolTimeout():
            return Refusal(503, "not-ready", _unusable(error))
        case _:
            message = "The server failed; nothing was lost. The log has the details."
            return Refusal(500, "bug", message)


def _unusable(error: DBAPIError | PoolTimeout) -> str:
    if isinstance(error, PoolTimeout) or is_passing(error):
        return "The database cannot be used right now; nothing was lost. Try again."
    taken = "The database cannot be used, so nothing that is sent is taken."
    return f"{taken} {remedy(error)} Only whoever runs this site can do that."


def sought(path: str) -> str:
    """Return the words of an address, without its kind and its form: what to search for."""
    parts = path.removeprefix("/api/v1").strip("/").split("/")
    bare = (
        parts[-1].rpartition(".")[0]
        if parts[-1].endswith((".txt", ".json", ".csv", ".md", ".atom"))
        else ""
    )
    return " ".join([*parts[1:-1], bare or parts[-1]])[:LONGEST].strip()


def ways_out(asked: str, refusal: Refusal) -> dict[str, str]:
    """Return each near miss with the address that was asked for mended by it, if that is plain."""
    meant = {near: word for word, near in _MEANT.findall(refusal.message)}
    first = next(iter(_QUOTED.findall(refusal.message)), "")
    found = {}
    for hint in refusal.hints:
        word = quote(meant.get(hint, first))
        if hint.startswith("/"):
            found[hint] = hint
        elif asked.startswith("/r/") and "/" in hint:
            found[hint] = f"/r/{hint}"
        elif word and asked.count(word) == 1 and len(asked) <= MENDED:
            found[hint] = asked.replace(word, quote(hint))
        else:
            found[hint] = ""
    return found


def answer(request: Request, renderer: Renderer, refusal: Refusal) -> Response:
    """Return a refusal in the format that was asked for."""
    wanted = getattr(request.state, "format", Format.HTML)
    path = request.url.path
    if refusal.status == HTTPStatus.NOT_FOUND and (words := sought(path)):
        refusal = replace(refusal, search=address_of_query(words))
    name = getattr(request.state, "request_id", "")
    if name and refusal.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        # What the log calls it, for whoever asks us about it.
        refusal = replace(refusal, message=f"{refusal.message} (Request {name}.)")
    if wanted is Format.JSON or path.startswith("/api/"):
        listed = request.method not in SAFE
        return JSONResponse(refusal.body(listed=listed), refusal.status)
    if wanted is not Format.HTML:
        return Response(refusal.text(), refusal.status, media_type=Format.TEXT.media_type)
    asked = f"/{path.lstrip('/')}" + (f"?{query}" if (query := request.url.query) else "")
    ways = ways_out(asked, refusal)
    body = renderer.bare("error.html", path=path[:SHOWN], refusal=refusal, ways=ways)
    return Response(body, refusal.status, media_type=Format.HTML.media_type)
