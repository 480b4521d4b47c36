"""Summaries between plain Python and the rows in which they are stored."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, select
from sqlalchemy.orm import Session

from app.core.cells import CellKey
from app.core.summaries import Counts, Measured, Sort, Summary
from app.core.words import Behaviour
from app.store.models import SortRow

CellFamily = tuple[CellKey, str]
# What of a sort a stored observation says only where it is something.
OPTIONAL = ("condition", "member", "intercepted", "unwatched")


def sort_of(body: Mapping[str, Any]) -> Sort:
    """Return the sort of a stored observation."""
    cell, outcome = CellKey.parse(body["cells"][0]), Behaviour(body["outcome"])
    stated = {name: body[name] for name in OPTIONAL if name in body}
    return Sort(cell, body["family"], outcome, **stated)


def sort_columns(sort: Sort) -> dict[str, Any]:
    """Return a sort as the columns of its row."""
    return {
        **group_columns((sort.cell, sort.family)),
        "outcome": str(sort.outcome),
        "condition": sort.condition,
        "member": sort.member,
        "intercepted": sort.intercepted,
        "unwatched": sort.unwatched,
    }


def group_columns(group: CellFamily) -> dict[str, str]:
    """Return a cell and family as the columns of a row."""
    cell, family = group
    return {
        "register": cell.register,
        "mode": str(cell.mode),
        "access": str(cell.access),
        "family": family,
    }


def sorts(session: Session, *where: ColumnElement[bool]) -> dict[int, Sort]:
    """Return the sorts that were ever seen, or some, by their rows."""
    rows = session.execute(select(SortRow.__table__).where(*where))
    return {
        r.id: Sort(
            CellKey.of(r.register, r.mode, r.access),
            *(r.family, Behaviour(r.outcome), r.condition, r.member, r.intercepted, r.unwatched),
        )
        for r in rows
    }


def stored_body(measured: Measured, ids: Mapping[Sort, int]) -> str:
    """Return what was measured as it is stored: the newest by the rows of their facts."""
    said = {
        "summaries": [
            [ids[s.sort], *_counted(s.counts), s.observations, s.repetitions, list(s.newest)]
            for s in measured.summaries
        ],
        "heard": [[sorted(p), *_counted(n)] for p, n in measured.heard.items()],
    }
    return json.dumps(said, separators=(",", ":"))


def _counted(counts: Counts) -> tuple[int, int, int]:
    return counts.reports, counts.machines, counts.microcodes


def measured_from(body: str, sorts: Mapping[int, Sort]) -> Measured:
    """Return what a stored body holds; ``stored_body`` writes it."""
    said = json.loads(body)
    return Measured(
        tuple(
            Summary(sorts[i], Counts(r, m, u), items, times, tuple(newest))
            for i, r, m, u, items, times, newest in said["summaries"]
        ),
        {frozenset(map(tuple, p)): Counts(r, m, u) for p, r, m, u in said["heard"]},
    )
