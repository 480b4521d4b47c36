"""The routes of the exports: the list of files, the files, and the schema of the JSON."""

from __future__ import annotations

import re
from collections.abc import Generator, Iterator
from contextlib import closing
from http import HTTPStatus
from itertools import chain
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from app import __version__
from app.errors import NotFound
from app.export import export_json, exporting
from app.export.exporting import ExportFile
from app.web.deps import NO_FILTER, Ask, Config
from app.web.encodings import encoding_for, pack_all
from app.web.front import variant
from app.web.page_request import in_format, keep, unkept

router = APIRouter(include_in_schema=False, dependencies=NO_FILTER)
# A file of no more is kept as pages are, a larger one is made for whoever asks.
KEPT_BYTES = 1024 * 1024
ZIPAPP = "application/zip"
VERSIONED = re.compile(r"-(\d{4}-\d\d-\d\d\.\d+)(-[0-9a-f]{12})?\.\w+$")


@router.get(export_json.SCHEMA)
def schema(config: Config) -> Response:
    """The JSON Schema of an export, stable for ever."""
    described = export_json.json_schema(config.site)
    return JSONResponse(described, media_type="application/schema+json")


@router.get("/vapic-probe.pyz")
def probe(request: Request, config: Config) -> Response:
    """The packed probe, where this site has one."""
    if not config.probe_file.is_file():
        raise NotFound("This site has no packed probe.", hints=("/docs/measure",))
    return unkept(request, Response(config.probe_file.read_bytes(), media_type=ZIPAPP))


@router.get("/schema/expectations-1.json")
def expectations_schema(config: Config) -> Response:
    """The JSON Schema of `vapic export expectations`, stable for ever."""
    # What makes those tests knows all of the probe, which no other page needs.
    from app.export.handout import files as handout  # noqa: PLC0415

    return JSONResponse(handout.schema(config.site), media_type="application/schema+json")


@router.get("/export")
def index(asked: Ask) -> Response:
    """The files of a data version."""
    return asked.respond(exporting.list_page(exporting.files_of(asked.snapshot)))


@router.get("/export/")
def slash(request: Request) -> Response:
    """The list has one address."""
    return RedirectResponse(in_format(request, "/export"), 308)


@router.get("/export/{name}")
def file(name: str, asked: Ask) -> Response:
    """A file of a data version by its name; a name without one leads to the newest."""
    found = VERSIONED.search(name)
    past = asked.state.snapshots.at(found[1]) if found else asked.snapshot
    for one in exporting.files_of(past):
        if name == one.name:
            return _send(asked.request, one)
        # With 12 digits of a hash, as they were named once.
        if found and found[2] and name.replace(found[2], "") == one.name:
            return RedirectResponse(f"/export/{one.name}", 308)
        if name == one.stable:
            headers = {"cache-control": "no-cache"}
            return RedirectResponse(f"/export/{one.name}", 302, headers)
    raise NotFound(f"There is no export {name!r}.", hints=("/export",))


class Download(StreamingResponse):
    """Blocks that end, with what they keep on disk, when the answer does, however it does."""

    def __init__(self, blocks: Generator[bytes], *how: Any) -> None:
        super().__init__(blocks, *how)
        self._blocks = blocks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the blocks; whoever leaves in the middle leaves nothing behind."""
        with closing(self._blocks):
            await super().__call__(scope, receive, send)


def _send(request: Request, found: ExportFile) -> Response:
    """Send a file as it is made; what it holds follows from its name and from this release."""
    encoding = encoding_for(request.headers.get("accept-encoding", ""))
    tag = f"{found.name}-{__version__}"
    status, headers = variant(request.headers, tag, encoding)
    headers["cache-control"] = "no-cache"
    if found.stable.endswith(".sqlite"):
        headers["content-disposition"] = f'attachment; filename="{found.name}"'
    if status == HTTPStatus.NOT_MODIFIED:
        return Response(b"", status, headers, found.media_type)
    if request.state.head:
        # Nobody knows the length before it is made, so that the head of a file says none.
        return Download(_sent([], iter(()), ""), status, headers, found.media_type)
    begun, blocks = _begun(found)
    if blocks is None:
        keep(request, tag=tag)
        mine = {k: v for k, v in headers.items() if k == "content-disposition"}
        return Response(b"".join(begun), status, mine, found.media_type)
    return Download(_sent(begun, blocks, encoding), status, headers, found.media_type)


def _begun(found: ExportFile) -> tuple[list[bytes], Iterator[bytes] | None]:
    """Return the first blocks of a file, and those to come; of a small one all, and None."""
    begun, blocks = [], iter(found.make())
    for block in blocks:
        begun.append(block)
        if sum(map(len, begun)) > KEPT_BYTES:
            return begun, blocks
    return begun, None


def _sent(begun: list[bytes], blocks: Iterator[bytes], encoding: str) -> Generator[bytes]:
    every = chain(begun, blocks)
    yield from pack_all(encoding, every) if encoding else every
