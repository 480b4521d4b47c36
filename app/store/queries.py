"""What is read of facts and data versions: it leaves as frozen values, never as rows."""

from __future__ import annotations

import json
import re
from collections import OrderedDict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import ColumnElement, bindparam, func, inspect, not_, or_, select, text
from sqlalchemy.orm import Session

from app.core.knowledge import Knowledge, key_of, kind_of
from app.curation.seed import fact_from
from app.errors import NotFound, NotReady
from app.store.models import DataVersionRow, FactRow, RecordRow, VerdictRow

Body = Mapping[str, Any]
# The newest migration: starting to serve must not read all of them.
SCHEMA = "0008"
NO_TABLES = "The database has no tables yet: run `vapic migrate`, then `vapic seed`."
# Of how many observations a change of a measurement is told whole.
TOLD = 200
# The origin of what the seed holds; anything else came with a measurement of that name.
SEED = "seed"
# Where a session tells its edge which data version it made.
NEW_VERSION = "new data version"
DATE_OR_VERSION = re.compile(r"\d{4}-\d\d-\d\d(\.\d+)?")
# Seeds that stay read: neighbouring data versions mostly have the same one.
CURATED = 4
_CURATED: WeakKeyDictionary[Any, OrderedDict[int, Knowledge]] = WeakKeyDictionary()
# At which versions the seed of a data version last began and ended something. Several times for
# each upload, so that it is made once.
_MARKS = select(
    *(
        select(func.max(column))
        .where(FactRow.origin == SEED, column <= bindparam("version"))
        .scalar_subquery()
        for column in (FactRow.valid_from, FactRow.valid_to)
    )
)
# Made once, as that: the data versions beside one, and what one began and ended.
_BEFORE, _AFTER = (
    select(DataVersionRow.__table__).where(there).order_by(order).limit(1)
    for there, order in (
        (DataVersionRow.id < bindparam("version"), DataVersionRow.id.desc()),
        (DataVersionRow.id > bindparam("version"), DataVersionRow.id),
    )
)
_MOVED = (
    select(FactRow.kind, FactRow.key, func.coalesce(RecordRow.body, FactRow.body).label("body"),
           FactRow.valid_from, FactRow.valid_to, FactRow.id, RecordRow.slug)
    .outerjoin(RecordRow, RecordRow.id == FactRow.id)
    .where(or_(*(column.in_(bindparam("wanted", expanding=True))
                 for column in (FactRow.valid_from, FactRow.valid_to))))
)  # fmt: skip
_BODY = select(FactRow.body).where(FactRow.id == bindparam("fact"))
# How many names one statement asks for.
CHUNK = 512
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


@dataclass(frozen=True)
class Change:
    """What one data version did to one fact; ``action`` is added, changed or removed."""

    action: str
    kind: str
    key: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None


def has_tables(session: Session, name: str = FactRow.__tablename__) -> bool:
    """Whether a database has a table, that of all facts without a name: it was migrated once."""
    return inspect(session.connection()).has_table(name)


def require_schema(session: Session) -> None:
    """Raise NotReady when the database was never migrated, or has another schema than this."""
    if not has_tables(session):
        raise NotReady(NO_TABLES)
    if not has_tables(session, "alembic_version"):
        return
    found = session.scalar(text("SELECT version_num FROM alembic_version")) or "none"
    if found != SCHEMA:
        cure = "run `vapic migrate`" if found < SCHEMA else "it was made by a newer one"
        raise NotReady(f"The database has schema {found}, this release {SCHEMA}: {cure}.")


def current_version_id(session: Session) -> int:
    """Return the newest data version's id, 0 if nothing was ever loaded. Cheap."""
    return session.scalar(select(func.max(DataVersionRow.id))) or 0


def list_versions(session: Session, ids: Collection[int] | None = None) -> tuple[DataVersion, ...]:
    """Return every data version or those of some ids, oldest first."""
    v = DataVersionRow
    some = [] if ids is None else [v.id.in_(ids)]
    return tuple(map(_version, session.scalars(select(v).where(*some).order_by(v.id))))


def neighbour(session: Session, version: int, way: int) -> DataVersion | None:
    """Return the data version before another (``way`` -1) or after it (1)."""
    row = session.execute(_AFTER if way > 0 else _BEFORE, {"version": version}).first()
    return _version(row) if row else None


def find_version(session: Session, at: str = "", upto: int | None = None) -> DataVersion:
    """Return the newest data version, or the one that a name or a date means.

    A date means the last version of that day. Raises NotFound with others to ask for, and
    NotReady when there is none at all.
    """
    v = DataVersionRow
    known = select(v).where(*([] if upto is None else [v.id <= upto])).order_by(v.id.desc())
    newest = session.scalar(known.limit(1))
    if newest is None:
        raise NotReady("The database is empty: run `vapic migrate` and `vapic seed`.")
    meant = known.where(or_(v.name == at, v.day == at)) if at else known
    found = session.scalar(meant.limit(1)) if DATE_OR_VERSION.fullmatch(at) or not at else None
    if found is None:
        earlier = session.scalar(known.where(v.name < at).limit(1)) or newest
        oldest = session.scalar(known.order_by(None).order_by(v.id).limit(1)) or newest
        message = (
            f"There is no data version {at!r}; a name such as {newest.name} is one, or its date."
        )
        if DATE_OR_VERSION.fullmatch(at) and at < oldest.name:
            message = f"Nothing was public before the first data version, {oldest.name}."
        near = dict.fromkeys((earlier.name, oldest.name, newest.name))
        raise NotFound(message, hints=tuple(near))
    return _version(found)


def seed_knowledge(session: Session, version: int) -> Knowledge:
    """Return what the seed of a data version says; each seed is read once."""
    newest = max(mark or 0 for mark in session.execute(_MARKS, {"version": version}).one())
    kept = _CURATED.setdefault(session.get_bind(), OrderedDict())
    if found := kept.get(newest):
        return found
    found = _seeded(session, version, *next(reversed(kept.items()), (0, Knowledge.of(()))))
    # What this transaction itself makes may be taken back, and its number given to another.
    if newest < session.info.get(NEW_VERSION, version + 1):
        kept[newest] = found
        while len(kept) > CURATED:
            kept.popitem(last=False)
    return found


def _seeded(session: Session, version: int, other: int, known: Knowledge) -> Knowledge:
    """Return the seed of a data version by what differs from another one; the rest is shared."""
    f, seeded = FactRow, FactRow.origin == SEED
    here, there = _valid_at(version), _valid_at(other)
    facts = {(kind_of(fact), key_of(fact)): fact for fact in known.every}
    for kind, key in session.execute(select(f.kind, f.key).where(seeded, there, not_(here))):
        del facts[kind, key]
    for s in _stored(session.scalars(select(f).where(seeded, here, not_(there)))):
        facts[s.kind, s.key] = fact_from(s.kind, s.body)
    return Knowledge.of(facts[name] for name in sorted(facts))


def get_sources(session: Session, version: int, names: Sequence[str]) -> tuple[StoredFact, ...]:
    """Return some measurements, by their names, as the sources that they were."""
    found: list[StoredFact] = []
    for some in chunks(names):
        named = FactRow.kind == "source", FactRow.key.in_(some), _valid_at(version)
        found += _stored(session.scalars(select(FactRow).where(*named)))
    return tuple(found)


def get_keys(session: Session, ids: Sequence[int]) -> dict[int, str]:
    """Return the keys of facts by the numbers of their rows."""
    f = FactRow
    asked = (select(f.id, f.key).where(f.id.in_(some)) for some in chunks(ids))
    return {i: key for rows in map(session.execute, asked) for i, key in rows}


def get_observations(session: Session, ids: Sequence[int]) -> tuple[StoredFact, ...]:
    """Return observations by the numbers of their rows."""
    asked = (select(FactRow).where(FactRow.id.in_(some)) for some in chunks(ids))
    return tuple(fact for rows in map(session.scalars, asked) for fact in _stored(rows))


def chunks(names: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """Return names in parts that one statement may ask for, the last of them again and again.

    As many as a power of two, so that there are few such statements: connections keep them.
    """
    for start in range(0, len(names), CHUNK):
        part = list(names[start : start + CHUNK])
        yield part + part[-1:] * ((1 << (len(part) - 1).bit_length()) - len(part))


def _stored(rows: Iterable[FactRow]) -> tuple[StoredFact, ...]:
    return tuple(StoredFact(r.kind, r.key, json.loads(r.body)) for r in rows)


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


def list_changes(
    session: Session, versions: Iterable[int], keys: Collection[str] | None = None
) -> dict[int, tuple[Change, ...]]:
    """Return what each data version did to every fact, or those with some keys, by kind and key.

    A measurement of many observations is told by its line in lists, which counts them.
    """
    wanted = set(versions)
    moved = _MOVED if keys is None else _MOVED.where(FactRow.key.in_(keys))
    rows = session.execute(moved, {"wanted": sorted(wanted)}).all()
    before: dict[int, dict[tuple[str, str], Body]] = {version: {} for version in wanted}
    after: dict[int, dict[tuple[str, str], Body]] = {version: {} for version in wanted}
    for row in rows:
        body = json.loads(row.body)
        if row.slug and body["observations"] <= TOLD:
            body = json.loads(session.execute(_BODY, {"fact": row.id}).scalar_one())
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


def seeded_changes(
    session: Session, version: int
) -> tuple[tuple[datetime, tuple[Change, ...]], ...]:
    """Return when each seed up to a data version came, with what it changed, oldest first."""
    f = FactRow
    begun = select(f.valid_from).where(f.origin == SEED, f.valid_from <= version)
    ended = select(f.valid_to).where(f.origin == SEED, f.valid_to <= version)
    ids = sorted(set(session.scalars(begun.union(ended))))
    changes = list_changes(session, ids)
    return tuple((v.created_at, changes[v.id]) for v in list_versions(session, ids))


def get_verdicts(
    session: Session, families: Collection[str] | None = None
) -> tuple[VerdictTuple, ...]:
    """Return the stored judgements, of all families or of some, ordered by their key."""
    r = VerdictRow
    key = (r.register, r.mode, r.access, r.family)
    said = (r.verdict, r.behaviours, r.reports, r.masked, r.evidence, r.scope)
    some = [] if families is None else [r.family.in_(families)]
    rows = session.execute(select(*key, *said).where(*some).order_by(*key))
    return tuple(tuple(row) for row in rows)


def _valid_at(version: int) -> ColumnElement[bool]:
    ended = or_(FactRow.valid_to.is_(None), FactRow.valid_to > version)
    return (FactRow.valid_from <= version) & ended


def _version(row: Any) -> DataVersion:
    return DataVersion(row.id, row.name, row.created_at.replace(tzinfo=UTC), row.reason)
