"""When each want last changed: what the feed of what is wanted dates its entries by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from app.core.cells import CellKey
from app.core.knowledge import Knowledge
from app.core.wanted import Want
from app.pens.changed import differing_fields

# What of an observation decides about a verdict; a new wording of its text does not.
DECISIVE = {"cells", "condition", "family", "intercepted", "member", "outcome"}


@dataclass(frozen=True)
class Times:
    """When evidence last changed, by family and cell; ``first`` where there never was any."""

    first: datetime
    newest: Mapping[tuple[str, CellKey], datetime]

    def of(self, want: Want) -> datetime:
        """When a want last changed."""
        return self.newest.get((want.family, want.key), self.first)

    def latest(self, families: Iterable[str]) -> datetime:
        """When anything of ``families`` last changed; an entry may have gone by it."""
        chosen = set(families)
        found = (when for (family, _), when in self.newest.items() if family in chosen)
        return max(found, default=self.first)


def times_of(
    curated: Iterable[tuple[datetime, Iterable[Any]]],
    measured: Mapping[tuple[str, CellKey], datetime],
    knowledge: Knowledge,
) -> Times:
    """Return when the evidence on each cell last changed.

    ``curated`` pairs the time of every version of the seed, in any order, with its changes,
    which have ``kind``, ``before`` and ``after``; it must hold at least one version.
    ``measured`` says when measurements last counted otherwise, by family and cell.
    """
    newest = dict(measured)
    cells = cache(knowledge.cells_named)
    first: datetime | None = None
    for when, changes in curated:
        first = when if first is None else min(first, when)
        for body in (b for c in changes if c.kind == "observation" for b in _decided(c)):
            for key in cells(tuple(body["cells"])):
                place = (body["family"], key)
                newest[place] = max(when, newest.get(place, when))
    if first is None:
        raise ValueError("a history without a version")
    return Times(first, newest)


def _decided(change: Any) -> tuple[Mapping[str, Any], ...]:
    """Return the bodies whose cells a change concerns."""
    bodies = tuple(body for body in (change.before, change.after) if body is not None)
    if len(bodies) == 2 and not DECISIVE.intersection(differing_fields(*bodies)):  # noqa: PLR2004
        return ()
    return bodies
