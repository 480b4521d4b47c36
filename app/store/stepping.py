"""What a data version did, worked out and stored with it: of it and the one before alone."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import insert
from sqlalchemy.orm import Session

from app.core.cells import CellKey
from app.core.facts import Difference
from app.core.judgements import Judgement
from app.core.knowledge import Knowledge
from app.core.measuring import stand_in
from app.core.rulings import claims_on
from app.core.summaries import NOTHING, Measured
from app.core.touching import touched
from app.core.verdicts import judge
from app.core.views import CellView, view_cells
from app.curation.seed import fact_from
from app.pens import phrases
from app.pens.changed import change_lines
from app.store import queries, summaries
from app.store.counting import Moved
from app.store.models import StepPageRow, StepRow

# The kinds of facts that a verdict follows from.
JUDGED_BY = frozenset({"register", "observation", "group", "condition", "document"})
LEDGER = "/d"
NOTHING_MOVED: Moved = {}
FactName = tuple[str, str]
BothViews = tuple[CellView | None, CellView | None]


@dataclass(frozen=True)
class _Side:
    """A cell at one data version: what is said of it, the judgements heard, its differences."""

    said: Mapping[str, str]
    heard: Mapping[str, Judgement]
    differences: tuple[Difference, ...]


def keep_step(
    session: Session, version: int, moved: Moved = NOTHING_MOVED
) -> Mapping[CellKey, Judgement]:
    """Store what a data version did; it follows from it and the one before alone.

    ``moved`` is what is measured before and after a decision on a measurement. Returns the
    judgements that it leads to, by cell; all of them are for the family of its machine.
    """
    changes = queries.list_changes(session, [version])[version]
    pair = version_before(session, version)
    seeds = [queries.seed_knowledge(session, at) for at in pair]
    before, after = (
        _moved(seed, [(c.kind, body) for c in changes if (body := getattr(c, side))])
        for seed, side in zip(seeds, ("before", "after"), strict=True)
    )
    pages: dict[str, set[FactName]] = {}
    shown: set[CellKey] = set()
    for change in changes:
        what = touched(change.kind, change.key, before, after)
        shown |= what.cells
        for path in what.paths:
            pages.setdefault(path, set()).add((change.kind, change.key))
    family = next((c.after["family"] for c in changes if c.kind == "measurement" and c.after), "")
    cells = _decided(seeds[1], shown, family, moved) if family else _edited(session, pair, shown)
    _judged_on(pages, cells)
    said = {
        "born": sorted(path for path in pages if not _is_there(path, before)),
        "gone": sorted(path for path in pages if not _is_there(path, after)),
        "cells": {str(key): _cell_step(sides) for key, sides in cells.items()},
        "lines": change_lines(changes),
        "total": len(changes),
    }
    body = json.dumps(said, separators=(",", ":"))
    step = {"version_id": version, "previous": pair[0] or None, "body": body}
    session.connection().execute(insert(StepRow), step)
    _keep_pages(session, version, pages)
    return {key: new.heard[family] for key, (_, new) in cells.items() if family and new}


def _keep_pages(session: Session, version: int, pages: Mapping[str, set[FactName]]) -> None:
    rows = [
        {"path": path, "version_id": version, "names": json.dumps(sorted(names))}
        for path, names in sorted(pages.items())
    ]
    if rows:
        session.execute(insert(StepPageRow), rows)


def _judged_on(
    pages: dict[str, set[FactName]], cells: Mapping[CellKey, tuple[_Side | None, _Side | None]]
) -> None:
    """Add the pages that say what was judged anew, with the facts behind it."""
    for key, sides in cells.items():
        behind = {name for name in pages[key.url] if name[0] in JUDGED_BY}
        for family in _judged_anew(*sides):
            for path in (f"/c/{family}", *_speaking(sides, family)):
                pages.setdefault(path, set()).update(behind)


def _edited(
    session: Session, pair: tuple[int, int], keys: Collection[CellKey]
) -> Mapping[CellKey, tuple[_Side | None, _Side | None]]:
    """Return cells before and after an edit of the seed."""
    both = both_sides(session, pair, keys)
    return {key: (_side(old), _side(new)) for key, (old, new) in both.items()}


def _side(view: CellView | None) -> _Side | None:
    if view is None:
        return None
    heard = {j.family: j for j in view.measured}
    printed = phrases.branches_slugs(view.table, "does not say")
    said = {"Table 15-22": printed, "rules": phrases.branches_slugs(view.effective)}
    return _Side(said | {f: _words(j) for f, j in heard.items()}, heard, view.differences)


def _decided(
    known: Knowledge, keys: Collection[CellKey], family: str, moved: Moved
) -> Mapping[CellKey, tuple[_Side | None, _Side | None]]:
    """Return cells before and after a decision: only the judgements for one family can differ."""

    def side(key: CellKey, measured: Measured) -> _Side:
        mine = _standing(measured)
        seen = (*known.observations_of.get(key, ()), *(stand_in(s.sort) for s in mine.summaries))
        claims = claims_on(known.registers[key.register].claims, key)
        judgement = judge(claims, seen, family, known.conditions, mine)
        said = {family: _words(judgement)} if judgement.findings else {}
        return _Side(said, {family: judgement}, known.differences_of.get(key, ()))

    pairs = ((key, moved.get(key, (NOTHING, NOTHING))) for key in known.cells if key in keys)
    return {key: (side(key, old), side(key, new)) for key, (old, new) in pairs}


def _moved(seed: Knowledge, facts: Iterable[tuple[str, Any]]) -> Knowledge:
    """Return a seed with the facts that a step moves, of whatever origin."""
    # What a measurement observed is of no page but its own.
    moved = (fact_from(k, b | {"observations": ()} if k == "measurement" else b) for k, b in facts)
    return seed.plus(moved)


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


def version_before(session: Session, version: int) -> tuple[int, int]:
    """Return the data version before one, 0 for none, and itself."""
    before = queries.neighbour(session, version, -1)
    return (before.id if before else 0), version


def both_sides(
    session: Session, pair: tuple[int, int], keys: Collection[CellKey]
) -> dict[CellKey, BothViews]:
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
    return queries.seed_knowledge(session, version).plus(standing, named)


def _standing(measured: Measured) -> Measured:
    """Return what was measured as shown by one observation of each sort."""
    return replace(measured, summaries=tuple(s.named(str(s.sort)) for s in measured.summaries))
