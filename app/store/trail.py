"""Use case: what each data version touched, from the first one on.

A step is made of two neighbouring data versions and of nothing later, so it never changes.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session, sessionmaker

from app.core.cells import CellKey
from app.core.facts import Fact
from app.core.knowledge import Knowledge
from app.core.touching import Touched, touched
from app.core.views import Cells, CellView, view_cells
from app.curation.seed import fact_from
from app.store import queries
from app.store.queries import Change, DataVersion

# How many data versions are read at once.
CHUNK = 200
# How many data versions' changes stay in memory: every feed of a page asks for the same few.
KEPT = 64
# The kinds of facts that a verdict follows from.
JUDGED_BY = frozenset({"register", "observation", "group", "condition", "document"})
Name = tuple[str, str]


@dataclass(frozen=True)
class VersionStep:
    """One data version: the facts behind each page that it touched, and its cells.

    ``pages`` maps addresses to facts (kind and key); ``born`` are addresses that were not
    there before, ``gone`` those that are no more; ``cells`` are the touched ones before and
    after; ``members`` the groups of both sides.
    """

    version: DataVersion
    previous: str
    pages: Mapping[str, frozenset[Name]]
    born: frozenset[str]
    gone: frozenset[str]
    cells: Cells
    members: tuple[Mapping[str, tuple[str, ...]], Mapping[str, tuple[str, ...]]]


class Trail:
    """Every step from the first data version on; grows as data versions come."""

    def __init__(self, sessions: sessionmaker[Session]) -> None:
        self._sessions = sessions
        self._lock = threading.Lock()
        self._facts: dict[Name, Fact] = {}
        self._known = Knowledge.of(())
        self._steps: list[VersionStep] = []
        self._changes: OrderedDict[int, tuple[Change, ...]] = OrderedDict()

    def upto(self, version: int) -> tuple[VersionStep, ...]:
        """Return the steps up to a data version's id, oldest first."""
        with self._lock:
            if not self._steps or self._steps[-1].version.id < version:
                with self._sessions() as session:
                    self._extend(session, version)
            return tuple(step for step in self._steps if step.version.id <= version)

    def changes(self, versions: Iterable[int]) -> Mapping[int, tuple[Change, ...]]:
        """Return what some data versions did, fact by fact."""
        wanted = tuple(versions)
        with self._lock:
            found = {v: self._changes[v] for v in wanted if v in self._changes}
            if missing := [v for v in wanted if v not in found]:
                with self._sessions() as session:
                    found |= queries.list_changes(session, missing)
            self._changes.update(found)
            while len(self._changes) > KEPT:
                self._changes.popitem(last=False)
        return found

    def _extend(self, session: Session, upto: int) -> None:
        last = self._steps[-1].version.id if self._steps else 0
        new = [v for v in queries.list_versions(session) if last < v.id <= upto]
        for start in range(0, len(new), CHUNK):
            part = new[start : start + CHUNK]
            changes = queries.list_changes(session, (v.id for v in part))
            for version in part:
                self._take(version, changes[version.id])

    def _take(self, version: DataVersion, changes: tuple[Change, ...]) -> None:
        for change in changes:
            name = (change.kind, change.key)
            if change.after is None:
                self._facts.pop(name, None)
            else:
                self._facts[name] = fact_from(change.kind, change.after)
        after = Knowledge.of(self._facts.values())
        previous = self._steps[-1].version.name if self._steps else ""
        self._steps.append(step_of(version, previous, changes, (self._known, after)))
        self._known = after


def step_of(
    version: DataVersion,
    previous: str,
    changes: Iterable[Change],
    sides: tuple[Knowledge, Knowledge],
) -> VersionStep:
    """Return what a data version did; ``sides`` are all that was known before and after."""
    before, after = sides
    pages: dict[str, frozenset[Name]] = {}
    whole = Touched()
    for change in changes:
        what = touched(change.kind, change.key, before, after)
        whole |= what
        for path in what.paths:
            pages[path] = pages.get(path, frozenset()) | {(change.kind, change.key)}
    cells = _both(whole.cells, before, after)
    for key, (old, new) in cells.items():
        behind = frozenset(name for name in pages[key.url] if name[0] in JUDGED_BY)
        for family in _judged_anew(old, new):
            for path in (f"/c/{family}", *_speaking(old, new, family)):
                pages[path] = pages.get(path, frozenset()) | behind
    born, gone = (
        frozenset(path for path in pages if not _is_there(path, known)) for known in sides
    )
    return VersionStep(version, previous, pages, born, gone, cells, (before.members, after.members))


def _both(keys: Collection[CellKey], before: Knowledge, after: Knowledge) -> Cells:
    old, new = view_cells(before, only=keys), view_cells(after, only=keys)
    order = (*after.cells, *before.cells)
    return {key: (old.get(key), new.get(key)) for key in dict.fromkeys(order) if key in keys}


def _judged_anew(old: CellView | None, new: CellView | None) -> set[str]:
    """Return the families whose page says something else of a cell."""
    said = [
        {j.family: (j.verdict, j.behaviours, j.counts, j.evidence) for j in view.measured}
        if view
        else {}
        for view in (old, new)
    ]
    return {f for f in said[0].keys() | said[1].keys() if said[0].get(f) != said[1].get(f)}


def _speaking(old: CellView | None, new: CellView | None, family: str) -> set[str]:
    """Return the differences whose page tells the verdict on a cell for a family."""
    views = (view for view in (old, new) if view)
    return {f"/d/{d.slug}" for v in views for d in v.differences if d.speaks_of(family)}


def _is_there(path: str, known: Knowledge) -> bool:
    _, kind, slug, *_ = path.split("/")
    found: Mapping[str, Collection[str]] = {
        "r": known.registers,
        "c": known.families,
        "d": known.differences,
        "errata": known.errata,
    }
    return slug in found[kind]
