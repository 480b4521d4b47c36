"""What a data version did, worked out and stored with it: of it and the one before alone."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import delete, exists, select
from sqlalchemy.orm import Session

from app.core.cells import CellKey
from app.core.facts import Difference
from app.core.knowledge import Knowledge
from app.core.measuring import stand_in
from app.core.rulings import Conditions, claims_on
from app.core.summaries import NOTHING, Measured
from app.core.touching import Touched, touched
from app.core.verdicts import Judgement, judge
from app.core.views import CellView, view_cells
from app.curation.seed import fact_from
from app.pens import phrases
from app.pens.changed import change_lines
from app.store import queries, summaries
from app.store.models import DataVersionRow, StepPageRow, StepRow
from app.store.summary_rows import Group

# The kinds of facts that a verdict follows from.
JUDGED_BY = frozenset({"register", "observation", "group", "condition", "document"})
LEDGER = "/d"
Name = tuple[str, str]
Sides = tuple[CellView | None, CellView | None]


@dataclass(frozen=True)
class _Side:
    """A cell at one data version: what is said of it, the judgements heard, its differences."""

    said: Mapping[str, str]
    heard: Mapping[str, Judgement]
    differences: tuple[Difference, ...]


def keep(session: Session, version: int) -> Mapping[CellKey, Judgement]:
    """Store what a data version did; it follows from it and the one before alone.

    Returns the judgements that a decision on a measurement leads to, by cell; all of them are
    for the family of its machine.
    """
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
    family = next((c.after["family"] for c in changes if c.kind == "measurement" and c.after), "")
    work_out = _decided if family else _edited
    cells = work_out(session, pair, whole.cells, family)
    _judged_on(pages, cells)
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
    return {key: new.heard[family] for key, (_, new) in cells.items() if family and new}


def _judged_on(
    pages: dict[str, set[Name]], cells: Mapping[CellKey, tuple[_Side | None, _Side | None]]
) -> None:
    """Add the pages that say what was judged anew, with the facts behind it."""
    for key, sides in cells.items():
        behind = {name for name in pages[key.url] if name[0] in JUDGED_BY}
        for family in _judged_anew(*sides):
            for path in (f"/c/{family}", *_speaking(sides, family)):
                pages.setdefault(path, set()).update(behind)


def _edited(
    session: Session, pair: tuple[int, int], keys: Collection[CellKey], _: str
) -> Mapping[CellKey, tuple[_Side | None, _Side | None]]:
    """Return cells before and after an edit of the seed."""
    both = both_sides(session, pair, keys)
    return {key: (_side(old), _side(new)) for key, (old, new) in both.items()}


def _side(view: CellView | None) -> _Side | None:
    if view is None:
        return None
    heard = {j.family: j for j in view.measured}
    printed = phrases.branches(view.table, "does not say")
    said = {"Table 15-22": printed, "rules": phrases.branches(view.effective)}
    return _Side(said | {f: _words(j) for f, j in heard.items()}, heard, view.differences)


def _decided(
    session: Session, pair: tuple[int, int], keys: Collection[CellKey], family: str
) -> Mapping[CellKey, tuple[_Side | None, _Side | None]]:
    """Return cells before and after a decision: only the judgements for one family can differ."""
    known = queries.curated(session, pair[1])
    conditions = Conditions(known.conditions)
    measured = [summaries.load_cells(session, at, keys, family) for at in pair]

    def side(key: CellKey, found: Mapping[Group, Measured]) -> _Side:
        mine = _standing(found.get((key, family), NOTHING))
        seen = (*known.observations_of.get(key, ()), *(stand_in(s.sort) for s in mine.summaries))
        claims = claims_on(known.registers[key.register].claims, key)
        judgement = judge(claims, seen, family, conditions, mine)
        said = {family: _words(judgement)} if judgement.findings else {}
        return _Side(said, {family: judgement}, known.differences_of.get(key, ()))

    return {
        key: (side(key, measured[0]), side(key, measured[1])) for key in known.cells if key in keys
    }


def _moved(session: Session, version: int, facts: Iterable[tuple[str, Any]]) -> Knowledge:
    """Return the seed of a data version with the facts that a step moves, of whatever origin."""
    moved = (fact_from(kind, body) for kind, body in facts)
    return Knowledge.of((*queries.curated(session, version).every, *moved))


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


def _cell_step(sides: tuple[_Side | None, _Side | None]) -> list[Any]:
    before, after = (None if side is None else dict(side.said) for side in sides)
    if before is not None and after is not None:
        same = {name for name in before if before[name] == after.get(name)}
        before, after = (
            {name: text for name, text in said.items() if name not in same}
            for said in (before, after)
        )
    about = dict.fromkeys(f"{LEDGER}/{d.slug}" for side in sides if side for d in side.differences)
    return [before, after, list(about)]


def _words(judgement: Judgement) -> str:
    seen = ", ".join(judgement.behaviours)
    return f"{judgement.verdict} ({seen})" if seen else str(judgement.verdict)


def _judged_anew(old: _Side | None, new: _Side | None) -> set[str]:
    """Return the families whose page says something else of a cell."""
    said = [
        {
            f: (j.verdict, j.behaviours, j.counts, j.evidence)
            for f, j in side.heard.items()
            if j.findings
        }
        if side
        else {}
        for side in (old, new)
    ]
    return {f for f in said[0].keys() | said[1].keys() if said[0].get(f) != said[1].get(f)}


def _speaking(sides: tuple[_Side | None, _Side | None], family: str) -> set[str]:
    """Return the differences whose page tells the verdict on a cell for a family."""
    mine = (side for side in sides if side)
    return {f"{LEDGER}/{d.slug}" for s in mine for d in s.differences if d.speaks_of(family)}


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
    named = {group: _standing(measured) for group, measured in found.items()}
    standing = (stand_in(s.sort) for m in named.values() for s in m.summaries)
    return Knowledge.of((*queries.curated(session, version).every, *standing), named)


def _standing(measured: Measured) -> Measured:
    """Return what was measured as shown by one observation of each sort."""
    return replace(measured, summaries=tuple(s.named(str(s.sort)) for s in measured.summaries))
