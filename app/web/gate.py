"""What is asked about every request before its route is looked for."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from fastapi import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.choices import OLD_KEYS, refuse_nul
from app.errors import AppError, Forbidden
from app.export.copies import refuse_writes
from app.web.guard import COOKIE
from app.web.negotiate import SAFE

REFUSED = "This request comes from another site. Open the page here, and send it from there."
# Pages that exist to change something: a copy refuses them, and any other write by itself.
CLOSED = ("/upload", "/review")


class Gate:
    """Asks each rule in turn; the first that answers or refuses is the last."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        answer: ASGIApp = self._app
        if scope["type"] == "http":
            scope = {**scope, "headers": [*map(_unescaped, scope["headers"])]}
            request = Request(scope)
            try:
                answer = next(filter(None, (rule(request) for rule in RULES)), answer)
            except AppError as error:
                answer = request.app.exception_handlers[AppError](request, error)
        await answer(scope, receive, send)


def _unescaped(line: tuple[bytes, bytes]) -> tuple[bytes, bytes]:
    """Return a line of the head, a cookie without escapes: to undo many of them takes seconds.

    The framework does so for every route, and nothing of ours has one.
    """
    name, value = line
    return (name, value.replace(b"\\", b"")) if name == b"cookie" else line


def refuse_unwritable(request: Request) -> None:
    """Raise InvalidFilter for an address that no database could be asked for."""
    refuse_nul(request.scope["path"])
    refuse_nul(request.scope["query_string"].decode("latin-1"))


def refuse_changes(request: Request) -> None:
    """Raise Forbidden for a page that a copy cannot serve, where a copy is served."""
    path = request.scope["path"]
    if any(path == page or path.startswith(f"{page}/") for page in CLOSED):
        refuse_writes(request.app.state.settings)


def refuse_other_sites(request: Request) -> None:
    """Raise Forbidden for an unsafe request that another site makes a browser send.

    Browsers say so themselves in ``Sec-Fetch-Site``, older ones in ``Origin``. A request
    with neither is no browser's, unless it brings a session's cookie.
    """
    if request.method in SAFE:
        return
    site, origin = (request.headers.get(name) for name in ("sec-fetch-site", "origin"))
    if site is not None:
        ours = site in ("same-origin", "none")
    elif origin is not None:
        hosts = {request.headers.get("host"), _host(request.app.state.settings.base_url)}
        ours = bool(_host(origin)) and _host(origin) in hosts
    else:
        ours = COOKIE not in request.cookies
    if not ours:
        raise Forbidden(REFUSED)


def _host(address: str) -> str:
    try:
        return urlsplit(address).netloc.lower()
    except ValueError:
        return ""


def without_old_keys(request: Request) -> Response | None:
    """Lead from a page with a key that means nothing any more to the page itself."""
    parts = request.scope["query_string"].decode("latin-1").split("&")
    left = [part for part in parts if part.partition("=")[0] not in OLD_KEYS]
    if len(left) == len(parts) or request.method != "GET":
        return None
    # One slash: two would name another site.
    path, query = f"/{request.scope['state']['asked'].lstrip('/')}", "&".join(left)
    return RedirectResponse(f"{path}?{query}" if query else path, 308)


def without_slash(request: Request) -> Response | None:
    """Lead from an address with a slash at its end to the page without, where there is one.

    The framework would do so itself, under the name that the request calls us by.
    """
    path, routes = request.scope["path"].rstrip("/"), request.app.routes

    def known(path: str) -> bool:
        scope = {**request.scope, "path": path}
        return any(route.matches(scope)[0] is not Match.NONE for route in routes)

    if not path or path == request.scope["path"] or known(request.scope["path"]) or not known(path):
        return None
    query = request.scope["query_string"].decode("latin-1")
    address = f"/{path.lstrip('/')}"
    return RedirectResponse(f"{address}?{query}" if query else address, 307)


RULES: tuple[Callable[[Request], Response | None], ...] = (
    refuse_unwritable,
    refuse_changes,
    refuse_other_sites,
    without_old_keys,
    without_slash,
)
