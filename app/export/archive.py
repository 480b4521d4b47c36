"""Everything that was ever public up to one data version, row by row in a fixed order.

What an export holds and what a copy of the site is served from. Tokens, secrets and
signatures are left out here, so that no writer can spread them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    create_engine,
    exists,
    insert,
    inspect,
    literal,
    null,
    or_,
    select,
    tuple_,
)
from sqlalchemy.orm import Session, sessionmaker
from sqlalchemy.schema import CreateIndex, CreateTable

from app.export import sql_views
from app.intake.serial_log import is_serial_log
from app.store import seeding
from app.store.engine import disposing
from app.store.models import (
    Base,
    DataVersionRow,
    DecisionRow,
    FactRow,
    RecordRow,
    SightingRow,
    SortRow,
    StepPageRow,
    StepRow,
    SubmissionRow,
    SummaryRow,
    VerdictRow,
)
from app.store.snapshots import Snapshot

# The format of an export, in the JSON document and in the SQLite file alike.
FORMAT = 1
# "vAPC": tells our exports from any other SQLite file.
APPLICATION_ID = 0x76415043
# Where SQLite writes its own version into a file: of no use to readers, and differs by machine.
WRITTEN_BY = 96, 4
# How many rows are in memory at once; documents are large.
MANY, FEW = 200, 20
TableRow = Mapping[str, Any]
# The tables of an SQLite file; those that others refer to come first.
TABLES: tuple[type[Base], ...] = (
    DataVersionRow, FactRow, SubmissionRow, DecisionRow, VerdictRow,
    SortRow, SightingRow, SummaryRow, RecordRow, StepRow, StepPageRow,
)  # fmt: skip


@dataclass(frozen=True)
class Archive:
    """All that was public up to a data version, as it was known then.

    Later changes of the database do not change what is read. Rows come in transactions of their
    own, so that a slow reader holds up nobody.
    """

    snapshot: Snapshot
    sessions: sessionmaker[Session]

    def rows(self, cls: type[Base]) -> Iterator[TableRow]:
        """Return the rows of a table by their primary key."""
        if cls is VerdictRow:
            columns = cls.__table__.columns.keys()
            verdicts = seeding.derive_verdicts(self.snapshot.knowledge)
            return (dict(zip(columns, row, strict=True)) for row in verdicts)
        if cls is SubmissionRow:
            return self._documents()
        return self._paged(self._held(cls), *inspect(cls).primary_key)

    def facts(self, kind: str = "") -> Iterator[TableRow]:
        """Return every fact by kind and key; of one kind those that were public at the version."""
        f, rows = FactRow.__table__.c, self._held(FactRow)
        if not kind:
            return self._paged(rows, f.kind, f.key, f.valid_from)
        return self._paged(rows.where(f.kind == kind, _now(f, self._last)), f.key)

    @property
    def _last(self) -> int:
        return self.snapshot.version.id

    def _held(self, cls: type[Base]) -> Select[Any]:
        """Return a table's rows up to the version; what ended later was still so at it."""
        table, c = cls.__table__, cls.__table__.c
        if cls is SortRow:
            s = SightingRow
            return select(table).where(
                exists().where(s.sort_id == c.id, s.valid_from <= self._last)
            )
        columns = [
            case((x <= self._last, x), else_=null()).label(x.key) if x.key == "valid_to" else x
            for x in c
        ]
        begins = next(c[n] for n in ("valid_from", "version_id", "id") if n in c)
        return select(*columns).where(begins <= self._last)

    def _documents(self) -> Iterator[TableRow]:
        """Return the measurements that were public at the version, by name.

        Bytes that hold a contact which is withheld are left out: the page of the site still has
        them, but copies do not spread them. A copy takes nothing back, so that it holds nobody's
        secret.
        """
        s, r = SubmissionRow.__table__.c, RecordRow.__table__.c
        kept = select(
            s.digest, s.slug, s.raw, s.received_at, literal("").label("secret_hash")
        ).join(RecordRow, r.slug == s.slug)
        for row in self._paged(kept.where(_now(r, self._last)), s.slug, most=FEW):
            yield {**row, "raw": b"" if withholds(row["raw"]) else row["raw"]}

    def _paged(
        self, rows: Select[Any], *key: ColumnElement[Any], most: int = MANY
    ) -> Iterator[TableRow]:
        ordered, after = rows.order_by(*key).limit(most), None
        while True:
            here = ordered if after is None else ordered.where(tuple_(*key) > after)
            with self.sessions() as session:
                found = session.execute(here).mappings().all()
            yield from found  # type: ignore[misc]
            if len(found) < most:
                return
            after = tuple(found[-1][column.key] for column in key)  # type: ignore[index]


def _now(columns: Any, last: int) -> ColumnElement[bool]:
    """Whether a row held at a data version."""
    return and_(
        columns.valid_from <= last, or_(columns.valid_to.is_(None), columns.valid_to > last)
    )


def archive_of(snapshot: Snapshot) -> Archive:
    """Return all that was public up to a snapshot's data version."""
    sessions = snapshot.records.sessions
    assert sessions is not None  # noqa: S101 - the seed alone is never exported
    return Archive(snapshot, sessions)


def withholds(raw: bytes) -> bool:
    """Whether a measurement document holds a contact that its page must leave out."""
    if is_serial_log(raw):
        # A guest knows nobody.
        return False
    # A copy has no bytes of it any more.
    submitter = (json.loads(raw).get("submitter") if raw else None) or {}
    return bool(submitter.get("withhold") and submitter.get("contact"))


def write_sqlite(archive: Archive, path: Path) -> None:
    """Write an archive as an SQLite file: equal archives give equal bytes.

    It is written row by row into a new database, so nothing of the old one is in it. Whoever
    makes it makes it again where that fails, so it needs no journal.
    """
    path.unlink(missing_ok=True)
    pragmas = {"journal_mode": "off", "synchronous": "off",
               "application_id": APPLICATION_ID, "user_version": FORMAT}  # fmt: skip
    with disposing(create_engine(f"sqlite:///{path}")) as engine, engine.connect() as connection:
        for name, value in pragmas.items():
            connection.exec_driver_sql(f"pragma {name} = {value}")
        _fill(connection, archive)
        connection.commit()
    start, length = WRITTEN_BY
    with path.open("r+b") as file:
        file.seek(start)
        file.write(bytes(length))


def _fill(connection: Connection, archive: Archive) -> None:
    for cls in TABLES:
        table = Base.metadata.tables[cls.__tablename__]
        connection.execute(CreateTable(table))
        rows = archive.rows(cls)
        while some := list(islice(rows, MANY)):
            connection.execute(insert(table), some)
        # SQLAlchemy keeps indexes in a set, whose order differs from run to run.
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            connection.execute(CreateIndex(index))
    for statement in sql_views.statements():
        connection.exec_driver_sql(statement)
