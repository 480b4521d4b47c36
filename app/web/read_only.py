"""What a site that is served from an export does not do."""

from __future__ import annotations

from typing import NoReturn

from fastapi import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from app.errors import AppError, Forbidden
from app.export.copies import READ_ONLY

# Pages that exist to change something; any other write ends at ``NoWriters``.
CLOSED = ("/upload", "/review")


class ReadOnly:
    """Answers 403 for the pages that a copy cannot serve, where a copy is served."""

    def __init__(self, app: ASGIApp, *, active: bool) -> None:
        self._app = app
        self._active = active

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it in the format that it wants."""
        answer: ASGIApp = self._app
        if self._active and scope["type"] == "http" and is_closed(scope["path"]):
            request = Request(scope)
            answer = request.app.exception_handlers[AppError](request, Forbidden(READ_ONLY))
        await answer(scope, receive, send)


def is_closed(path: str) -> bool:
    """Whether a page exists only to change something."""
    return any(path == page or path.startswith(f"{page}/") for page in CLOSED)


class NoWriters:
    """In the place of sessions that write."""

    def begin(self) -> NoReturn:
        """Raise Forbidden."""
        raise Forbidden(READ_ONLY)
