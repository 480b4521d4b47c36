"""Errors at the web edge: one table of statuses, one JSON shape, a page or a text."""

from __future__ import annotations

import logging
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from app.errors import AppError, InvalidFilter, NotFound, NotReady
from app.formats.api import error_out
from app.formats.plain import Plain
from app.web.negotiate import Format
from app.web.render import Renderer

log = logging.getLogger(__name__)
STATUS: dict[type[AppError], int] = {NotFound: 404, InvalidFilter: 400, NotReady: 503}
TITLES = {
    400: "This filter does not exist",
    404: "Nothing here",
    405: "Not that way",
    422: "This request cannot be understood",
    500: "Our mistake",
    503: "Not ready",
}


def install(app: FastAPI, renderer: Renderer) -> None:
    """Make every error of ``app`` answer in the format that was asked for."""

    def handle(request: Request, error: Exception) -> Response:
        status, code, message, hints = explain(error)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            log.error("answered %s to %s", status, request.url.path, exc_info=error)
        return _answer(request, renderer, status, code, message, hints)

    for kind in (AppError, HTTPException, RequestValidationError, DBAPIError, Exception):
        app.add_exception_handler(kind, handle)


def explain(error: Exception) -> tuple[int, str, str, tuple[str, ...]]:
    """Return status, code, message and hints of any error."""
    match error:
        case AppError():
            return STATUS.get(type(error), 500), error.code, error.message, error.hints
        case HTTPException(status_code=HTTPStatus.NOT_FOUND):
            return 404, "not-found", "No page has this address.", ()
        case HTTPException():
            return error.status_code, "http-error", str(error.detail), ()
        case RequestValidationError():
            parts = (f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors())
            return 422, "invalid-request", "; ".join(parts), ()
        case DBAPIError():
            message = "The database cannot be used right now; nothing was lost. Try again."
            return 503, "not-ready", message, ()
        case _:
            return 500, "bug", "The server failed; nothing was lost. The log has the details.", ()


def _answer(  # noqa: PLR0917 - the parts of one answer
    request: Request,
    renderer: Renderer,
    status: int,
    code: str,
    message: str,
    hints: tuple[str, ...],
) -> Response:
    wanted = getattr(request.state, "format", Format.HTML)
    if wanted is Format.JSON or request.url.path.startswith("/api/"):
        return JSONResponse(error_out(code, message, hints), status)
    title = TITLES.get(status, "Something went wrong")
    if wanted is not Format.HTML:
        return Response(_text(title, message, hints), status, media_type=Format.TEXT.media_type)
    context = {"title": title, "message": message, "hints": hints, "status": status}
    body = renderer.bare("error.html", path=request.url.path, **context)
    return Response(body, status, media_type=Format.HTML.media_type)


def _text(title: str, message: str, hints: tuple[str, ...]) -> str:
    out = Plain()
    out.title(title)
    out.para(message)
    if hints:
        out.blank()
        out.para("Near misses:")
        for hint in hints:
            out.item(hint)
    return out.render()
