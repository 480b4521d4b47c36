"""Static files: a hash of the content in the address, kept by browsers for a year."""

from __future__ import annotations

import hashlib
from functools import cache
from http import HTTPStatus

from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.settings import ROOT

FOLDER = ROOT / "static"
HTMX = "vendor/htmx.min.js"


@cache
def static_url(name: str) -> str:
    """Return the address of a static file, with the hash of its content."""
    digest = hashlib.sha256((FOLDER / name).read_bytes()).hexdigest()[:12]
    return f"/static/{name}?v={digest}"


def has_htmx() -> bool:
    """Whether npm has fetched htmx; without it pages work as plain links and forms."""
    return (FOLDER / HTMX).is_file()


class HashedFiles(StaticFiles):
    """Serves the folder; an address with its file's hash never changes its content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Add the long cache to an address that carries the hash of what it is answered with."""
        response = await super().get_response(path, scope)
        address = f"/static/{path}?{scope['query_string'].decode('latin-1')}"
        # Any other hash may come from a page that is older or newer than the file.
        if response.status_code == HTTPStatus.OK and address == static_url(path):
            response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response
