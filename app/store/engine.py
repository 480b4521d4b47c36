"""Engines and sessions: each database told how to be safe, writers told apart from readers."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import URL, Connection, Engine, NullPool, create_engine, event, make_url
from sqlalchemy.orm import Session, sessionmaker

from app.errors import NotReady

__all__ = [
    "Session",
    "disposing",
    "make_copy_engine",
    "make_engine",
    "may_write",
    "reader_sessions",
    "writer_sessions",
]

# For any other lock: nobody who reads is kept waiting by a writer, only by who locks everybody out.
PATIENCE_MS = 500
# For the write lock alone, which many short transactions may want at the same time.
WRITER_PATIENCE_MS = 30_000
REPLACED = (
    "The database file is gone, or another one than at the start: put the right one there, and "
    "restart the server."
)
MISSING = "There is no database file yet: run `vapic migrate`, then `vapic seed`."
GET_DRIVER = "pip install --require-hashes -r requirements-postgres.txt"
NO_DRIVER = f"PostgreSQL needs its driver: {GET_DRIVER}."
# PostgreSQL queues who wants the lock, in whichever process of whichever host, in their order. It
# is taken before anything is read, and each statement behind it sees what is committed by then:
# nothing can collide, so nothing has to be tried again. A host that is gone holds it for so long.
POSTGRES_WRITER = f"""
SET TRANSACTION ISOLATION LEVEL READ COMMITTED;
SET LOCAL lock_timeout = {WRITER_PATIENCE_MS};
SET LOCAL idle_in_transaction_session_timeout = {2 * WRITER_PATIENCE_MS};
SELECT pg_advisory_xact_lock({0x76415043});
"""
POSTGRES = {"postgresql", "postgres"}
# How each file of SQLite begins.
SQLITE = b"SQLite format 3\0"
# What each connection keeps: KB of pages, since the system has the file for all of them, and
# statements, of which one upload takes thirty and one with a hundred names has 40 KB.
PAGES_KB, STATEMENTS = 512, 64
# The first of them holds for the others.
PRAGMAS = (
    f"busy_timeout={PATIENCE_MS}", "foreign_keys=on", "journal_mode=wal", "synchronous=full",
    f"cache_size=-{PAGES_KB}",
)  # fmt: skip


def make_engine(url: str, *, create: bool = False) -> Engine:
    """Return an engine for ``url``; a missing SQLite file is NotReady, or ``create`` makes it.

    NotReady is also raised for PostgreSQL without its driver, and for others. SQLite's driver would
    begin transactions by itself, too late for pragmas and with a read lock that a second writer
    cannot upgrade; so we say BEGIN ourselves.
    """
    parsed = read_url(url)
    if parsed.get_backend_name() in POSTGRES:
        return _make_postgres(parsed)
    if create and parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    # What a statement was given may be a stranger's words: it is for no log.
    kept = {"cached_statements": STATEMENTS}
    engine = create_engine(url, hide_parameters=True, connect_args=kept)
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    if parsed.database and not parsed.database.startswith((":", "file:")):
        _watch(engine, Path(parsed.database), create=create)
    return engine


def read_url(url: str) -> URL:
    """Return the parts of an address. Raises NotReady for one of another kind of database."""
    parsed = make_url(url)
    ours = parsed.get_backend_name() in POSTGRES or parsed.drivername in {
        "sqlite",
        "sqlite+pysqlite",
    }
    if not ours:
        raise NotReady(f"DATABASE_URL is for SQLite or PostgreSQL, not {parsed.drivername[:40]}.")
    return parsed


def _make_postgres(url: URL) -> Engine:
    """Return an engine whose readers see one state from their first read to their end."""
    try:
        # A server that was started again must not fail whoever takes an old connection.
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            isolation_level="REPEATABLE READ",
            pool_pre_ping=True,
        )
    except ModuleNotFoundError as error:
        raise NotReady(NO_DRIVER) from error
    event.listen(engine, "begin", _on_postgres_begin)
    return engine


def _on_postgres_begin(connection: Connection) -> None:
    if connection.get_execution_options().get("writes"):
        connection.exec_driver_sql(POSTGRES_WRITER).close()


def _watch(engine: Engine, path: Path, *, create: bool) -> None:
    """Let no connection be used once another file is there: what is written then is lost."""
    first: set[tuple[int, int]] = set()

    def open_existing(_dialect: object, _record: object, args: list[Any], more: Any) -> None:
        if not path.exists():
            raise NotReady(REPLACED if first else MISSING)
        # SQLite would make an empty file, which could even be taken for the one that was there.
        args[0], more["uri"] = f"file:{quote(str(path.resolve()))}?mode=rw", True

    def check(*_: object) -> None:
        found = {(s.st_dev, s.st_ino) for s in [path.stat()]} if path.exists() else set()
        first.update(found if not first else ())
        if found != first:
            raise NotReady(REPLACED)

    if not create:
        event.listen(engine, "do_connect", open_existing)
    event.listen(engine, "connect", check)
    event.listen(engine, "checkout", check)


def make_copy_engine(path: Path) -> Engine:
    """Return an engine for an SQLite file that nobody may write, and that nobody writes.

    SQLite itself refuses writes then, and makes no file beside it. No connection outlives its
    session, so that nothing holds the file.
    """
    address = f"file:{quote(str(path.resolve()))}?mode=ro&immutable=1"

    def connect() -> sqlite3.Connection:
        return sqlite3.connect(address, uri=True, check_same_thread=False, isolation_level=None)

    engine = create_engine("sqlite://", creator=connect, poolclass=NullPool)
    event.listen(engine, "begin", _on_begin)
    return engine


@contextmanager
def disposing(engine: Engine) -> Iterator[Engine]:
    """Hold an engine, and let no connection of it outlive that."""
    try:
        yield engine
    finally:
        engine.dispose()


def reader_sessions(engine: Engine) -> sessionmaker[Session]:
    """Return sessions that only read."""
    return sessionmaker(engine)


def writer_sessions(engine: Engine) -> sessionmaker[Session]:
    """Return sessions that take the write lock at their first statement."""
    return sessionmaker(engine.execution_options(writes=True))


def may_write(engine: Engine) -> bool:
    """Whether SQLite lets this process write, now or when another is done."""
    with closing(engine.raw_connection()) as connection:
        try:
            # SQLite lets anybody begin, and what is not committed leaves nothing.
            connection.cursor().execute("begin immediate")
            connection.cursor().execute("create table may_write (it)")
        except sqlite3.OperationalError as error:
            return error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_READONLY
        finally:
            connection.rollback()
    return True


def _on_connect(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in PRAGMAS:
        connection.execute(f"pragma {pragma}")


def _on_begin(connection: Connection) -> None:
    if not connection.get_execution_options().get("writes"):
        connection.exec_driver_sql("BEGIN")
        return
    # SQLite does not queue writers, it lets them try again; the unlucky one needs patience.
    connection.exec_driver_sql(f"pragma busy_timeout={WRITER_PATIENCE_MS}").close()
    try:
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        connection.exec_driver_sql(f"pragma busy_timeout={PATIENCE_MS}").close()
