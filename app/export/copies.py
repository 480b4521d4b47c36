"""Exports as databases: the site and the command line read one as they read their own."""

from __future__ import annotations

import os
import sqlite3
import tempfile
import weakref
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.errors import AppError, Forbidden
from app.export.archive import FORMAT
from app.export.export_json import from_json
from app.export.past import APPLICATION_ID, write_sqlite
from app.settings import Settings
from app.store.engine import make_copy_engine, make_engine

SQLITE = b"SQLite format 3\x00"
READ_ONLY = "This is a read-only copy: nothing can be sent, decided or changed here."


class InvalidCopy(AppError):
    """A file that is no export, or one that cannot be read."""

    code = "invalid-copy"

    def __init__(self, path: Path, found: str) -> None:
        super().__init__(
            f"{path} cannot be read as an export: {found}. "
            "`vapic export sqlite FILE` and `vapic export json FILE` make one."
        )


def engine_for(settings: Settings) -> Engine:
    """Return the engine of what is served: an export if one is set, else the database.

    Raises InvalidCopy, and OSError when the export is missing.
    """
    if settings.export_file is not None:
        return open_copy(settings.export_file)
    return make_engine(settings.database_url)


def refuse_writes(settings: Settings) -> None:
    """Raise Forbidden when a copy is served: it answers questions and nothing else."""
    if settings.export_file is not None:
        raise Forbidden(READ_ONLY)


def open_copy(path: Path) -> Engine:
    """Return an engine that reads an export, SQLite or JSON; the file is never written.

    Raises InvalidCopy for any other file, OSError for a missing one.
    """
    with path.open("rb") as file:
        start = file.read(len(SQLITE))
    if start == SQLITE:
        _check(path)
        return make_copy_engine(path)
    if start.lstrip()[:1] == b"{":
        return _open_json(path)
    raise InvalidCopy(path, "it is neither SQLite nor JSON")


def _check(path: Path) -> None:
    address = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(address, uri=True)) as connection:
            (application,) = connection.execute("pragma application_id").fetchone()
            (version,) = connection.execute("pragma user_version").fetchone()
            (state,) = connection.execute("pragma quick_check(1)").fetchone()
    except sqlite3.DatabaseError as error:
        raise InvalidCopy(path, f"SQLite says: {error}") from None
    if application != APPLICATION_ID:
        raise InvalidCopy(path, "it is an SQLite database, but no export")
    if version != FORMAT:
        raise InvalidCopy(path, f"it is of format {version}, this program reads {FORMAT}")
    if state != "ok":
        raise InvalidCopy(path, f"it is damaged ({state.splitlines()[-1]})")


def _open_json(path: Path) -> Engine:
    try:
        raw = write_sqlite(from_json(path.read_bytes()))
    except (ValueError, SQLAlchemyError) as error:
        reason = str(error).splitlines()[0]
        raise InvalidCopy(path, reason) from None
    with tempfile.NamedTemporaryFile(prefix="vapic-", suffix=".sqlite", delete=False) as file:
        file.write(raw)
    engine = make_copy_engine(Path(file.name))
    weakref.finalize(engine, os.unlink, file.name)
    return engine
