"""Measurements as they are listed: one row for each state of each, read when a page asks."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from itertools import compress
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy import (
    ColumnElement,
    Executable,
    Select,
    and_,
    bindparam,
    exists,
    false,
    func,
    insert,
    not_,
    or_,
    select,
    update,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, sessionmaker

from app.core.facts import SILICON, Listed, Measurement
from app.core.filtering import Chosen
from app.core.summaries import Sort
from app.core.words import State
from app.curation.seed import fact_from
from app.store import summaries
from app.store.models import FactRow, RecordRow, SightingRow, SortRow

# The beginning of a digest.
DIGEST = re.compile("[0-9a-f]{4,64}")
LISTED, LINE = TypeAdapter(Listed), tuple(Listed.__dataclass_fields__)
# How many are read at once where all are wanted.
EVERY = 100
# Of the family of a measurement that an emulation answered: what follows is its name.
EMULATED = "e/"
# So many measurements of an emulation are read whole.
MOST_WHOLE = 8
# Counting goes no further where each has to be looked at.
MOST_COUNTED = 1001
# In the order of the index that holds all of them.
GROUPED = ("state", "family", "tool", "kernel")
# Made once, since each upload asks them: SQLAlchemy takes longer to build one than to run it.
_ENDS = (
    update(RecordRow)
    .where(RecordRow.slug == bindparam("of"), RecordRow.valid_to.is_(None))
    .values(valid_to=bindparam("version"))
)
_BEGINS = select(FactRow.id, FactRow.body).where(
    FactRow.kind == "measurement",
    FactRow.key == bindparam("of"),
    FactRow.valid_from == bindparam("version"),
)


def keep_record(session: Session, version: int, slug: str) -> None:
    """Keep the line of a measurement as a data version made it."""
    asked = {"of": slug, "version": version}
    session.connection().execute(_ENDS, asked)
    for fact in session.execute(_BEGINS, asked).all():
        body = json.loads(fact.body)
        seen = body.get("observations", ())
        line = {n: body[n] for n in LINE if n in body} | {"observations": len(seen)}
        row = {
            "id": fact.id,
            "slug": slug,
            "digest": body["digest"],
            "state": body["state"],
            "family": body["family"] or EMULATED + LISTED.validate_python(line).answered,
            "kernel": body["hypervisor"],
            "tool": body["tool"],
            "modes": " ".join(sorted({item["mode"] for item in seen})),
            "received_at": body["received_at"],
            "decided_at": body["decided_at"],
            "body": json.dumps(line),
            "valid_from": version,
        }
        session.connection().execute(insert(RecordRow), row)


@dataclass(frozen=True)
class Records:
    """The measurements of one data version; none where there is no database."""

    sessions: sessionmaker[Session] | None = None
    version: int = 0

    def get(self, slug: str) -> Measurement | None:
        """Return a measurement as it was at the data version, with its observations."""
        return next(iter(self.whole([slug])), None)

    def has(self, slug: str) -> bool:
        """Whether there is a measurement of this name."""
        return bool(self._ask(self._rows(RecordRow.slug).where(RecordRow.slug == slug)))

    def whole(self, slugs: Collection[str]) -> tuple[Measurement, ...]:
        """Return some measurements with their observations, newest first."""
        return self._whole(RecordRow.slug.in_(slugs))

    def whole_by_id(self, ids: Collection[int]) -> tuple[Measurement, ...]:
        """Return the same of those that ``newest_of_emulation`` named: an id has one body."""
        return self._whole(RecordRow.id.in_(ids))

    def _whole(self, which: ColumnElement[bool]) -> tuple[Measurement, ...]:
        rows = self._rows(FactRow.body).join(FactRow, FactRow.id == RecordRow.id)
        found = self._ask(rows.where(which))
        facts = (fact_from("measurement", json.loads(row[0])) for row in found)
        return tuple(m for m in facts if isinstance(m, Measurement))

    def named(self, begins: str) -> tuple[str, ...]:
        """Return the measurements whose digest begins so, four digits or more; five at most."""
        if not DIGEST.fullmatch(begins):
            return ()
        r = RecordRow
        rows = self._rows(r.slug).where(r.digest.startswith(begins, autoescape=True))
        return tuple(row[0] for row in self._ask(rows.limit(5)))

    def page(
        self, chosen: Chosen, differing: Collection[Sort] = (), *, after: str = "", most: int
    ) -> tuple[Listed, ...]:
        """Return measurements that a filter admits, newest first, beginning behind ``after``."""
        r, rows = RecordRow, self._admitted(chosen, differing)
        if last := self._ask(self._rows(r.received_at).where(r.slug == after)) if after else ():
            ((received_at,),) = last
            behind = and_(r.received_at == received_at, r.slug < after)
            rows = rows.where(or_(r.received_at < received_at, behind))
        return self._listed(rows.limit(most))

    def every(self) -> Iterator[Measurement]:
        """Return all measurements, newest first, a page at a time."""
        after = ""
        while found := self.page({}, after=after, most=EVERY):
            yield from self.whole([m.slug for m in found])
            after = found[-1].slug

    def by_day(self) -> Iterator[Measurement]:
        """Return all measurements that count, by the day on which they were made and by name."""
        s = SightingRow
        rows = self._ask(
            select(s.date, s.slug)
            .where(*_held(s, self.version))
            .distinct()
            .order_by(s.date, s.slug)
        )
        return (m for _, slug in rows if (m := self.get(slug)))

    def count(self, chosen: Chosen, differing: Collection[Sort] = ()) -> int:
        """Return how many measurements a filter admits, ``MOST_COUNTED`` at most."""
        if chosen.keys() <= {*GROUPED}:
            groups = (dict(zip(GROUPED, key, strict=True)) for key in self._groups)
            admitted = (all(g[n] in words for n, words in chosen.items()) for g in groups)
            return sum(compress(self._groups.values(), admitted))
        rows = self._admitted(chosen, differing).order_by(None).limit(MOST_COUNTED).subquery()
        found = self._ask(select(func.count()).select_from(rows))
        return int(found[0][0]) if found else 0

    def decided(
        self, states: Collection[State], most: int, *, newest_first: bool
    ) -> tuple[Listed, ...]:
        """Return measurements in some states by when that was decided."""
        r = RecordRow
        order = (r.decided_at.desc(), r.slug.desc()) if newest_first else (r.decided_at, r.slug)
        rows = self._rows().where(r.state.in_(map(str, states))).order_by(None).order_by(*order)
        return self._listed(rows.limit(most))

    @property
    def total(self) -> int:
        """How many measurements there are, in whichever state."""
        return sum(self._groups.values())

    @property
    def of_emulations(self) -> int:
        """How many of all of them an emulation answered."""
        return sum(n for key, n in self._groups.items() if key[1].startswith(EMULATED))

    @property
    def emulated(self) -> Mapping[str, int]:
        """How many measurements that count are of each emulation, by its slug."""
        found: Counter[str] = Counter()
        for (state, family, *_), number in self._groups.items():
            if family.startswith(EMULATED) and state == State.ACCEPTED:
                found[family.removeprefix(EMULATED)] += number
        return dict(sorted(found.items()))

    def newest_of_emulation(self, slug: str) -> tuple[int, ...]:
        """Return which measurements that count of an emulation are the newest, newest first."""
        chosen = {"answered": (slug,), "state": (str(State.ACCEPTED),)}
        rows = self._admitted(chosen, ()).with_only_columns(RecordRow.id)
        return tuple(row[0] for row in self._ask(rows.limit(MOST_WHOLE)))

    def used(self, column: str) -> tuple[str, ...]:
        """Return every value of ``family``, ``tool`` or ``kernel`` that a measurement has."""
        at = GROUPED.index(column)
        return tuple(sorted({key[at] for key in self._groups}))

    @property
    def answered(self) -> tuple[str, ...]:
        """What may have answered: silicon, and the emulations of measurements by their slugs."""
        found = (f for f in self.used("family") if f.startswith(EMULATED))
        return (SILICON, *(family.removeprefix(EMULATED) for family in found))

    @cached_property
    def _groups(self) -> Mapping[tuple[str, ...], int]:
        """How many measurements agree in what they are grouped by; one scan of an index."""
        columns = [getattr(RecordRow, name) for name in GROUPED]
        rows = select(*columns, func.count()).where(*_held(RecordRow, self.version))
        return {tuple(key): n for *key, n in self._ask(rows.group_by(*columns))}

    def _rows(self, column: InstrumentedAttribute[str] = RecordRow.body) -> Select[Any]:
        r = RecordRow
        rows = select(column).select_from(r).where(*_held(RecordRow, self.version))
        return rows.order_by(r.received_at.desc(), r.slug.desc())

    def _admitted(self, chosen: Chosen, differing: Collection[Sort]) -> Select[Any]:
        r, rows = RecordRow, self._rows()
        for key in GROUPED:
            if values := chosen.get(key):
                rows = rows.where(getattr(r, key).in_(values))
        if answered := chosen.get("answered"):
            silicon = not_(r.family.startswith(EMULATED)) if SILICON in answered else false()
            rows = rows.where(or_(silicon, r.family.in_([EMULATED + slug for slug in answered])))
        if modes := chosen.get("mode"):
            rows = rows.where(or_(*((" " + r.modes + " ").contains(f" {mode} ") for mode in modes)))
        if cells := chosen.get("cell"):
            rows = rows.where(self._touches(cells))
        if chosen.get("differs"):
            rows = rows.where(r.state == str(State.ACCEPTED), self._shows(differing))
        return rows

    def _touches(self, cells: Collection[str]) -> ColumnElement[bool]:
        """Whether a measurement that counts observed one of these cells."""
        s, t = SightingRow, SortRow
        where = t.register + "/" + t.mode + "/" + t.access
        return exists().where(
            s.slug == RecordRow.slug,
            *_held(s, self.version),
            t.id == s.sort_id,
            where.in_(cells),
        )

    def _shows(self, sorts: Collection[Sort]) -> ColumnElement[bool]:
        """Whether a measurement shows an observation of one of these sorts."""
        if self.sessions is None:
            return false()
        with self.sessions() as session:
            ids = summaries.ids_of(session, sorts)
        s = SightingRow
        return exists().where(
            s.slug == RecordRow.slug,
            s.sort_id.in_(ids),
            *_held(s, self.version),
        )

    def _listed(self, rows: Select[Any]) -> tuple[Listed, ...]:
        return tuple(LISTED.validate_json(row[0]) for row in self._ask(rows))

    def _ask(self, rows: Executable) -> list[tuple[Any, ...]]:
        if self.sessions is None:
            return []
        with self.sessions() as session:
            return [tuple(row) for row in session.execute(rows)]


def _held(row: type[RecordRow | SightingRow], version: int) -> tuple[ColumnElement[bool], ...]:
    """Whether a row held at a data version."""
    return row.valid_from <= version, or_(row.valid_to.is_(None), row.valid_to > version)
