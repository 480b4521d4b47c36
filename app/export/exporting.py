"""Use case: everything that is public at a data version, as files.

The files of one version are always the same bytes, however much was changed after it.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from sqlalchemy.orm import Session

from app.errors import NotFound
from app.export import export_json, export_tables
from app.export.archive import Archive, read_archive, write_sqlite
from app.intake.serial_log import is_serial_log
from app.pens.tables import Table
from app.store import seeding
from app.store.snapshots import Snapshot

# How many data versions' files stay in memory.
KEPT = 2
TABLES = {
    "cells": "what the table says, what rules, and the verdict of each family, per cell",
    "judgements": "the verdict on each cell and family, with what stands behind it",
    "claims": "what the manual says about the cells, place by place",
    "observations": "what was seen, report by report",
    "errata": "published errata and informal quirks",
    "differences": "the ledger",
    "policies": "what hypervisors do with each MSR",
    "families": "CPU families",
    "sources": "where everything comes from",
    "measurements": "measurements, with their state",
}


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


def archive_of(session: Session, snapshot: Snapshot) -> Archive:
    """Return all that is public up to a snapshot's data version."""
    verdicts = seeding.derive_verdicts(snapshot.knowledge)
    return read_archive(session, snapshot.version.id, verdicts, withholds)


def withholds(raw: bytes) -> bool:
    """Whether a measurement document holds a contact that its page must leave out."""
    if is_serial_log(raw):
        # A guest knows nobody.
        return False
    # A copy has no bytes of it any more.
    submitter = (json.loads(raw).get("submitter") if raw else None) or {}
    return bool(submitter.get("withhold") and submitter.get("contact"))


def json_file(session: Session, snapshot: Snapshot) -> bytes:
    """Return everything as one JSON document."""
    return export_json.to_json(archive_of(session, snapshot)).encode()


def sqlite_file(session: Session, snapshot: Snapshot) -> bytes:
    """Return everything as an SQLite database that `vapic serve --from` serves."""
    return write_sqlite(archive_of(session, snapshot))


def csv_tables(snapshot: Snapshot) -> dict[str, Table]:
    """Return the tables of the CSV files by name."""
    return export_tables.tables(snapshot.knowledge, snapshot.cells)


def files_of(session: Session, snapshot: Snapshot) -> tuple[ExportFile, ...]:
    """Return every file of a snapshot's data version, as they are listed."""
    archive, version = archive_of(session, snapshot), snapshot.name
    whole = ExportFile("vapic.json", version, "everything, as one JSON document",
                       "application/json", export_json.to_json(archive).encode())  # fmt: skip
    database = ExportFile("vapic.sqlite", version, "everything, as an SQLite database",
                          "application/vnd.sqlite3", write_sqlite(archive))  # fmt: skip
    tables = (
        ExportFile(f"vapic-{name}.csv", version, TABLES[name], "text/csv; charset=utf-8",
                   table.csv().encode())
        for name, table in csv_tables(snapshot).items()
    )  # fmt: skip
    return (whole, database, *tables)


class Exports:
    """Keeps the files of the newest data versions that were asked for."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[int, tuple[ExportFile, ...]] = OrderedDict()

    def files(self, snapshot: Snapshot, sessions: Callable[[], Session]) -> tuple[ExportFile, ...]:
        """Return the files of a data version; they are made once, by one thread."""
        key = snapshot.version.id
        with self._lock:
            if key not in self._kept:
                with sessions() as session:
                    self._kept[key] = files_of(session, snapshot)
                while len(self._kept) > KEPT:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(key)
            return self._kept[key]


def find_file(files: tuple[ExportFile, ...], name: str) -> ExportFile:
    """Return a file by its name with the hash. Raises NotFound that names its like."""
    for file in files:
        if name == file.name:
            return file
    kind = name.rpartition(".")[2]
    hints = tuple(f"/export/{file.name}" for file in files if file.name.endswith(f".{kind}"))
    raise NotFound(f"There is no export {name!r}; its content would be another.", hints=hints[:3])
