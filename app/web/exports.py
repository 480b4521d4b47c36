"""The routes of the exports: the list of files, the files, and the schema of the JSON."""

from __future__ import annotations

import re

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from app.errors import NotFound
from app.export import export_json, exporting
from app.export.exporting import ExportFile
from app.store.snapshots import Snapshot
from app.web.deps import Ask, Config
from app.web.front import variant
from app.web.page_request import PageRequest, in_format

router = APIRouter(include_in_schema=False)
HASHED = re.compile(r"-(\d{4}-\d\d-\d\d\.\d+)-[0-9a-f]{12}\.\w+$")
FOR_EVER = "public, max-age=31536000, immutable"


@router.get(export_json.SCHEMA)
def schema(config: Config) -> Response:
    """The JSON Schema of an export, stable for ever."""
    described = export_json.json_schema(config.site)
    return JSONResponse(described, media_type="application/schema+json")


@router.get("/export")
def index(asked: Ask) -> Response:
    """The files of a data version, with their sizes and digests."""
    return asked.respond(exporting.list_page(_files(asked, asked.snapshot)))


@router.get("/export/")
def slash(request: Request) -> Response:
    """The list has one address."""
    return RedirectResponse(in_format(request, "/export"), 308)


@router.get("/export/{name}")
def file(name: str, asked: Ask) -> Response:
    """A file by its name with the hash; a name without leads to the newest."""
    if found := HASHED.search(name):
        version, snapshot = found[1], asked.snapshot
        past = snapshot if version == snapshot.name else asked.state.snapshots.at(version)
        return _send(asked.request, _find(_files(asked, past), name))
    for one in _files(asked, asked.snapshot):
        if name == one.stable:
            headers = {"cache-control": "no-cache"}
            return RedirectResponse(f"/export/{one.name}", 302, headers)
    raise NotFound(f"There is no export {name!r}.", hints=("/export",))


def _files(asked: PageRequest, snapshot: Snapshot) -> tuple[ExportFile, ...]:
    def make() -> tuple[ExportFile, ...]:
        with asked.state.readers() as session:
            return exporting.files_of(session, snapshot)

    return snapshot.once("export", make)


def _find(files: tuple[ExportFile, ...], name: str) -> ExportFile:
    """Return a file by its name with the hash. Raises NotFound that names its like."""
    for one in files:
        if name == one.name:
            return one
    kind = name.rpartition(".")[2]
    hints = tuple(f"/export/{one.name}" for one in files if one.name.endswith(f".{kind}"))
    raise NotFound(f"There is no export {name!r}; its content would be another.", hints=hints[:3])


def _send(request: Request, found: ExportFile) -> Response:
    zips = "gzip" in request.headers.get("accept-encoding", "")
    packed = found.packed if zips else b""
    status, headers, body = variant(request.headers, found.digest, found.body, packed)
    headers["cache-control"] = FOR_EVER
    if found.stable.endswith(".sqlite"):
        headers["content-disposition"] = f'attachment; filename="{found.name}"'
    return Response(body, status, headers, found.media_type)
