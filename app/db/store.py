"""Every INSERT and UPDATE. Takes domain values, flushes, never commits: the edge does."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from app.db.models import DataVersionRow, FactRow, VerdictRow
from app.db.queries import DataVersion, VerdictTuple

Bodies = Mapping[tuple[str, str], Mapping[str, Any]]


def canonical(body: Mapping[str, Any]) -> str:
    """Return JSON with sorted keys: equal facts have equal text, hence equal digests."""
    return json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def publish(session: Session, bodies: Bodies, *, reason: str, now: datetime) -> DataVersion | None:
    """Make ``bodies`` (by kind and key) what is public from a new data version on.

    Returns the new version, or None when nothing changed: then nothing is written. What
    is no longer public keeps its range, so that every past version can be shown.
    """
    wanted = {key: canonical(body) for key, body in bodies.items()}
    current = session.scalars(select(FactRow).where(FactRow.valid_to.is_(None))).all()
    ended = [row for row in current if wanted.get((row.kind, row.key)) != row.body]
    kept = {(row.kind, row.key) for row in current} - {(row.kind, row.key) for row in ended}
    added = {key: text for key, text in wanted.items() if key not in kept}
    if not ended and not added:
        return None
    version = _next_version(session, reason, now.astimezone(UTC))
    for row in ended:
        row.valid_to = version.id
    # The old rows must end before new ones with the same key begin: one is current at a time.
    session.flush()
    for (kind, key), text in sorted(added.items()):
        digest = hashlib.sha256(text.encode()).hexdigest()
        session.add(FactRow(kind=kind, key=key, body=text, digest=digest, valid_from=version.id))
    session.flush()
    return DataVersion(version.id, version.name, now.astimezone(UTC), reason)


def replace_verdicts(session: Session, verdicts: Iterable[VerdictTuple]) -> None:
    """Make ``verdicts`` the stored judgements."""
    columns = [column.key for column in VerdictRow.__table__.columns]
    session.execute(delete(VerdictRow))
    rows = [dict(zip(columns, row, strict=True)) for row in verdicts]
    if rows:
        session.execute(insert(VerdictRow), rows)


def _next_version(session: Session, reason: str, now: datetime) -> DataVersionRow:
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
    return row
