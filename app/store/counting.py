"""Summaries of measurements, kept where the decision is made: a decision touches its own rows."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, bindparam, delete, exists, insert, select, update
from sqlalchemy.orm import Session

from app.core.cells import CellKey
from app.core.summaries import NEWEST, NOTHING, Measured, Share, Sort, with_share
from app.store.models import Base, FactRow, SightingRow, SortRow, SummaryRow
from app.store.queries import chunks
from app.store.summary_rows import (
    group_columns,
    measured_from,
    sort_columns,
    sort_of,
    sorts,
    stored_body,
)

# What is measured of cells before and after.
Moved = Mapping[CellKey, tuple[Measured, Measured]]


class _Sighting(NamedTuple):
    """One observation of a measurement as its row has it."""

    id: int
    sort_id: int
    slug: str
    date: str
    machine: int
    microcode: int | None
    repetitions: int
    valid_from: int


# Made once, since each upload asks them: SQLAlchemy takes longer to build one than to run it.
_ENDED = (
    select(*(getattr(SightingRow, name) for name in _Sighting._fields))
    .join(FactRow, FactRow.id == SightingRow.id)
    .where(SightingRow.slug == bindparam("of"), FactRow.valid_to == bindparam("version"))
)
_BEGUN = select(FactRow.id, FactRow.key, FactRow.body).where(
    FactRow.origin == bindparam("of"),
    FactRow.valid_from == bindparam("version"),
    FactRow.kind == "observation",
)


def count_step(session: Session, version: int, origin: str) -> Moved:
    """Count what a data version made public of one measurement, or took back.

    Returns what is measured of each cell that it touches, before and after. Work grows with that
    measurement alone.
    """
    s, asked = SightingRow, {"of": origin, "version": version}
    ended = [_Sighting(*row) for row in session.execute(_ENDED, asked)]
    begun = [(i, key, json.loads(body)) for i, key, body in session.execute(_BEGUN, asked)]
    if not ended and not begun:
        return {}
    families = [session.get_one(SortRow, row.sort_id).family for row in ended[:1]]
    books = _Books(session, version, *families or [begun[0][2]["family"]])
    moved: Moved = {}
    if ended:
        for some in chunks([row.id for row in ended]):
            session.execute(update(s).where(s.id.in_(some)).values(valid_to=version))
        moved = books.take(ended, -1)
    if begun:
        taken = books.take(list(_sightings(session, books, begun, origin)), 1)
        moved = {
            **moved,
            **{cell: (moved.get(cell, pair)[0], pair[1]) for cell, pair in taken.items()},
        }
    return moved


class _Books:
    """The summaries of one family that a data version touches."""

    def __init__(self, session: Session, version: int, family: str) -> None:
        self._session = session
        self.version = version
        self._family = family
        self._sorts = sorts(session, SortRow.family == family)
        self._ids = {sort: i for i, sort in self._sorts.items()}

    def id_of(self, sort: Sort) -> int:
        """Return the row of a sort, made if it is new."""
        if sort not in self._ids:
            row = SortRow(**sort_columns(sort))
            self._session.add(row)
            self._session.flush()
            self._ids[sort], self._sorts[row.id] = row.id, sort
        return self._ids[sort]

    def take(self, rows: Sequence[_Sighting], sign: int) -> Moved:
        """Count the sightings of one measurement in (``sign`` 1) or out (-1).

        Those that come are not among the stored ones yet, those that go are no more.
        """
        first = rows[0]
        by_machine = self._shown_by(SightingRow.machine == first.machine)
        told = first.microcode is not None
        by_microcode = self._shown_by(SightingRow.microcode == first.microcode) if told else None
        shares = {}
        for cell, items in _by_cell(rows, self._sorts).items():
            same_microcode = None if by_microcode is None else by_microcode.get(cell, frozenset())
            shares[cell] = Share(items, by_machine.get(cell, frozenset()), same_microcode)
        stored = self._stored(shares)
        before = {cell: measured_from(row.body, self._sorts) for cell, row in stored.items()}
        if sign > 0:
            self._session.execute(insert(SightingRow), [row._asdict() for row in rows])
            newest = self._newest_with(rows, before.values())
        else:
            newest = {self._sorts[i]: self._newest(i) for i in {row.sort_id for row in rows}}
        after = {
            cell: with_share(before.get(cell, NOTHING), share, sign, newest)
            for cell, share in shares.items()
        }
        self._write(stored, {cell: stored_body(m, self._ids) for cell, m in after.items()})
        return {cell: (before.get(cell, NOTHING), m) for cell, m in after.items()}

    def _shown_by(self, same: ColumnElement[bool]) -> Mapping[CellKey, frozenset[Sort]]:
        """Return the sorts that counted sightings of one machine or microcode have, by cell."""
        shows = exists().where(
            SightingRow.sort_id == SortRow.id, same, SightingRow.valid_to.is_(None)
        )
        found: dict[CellKey, set[Sort]] = defaultdict(set)
        family = SortRow.family == self._family
        for i in self._session.scalars(select(SortRow.id).where(family, shows)):
            found[self._sorts[i].cell].add(self._sorts[i])
        return {cell: frozenset(sorts) for cell, sorts in found.items()}

    def _stored(self, cells: Iterable[CellKey]) -> Mapping[CellKey, Any]:
        """Return the rows that count some cells now."""
        s, names = SummaryRow, {cell.register for cell in cells}
        mine = s.family == self._family, s.register.in_(names), s.valid_to.is_(None)
        rows = self._session.execute(select(s.__table__).where(*mine))
        return {CellKey.of(row.register, row.mode, row.access): row for row in rows}

    def _newest_with(
        self, rows: Iterable[_Sighting], measured: Iterable[Measured]
    ) -> Mapping[Sort, tuple[str, ...]]:
        """Return the newest sightings of each sort of ``rows``, those among them."""
        s = SightingRow
        sorts = {self._sorts[row.sort_id] for row in rows}
        known = [
            int(i) for m in measured for one in m.summaries if one.sort in sorts for i in one.newest
        ]
        every: list[Any] = [(row.sort_id, row.date, row.slug, row.id) for row in rows]
        for some in chunks(known):
            found = select(s.sort_id, s.date, s.slug, s.id).where(s.id.in_(some))
            every += [tuple(row) for row in self._session.execute(found)]
        newest: dict[Sort, list[str]] = defaultdict(list)
        for sort_id, _, _, i in sorted(every, key=lambda row: row[1:], reverse=True):
            newest[self._sorts[sort_id]].append(str(i))
        return {sort: tuple(ids[:NEWEST]) for sort, ids in newest.items()}

    def _newest(self, sort_id: int) -> tuple[str, ...]:
        row = SightingRow
        newest = self._session.scalars(
            select(row.id)
            .where(row.sort_id == sort_id, row.valid_to.is_(None))
            .order_by(row.date.desc(), row.slug.desc(), row.id.desc())
            .limit(NEWEST)
        )
        return tuple(map(str, newest))

    def _write(self, stored: Mapping[CellKey, Any], bodies: Mapping[CellKey, str]) -> None:
        """Make these what is counted from this data version on."""
        connection = self._session.connection()
        s = Base.metadata.tables[SummaryRow.__tablename__]
        old = [
            {f"old_{name}": value for name, value in group_columns((cell, self._family)).items()}
            for cell in bodies.keys() & stored.keys()
        ]
        current = [s.c[name.removeprefix("old_")] == bindparam(name) for name in (*old, {})[0]]
        if old:
            # What began in this very version is written anew; the others end.
            current.append(s.c.valid_to.is_(None))
            mine = s.c.valid_from == self.version
            connection.execute(delete(s).where(*current, mine), old)
            connection.execute(update(s).where(*current).values(valid_to=self.version), old)
        new = [
            group_columns((cell, self._family)) | {"valid_from": self.version, "body": body}
            for cell, body in bodies.items()
        ]
        connection.execute(insert(s), new)


def _sightings(
    session: Session, books: _Books, facts: Iterable[tuple[int, str, Any]], origin: str
) -> Iterator[_Sighting]:
    """Return the rows of the observations that a measurement begins to have."""
    measurement = session.scalars(
        select(FactRow.body).where(
            FactRow.kind == "measurement", FactRow.key == origin, FactRow.valid_to.is_(None)
        )
    ).first()
    items = json.loads(measurement or "{}").get("observations", ())
    for i, key, seen in facts:
        number = int(key.rpartition("-")[2])
        yield _Sighting(
            id=i,
            sort_id=books.id_of(sort_of(seen)),
            slug=origin,
            date=seen["date"],
            machine=_number(seen["machine"]),
            microcode=_number(seen["microcode"]) if seen.get("microcode") else None,
            repetitions=items[number].get("count", 1) if number < len(items) else 1,
            valid_from=books.version,
        )


def _by_cell(
    rows: Iterable[_Sighting], known: Mapping[int, Sort]
) -> Mapping[CellKey, dict[Sort, tuple[int, int]]]:
    """Return the items and repetitions of each sort, by cell."""
    found: dict[CellKey, dict[Sort, tuple[int, int]]] = defaultdict(dict)
    for sort, mine in groupby(
        sorted(rows, key=lambda r: known[r.sort_id]), lambda r: known[r.sort_id]
    ):
        times = [row.repetitions for row in mine]
        found[sort.cell][sort] = (len(times), sum(times))
    return found


def _number(text: str) -> int:
    """Return 63 bits that tell a machine or a microcode apart from any other."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 1
