"""Everything in one database into an empty one of any kind: all of it, verified, or nothing."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from sqlalchemy import LargeBinary, Table, exists, func, insert, inspect, select
from sqlalchemy.orm import Session

from app.errors import Conflict
from app.store import queries
from app.store.engine import disposing, make_engine, reader_sessions, writer_sessions
from app.store.migrate import migrate
from app.store.models import Base

# How many rows are in memory at once; documents are large.
MANY, FEW = 500, 20
Progress = Callable[[str, int, int], None]


class CopiedTable(NamedTuple):
    """A table that was copied: its rows, and a SHA-256 over all of them in order."""

    table: str
    rows: int
    digest: str


def copy_database(source: str, target: str, progress: Progress) -> tuple[CopiedTable, ...]:
    """Copy every table of a database as it is at one moment, and read back what was written.

    ``progress`` is told the table, and how many of its rows are there. Raises Conflict where the
    target holds anything, or something else than was written; NotReady for a source that is not of
    this release's schema. Then the target holds nothing.
    """
    with (
        disposing(make_engine(source)) as old,
        disposing(make_engine(target, create=True)) as new,
        reader_sessions(old)() as reading,
    ):
        queries.require_schema(reading)
        with reader_sessions(new)() as asking:
            _refuse_what_is_there(asking)
        migrate(target)
        with writer_sessions(new).begin() as writing:
            # Again: somebody may have come meanwhile, and nobody else can now.
            _refuse_what_is_there(writing)
            tables = Base.metadata.sorted_tables
            return tuple(_copy(table, reading, writing, progress) for table in tables)


def _refuse_what_is_there(session: Session) -> None:
    """Raise Conflict unless a database has no tables, or ours with nothing in them."""
    connection, ours = session.connection(), Base.metadata.tables
    there = set(inspect(connection).get_table_names()) - {"alembic_version"}
    full = [
        name
        for name in sorted(there)
        if name not in ours or session.scalar(select(exists().select_from(ours[name])))
    ]
    if full:
        where = connection.engine.url.render_as_string()
        raise Conflict(f"{where} is not empty: there is something in {', '.join(full)}.")


def _copy(table: Table, reading: Session, writing: Session, progress: Progress) -> CopiedTable:
    total = reading.scalar(select(func.count()).select_from(table)) or 0
    digest, done = hashlib.sha256(), 0
    progress(table.name, done, total)
    for rows in _parts(table, reading, digest):
        writing.execute(insert(table), rows)
        done += len(rows)
        progress(table.name, done, total)
    _go_on_counting(table, writing)
    again = hashlib.sha256()
    read = sum(len(rows) for rows in _parts(table, writing, again))
    if (total, digest.digest()) != (read, again.digest()):
        found = f"{table.name} is not what was written: {read} rows, not {total}, or others"
        raise Conflict(f"{found}. Nothing of it stays.")
    return CopiedTable(table.name, read, digest.hexdigest())


def _parts(table: Table, session: Session, digest: Any) -> Iterator[list[dict[str, Any]]]:
    """Return the rows of a table by its primary key, some at a time, and digest each."""
    many = FEW if any(isinstance(column.type, LargeBinary) for column in table.c) else MANY
    rows = select(table).order_by(*table.primary_key.columns)
    for part in session.execute(rows, execution_options={"yield_per": many}).partitions():
        for row in part:
            digest.update(repr(tuple(row)).encode())
        yield [row._asdict() for row in part]


def _go_on_counting(table: Table, session: Session) -> None:
    """Let the next number of a row be one that none has; SQLite does so by itself."""
    column = table.autoincrement_column
    if column is None or session.get_bind().dialect.name == "sqlite":
        return
    last = session.scalar(select(func.max(column)))
    sequence = func.pg_get_serial_sequence(table.name, column.name)
    session.execute(select(func.setval(sequence, last or 1, last is not None)))
