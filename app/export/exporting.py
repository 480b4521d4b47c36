"""Use case: everything that is public at a data version, as files.

The files of one version are always the same bytes, however much was changed after it. They are
made piece by piece as they are read, so that their size matters to nobody's memory.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from app.export import export_json, export_tables
from app.export.archive import Archive, archive_of, write_sqlite
from app.pens.page import Page
from app.pens.place import Place
from app.pens.plain import Plain, add_head
from app.store.snapshots import Snapshot

LEAD = (
    "A name with a data version always means the same bytes; the name without one, such as "
    "/export/vapic.json, leads to the newest."
)
CSV_TYPE = "text/csv; charset=utf-8"
# How many bytes are handed on at once.
BLOCK = 1 << 16


@dataclass(frozen=True)
class ExportFile:
    """One file of an export, made in blocks whenever ``make`` is called.

    ``stable`` is the name that leads to the newest one.
    """

    stable: str
    version: str
    text: str
    media_type: str
    make: Callable[[], Iterable[bytes]]

    @property
    def name(self) -> str:
        """``vapic-2026-11-22.3.json``."""
        stem, _, extension = self.stable.rpartition(".")
        return f"{stem}-{self.version}.{extension}"


def files_of(snapshot: Snapshot) -> tuple[ExportFile, ...]:
    """Return every file of a snapshot's data version, as they are listed; nothing is made yet."""
    archive = archive_of(snapshot)

    def tables(name: str) -> Iterator[bytes]:
        return _blocks(export_tables.lines(snapshot, name))

    return (
        ExportFile(
            "vapic.json",
            snapshot.name,
            "everything, as one JSON document",
            "application/json",
            lambda: _blocks(export_json.to_json(archive)),
        ),
        ExportFile(
            "vapic.jsonl",
            snapshot.name,
            "the same as JSON in lines: one for each item of its lists",
            "application/jsonl",
            lambda: _blocks(export_json.to_lines(archive)),
        ),
        ExportFile(
            "vapic.sqlite",
            snapshot.name,
            "everything, as an SQLite database",
            "application/vnd.sqlite3",
            partial(_sqlite, archive),
        ),
        *(
            ExportFile(f"vapic-{name}.csv", snapshot.name, text, CSV_TYPE, partial(tables, name))
            for name, text in export_tables.TEXTS.items()
        ),
    )


def file_of(snapshot: Snapshot, stable: str) -> ExportFile:
    """Return the file that a name without a version means."""
    return next(file for file in files_of(snapshot) if file.stable == stable)


def _sqlite(archive: Archive) -> Iterator[bytes]:
    with tempfile.TemporaryDirectory(prefix="vapic-") as folder:
        path = Path(folder) / "export.sqlite"
        write_sqlite(archive, path)
        with path.open("rb") as file:
            while block := file.read(BLOCK):
                yield block


def _blocks(pieces: Iterable[str]) -> Iterator[bytes]:
    """Return text in blocks of bytes, each a few pieces."""
    waiting, size = [], 0
    for piece in pieces:
        waiting.append(piece)
        size += len(piece)
        if size >= BLOCK:
            yield "".join(waiting).encode()
            waiting, size = [], 0
    yield "".join(waiting).encode()


def list_page(files: Sequence[ExportFile]) -> Page:
    """Return the page that lists files, each with its address."""
    return Page(
        template="export/index.html",
        view={"files": files, "schema": export_json.SCHEMA, "lead": LEAD},
        text=lambda place: _list_text(files, place),
        data=lambda place: _list_data(files, place),
    )


def _list_text(files: Sequence[ExportFile], place: Place) -> str:
    out = Plain()
    out.title("Everything in one file")
    add_head(out, place, "/export")
    out.blank()
    out.para(f"All that is public at data version {place.version}. {LEAD}")
    out.para(f"What is inside, and how to read it offline: {place.site}/docs/export")
    out.para(f"The JSON Schema: {place.site}{export_json.SCHEMA}")
    for file in files:
        out.heading(file.stable)
        out.para(file.text)
        out.field("File", f"/export/{file.name}", width=10)
    return out.render()


def _list_data(files: Sequence[ExportFile], place: Place) -> dict[str, Any]:
    listed = [
        {
            "file": f.stable,
            "url": f"{place.site}/export/{f.name}",
            "text": f.text,
            "media_type": f.media_type,
        }
        for f in files
    ]
    return {"data_version": place.version, "files": listed}
