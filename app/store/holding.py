"""Which snapshots are in memory: the newest, looked for twice a second, and some of the past."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, sessionmaker

from app.errors import NotReady
from app.store import queries
from app.store.snapshots import Snapshot, load_snapshot, next_snapshot

log = logging.getLogger(__name__)
# How often somebody looks: another process may have made a version, which shows within a second.
LOOK_SECONDS = 0.5
CHECK_SECONDS = 1.0
# So many versions in a row are shown as soon as they are made, and then one in CHECK_SECONDS: a
# version is every page anew.
AT_ONCE = 10
# How many past snapshots stay in memory: each shares with the newest what is the same.
PINNED = 32


class SnapshotHolder:
    """Hands out the newest snapshot.

    The version is looked up at most twice a second; a newer one is built by one thread
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
        self._checked = -LOOK_SECONDS
        self._renewed = -AT_ONCE * CHECK_SECONDS
        self._snapshot: Snapshot | None = None
        self._failed: SQLAlchemyError | None = None
        self._told = ""
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

        Looks for a newer one in a thread of its own, at most twice a second.
        """
        if self._snapshot is None:
            return 0
        if self._clock() - self._checked >= LOOK_SECONDS and self._lock.acquire(blocking=False):
            self._checked = self._clock()
            threading.Thread(target=self._refresh_and_release, daemon=True).start()
        return self._snapshot.version.id

    async def watch(self) -> None:
        """Look for newer data versions for ever: another process may make one, and nobody ask."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.current()

    def settle(self) -> None:
        """Wait a moment for whoever looks just now, so that its connection can be closed."""
        if self._lock.acquire(timeout=CHECK_SECONDS):
            self._lock.release()

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
        told = ""
        try:
            self._refresh()
        except (SQLAlchemyError, NotReady) as error:
            # What there is stays: a database may come back. It is looked for often, and told once.
            told = str(error)
            if told != self._told:
                log.error("no newer data version can be looked for: %s", told)  # noqa: TRY400
        finally:
            self._told = told
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
