"""Snapshots: all that pages need of one data version, immutable and in memory."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from sqlalchemy.orm import Session, sessionmaker

from app.core.corrected import CorrectedTable, correct
from app.core.emulated import EmulatedApic
from app.core.filters import CellVocabulary, vocabulary_of
from app.core.knowledge import Knowledge
from app.core.views import CellViews, view_again, view_cells
from app.store import queries
from app.store.queries import DataVersion
from app.store.records import Records
from app.store.seeding import advance, load_knowledge
from app.store.steps import Steps

# What of a snapshot follows from its knowledge alone.
OF_KNOWLEDGE = frozenset({"cells", "corrected", "vocabulary", "_made", "_making"})
T = TypeVar("T")


# Equal to itself alone: it is compared by identity.
@dataclass(frozen=True, eq=False)
class Snapshot:
    """One data version with everything derived from it.

    ``pinned`` when it was asked for by name: then its pages say nothing that can change.
    """

    version: DataVersion
    knowledge: Knowledge
    records: Records = field(default_factory=Records)
    steps: Steps = field(default_factory=Steps)
    pinned: bool = False
    _made: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)
    _here: dict[Hashable, Any] = field(default_factory=dict, init=False, repr=False)
    # Those of a slug that were read last, by their documents: of all snapshots of a process.
    _read: dict[str, tuple[Hashable, EmulatedApic]] = field(
        default_factory=dict, init=False, repr=False
    )
    # Of one thread at a time: what is made may itself ask for something else that is.
    _making: threading.RLock = field(default_factory=threading.RLock, init=False, repr=False)

    def once(self, key: Hashable, make: Callable[[], T], *, here: bool = False) -> T:
        """Return what somebody makes of the knowledge alone: made on first use.

        A data version that moves nothing of it shares what was made. What follows from records or
        steps too is of this one alone: ``here``.
        """
        made = self._here if here else self._made
        if key not in made:
            with self._making:
                if key not in made:
                    made[key] = make()
        found: T = made[key]
        return found

    @property
    def name(self) -> str:
        """The data version's name, ``2026-11-22.3``."""
        return self.version.name

    @property
    def created_at(self) -> datetime:
        """When the data version was made, UTC."""
        return self.version.created_at

    @cached_property
    def cells(self) -> CellViews:
        """Every cell, judged, in the order of the table."""
        return view_cells(self.knowledge)

    @cached_property
    def corrected(self) -> CorrectedTable:
        """The corrected table."""
        return correct(self.cells, self.knowledge)

    @cached_property
    def emulations(self) -> Mapping[str, EmulatedApic]:
        """Every emulation that a measurement which counts is of, by its slug; read when asked.

        Of each its newest measurements. They are no evidence about a processor, so that nothing
        else here knows of them. Few versions touch them, and to read them takes 40 ms and 3 MB.
        """
        found = {}
        for slug, total in self.records.emulated.items():
            newest = self.records.newest_of_emulation(slug)
            same, apic = self._read.get(slug, ((), None))
            if apic is None or same != (total, newest):
                documents = self.records.whole_by_id(newest)
                if not documents[0].emulation:
                    continue
                apic = EmulatedApic(documents[0].emulation, documents, total)
                self._read[slug] = (total, newest), apic
            found[slug] = apic
        return found

    @cached_property
    def vocabulary(self) -> CellVocabulary:
        """The valid words of the filter."""
        return vocabulary_of(self.knowledge)

    def warm(self) -> None:
        """Derive everything now, off the request path."""
        _ = self.cells, self.corrected, self.vocabulary


def offline_snapshot(knowledge: Knowledge, now: datetime) -> Snapshot:
    """Return a snapshot of facts that no database holds; its version is ``offline``."""
    return Snapshot(DataVersion(0, "offline", now, ""), knowledge)


def next_snapshot(session: Session, old: Snapshot) -> Snapshot:
    """Return the snapshot of the newest data version by what changed since another.

    The seed is read only where it was edited, and a cell judged only where its measurements did.
    """
    version = queries.find_version(session)
    found = advance(session, old.knowledge, old.version.id, version.id)
    if found is None:
        return load_snapshot(session)
    readers, (knowledge, moved) = sessionmaker(session.get_bind()), found
    new = Snapshot(version, knowledge, Records(readers, version.id), Steps(readers, version.id))
    vars(new)["_read"] = old._read  # noqa: SLF001
    if moved:
        # As if it had been derived: a cached property looks here first.
        vars(new)["cells"] = {**old.cells, **view_again(old.cells, knowledge, moved)}
        _ = new.vocabulary
    else:
        # By name: whoever asks the old one meanwhile may add to what it has.
        vars(new).update({n: vars(old)[n] for n in OF_KNOWLEDGE if n in vars(old)})
    return new


def load_snapshot(session: Session, at: str = "", near: Snapshot | None = None) -> Snapshot:
    """Read a data version, the newest one without ``at``.

    ``at`` is a version's name or a date, which means the last version of that day (UTC). What is
    the same in the snapshot ``near`` is shared with it. Raises NotReady when there is no version
    at all, NotFound when there is not this one.
    """
    queries.require_schema(session)
    version = queries.find_version(session, at)
    readers = sessionmaker(session.get_bind())
    told = Records(readers, version.id), Steps(readers, version.id)
    snapshot = Snapshot(version, load_knowledge(session, version.id), *told, pinned=bool(at))
    if near:
        return _shared(session, snapshot, near)
    snapshot.warm()
    return snapshot


def _shared(session: Session, past: Snapshot, near: Snapshot) -> Snapshot:
    """Return a past snapshot that shares with another what is the same in both.

    Only the cells are derived at once: few pages ask for more.
    """
    then, now = past.knowledge.measured, near.knowledge.measured
    seed = queries.seed_knowledge(session, past.version.id)
    if seed is queries.seed_knowledge(session, near.version.id):
        moved = {group[0] for group in {**then, **now} if then.get(group) != now.get(group)}
        if not moved:
            past = replace(past, knowledge=near.knowledge)
            vars(past).update(corrected=near.corrected, vocabulary=near.vocabulary)
        cells = {**near.cells, **view_cells(past.knowledge, moved)}
    else:
        every = view_cells(past.knowledge)
        cells = {k: same if (same := near.cells.get(k)) == v else v for k, v in every.items()}
    vars(past).update(cells=cells, _read=near._read)  # noqa: SLF001
    return past
