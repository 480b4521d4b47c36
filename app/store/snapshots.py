"""Snapshots: all that pages need of one data version, immutable and in memory."""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from app.core.cells import CellKey
from app.core.corrected import CorrectedTable, correct
from app.core.emulated import EmulatedApic
from app.core.filters import Vocabulary, vocabulary_of
from app.core.knowledge import Knowledge
from app.core.views import CellView, view_cells
from app.errors import NotReady
from app.store import queries
from app.store.queries import DataVersion
from app.store.records import Records
from app.store.seeding import advance, load_knowledge
from app.store.steps import Steps

log = logging.getLogger(__name__)
CHECK_SECONDS = 1.0
# So many versions in a row are shown as soon as they are made, and then one in CHECK_SECONDS: a
# version is every page anew.
AT_ONCE = 10
# How many past snapshots stay in memory: each shares with the newest what is the same.
PINNED = 32
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
    # Of one thread at a time: what is made may itself ask for something else that is.
    _making: threading.RLock = field(default_factory=threading.RLock, init=False, repr=False)

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """Return what somebody makes of this snapshot: made on first use, gone with it."""
        with self._making:
            if key not in self._made:
                self._made[key] = make()
            found: T = self._made[key]
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
    def cells(self) -> Mapping[CellKey, CellView]:
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
        else here knows of them.
        """
        found = {}
        for slug, total in self.records.emulated.items():
            documents = self.records.of_emulation(slug)
            if emulation := documents[0].emulation:
                found[slug] = EmulatedApic(emulation, documents, total)
        return found

    @cached_property
    def vocabulary(self) -> Vocabulary:
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
    # As if each had been derived: a cached property looks here first.
    if moved:
        vars(new)["cells"] = {**old.cells, **view_cells(knowledge, moved)}
    else:
        vars(new).update(cells=old.cells, corrected=old.corrected, vocabulary=old.vocabulary)
    new.warm()
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
    seed = queries.curated(session, past.version.id)
    if seed is queries.curated(session, near.version.id):
        moved = {group[0] for group in {**then, **now} if then.get(group) != now.get(group)}
        if not moved:
            past = replace(past, knowledge=near.knowledge)
            vars(past).update(corrected=near.corrected, vocabulary=near.vocabulary)
        cells = {**near.cells, **view_cells(past.knowledge, moved)}
    else:
        every = view_cells(past.knowledge)
        cells = {k: same if (same := near.cells.get(k)) == v else v for k, v in every.items()}
    vars(past)["cells"] = cells
    return past


class SnapshotHolder:
    """Hands out the newest snapshot.

    The version is looked up at most once a second; a newer one is built by one thread
    off the request path, and readers get the old snapshot meanwhile.
    """

    def __init__(
        self, sessions: sessionmaker[Session], clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._sessions = sessions
        self._clock = clock
        self._lock = threading.Lock()
        self._pin_lock = threading.Lock()
        self._past_lock = threading.Lock()
        self._checked = -CHECK_SECONDS
        self._renewed = -AT_ONCE * CHECK_SECONDS
        self._snapshot: Snapshot | None = None
        self._failed: SQLAlchemyError | None = None
        self._pinned: OrderedDict[str, Snapshot] = OrderedDict()

    def get(self) -> Snapshot:
        """Return a snapshot, however old; only the first call builds it. Raises NotReady.

        A newer one is looked for, and built, while this one is shown.
        """
        if self._snapshot is None:
            with self._lock:
                if self._snapshot is None:
                    self._snapshot = self._load()
        self.current()
        return self._snapshot

    def current(self) -> int:
        """Return the data version of the snapshot there is, 0 before the first. Waits for nothing.

        Looks for a newer one in a thread of its own, at most once a second.
        """
        if self._snapshot is None:
            return 0
        if self._clock() - self._checked >= CHECK_SECONDS and self._lock.acquire(blocking=False):
            self._checked = self._clock()
            threading.Thread(target=self._refresh_and_release, daemon=True).start()
        return self._snapshot.version.id

    @property
    def name(self) -> str:
        """The name of the data version that is shown, empty before the first."""
        return self._snapshot.name if self._snapshot else ""

    def at(self, name: str) -> Snapshot:
        """Return a past snapshot by a version's name or a date; raises NotFound.

        The last ones are kept; one at a time is built, and who asks for those waits for none.
        """
        if found := self._kept(name):
            return found
        with self._past_lock, self._sessions() as session:
            queries.require_schema(session)
            # What a date means may change until the day is over.
            name = queries.find_version(session, name).name
            if found := self._kept(name):
                return found
            found = load_snapshot(session, name, self.get())
        with self._pin_lock:
            self._pinned[name] = found
            while len(self._pinned) > PINNED:
                self._pinned.popitem(last=False)
        return found

    def _kept(self, name: str) -> Snapshot | None:
        with self._pin_lock:
            if name in self._pinned:
                self._pinned.move_to_end(name)
            return self._pinned.get(name)

    def refresh(self) -> Snapshot:
        """Look for a newer data version now, and return the newest snapshot.

        Whoever made one waits here for it, and nobody else.
        """
        with self._lock:
            self._refresh()
        return self.get()

    def renew(self) -> None:
        """Show a data version to whoever made it, at once unless many are made in a row.

        Then it is shown within CHECK_SECONDS, as to everybody else.
        """
        now = self._clock()
        self._renewed = max(self._renewed, now - AT_ONCE * CHECK_SECONDS)
        if self._renewed + CHECK_SECONDS <= now:
            self._renewed += CHECK_SECONDS
            self.refresh()

    def _refresh_and_release(self) -> None:
        try:
            self._refresh()
        except (SQLAlchemyError, NotReady) as error:
            # What there is stays: a database may come back.
            log.error("no newer data version can be looked for: %s", error)  # noqa: TRY400
        finally:
            self._lock.release()

    def _refresh(self) -> None:
        with self._sessions() as session:
            newest = queries.current_version_id(session)
            if self._snapshot is None:
                self._snapshot = load_snapshot(session)
            elif newest != self._snapshot.version.id:
                self._snapshot = next_snapshot(session, self._snapshot)

    def _load(self) -> Snapshot:
        """Load the first one; what kept it from being loaded holds for a second, and for all."""
        if self._failed and self._clock() - self._checked < CHECK_SECONDS:
            raise self._failed.with_traceback(None)
        self._failed = None
        try:
            with self._sessions() as session:
                return load_snapshot(session)
        except SQLAlchemyError as error:
            self._failed = error
            raise
        finally:
            self._checked = self._clock()
