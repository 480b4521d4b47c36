"""Summaries of measurements as they are stored, read at any data version."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from functools import cache
from typing import Any

from sqlalchemy import Select, bindparam, select, true
from sqlalchemy.orm import Session, aliased

from app.core.cells import CellKey
from app.core.summaries import Measured, Sort
from app.store.models import SortRow, SummaryRow
from app.store.summary_rows import CellFamily, measured_from, sorts


def load_measured(
    session: Session, version: int, *, newest: bool, since: int = 0
) -> dict[CellFamily, Measured]:
    """Return what was measured at a data version, in groups that anything is measured of.

    With ``since``, of the newest one, those groups that changed behind an older one, however
    little is left of them.
    """
    s = SummaryRow
    if newest:
        mine = s.valid_to.is_(None), s.valid_from > since
        bodies = session.execute(
            select(s.register, s.mode, s.access, s.family, s.body).where(*mine)
        ).all()
    else:
        bodies = [row[:-1] for row in _as_of(session, version)]
    if not bodies:
        return {}
    found = _measured(bodies, sorts(session))
    return {group: m for group, m in found.items() if m.summaries or since}


def load_cells(
    session: Session, version: int, keys: Collection[CellKey]
) -> dict[CellFamily, Measured]:
    """Return what was measured of some cells at a data version."""
    names = {key.register for key in keys}
    rows = _as_of(session, version, names)
    known = sorts(session, SortRow.register.in_(names))
    found = _measured((row[:-1] for row in rows), known)
    return {group: m for group, m in found.items() if m.summaries and group[0] in keys}


def _measured(rows: Iterable[Any], known: Mapping[int, Sort]) -> dict[CellFamily, Measured]:
    """Return what rows of a cell, a family and a body hold."""
    return {(CellKey.of(*cell), of): measured_from(body, known) for *cell, of, body in rows}


def _as_of(
    session: Session, version: int, registers: Collection[str] | None = None
) -> Iterable[Any]:
    """Return the rows that held at a data version: one look-up for each cell and family."""
    group, held = _held_then()
    here = group.register.in_(registers) if registers is not None else true()
    rows = session.execute(held.where(here), {"version": version})
    return (row for row in rows if row[-1] is not None)


@cache
def _held_then() -> tuple[type[SummaryRow], Select[*tuple[Any, ...]]]:
    """Return the row of each cell and family, and the query for what it held at a version."""
    now, then = aliased(SummaryRow), aliased(SummaryRow)
    groups = [now.register, now.mode, now.access, now.family]
    # One look-up each: a join would let SQLite begin with every row that there ever was.
    held = [
        select(column)
        .where(
            then.register == now.register,
            then.mode == now.mode,
            then.access == now.access,
            then.family == now.family,
            then.valid_from <= bindparam("version"),
        )
        .order_by(then.valid_from.desc())
        .limit(1)
        .scalar_subquery()
        for column in (then.body, then.valid_from)
    ]
    return now, select(*groups, *held).where(now.valid_to.is_(None))


def changed_at(session: Session, version: int) -> dict[tuple[str, CellKey], int]:
    """Return the data version in which each family's measurements of a cell last changed."""
    return {(family, CellKey.of(*cell)): at for *cell, family, _, at in _as_of(session, version)}


def ids_of(session: Session, wanted: Iterable[Sort]) -> list[int]:
    """Return the rows of those sorts that were ever seen."""
    those = frozenset(wanted)
    return [i for i, sort in sorts(session).items() if sort in those]
