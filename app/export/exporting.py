"""Use case: everything that is public at a data version, as files.

The files of one version are always the same bytes, however much was changed after it.
"""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy.orm import Session

from app.export import export_json, export_tables
from app.export.archive import read_archive, write_sqlite
from app.pens.page import Page
from app.pens.place import Place
from app.pens.plain import Plain, head
from app.store.snapshots import Snapshot

LEAD = (
    "A name with a hash never means other bytes; the name without version and hash, such as "
    "/export/vapic.json, leads to the newest."
)


@dataclass(frozen=True)
class ExportFile:
    """One file of an export; ``stable`` is the name that leads to the newest one."""

    stable: str
    version: str
    text: str
    media_type: str
    body: bytes

    @cached_property
    def digest(self) -> str:
        """The SHA-256 of the content in hexadecimal."""
        return hashlib.sha256(self.body).hexdigest()

    @property
    def size(self) -> int:
        """The number of bytes."""
        return len(self.body)

    @cached_property
    def packed(self) -> bytes:
        """The content in gzip."""
        return gzip.compress(self.body, 6, mtime=0)

    @property
    def name(self) -> str:
        """``vapic-2026-11-22.3-<12 hex digits>.json``: it never means other bytes."""
        stem, _, extension = self.stable.rpartition(".")
        return f"{stem}-{self.version}-{self.digest[:12]}.{extension}"


def json_file(session: Session, snapshot: Snapshot) -> bytes:
    """Return everything as one JSON document."""
    return export_json.to_json(read_archive(session, snapshot)).encode()


def sqlite_file(session: Session, snapshot: Snapshot) -> bytes:
    """Return everything as an SQLite database that `vapic serve --from` serves."""
    return write_sqlite(read_archive(session, snapshot))


def files_of(session: Session, snapshot: Snapshot) -> tuple[ExportFile, ...]:
    """Return every file of a snapshot's data version, as they are listed."""
    archive, version = read_archive(session, snapshot), snapshot.name
    whole = ExportFile("vapic.json", version, "everything, as one JSON document",
                       "application/json", export_json.to_json(archive).encode())  # fmt: skip
    database = ExportFile("vapic.sqlite", version, "everything, as an SQLite database",
                          "application/vnd.sqlite3", write_sqlite(archive))  # fmt: skip
    tables = (
        ExportFile(f"vapic-{name}.csv", version, export_tables.TEXTS[name],
                   "text/csv; charset=utf-8", table.csv().encode())
        for name, table in export_tables.tables(snapshot).items()
    )  # fmt: skip
    return (whole, database, *tables)


def list_page(files: Sequence[ExportFile]) -> Page:
    """Return the page that lists files, each with its address, size and SHA-256."""
    return Page(
        template="export/index.html",
        view={"files": files, "schema": export_json.SCHEMA, "lead": LEAD},
        text=lambda place: _list_text(files, place),
        data=lambda place: _list_data(files, place),
    )


def _list_text(files: Sequence[ExportFile], place: Place) -> str:
    out = Plain()
    out.title("Everything in one file")
    head(out, place, "/export")
    out.blank()
    out.para(f"All that is public at data version {place.version}. {LEAD}")
    out.para(f"What is inside, and how to read it offline: {place.site}/docs/export")
    out.para(f"The JSON Schema: {place.site}{export_json.SCHEMA}")
    for file in files:
        out.heading(file.stable)
        out.para(file.text)
        out.field("File", f"/export/{file.name}", width=10)
        out.field("Bytes", str(file.size), width=10)
        out.field("SHA-256", file.digest, width=10)
    return out.render()


def _list_data(files: Sequence[ExportFile], place: Place) -> dict[str, Any]:
    listed = [
        {
            "file": f.stable,
            "url": f"{place.site}/export/{f.name}",
            "text": f.text,
            "media_type": f.media_type,
            "bytes": f.size,
            "sha256": f.digest,
        }
        for f in files
    ]
    return {"data_version": place.version, "files": listed}
