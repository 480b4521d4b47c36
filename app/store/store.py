"""Every INSERT and UPDATE. Takes domain values, flushes, never commits: the edge does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, insert, select, update
from sqlalchemy.orm import Session

from app.store.models import DataVersionRow, FactRow, VerdictRow
from app.store.queries import NEW_VERSION, SEED, DataVersion, VerdictTuple, chunks

Bodies = Mapping[tuple[str, str], Mapping[str, Any]]


def canonical(body: Mapping[str, Any]) -> str:
    """Return JSON with sorted keys: equal facts have equal text, hence equal digests."""
    return json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def publish(session: Session, bodies: Bodies, *, reason: str, now: datetime) -> DataVersion | None:
    """Make ``bodies`` (by kind and key) what is public from a new data version on.

    Returns the new version, or None when nothing changed: then nothing is written. What
    is no longer public keeps its range, so that every past version can be shown.
    """
    ended, added = _moved(session, bodies, SEED)
    if not ended and not added:
        return None
    return _replace(session, ended, added, SEED, _next_version(session, reason, now))


def amend(
    session: Session, bodies: Bodies, *, origin: str, reason: str, now: datetime
) -> DataVersion:
    """Make ``bodies`` what is public of one ``origin`` (a measurement's slug).

    What the origin had and has no more ends; all else stays. Always a new data version.
    """
    moved = _moved(session, bodies, origin)
    return _replace(session, *moved, origin, _next_version(session, reason, now))


def _moved(
    session: Session, bodies: Bodies, origin: str
) -> tuple[list[int], dict[tuple[str, str], str]]:
    """Return the rows of one origin that end, and what begins."""
    f = FactRow
    mine = f.valid_to.is_(None), f.origin == origin
    added = {key: canonical(body) for key, body in bodies.items()}
    ended = []
    for i, kind, key, body in session.execute(select(f.id, f.kind, f.key, f.body).where(*mine)):
        if added.get((kind, key)) == body:
            del added[kind, key]
        else:
            ended.append(i)
    return ended, added


def _replace(
    session: Session,
    ended: Sequence[int],
    added: Mapping[tuple[str, str], str],
    origin: str,
    version: DataVersionRow,
) -> DataVersion:
    # The old rows must end before new ones with the same key begin: one is current at a time.
    for some in chunks(ended):
        session.execute(update(FactRow).where(FactRow.id.in_(some)).values(valid_to=version.id))
    rows = [
        {
            "kind": kind,
            "key": key,
            "body": text,
            "digest": hashlib.sha256(text.encode()).hexdigest(),
            "origin": origin,
            "valid_from": version.id,
        }
        for (kind, key), text in sorted(added.items())
    ]
    if rows:
        session.connection().execute(insert(FactRow), rows)
    created = version.created_at.replace(tzinfo=UTC)
    return DataVersion(version.id, version.name, created, version.reason)


def replace_verdicts(
    session: Session, stored: Iterable[VerdictTuple], fresh: Iterable[VerdictTuple]
) -> None:
    """Make ``fresh`` the stored judgements instead of ``stored``; writes what differs."""
    table = VerdictRow.__table__
    columns = [column.key for column in table.columns]
    before, after = set(stored), set(fresh)
    gone = [dict(zip(columns, row, strict=True)) for row in sorted(before - after)]
    added = [dict(zip(columns, row, strict=True)) for row in sorted(after - before)]
    keys = (column == bindparam(column.key) for column in table.primary_key)
    if gone:
        session.connection().execute(delete(VerdictRow).where(*keys), gone)
    if added:
        session.execute(insert(VerdictRow), added)


def _next_version(session: Session, reason: str, now: datetime) -> DataVersionRow:
    now = now.astimezone(UTC)
    day = now.date().isoformat()
    newest = session.scalar(select(func.max(DataVersionRow.day))) or day
    # A clock set back must not make a later version sort before an earlier one.
    day = max(day, newest)
    used = select(func.max(DataVersionRow.number)).where(DataVersionRow.day == day)
    number = (session.scalar(used) or 0) + 1
    row = DataVersionRow(
        name=f"{day}.{number}",
        day=day,
        number=number,
        created_at=now.replace(tzinfo=None, microsecond=0),
        reason=reason,
    )
    session.add(row)
    session.flush()
    session.info[NEW_VERSION] = row.id
    return row
