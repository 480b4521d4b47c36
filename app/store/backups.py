"""Copies of an SQLite database, page by page, and the way back; PostgreSQL has tools of its own."""

from __future__ import annotations

import hashlib
import os
import shlex
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path

from sqlalchemy import make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from app.errors import Conflict, NotReady
from app.store import queries
from app.store.engine import (
    SQLITE,
    disposing,
    make_copy_engine,
    make_engine,
    read_url,
    reader_sessions,
    writer_sessions,
)
from app.store.verifying import SCHEMA, faults

# What SQLite keeps beside a database, and takes for its own wherever it lies.
BESIDE = ("", "-wal", "-shm", "-journal")
# How long a restore waits for others to let go of the database.
SECONDS = 2


def back_up(url: str, file: Path) -> str:
    """Copy a database, as it is between two transactions, to a new file; returns its SHA-256.

    The copy is checked before it has its name. Raises Conflict where the file exists, where the
    copy is damaged, and for PostgreSQL; NotReady where there is nothing to copy.
    """
    _file_of(url, f"pg_dump --format=custom --file={shlex.quote(str(file))}")
    if file.exists():
        raise Conflict(f"{file} exists already, and a backup replaces nothing.")
    with _partial(file) as partial:
        copy_pages(url, partial)
        if not _check(partial):
            raise NotReady(queries.NO_TABLES)
        digest = _settle(partial)
        partial.rename(file)
    _sync(file.parent)
    return digest


def restore(url: str, file: Path, now: datetime, *, replace: bool) -> tuple[Path, Path | None]:
    """Put a backup where the database is to be; returns where that is, and where the old one is.

    Raises Conflict where there is one and it is not to be replaced, where somebody uses it, where
    the backup is damaged, and for PostgreSQL.
    """
    target = _file_of(url, f"pg_restore --clean --if-exists --dbname=URL {shlex.quote(str(file))}")
    if not _check(file):
        raise Conflict(f"{file} has no tables: it is no backup of a database of ours.")
    taken = any(path.exists() for path in _family(target))
    if taken and not replace:
        raise Conflict(f"{target} is there already; --replace puts it beside, and keeps it.")
    target.parent.mkdir(parents=True, exist_ok=True)
    with _partial(target) as partial:
        shutil.copyfile(file, partial)
        if _settle(partial) != digest_of_file(file):
            raise Conflict(f"{file} was not copied as it is: nothing was changed.")
        aside = _put_aside(target, f"{now:%Y%m%dT%H%M%SZ}") if taken else None
        partial.rename(target)
    _sync(target.parent)
    return target, aside


@contextmanager
def rehearsal_session(url: str) -> Iterator[Session]:
    """A session that may derive everything anew, of which nothing stays.

    Of SQLite it is over a copy, so that nobody waits; of PostgreSQL, writers do.
    """
    with tempfile.TemporaryDirectory(prefix="vapic-") as scratch:
        if make_url(url).get_backend_name() == "sqlite":
            copy_pages(url, Path(scratch) / "copy.db")
            url = f"sqlite:///{scratch}/copy.db"
        with disposing(make_engine(url)) as engine, writer_sessions(engine)() as session:
            yield session


def copy_pages(url: str, path: Path) -> None:
    """Copy every page of an SQLite database in one read transaction, damaged ones as they are."""
    with (
        disposing(make_engine(url)) as engine,
        closing(sqlite3.connect(path)) as copy,
        engine.connect() as opened,
    ):
        opened.connection.driver_connection.backup(copy)  # type: ignore[union-attr]


def digest_of_file(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check(path: Path) -> bool:
    """Raise Conflict unless a file is a whole database; an older schema is no fault.

    Returns whether it has tables: one that was never migrated is whole, and holds nothing.
    """
    path.stat()
    if not path.is_file():
        raise Conflict(f"{path} is no file: `vapic backup FILE` makes one.")
    if any(p.exists() and p.stat().st_size for p in _family(path)[1:]):
        raise Conflict(f"{path} is in use, not a backup: `vapic backup FILE` makes one.")
    try:
        with disposing(make_copy_engine(path)) as engine, reader_sessions(engine)() as session:
            found = [str(f) for f in faults(session, derived=False) if f.place != SCHEMA]
            migrated = bool(found) or queries.has_tables(session)
    except DBAPIError as error:
        found = [str(error.orig)]
    if found:
        raise Conflict("\n  ".join((f"{path} is damaged:", *found)))
    return migrated


def _put_aside(target: Path, moment: str) -> Path:
    """Rename a database with what is beside it."""
    if target.exists():
        _take_for_oneself(target)
    aside = target.with_name(f"{target.name}.replaced-{moment}")
    for path, kept in zip(_family(target), _family(aside), strict=True):
        if path.exists():
            path.rename(kept)
    return aside


def _take_for_oneself(target: Path) -> None:
    """Fold into a database what is beside it, which only who is alone with it can do."""
    with target.open("rb") as file:
        if file.read(len(SQLITE)) != SQLITE:
            # SQLite would remove what is beside it.
            return
    with closing(sqlite3.connect(target, timeout=SECONDS)) as connection:
        try:
            connection.execute("pragma journal_mode=delete")
        except sqlite3.DatabaseError as error:
            if error.sqlite_errorcode == sqlite3.SQLITE_BUSY:
                raise Conflict(f"{target} is in use: stop the server first.") from None
            # It is damaged, so that it stays as it is, with all that is beside it.


def _file_of(url: str, instead: str) -> Path:
    parsed = read_url(url)
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        return Path(parsed.database)
    if parsed.get_backend_name() == "sqlite":
        raise Conflict("DATABASE_URL names no file.")
    plain = parsed._replace(drivername=parsed.get_backend_name(), password=None)
    address = shlex.quote(plain.render_as_string())
    command = instead.replace("URL", address) if "URL" in instead else f"{instead} {address}"
    raise Conflict(f"That is for SQLite; here use: {command}")


def _family(path: Path) -> list[Path]:
    return [path.with_name(path.name + ending) for ending in BESIDE]


@contextmanager
def _partial(file: Path) -> Iterator[Path]:
    """The file beside another that becomes it, or is removed with what is beside that.

    Raises OSError where there can be none.
    """
    partial = file.with_name(f"{file.name}.partial")
    try:
        _remove(partial)
        partial.touch()
        yield partial
    finally:
        _remove(partial)


def _remove(path: Path) -> None:
    for one in _family(path):
        one.unlink(missing_ok=True)


def _settle(path: Path) -> str:
    """Bring a file to the disk; returns its SHA-256."""
    _sync(path)
    return digest_of_file(path)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
