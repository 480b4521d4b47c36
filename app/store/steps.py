"""What each data version did, stored with it: pages touched, cells before and after, in words.

A step is made of two neighbouring data versions and of nothing later, so it never changes.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, false, select, true
from sqlalchemy.orm import Session, sessionmaker

from app.core.cells import CellKey
from app.store import queries, summaries
from app.store.models import StepPageRow, StepRow
from app.store.queries import Change, DataVersion
from app.store.stepping import LEDGER, BothViews, FactName, both_sides, version_before

# What was said of a cell, by what says it; None where there was no such cell.
CellLines = Mapping[str, str] | None
EvidenceSteps = tuple[tuple[datetime, tuple[Change, ...]], ...]
GroupMembers = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class CellStep:
    """What a data version said of a cell before and after, where that differs.

    ``differences`` are the addresses of the entries that cover it on either side.
    """

    before: CellLines
    after: CellLines
    differences: tuple[str, ...] = ()


@dataclass(frozen=True)
class VersionStep:
    """One data version: the facts behind each page that it touched, and its cells.

    ``pages`` maps addresses to facts (kind and key); ``born`` are addresses that were not
    there before, ``gone`` those that are no more; ``lines`` are its ``total`` changes in words.
    """

    version: DataVersion
    previous: str
    pages: Mapping[str, frozenset[FactName]]
    born: frozenset[str]
    gone: frozenset[str]
    cells: Mapping[CellKey, CellStep]
    lines: tuple[str, ...]
    total: int


@dataclass(frozen=True)
class Steps:
    """The steps up to one data version, read when asked for; none without a database."""

    sessions: sessionmaker[Session] | None = None
    version: int = 0

    def _reading(self) -> Session:
        assert self.sessions is not None  # noqa: S101 - there are no versions without one
        return self.sessions()

    def newest(self, path: str = "", *, most: int) -> tuple[VersionStep, ...]:
        """Return the newest steps, or those that touched a page with no other page, newest first.

        ``/d`` stands for every entry of the ledger.
        """
        if self.sessions is None:
            return ()
        s, p = StepRow, StepPageRow
        ids = select(s.version_id).where(s.version_id <= self.version)
        inside: ColumnElement[bool] = true()
        if path:
            ids = select(p.version_id).where(p.version_id <= self.version)
            inside = p.path.between(f"{path}/", f"{path}0") if path == LEDGER else p.path == path
            ids = ids.where(inside).distinct()
        with self.sessions() as session:
            order = p.version_id if path else s.version_id
            found = session.scalars(ids.order_by(order.desc()).limit(most)).all()
            return _steps(session, found, inside)

    def get(self, version: int) -> VersionStep:
        """Return the step of a data version that there is."""
        with self._reading() as session:
            return _steps(session, [version], true())[0]

    def next_name(self, version: int) -> str:
        """Return the name of the data version that follows, empty at the newest one."""
        with self._reading() as session:
            following = queries.neighbour(session, version, 1)
        return following.name if following and following.id <= self.version else ""

    def history(self, most: int) -> tuple[VersionStep, ...]:
        """Return the newest steps without the pages that they touched, newest first."""
        if self.sessions is None:
            return ()
        ids = select(StepRow.version_id).where(StepRow.version_id <= self.version)
        with self.sessions() as session:
            found = session.scalars(ids.order_by(StepRow.version_id.desc()).limit(most)).all()
            return _steps(session, found, false())

    def named(self, name: str) -> int:
        """Return the data version that a name or a date means; raises NotFound."""
        with self._reading() as session:
            return queries.find_version(session, name, self.version).id

    def changes(
        self, versions: Iterable[int], keys: Collection[str] | None = None
    ) -> Mapping[int, tuple[Change, ...]]:
        """Return what some data versions did, fact by fact, to those with some keys or to all."""
        if self.sessions is None:
            return {}
        with self.sessions() as session:
            return queries.list_changes(session, versions, keys)

    def evidence(self) -> tuple[EvidenceSteps, dict[tuple[str, CellKey], datetime]]:
        """Return what each seed changed and when, and when measurements last did, by cell."""
        if self.sessions is None:
            return (), {}
        with self.sessions() as session:
            at = summaries.changed_at(session, self.version)
            times = {v.id: v.created_at for v in queries.list_versions(session, set(at.values()))}
            curated = queries.seeded_changes(session, self.version)
        return curated, {place: times[version] for place, version in at.items()}

    def views(
        self, step: VersionStep
    ) -> tuple[Mapping[CellKey, BothViews], tuple[GroupMembers, GroupMembers]]:
        """Return the cells that a step touched, and the groups, before and after."""
        with self._reading() as session:
            pair = version_before(session, step.version.id)
            return both_sides(session, pair, step.cells.keys()), tuple(
                queries.seed_knowledge(session, at).members for at in pair
            )  # type: ignore[return-value]


def _steps(
    session: Session, ids: Collection[int], inside: ColumnElement[bool]
) -> tuple[VersionStep, ...]:
    """Return steps by their data versions, in that order, with all or some pages they touched."""
    if not ids:
        return ()
    stored = session.scalars(select(StepRow).where(StepRow.version_id.in_(ids))).all()
    rows = {row.version_id: json.loads(row.body) for row in stored}
    before = {row.version_id: row.previous for row in stored}
    pages: dict[int, dict[str, frozenset[FactName]]] = {version: {} for version in ids}
    touched = select(StepPageRow).where(StepPageRow.version_id.in_(ids), inside)
    for row in session.scalars(touched):
        names = frozenset((kind, key) for kind, key in json.loads(row.names))
        pages[row.version_id][row.path] = names
    named = {*ids, *filter(None, before.values())}
    versions = {v.id: v for v in queries.list_versions(session, named)}
    return tuple(
        VersionStep(
            version=versions[i],
            previous=versions[previous].name if (previous := before[i]) else "",
            pages=pages[i],
            born=frozenset(rows[i]["born"]),
            gone=frozenset(rows[i]["gone"]),
            cells={
                CellKey.parse(text): CellStep(before, after, tuple(about))
                for text, (before, after, about) in rows[i]["cells"].items()
            },
            lines=tuple(rows[i]["lines"]),
            total=rows[i]["total"],
        )
        for i in ids
    )
