"""Every SELECT; results leave as frozen values, never as rows of the ORM."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, inspect, or_, select
from sqlalchemy.orm import Session

from app.db.models import DataVersionRow, FactRow, VerdictRow
from app.errors import NotReady

VerdictTuple = tuple[str, str, str, str, str, str, int, int, str, str]


@dataclass(frozen=True)
class DataVersion:
    """One state of what is public; ``created_at`` is UTC."""

    id: int
    name: str
    created_at: datetime
    reason: str


@dataclass(frozen=True)
class StoredFact:
    """A fact as it is stored; ``body`` is plain JSON data."""

    kind: str
    key: str
    body: Mapping[str, Any]
    digest: str


@dataclass(frozen=True)
class Change:
    """What one data version did to one fact; ``action`` is added, changed or removed."""

    action: str
    kind: str
    key: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def require_schema(session: Session) -> None:
    """Raise NotReady when the database was never migrated."""
    if not inspect(session.connection()).has_table(FactRow.__tablename__):
        raise NotReady("The database has no tables yet: run `vapic migrate`, then `vapic seed`.")


def current_version_id(session: Session) -> int:
    """Return the newest data version's id, 0 if nothing was ever loaded. Cheap."""
    return session.scalar(select(func.max(DataVersionRow.id))) or 0


def list_versions(session: Session) -> tuple[DataVersion, ...]:
    """Return every data version, oldest first."""
    rows = session.scalars(select(DataVersionRow).order_by(DataVersionRow.id))
    return tuple(_version(row) for row in rows)


def get_facts(session: Session, version: int) -> tuple[StoredFact, ...]:
    """Return what was public at a data version, by kind and key."""
    rows = session.scalars(
        select(FactRow).where(_valid_at(version)).order_by(FactRow.kind, FactRow.key)
    )
    return tuple(StoredFact(r.kind, r.key, json.loads(r.body), r.digest) for r in rows)


def list_changes(session: Session, version: int) -> tuple[Change, ...]:
    """Return what a data version added, changed and removed, by kind and key."""
    began = session.scalars(select(FactRow).where(FactRow.valid_from == version))
    ended = session.scalars(select(FactRow).where(FactRow.valid_to == version))
    after = {(row.kind, row.key): json.loads(row.body) for row in began}
    before = {(row.kind, row.key): json.loads(row.body) for row in ended}
    changes = []
    for kind, key in sorted(before | after):
        old, new = before.get((kind, key)), after.get((kind, key))
        action = "added" if old is None else "removed" if new is None else "changed"
        changes.append(Change(action, kind, key, old, new))
    return tuple(changes)


def get_verdicts(session: Session) -> tuple[VerdictTuple, ...]:
    """Return the stored judgements, ordered by their key."""
    r = VerdictRow
    rows = session.execute(
        select(r.register, r.mode, r.access, r.family, r.verdict, r.behaviours, r.reports,
               r.masked, r.evidence, r.scope)
        .order_by(r.register, r.mode, r.access, r.family)
    )  # fmt: skip
    return tuple(tuple(row) for row in rows)


def _valid_at(version: int) -> ColumnElement[bool]:
    ended = or_(FactRow.valid_to.is_(None), FactRow.valid_to > version)
    return (FactRow.valid_from <= version) & ended


def _version(row: DataVersionRow) -> DataVersion:
    return DataVersion(row.id, row.name, row.created_at.replace(tzinfo=UTC), row.reason)
