"""Addresses whose pages went: they lead for good to what is left of them."""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.choices import OLD_KEYS
from app.pages.kinds.revisions import PATH
from app.web.deps import in_format

router = APIRouter(include_in_schema=False)


@router.get(PATH + "/{span}")
def compared(request: Request) -> Response:
    """Once two revisions of the manual side by side."""
    return RedirectResponse(in_format(request, PATH), 308)


class WithoutOldKeys:
    """Redirects a page with a key that means nothing any more to the page itself."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or send it to its address without such keys."""
        parts = scope.get("query_string", b"").decode("latin-1").split("&")
        left = [part for part in parts if part.partition("=")[0] not in OLD_KEYS]
        answer: ASGIApp = self._app
        if len(left) < len(parts) and scope["type"] == "http" and scope["method"] == "GET":
            # One slash: two would name another site.
            path = f"/{scope['state']['asked'].lstrip('/')}"
            query = "&".join(left)
            answer = RedirectResponse(f"{path}?{query}" if query else path, 308)
        await answer(scope, receive, send)
