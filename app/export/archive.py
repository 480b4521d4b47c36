"""Everything that was ever public up to one data version, as rows in a fixed order.

What an export holds and what a copy of the site is served from. Tokens, secrets and
signatures are left out here, so that no writer can spread them.
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, create_engine, insert, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.pool import StaticPool
from sqlalchemy.schema import CreateIndex, CreateTable

from app.intake.serial_log import is_serial_log
from app.store import counting, records, seeding, stepping
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
    TokenRow,
    VerdictRow,
)
from app.store.snapshots import Snapshot

# The format of an export, in the JSON document and in the SQLite file alike.
FORMAT = 1
# "vAPC": tells our exports from any other SQLite file.
APPLICATION_ID = 0x76415043
# Where SQLite writes its own version into a file: of no use to readers, and differs by machine.
WRITTEN_BY = slice(96, 100)
Row = Mapping[str, Any]


# The rows of each table; those that others refer to come first, and that of tokens is empty.
# Ids are those of the archive where the database counted what is not in it.
Archive = Mapping[type[Base], tuple[Row, ...]]
# Made in the new database from what stands there.
DERIVED: tuple[type[Base], ...] = (
    SortRow, SightingRow, SummaryRow, RecordRow, StepRow, StepPageRow
)  # fmt: skip


def read_archive(session: Session, snapshot: Snapshot) -> Archive:
    """Return all that was public up to a snapshot's data version, as it was known then.

    Later changes of the database do not change what is returned.
    """
    last = snapshot.version.id
    v, d = DataVersionRow, DecisionRow
    versions = session.scalars(select(v).where(v.id <= last).order_by(v.id))
    decisions = session.scalars(select(d).where(d.version_id <= last).order_by(d.id))
    columns = [column.key for column in VerdictRow.__table__.columns]
    verdicts = seeding.derive_verdicts(snapshot.knowledge)
    return {
        DataVersionRow: tuple(
            _row(r, v.id, v.name, v.day, v.number, v.created_at, v.reason) for r in versions
        ),
        TokenRow: (),
        FactRow: tuple(_facts(session, last)),
        SubmissionRow: tuple(_documents(session, last)),
        DecisionRow: tuple(
            {"id": number}
            | _row(r, d.slug, d.state, d.reason, d.decided_at, d.decided_by, d.version_id)
            for number, r in enumerate(decisions, 1)
        ),
        VerdictRow: tuple(dict(zip(columns, row, strict=True)) for row in verdicts),
    }


def _row(row: Base, *columns: InstrumentedAttribute[Any]) -> dict[str, Any]:
    found = {column.key: getattr(row, column.key) for column in columns}
    return {
        name: value.replace(microsecond=0) if isinstance(value, datetime) else value
        for name, value in found.items()
    }


def _facts(session: Session, last: int) -> Iterable[Row]:
    f = FactRow
    rows = session.scalars(select(f).where(f.valid_from <= last))
    # Databases order text in their own ways.
    for number, r in enumerate(sorted(rows, key=lambda r: (r.kind, r.key, r.valid_from)), 1):
        yield _row(r, f.kind, f.key, f.body, f.origin, f.valid_from) | {
            "id": number,
            "digest": hashlib.sha256(r.body.encode()).hexdigest(),
            # What ended later was still so at that version.
            "valid_to": r.valid_to if r.valid_to is not None and r.valid_to <= last else None,
        }


def _documents(session: Session, last: int) -> Iterable[Row]:
    """Yield the measurements that were public at a version, by name.

    Bytes that hold a contact which is withheld are left out: the page of the site still has
    them, but copies do not spread them.
    """
    f, s = FactRow, SubmissionRow
    ended = or_(f.valid_to.is_(None), f.valid_to > last)
    public = select(f.key).where(f.kind == "measurement", f.valid_from <= last, ended)
    rows = session.scalars(select(s).where(s.slug.in_(public)))
    for r in sorted(rows, key=lambda r: r.slug):
        yield _row(r, s.digest, s.slug, s.received_at) | {
            "raw": b"" if withholds(r.raw) else r.raw,
            # A copy takes nothing back, so that it holds nobody's secret.
            "secret_hash": "",
        }


def withholds(raw: bytes) -> bool:
    """Whether a measurement document holds a contact that its page must leave out."""
    if is_serial_log(raw):
        # A guest knows nobody.
        return False
    # A copy has no bytes of it any more.
    submitter = (json.loads(raw).get("submitter") if raw else None) or {}
    return bool(submitter.get("withhold") and submitter.get("contact"))


def write_sqlite(archive: Archive) -> bytes:
    """Return an archive as the bytes of an SQLite file: equal archives give equal bytes.

    It is written row by row into a new database, so nothing of the old one is in it.
    """
    raw = sqlite3.connect(":memory:", check_same_thread=False)
    engine = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool)
    try:
        with engine.begin() as connection:
            _fill(connection, archive)
        raw.execute(f"pragma application_id = {APPLICATION_ID}")
        raw.execute(f"pragma user_version = {FORMAT}")
        file = bytearray(raw.serialize())
    finally:
        engine.dispose()
        raw.close()
    file[WRITTEN_BY] = bytes(4)
    return bytes(file)


def _fill(connection: Connection, archive: Archive) -> None:
    for cls in (*archive, *DERIVED):
        table = Base.metadata.tables[cls.__tablename__]
        connection.execute(CreateTable(table))
        # SQLAlchemy keeps indexes in a set, whose order differs from run to run.
        for index in sorted(table.indexes, key=lambda index: str(index.name)):
            connection.execute(CreateIndex(index))
    for cls, rows in archive.items():
        if rows:
            connection.execute(insert(cls), rows)
    with Session(connection) as made:
        counting.recount(made)
        records.recount(made)
        stepping.recount(made)
        made.flush()
