"""What may wait for a decision: so much in all, and so much of one sender."""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta

from app.core.numbers import count_noun
from app.errors import QueueFull, SenderFull
from app.settings import Settings
from app.store import submissions
from app.store.engine import Session

# How many documents are remembered with their senders before those that were decided are dropped.
MOST_SENDERS = 10_000
# How long a document that its submitter took back still counts: its bytes stay.
WITHDRAWN = timedelta(days=1)
FULL = (
    "Nothing was kept: documents of {} bytes wait for a decision already, and {} may. Keep the "
    "file and send it again later, or ask the maintainers of this site to decide on some."
)
SENDER_FULL = (
    "Nothing was kept of these {} bytes: this sender (an address, a token, or a known key) has {} "
    "of {} bytes waiting for a decision already, or withdrawn within a day, and each may have {} "
    "of {} bytes. Keep the file and send it again when some are decided."
)


class Waiting:
    """Who sent what still waits; in memory, so that a restart forgets it.

    A sender is kept as a digest under a key that nobody else has, and goes with the decision.
    """

    def __init__(self, settings: Settings) -> None:
        self._most = settings.pending_bytes
        self._documents = settings.sender_pending_documents
        self._bytes = settings.sender_pending_bytes
        self._key = secrets.token_bytes()
        self._senders: dict[str, bytes] = {}

    def admit(self, session: Session, sender: str, slug: str, size: int, now: datetime) -> None:
        """Note who sends a document. Raises QueueFull, SenderFull where it may not wait."""
        _, waiting = submissions.pending(session)
        if waiting + size > self._most:
            raise QueueFull(FULL.format(waiting, self._most))
        me = hmac.digest(self._key, sender.encode(), "sha256")
        crowded = len(self._senders) >= MOST_SENDERS
        held = {name: who for name, who in self._senders.items() if crowded or who == me}
        sizes = submissions.held_sizes(session, held, now - WITHDRAWN)
        for decided in held.keys() - sizes:
            del self._senders[decided]
        mine = [sizes[name] for name in sizes if held[name] == me]
        if len(mine) >= self._documents or sum(mine) + size > self._bytes:
            has, may = (count_noun(n, "document") for n in (len(mine), self._documents))
            raise SenderFull(SENDER_FULL.format(size, has, sum(mine), may, self._bytes))
        self._senders[slug] = me
