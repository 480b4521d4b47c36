"""The routes of the exports: the list of files, the files, and the schema of the JSON."""

from __future__ import annotations

import re
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import JSONResponse, RedirectResponse, Response

from app.errors import NotFound
from app.export import export_json, export_text, exporting
from app.export.exporting import ExportFile, Exports
from app.pens.page import Page
from app.pens.place import Place
from app.store.snapshots import Snapshot, SnapshotHolder
from app.web.deps import Config, Render, Snap, in_format

router = APIRouter(include_in_schema=False)
HASHED = re.compile(r"-(\d{4}-\d\d-\d\d\.\d+)-[0-9a-f]{12}\.\w+$")
FOR_EVER = "public, max-age=31536000, immutable"


def _files(request: Request, snapshot: Snap) -> tuple[ExportFile, ...]:
    return files_at(request, snapshot)


def files_at(request: Request, snapshot: Snapshot) -> tuple[ExportFile, ...]:
    """Return the files of a data version, made now or kept."""
    exports: Exports = request.app.state.exports
    return exports.files(snapshot, request.app.state.readers)


Files = Annotated[tuple[ExportFile, ...], Depends(_files)]


@router.get(export_json.SCHEMA)
def schema(config: Config) -> Response:
    """The JSON Schema of an export, stable for ever."""
    described = export_json.json_schema(config.site)
    return JSONResponse(described, media_type="application/schema+json")


@router.get("/export")
def index(request: Request, snapshot: Snap, render: Render, files: Files) -> Response:
    """The files of a data version, with their sizes and digests."""
    page = export_page(files, render.place(snapshot))
    return render.respond(request, snapshot, page)


@router.get("/export/")
def slash(request: Request) -> Response:
    """The list has one address."""
    return RedirectResponse(in_format(request, "/export"), 308)


@router.get("/export/{name}")
def file(name: str, request: Request, snapshot: Snap) -> Response:
    """A file by its name with the hash; a name without leads to the newest."""
    if found := HASHED.search(name):
        holder: SnapshotHolder = request.app.state.snapshots
        version = found[1]
        past = snapshot if version == snapshot.name else holder.at(version)
        return _send(request, exporting.find_file(files_at(request, past), name))
    for one in files_at(request, snapshot):
        if name == one.stable:
            headers = {"cache-control": "no-cache"}
            return RedirectResponse(f"/export/{one.name}", 302, headers)
    raise NotFound(f"There is no export {name!r}.", hints=("/export",))


def export_page(files: tuple[ExportFile, ...], place: Place) -> Page:
    """Return the list of files."""
    return Page(
        template="export/index.html",
        view={"files": files, "schema": export_json.SCHEMA},
        text=lambda _: export_text.list_text(files, place),
        data=lambda _: export_text.list_body(files, place),
    )


def _send(request: Request, found: ExportFile) -> Response:
    """Send the bytes, packed for those who can unpack; whoever has them is told so."""
    zipped = "gzip" in request.headers.get("accept-encoding", "")
    tag = f'"{found.digest}-gz"' if zipped else f'"{found.digest}"'
    headers = {"etag": tag, "cache-control": FOR_EVER}
    asked = request.headers.get("if-none-match", "").split(",")
    known = {part.strip().removeprefix("W/") for part in asked}
    if known & {tag, "*"}:
        return Response(status_code=304, headers=headers)
    if found.stable.endswith(".sqlite"):
        headers["content-disposition"] = f'attachment; filename="{found.name}"'
    if zipped:
        headers["content-encoding"] = "gzip"
    body = found.packed if zipped else found.body
    return Response(body, media_type=found.media_type, headers=headers)
