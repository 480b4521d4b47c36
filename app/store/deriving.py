"""What follows from stored facts and is stored beside them: kept where a data version is made."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from app.core.cells import CellKey
from app.core.judgements import Judgement
from app.store import counting, queries, records, stepping
from app.store.models import (
    Base,
    DataVersionRow,
    FactRow,
    RecordRow,
    SightingRow,
    SortRow,
    StepPageRow,
    StepRow,
    SummaryRow,
)
from app.store.queries import CHUNK, SEED
from app.store.summary_rows import measured_from, sorts

TABLES: tuple[type[Base], ...] = (StepPageRow, StepRow, RecordRow, SummaryRow, SightingRow, SortRow)


def derive_decision(session: Session, version: int, slug: str) -> Mapping[CellKey, Judgement]:
    """Store what a decision on a measurement leads to, and what its data version did.

    Returns the judgements on the cells that it touches, for the family of its machine.
    """
    records.keep_record(session, version, slug)
    return stepping.keep_step(session, version, counting.count_step(session, version, slug))


def recount(session: Session) -> tuple[str, ...]:
    """Derive everything anew from the facts; returns the tables that this changed."""
    before = _digests(session)
    for table in TABLES:
        session.execute(delete(table))
    f = FactRow
    for version in queries.list_versions(session):
        at = [select(f.origin).where(c == version.id) for c in (f.valid_from, f.valid_to)]
        slugs = set(session.scalars(at[0].union(at[1]))) - {SEED}
        for slug in slugs:
            derive_decision(session, version.id, slug)
        if not slugs:
            stepping.keep_step(session, version.id)
        session.expunge_all()
    return tuple(table for table, digest in _digests(session).items() if digest != before[table])


def catch_up(session: Session) -> None:
    """Derive what older releases did not derive yet: all of it, or the lines of lists alone."""
    f, v = FactRow, DataVersionRow
    untold = select(v.id).where(~exists().where(StepRow.version_id == v.id))
    # Summaries are as old as sightings: with one measurement counted, all are.
    uncounted = select(f.id).where(
        f.kind == "observation", f.origin != SEED, ~exists().where(SightingRow.id > 0)
    )
    if any(session.scalar(rows.limit(1)) is not None for rows in (untold, uncounted)):
        recount(session)
    unlisted = f.kind == "measurement", ~exists().where(RecordRow.id == f.id)
    rows = session.execute(select(f.valid_from, f.key).where(*unlisted).order_by(f.id)).all()
    for version, slug in rows:
        records.keep_record(session, version, slug)


def _digests(session: Session) -> dict[str, str]:
    """Return a digest of each table of what is derived, whatever numbers sorts have."""
    known, digests = sorts(session), {}
    for cls in (StepRow, StepPageRow, RecordRow, SummaryRow):
        table, found = Base.metadata.tables[cls.__tablename__], hashlib.sha256()
        rows = session.execute(select(table).order_by(*table.primary_key.columns))
        for row in rows.yield_per(CHUNK):
            said = row._asdict()
            if cls is SummaryRow:
                said["body"] = measured_from(said["body"], known)
            found.update(repr(said).encode())
        digests[table.name] = found.hexdigest()
    return digests
