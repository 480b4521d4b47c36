"""Archives of what is public: read from a database, written as an SQLite file of their own."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table, create_engine, insert, or_, select
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool
from sqlalchemy.schema import CreateIndex, CreateTable

from app.export.archive import FORMAT, Archive, PastDecision, PastDocument, PastFact, PastVersion
from app.store.models import Base, DataVersionRow, DecisionRow, FactRow, SubmissionRow, VerdictRow

# "vAPC": tells our exports from any other SQLite file.
APPLICATION_ID = 0x76415043
# The tables of an export; that of tokens is there, and empty, since others refer to it.
TABLES = ("data_versions", "tokens", "facts", "submissions", "decisions", "verdicts")
# Where SQLite writes its own version into a file: of no use to readers, and differs by machine.
WRITTEN_BY = slice(96, 100)
MOMENT = "%Y-%m-%dT%H:%M:%SZ"


Withheld = Callable[[bytes], bool]


def read_archive(
    session: Session, version: int, verdicts: Iterable[tuple[str | int, ...]], withheld: Withheld
) -> Archive:
    """Return all that was public up to a data version, as it was known then.

    ``verdicts`` are those of that version; ``withheld`` tells documents whose bytes must not
    be copied. Later changes of the database do not change what is returned.
    """
    slugs = _slugs(session, version)
    return Archive(
        versions=_versions(session, version),
        facts=_facts(session, version),
        documents=tuple(_documents(session, slugs, withheld)),
        decisions=_decisions(session, version),
        verdicts=tuple(verdicts),
    )


def _versions(session: Session, last: int) -> tuple[PastVersion, ...]:
    v = DataVersionRow
    rows = session.scalars(select(v).where(v.id <= last).order_by(v.id))
    return tuple(PastVersion(r.id, r.name, _text(r.created_at), r.reason) for r in rows)


def _facts(session: Session, last: int) -> tuple[PastFact, ...]:
    f = FactRow
    rows = session.scalars(
        select(f).where(f.valid_from <= last).order_by(f.kind, f.key, f.valid_from)
    )
    found = (
        PastFact(
            kind=r.kind,
            key=r.key,
            since=r.valid_from,
            # What ended later was still so at that version.
            until=r.valid_to if r.valid_to is not None and r.valid_to <= last else None,
            origin=r.origin,
            body=r.body,
        )
        for r in rows
    )
    # Databases order text in their own ways.
    return tuple(sorted(found, key=lambda fact: (fact.kind, fact.key, fact.since)))


def _slugs(session: Session, last: int) -> list[str]:
    """Return the names of the measurements that were public at a version, sorted."""
    f = FactRow
    ended = or_(f.valid_to.is_(None), f.valid_to > last)
    rows = session.scalars(
        select(f.key).where(f.kind == "measurement", f.valid_from <= last, ended)
    )
    return sorted(rows)


def _documents(
    session: Session, slugs: Iterable[str], withheld: Withheld
) -> Iterable[PastDocument]:
    for slug in slugs:
        row = session.scalar(select(SubmissionRow).where(SubmissionRow.slug == slug))
        if row is not None:
            raw = b"" if withheld(row.raw) else row.raw
            yield PastDocument(row.digest, row.slug, _text(row.received_at), raw)


def _decisions(session: Session, last: int) -> tuple[PastDecision, ...]:
    d = DecisionRow
    rows = session.scalars(select(d).where(d.version_id <= last).order_by(d.id))
    return tuple(
        PastDecision(r.slug, r.state, r.reason, _text(r.decided_at), r.decided_by, r.version_id)
        for r in rows
    )


def write_sqlite(archive: Archive) -> bytes:
    """Return an archive as the bytes of an SQLite file: equal archives give equal bytes.

    It is written row by row into a new database, so nothing of the old one is in it.
    """
    raw = sqlite3.connect(":memory:", check_same_thread=False)
    engine = create_engine("sqlite://", creator=lambda: raw, poolclass=StaticPool)
    try:
        with engine.begin() as connection:
            for name in TABLES:
                _create(connection, Base.metadata.tables[name])
            for table, rows in _rows(archive):
                if rows:
                    connection.execute(insert(table), rows)
        raw.execute(f"pragma application_id = {APPLICATION_ID}")
        raw.execute(f"pragma user_version = {FORMAT}")
        file = bytearray(raw.serialize())
    finally:
        engine.dispose()
        raw.close()
    file[WRITTEN_BY] = bytes(4)
    return bytes(file)


def _create(connection: Connection, table: Table) -> None:
    connection.execute(CreateTable(table))
    # SQLAlchemy keeps indexes in a set, whose order differs from run to run.
    for index in sorted(table.indexes, key=lambda index: str(index.name)):
        connection.execute(CreateIndex(index))


Rows = list[dict[str, Any]]


def _rows(archive: Archive) -> Iterable[tuple[Any, Rows]]:
    """Yield each table with its rows, those that others refer to first."""
    yield DataVersionRow, _version_rows(archive)
    yield FactRow, _fact_rows(archive)
    yield SubmissionRow, _submission_rows(archive)
    yield DecisionRow, _decision_rows(archive)
    columns = [column.key for column in VerdictRow.__table__.columns]
    yield VerdictRow, [dict(zip(columns, row, strict=True)) for row in archive.verdicts]


def _version_rows(archive: Archive) -> Rows:
    return [
        {
            "id": v.id,
            "name": v.name,
            "day": v.name.rpartition(".")[0],
            "number": int(v.name.rpartition(".")[2]),
            "created_at": _moment(v.created_at),
            "reason": v.reason,
        }
        for v in archive.versions
    ]


def _fact_rows(archive: Archive) -> Rows:
    return [
        {
            "id": number,
            "kind": f.kind,
            "key": f.key,
            "body": f.body,
            "digest": hashlib.sha256(f.body.encode()).hexdigest(),
            "origin": f.origin,
            "valid_from": f.since,
            "valid_to": f.until,
        }
        for number, f in enumerate(archive.facts, 1)
    ]


def _submission_rows(archive: Archive) -> Rows:
    return [
        {
            "digest": d.digest,
            "slug": d.slug,
            "raw": d.raw,
            "received_at": _moment(d.received_at),
            # A copy takes nothing back, so that it holds nobody's secret.
            "secret_hash": "",
        }
        for d in archive.documents
    ]


def _decision_rows(archive: Archive) -> Rows:
    return [
        {
            "id": number,
            "slug": d.slug,
            "state": d.state,
            "reason": d.reason,
            "decided_at": _moment(d.decided_at),
            "decided_by": d.decided_by,
            "version_id": d.version,
        }
        for number, d in enumerate(archive.decisions, 1)
    ]


def _text(moment: datetime) -> str:
    return moment.strftime(MOMENT)


def _moment(text: str) -> datetime:
    return datetime.strptime(text, MOMENT).replace(tzinfo=UTC).replace(tzinfo=None)
