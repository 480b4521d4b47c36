"""What becomes public, written: facts, verdicts, the data version. The edge commits."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, delete, insert, select, update
from sqlalchemy.orm import Session

from app.store.models import DataVersionRow, FactRow, VerdictRow
from app.store.queries import NEW_VERSION, SEED, DataVersion, VerdictTuple, chunks

# Made once, since each upload asks it: SQLAlchemy takes longer to build one than to run it.
_CURRENT = select(FactRow.id, FactRow.kind, FactRow.key, FactRow.body).where(
    FactRow.valid_to.is_(None), FactRow.origin == bindparam("origin")
)
_NEWEST = (
    select(DataVersionRow.day, DataVersionRow.number).order_by(DataVersionRow.id.desc()).limit(1)
)
Bodies = Mapping[tuple[str, str], Mapping[str, Any]]


def canonical_json(body: Mapping[str, Any]) -> str:
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
    added = {key: canonical_json(body) for key, body in bodies.items()}
    ended = []
    for i, kind, key, body in session.execute(_CURRENT, {"origin": origin}):
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
    version: DataVersion,
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
    return version


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


def _next_version(session: Session, reason: str, now: datetime) -> DataVersion:
    now = now.astimezone(UTC).replace(microsecond=0)
    day, number = now.date().isoformat(), 1
    newest = session.execute(_NEWEST).first()
    # A clock set back must not make a later version sort before an earlier one.
    if newest and newest.day >= day:
        day, number = newest.day, newest.number + 1
    row = {"name": f"{day}.{number}", "day": day, "number": number, "reason": reason}
    row["created_at"] = now.replace(tzinfo=None)
    inserting = insert(DataVersionRow).returning(DataVersionRow.id)
    made = session.connection().execute(inserting, row).scalar_one()
    session.info[NEW_VERSION] = made
    return DataVersion(made, f"{day}.{number}", now, reason)
