"""What a data version did, worked out and stored with it: of it and the one before alone."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from app.core.cells import CellKey
from app.core.knowledge import Knowledge
from app.core.measuring import stand_in
from app.core.summaries import Measured
from app.core.touching import Touched, touched
from app.core.views import CellView, view_cells
from app.curation.seed import fact_from
from app.pens import phrases
from app.pens.changed import change_lines
from app.store import queries, summaries
from app.store.models import DataVersionRow, StepPageRow, StepRow

# The kinds of facts that a verdict follows from.
JUDGED_BY = frozenset({"register", "observation", "group", "condition", "document"})
LEDGER = "/d"
Name = tuple[str, str]
Sides = tuple[CellView | None, CellView | None]


def keep(session: Session, version: int) -> None:
    """Store what a data version did; it follows from it and the one before alone."""
    changes = queries.list_changes(session, [version])[version]
    pair = around(session, version)
    before, after = (
        _moved(session, at, [(c.kind, body) for c in changes if (body := getattr(c, side))])
        for at, side in zip(pair, ("before", "after"), strict=True)
    )
    pages: dict[str, set[Name]] = {}
    whole = Touched()
    for change in changes:
        what = touched(change.kind, change.key, before, after)
        whole |= what
        for path in what.paths:
            pages.setdefault(path, set()).add((change.kind, change.key))
    cells = both_sides(session, pair, whole.cells)
    for key, sides in cells.items():
        behind = {name for name in pages[key.url] if name[0] in JUDGED_BY}
        for family in _judged_anew(*sides):
            for path in (f"/c/{family}", *_speaking(sides, family)):
                pages.setdefault(path, set()).update(behind)
    said = {
        "born": sorted(path for path in pages if not _is_there(path, before)),
        "gone": sorted(path for path in pages if not _is_there(path, after)),
        "cells": {str(key): _cell_step(sides) for key, sides in cells.items()},
        "lines": change_lines(changes),
        "total": len(changes),
    }
    body = json.dumps(said, separators=(",", ":"))
    session.add(StepRow(version_id=version, previous=pair[0] or None, body=body))
    session.add_all(
        StepPageRow(path=path, version_id=version, names=json.dumps(sorted(names)))
        for path, names in sorted(pages.items())
    )
    session.flush()


def _moved(session: Session, version: int, facts: Iterable[tuple[str, Any]]) -> Knowledge:
    """Return the seed of a data version with the facts that a step moves, of whatever origin."""
    moved = (fact_from(kind, body) for kind, body in facts)
    return Knowledge.of((*queries.curated(session, version), *moved))


def recount(session: Session) -> bool:
    """Derive every step anew; returns whether that changed anything."""
    before = _rows(session)
    session.execute(delete(StepPageRow))
    session.execute(delete(StepRow))
    for version in queries.list_versions(session):
        keep(session, version.id)
        session.expunge_all()
    return _rows(session) != before


def is_behind(session: Session) -> bool:
    """Whether there are data versions of which it is not stored what they did."""
    lacking = select(DataVersionRow.id).where(
        ~exists().where(StepRow.version_id == DataVersionRow.id)
    )
    return session.scalar(lacking.limit(1)) is not None


def _rows(session: Session) -> list[Any]:
    pages, steps = StepPageRow.__table__, StepRow.__table__
    return [
        session.execute(select(steps).order_by(steps.c.version_id)).all(),
        session.execute(select(pages).order_by(pages.c.path, pages.c.version_id)).all(),
    ]


def _cell_step(sides: Sides) -> list[Any]:
    before, after = (None if view is None else _said(view) for view in sides)
    if before is not None and after is not None:
        same = {name for name in before if before[name] == after.get(name)}
        before, after = (
            {name: text for name, text in side.items() if name not in same}
            for side in (before, after)
        )
    about = dict.fromkeys(f"{LEDGER}/{d.slug}" for v in sides if v for d in v.differences)
    return [before, after, list(about)]


def _said(view: CellView) -> dict[str, str]:
    heard = {
        j.family: f"{j.verdict} ({', '.join(j.behaviours)})" if j.behaviours else str(j.verdict)
        for j in view.measured
    }
    printed = phrases.branches(view.table, "does not say")
    return {"Table 15-22": printed, "rules": phrases.branches(view.effective), **heard}


def _judged_anew(old: CellView | None, new: CellView | None) -> set[str]:
    """Return the families whose page says something else of a cell."""
    said = [
        {j.family: (j.verdict, j.behaviours, j.counts, j.evidence) for j in view.measured}
        if view
        else {}
        for view in (old, new)
    ]
    return {f for f in said[0].keys() | said[1].keys() if said[0].get(f) != said[1].get(f)}


def _speaking(sides: Sides, family: str) -> set[str]:
    """Return the differences whose page tells the verdict on a cell for a family."""
    views = (view for view in sides if view)
    return {f"{LEDGER}/{d.slug}" for v in views for d in v.differences if d.speaks_of(family)}


def _is_there(path: str, known: Knowledge) -> bool:
    _, kind, slug, *_ = path.split("/")
    found: Mapping[str, Collection[str]] = {
        "r": known.registers,
        "c": known.families,
        "d": known.differences,
        "errata": known.errata,
    }
    return slug in found[kind]


def around(session: Session, version: int) -> tuple[int, int]:
    """Return the data version before one, 0 for none, and itself."""
    before = queries.neighbour(session, version, -1)
    return (before.id if before else 0), version


def both_sides(
    session: Session, pair: tuple[int, int], keys: Collection[CellKey]
) -> dict[CellKey, Sides]:
    """Return cells at two data versions, in the order of the table."""
    sides = [_known(session, at, keys) for at in pair]
    old, new = (view_cells(known, only=keys) for known in sides)
    order = dict.fromkeys((*sides[1].cells, *sides[0].cells))
    return {key: (old.get(key), new.get(key)) for key in order if key in keys}


def _known(session: Session, version: int, keys: Collection[CellKey]) -> Knowledge:
    """Return what verdicts on some cells follow from: any observation of a sort will do."""
    found = summaries.load_cells(session, version, keys)
    named = {group: Measured(tuple(s.named(str(s.sort)) for s in m.summaries), m.heard)
             for group, m in found.items()}  # fmt: skip
    standing = (stand_in(s.sort) for m in named.values() for s in m.summaries)
    return Knowledge.of((*queries.curated(session, version), *standing), named)
