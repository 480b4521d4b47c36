"""Static files: a hash of the content in the address, kept by browsers for a year."""

from __future__ import annotations

import hashlib
from functools import cache
from http import HTTPStatus

import brotli  # type: ignore[import-untyped]
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from app.settings import ROOT
from app.web.encodings import PACK_FROM, encoding_for, pack
from app.web.front import variant

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


@cache
def _packed(name: str, encoding: str) -> bytes:
    """Return a file as small as it gets: it is packed once, and kept by browsers for a year."""
    body = (FOLDER / name).read_bytes()
    if len(body) < PACK_FROM:
        return b""
    packed: bytes = brotli.compress(body) if encoding == "br" else pack(encoding, body)
    return packed


class HashedFiles(StaticFiles):
    """Serves the folder; an address with its file's hash never changes its content."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Pack and keep long what has the hash of what it is answered with in its address."""
        response = await super().get_response(path, scope)
        address = f"/static/{path}?{scope['query_string'].decode('latin-1')}"
        # Any other hash may come from a page that is older or newer than the file.
        if response.status_code != HTTPStatus.OK or address != static_url(path):
            return response
        headers = Headers(scope=scope)
        encoding = encoding_for(headers.get("accept-encoding", ""))
        if encoding and (body := _packed(path, encoding)):
            status, more = variant(headers, address.rpartition("=")[2], encoding)
            body = body if status == HTTPStatus.OK else b""
            response = Response(body, status, more, response.media_type)
        response.headers["cache-control"] = "public, max-age=31536000, immutable"
        return response
