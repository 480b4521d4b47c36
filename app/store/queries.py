"""Every SELECT; results leave as frozen values, never as rows of the ORM."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import ColumnElement, func, inspect, or_, select
from sqlalchemy.orm import Session

from app.errors import NotReady
from app.store.models import DataVersionRow, FactRow, VerdictRow

Body = Mapping[str, Any]
# The origin of what the seed holds; anything else came with a measurement of that name.
SEED = "seed"
# How many names one statement asks for.
MANY = 500
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
    f = FactRow
    return _stored(session.scalars(select(f).where(_valid_at(version)).order_by(f.kind, f.key)))


def get_seeded(session: Session, version: int) -> tuple[StoredFact, ...]:
    """Return the curated facts of a data version, by kind and key."""
    f = FactRow
    seeded = f.origin == SEED, _valid_at(version)
    return _stored(session.scalars(select(f).where(*seeded).order_by(f.kind, f.key)))


def get_sources(session: Session, version: int, names: Sequence[str]) -> tuple[StoredFact, ...]:
    """Return some measurements, by their names, as the sources that they were."""
    found: list[StoredFact] = []
    for some in chunks(names):
        named = FactRow.kind == "source", FactRow.key.in_(some), _valid_at(version)
        found += _stored(session.scalars(select(FactRow).where(*named)))
    return tuple(found)


def get_observations(session: Session, ids: Sequence[int]) -> dict[int, StoredFact]:
    """Return observations by the numbers of their rows."""
    found: dict[int, StoredFact] = {}
    for some in chunks(ids):
        rows = session.scalars(select(FactRow).where(FactRow.id.in_(some))).all()
        found.update(zip((row.id for row in rows), _stored(rows), strict=True))
    return found


def chunks(names: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Return names in parts that one statement may ask for."""
    return (names[start : start + MANY] for start in range(0, len(names), MANY))


def _stored(rows: Iterable[FactRow]) -> tuple[StoredFact, ...]:
    return tuple(StoredFact(r.kind, r.key, json.loads(r.body), r.digest) for r in rows)


def get_fact(session: Session, kind: str, key: str) -> Mapping[str, Any] | None:
    """Return the body of one fact as it is public now."""
    row = session.scalar(
        select(FactRow).where(FactRow.kind == kind, FactRow.key == key, FactRow.valid_to.is_(None))
    )
    body: Body | None = json.loads(row.body) if row else None
    return body


def list_keys(session: Session, kind: str) -> frozenset[str]:
    """Return the key of every fact of a kind that was ever public."""
    return frozenset(session.scalars(select(FactRow.key).where(FactRow.kind == kind).distinct()))


def list_changes(session: Session, versions: Iterable[int]) -> dict[int, tuple[Change, ...]]:
    """Return what each data version added, changed and removed, by kind and key."""
    wanted = set(versions)
    touched = or_(FactRow.valid_from.in_(wanted), FactRow.valid_to.in_(wanted))
    before: dict[int, dict[tuple[str, str], Body]] = {version: {} for version in wanted}
    after: dict[int, dict[tuple[str, str], Body]] = {version: {} for version in wanted}
    for row in session.scalars(select(FactRow).where(touched)):
        body = json.loads(row.body)
        if row.valid_from in wanted:
            after[row.valid_from][row.kind, row.key] = body
        if row.valid_to is not None and row.valid_to in wanted:
            before[row.valid_to][row.kind, row.key] = body
    return {version: _changes(before[version], after[version]) for version in wanted}


def _changes(
    before: Mapping[tuple[str, str], Body], after: Mapping[tuple[str, str], Body]
) -> tuple[Change, ...]:
    found = []
    for key in sorted(before.keys() | after.keys()):
        old, new = before.get(key), after.get(key)
        action = "added" if old is None else "removed" if new is None else "changed"
        found.append(Change(action, *key, old, new))
    return tuple(found)


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
