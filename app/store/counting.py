"""Summaries of measurements, kept where the decision is made: a decision touches its own rows."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.orm import Session

from app.core.cells import CellKey
from app.core.summaries import NEWEST, NOTHING, Measured, Share, Sort, changed
from app.core.words import Access, Mode
from app.store.models import FactRow, SightingRow, SortRow, SummaryRow
from app.store.queries import MANY, SEED, chunks
from app.store.summary_rows import (
    body_of,
    columns_of,
    group_columns,
    measured_from,
    sort_from,
    sort_of,
)


def follow(session: Session, version: int, origin: str) -> None:
    """Count what a data version made public of one measurement, or took back.

    Work grows with that measurement alone.
    """
    s, f = SightingRow, FactRow
    ended = session.scalars(
        select(s).join(f, f.id == s.id).where(s.slug == origin, f.valid_to == version)
    ).all()
    mine = f.origin == origin, f.valid_from == version, f.kind == "observation"
    begun = [(fact, json.loads(fact.body)) for fact in session.scalars(select(f).where(*mine))]
    if not ended and not begun:
        return
    families = [session.get_one(SortRow, row.sort_id).family for row in ended[:1]]
    books = _Books(session, version, *families or [begun[0][1]["family"]])
    if ended:
        for row in ended:
            row.valid_to = version
        session.flush()
        books.take(ended, -1)
    if begun:
        books.take(list(_sightings(session, books, begun, origin)), 1)


class _Books:
    """The summaries of one family that a data version touches."""

    def __init__(self, session: Session, version: int, family: str) -> None:
        self._session = session
        self._version = version
        self._family = family
        rows = session.scalars(select(SortRow).where(SortRow.family == family))
        self._sorts = {row.id: sort_from(row) for row in rows}
        self._ids = {sort: i for i, sort in self._sorts.items()}

    def id_of(self, sort: Sort) -> int:
        """Return the row of a sort, made if it is new."""
        if sort not in self._ids:
            row = SortRow(**columns_of(sort))
            self._session.add(row)
            self._session.flush()
            self._ids[sort], self._sorts[row.id] = row.id, sort
        return self._ids[sort]

    def take(self, rows: Sequence[SightingRow], sign: int) -> None:
        """Count the sightings of one measurement in (``sign`` 1) or out (-1).

        Those that come are not among the stored ones yet, those that go are no more.
        """
        first = rows[0]
        by_machine = self._shown_by(SightingRow.machine == first.machine)
        told = first.microcode is not None
        by_microcode = self._shown_by(SightingRow.microcode == first.microcode) if told else None
        shares = {
            cell: Share(items, *(
                None if shown is None else shown.get(cell, frozenset())
                for shown in (by_machine, by_microcode)
            ))
            for cell, items in _by_cell(rows, self._sorts).items()
        }  # fmt: skip
        stored = self._stored(shares)
        before = {cell: measured_from(row.body, self._sorts) for cell, row in stored.items()}
        if sign > 0:
            self._session.add_all(rows)
            self._session.flush()
            newest = self._newest_with(rows, before.values())
        else:
            newest = {self._sorts[i]: self._newest(i) for i in {row.sort_id for row in rows}}
        self._write(stored, {
            cell: body_of(changed(before.get(cell, NOTHING), share, sign, newest), self._ids)
            for cell, share in shares.items()
        })  # fmt: skip

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

    def _stored(self, cells: Iterable[CellKey]) -> Mapping[CellKey, SummaryRow]:
        """Return the rows that count some cells now."""
        s, names = SummaryRow, {cell.register for cell in cells}
        mine = s.family == self._family, s.register.in_(names), s.valid_to.is_(None)
        rows = self._session.scalars(select(s).where(*mine))
        return {CellKey(row.register, Mode(row.mode), Access(row.access)): row for row in rows}

    def _newest_with(
        self, rows: Iterable[SightingRow], measured: Iterable[Measured]
    ) -> Mapping[Sort, tuple[str, ...]]:
        """Return the newest sightings of each sort of ``rows``, those among them."""
        s = SightingRow
        sorts = {self._sorts[row.sort_id] for row in rows}
        known = [int(i) for m in measured for one in m.summaries if one.sort in sorts
                 for i in one.newest]  # fmt: skip
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

    def _write(self, stored: Mapping[CellKey, SummaryRow], bodies: Mapping[CellKey, str]) -> None:
        made = {cell for cell, row in stored.items() if row.valid_from == self._version}
        for cell in bodies.keys() & stored.keys():
            if cell in made:
                stored[cell].body = bodies[cell]
            else:
                stored[cell].valid_to = self._version
        # The old rows must end before new ones of the same cells begin.
        self._session.flush()
        self._session.add_all(
            SummaryRow(**group_columns((cell, self._family)), valid_from=self._version, body=body)
            for cell, body in bodies.items()
            if cell not in made
        )
        self._session.flush()


def _sightings(
    session: Session, books: _Books, facts: Iterable[tuple[FactRow, Any]], origin: str
) -> Iterator[SightingRow]:
    """Return the rows of the observations that a measurement begins to have."""
    measurement = session.scalars(
        select(FactRow.body).where(
            FactRow.kind == "measurement", FactRow.key == origin, FactRow.valid_to.is_(None)
        )
    ).first()
    items = json.loads(measurement or "{}").get("observations", ())
    for fact, seen in facts:
        number = int(fact.key.rpartition("-")[2])
        yield SightingRow(
            id=fact.id,
            sort_id=books.id_of(sort_of(seen)),
            slug=origin,
            date=seen["date"],
            machine=_number(seen["machine"]),
            microcode=_number(seen["microcode"]) if seen.get("microcode") else None,
            repetitions=items[number].get("count", 1) if number < len(items) else 1,
            valid_from=fact.valid_from,
        )


def recount(session: Session) -> bool:
    """Derive every summary anew from the facts; returns whether that changed anything."""
    before = _digest(session)
    for table in (SummaryRow, SightingRow, SortRow):
        session.execute(delete(table))
    f = FactRow
    measured = (f.origin != SEED, f.kind == "observation")
    begun = select(f.valid_from, f.origin).where(*measured)
    ended = select(f.valid_to, f.origin).where(*measured, f.valid_to.is_not(None))
    for version, origin in session.execute(begun.union(ended).order_by("valid_from")):
        follow(session, version, origin)
        session.expunge_all()
    return _digest(session) != before


def is_behind(session: Session) -> bool:
    """Whether facts of measurements were stored that no summary counts yet."""
    seen = select(FactRow.id).where(FactRow.origin != SEED, FactRow.kind == "observation").limit(1)
    counted = select(SightingRow.id).limit(1)
    return session.scalar(seen) is not None and session.scalar(counted) is None


def _digest(session: Session) -> str:
    """Return a digest of every summary, whatever numbers its rows have."""
    sorts = {row.id: sort_from(row) for row in session.scalars(select(SortRow))}
    s, found = SummaryRow, hashlib.sha256()
    rows = session.execute(
        select(s.register, s.mode, s.access, s.family, s.valid_from, s.valid_to, s.body)
        .order_by(s.register, s.mode, s.access, s.family, s.valid_from)
    ).yield_per(MANY)  # fmt: skip
    for *where, body in rows:
        found.update(repr((where, measured_from(body, sorts))).encode())
    return found.hexdigest()


def _by_cell(
    rows: Iterable[SightingRow], sorts: Mapping[int, Sort]
) -> Mapping[CellKey, dict[Sort, tuple[int, int]]]:
    """Return the items and repetitions of each sort, by cell."""
    found: dict[CellKey, dict[Sort, tuple[int, int]]] = defaultdict(dict)
    for sort, mine in groupby(
        sorted(rows, key=lambda r: sorts[r.sort_id]), lambda r: sorts[r.sort_id]
    ):
        times = [row.repetitions for row in mine]
        found[sort.cell][sort] = (len(times), sum(times))
    return found


def _number(text: str) -> int:
    """Return 63 bits that tell a machine or a microcode apart from any other."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8]) >> 1
