"""Summaries of measurements, kept where the decision is made: a decision touches its own rows."""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, select, update
from sqlalchemy.orm import Session, aliased

from app.core.cells import CellKey
from app.core.summaries import NEWEST, NOTHING, Measured, Share, Sort, changed
from app.core.words import Access, Mode
from app.store.models import FactRow, SightingRow, SortRow, SummaryRow
from app.store.queries import MANY, SEED, chunks
from app.store.summary_rows import (
    Group,
    body_of,
    columns_of,
    group_columns,
    measured_from,
    sort_from,
    sort_of,
)


def follow(session: Session, version: int, origin: str) -> frozenset[CellKey]:
    """Count what a data version made public of one measurement, or took back.

    Returns the cells whose summaries changed. Work grows with that measurement alone.
    """
    books = _Books(session, version)
    ended = session.scalars(
        select(SightingRow.id)
        .join(FactRow, FactRow.id == SightingRow.id)
        .where(SightingRow.slug == origin, FactRow.valid_to == version)
    ).all()
    if ended:
        rows = SightingRow.id.in_(ended), SightingRow.valid_to.is_(None)
        session.execute(update(SightingRow).where(*rows).values(valid_to=version))
        books.take(session.scalars(select(SightingRow).where(SightingRow.id.in_(ended))).all(), -1)
    begun = session.scalars(
        select(FactRow).where(
            FactRow.origin == origin, FactRow.valid_from == version, FactRow.kind == "observation"
        )
    ).all()
    if begun:
        books.take(list(_sightings(session, books, begun, origin)), 1)
    return frozenset(cell for cell, _ in books.touched)


class _Books:
    """The summaries of the cells that one data version touches."""

    def __init__(self, session: Session, version: int) -> None:
        self._session = session
        self._version = version
        self._sorts: dict[int, Sort] = {}
        self.touched: set[Group] = set()

    def id_of(self, sort: Sort) -> int:
        """Return the row of a sort, made if it is new."""
        values = columns_of(sort)
        known = self._session.scalar(
            select(SortRow.id).where(*(getattr(SortRow, k) == v for k, v in values.items()))
        )
        if known is None:
            row = SortRow(**values)
            self._session.add(row)
            self._session.flush()
            known = row.id
        self._sorts[known] = sort
        return known

    def take(self, rows: Sequence[SightingRow], sign: int) -> None:
        """Count the sightings of one measurement in (``sign`` 1) or out (-1).

        Those that come are not among the stored ones yet, those that go are no more.
        """
        self._name({row.sort_id for row in rows})
        first = rows[0]
        family = self._sorts[first.sort_id].family
        by_machine = self._shown_by(family, SightingRow.machine == first.machine)
        by_microcode = (
            None
            if first.microcode is None
            else self._shown_by(family, SightingRow.microcode == first.microcode)
        )
        if sign > 0:
            self._session.add_all(rows)
            self._session.flush()
        newest = {self._sorts[i]: self._newest(i) for i in {row.sort_id for row in rows}}
        for cell, items in _by_cell(rows, self._sorts).items():
            here = Share(items, *(
                None if shown is None else frozenset(s for s in shown if s.cell == cell)
                for shown in (by_machine, by_microcode)
            ))  # fmt: skip
            self._write((cell, family), here, sign, newest)

    def _name(self, ids: Iterable[int]) -> None:
        missing = [i for i in ids if i not in self._sorts]
        for some in chunks(missing):
            for row in self._session.scalars(select(SortRow).where(SortRow.id.in_(some))):
                self._sorts[row.id] = sort_from(row)

    def _shown_by(self, family: str, same: ColumnElement[bool]) -> frozenset[Sort]:
        """Return the sorts of a family that counted sightings of one machine have."""
        shows = exists().where(
            SightingRow.sort_id == SortRow.id, same, SightingRow.valid_to.is_(None)
        )
        rows = self._session.scalars(select(SortRow).where(SortRow.family == family, shows))
        return frozenset(sort_from(row) for row in rows)

    def _newest(self, sort_id: int) -> tuple[str, ...]:
        row = SightingRow
        newest = self._session.scalars(
            select(row.id)
            .where(row.sort_id == sort_id, row.valid_to.is_(None))
            .order_by(row.date.desc(), row.slug.desc(), row.id.desc())
            .limit(NEWEST)
        )
        return tuple(map(str, newest))

    def _write(
        self, group: Group, share: Share, sign: int, newest: Mapping[Sort, tuple[str, ...]]
    ) -> None:
        key, s = group_columns(group), SummaryRow
        here = [getattr(s, name) == value for name, value in key.items()]
        row = self._session.scalar(select(s).where(*here, s.valid_to.is_(None)))
        if row is not None:
            ids = [entry[0] for entry in json.loads(row.body)["summaries"]]
            self._name(ids)
        before = measured_from(row.body, self._sorts) if row else NOTHING
        ids_of = {sort: i for i, sort in self._sorts.items()}
        body = body_of(changed(before, share, sign, newest), ids_of)
        if row is not None and row.valid_from == self._version:
            row.body = body
        else:
            if row is not None:
                row.valid_to = self._version
                self._session.flush()
            self._session.add(SummaryRow(**key, valid_from=self._version, body=body))
        self._session.flush()
        self.touched.add(group)


def _sightings(
    session: Session, books: _Books, facts: Iterable[FactRow], origin: str
) -> Iterator[SightingRow]:
    """Return the rows of the observations that a measurement begins to have."""
    measurement = session.scalars(
        select(FactRow.body).where(
            FactRow.kind == "measurement", FactRow.key == origin, FactRow.valid_to.is_(None)
        )
    ).first()
    items = json.loads(measurement or "{}").get("observations", ())
    for fact in facts:
        seen = json.loads(fact.body)
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


def load(
    session: Session, version: int, *, newest: bool
) -> tuple[dict[Group, Measured], list[int]]:
    """Return what was measured at a data version, and the rows of the facts that it names."""
    s = SummaryRow
    if newest:
        bodies = session.execute(
            select(s.register, s.mode, s.access, s.family, s.body).where(s.valid_to.is_(None))
        ).all()
    else:
        bodies = [row[:-1] for row in _as_of(session, version)]
    sorts = {row.id: sort_from(row) for row in session.scalars(select(SortRow))}
    found = {
        (CellKey(register, Mode(mode), Access(access)), family): measured_from(body, sorts)
        for register, mode, access, family, body in bodies
    }
    ids = [int(i) for m in found.values() for summary in m.summaries for i in summary.newest]
    return {group: m for group, m in found.items() if m.summaries}, ids


def load_cells(session: Session, version: int, keys: Collection[CellKey]) -> dict[Group, Measured]:
    """Return what was measured of some cells at a data version."""
    names = {key.register for key in keys}
    rows = _as_of(session, version, names)
    sorts = {row.id: sort_from(row) for row in session.scalars(
        select(SortRow).where(SortRow.register.in_(names)))}  # fmt: skip
    found = {
        (CellKey(register, Mode(mode), Access(access)), family): measured_from(body, sorts)
        for register, mode, access, family, body, _ in rows
    }
    return {group: m for group, m in found.items() if m.summaries and group[0] in keys}


def _as_of(
    session: Session, version: int, registers: Collection[str] | None = None
) -> Iterable[Any]:
    """Return the rows that held at a data version: one look-up for each cell and family."""
    now, then = aliased(SummaryRow), aliased(SummaryRow)
    columns = ("register", "mode", "access", "family")
    held = (
        select(func.max(then.valid_from))
        .where(*(getattr(then, c) == getattr(now, c) for c in columns), then.valid_from <= version)
        .scalar_subquery()
    )
    old = aliased(SummaryRow)
    same = [getattr(old, c) == getattr(now, c) for c in columns]
    return session.execute(
        select(old.register, old.mode, old.access, old.family, old.body, old.valid_from)
        .select_from(now)
        .join(old, (old.valid_from == held) & same[0] & same[1] & same[2] & same[3])
        .where(
            now.valid_to.is_(None), *([] if registers is None else [now.register.in_(registers)])
        )
    )


def changed_at(session: Session, version: int) -> dict[tuple[str, CellKey], int]:
    """Return the data version in which each family's measurements of a cell last changed."""
    return {
        (family, CellKey(register, Mode(mode), Access(access))): at
        for register, mode, access, family, _, at in _as_of(session, version)
    }


def ids_of(session: Session, sorts: Iterable[Sort]) -> list[int]:
    """Return the rows of those sorts that were ever seen."""
    wanted = frozenset(sorts)
    return [row.id for row in session.scalars(select(SortRow)) if sort_from(row) in wanted]


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
