"""Use cases: tokens, and what a reviewer sees of a measurement and decides about it."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from app.core.cells import CellKey
from app.core.facts import Listed, Measurement
from app.core.words import Behaviour, State, TokenScope
from app.errors import Conflict, Forbidden, NotFound
from app.intake import submitting
from app.intake.submitting import Checked
from app.store import logins, submissions
from app.store.engine import Session
from app.store.snapshots import Snapshot
from app.store.submissions import Decision, Token

# Says what it is to whoever finds one in a log or a repository.
TOKEN_PREFIX = "vapic_"  # noqa: S105 - no secret, only how one begins
LONGEST_NAME = 100
LONGEST_REASON = 2000
RECENT = 20
MOST_MEASUREMENTS = 200


@dataclass(frozen=True)
class Review(Checked):
    """One measurement as a reviewer sees it; the first of the ``decisions`` is its arrival."""

    decisions: tuple[Decision, ...]

    @property
    def outcomes(self) -> Mapping[CellKey, tuple[Behaviour, ...]]:
        """What it saw in each cell, each outcome once."""
        found: dict[CellKey, dict[Behaviour, None]] = {}
        for seen in self.measurement.observations:
            found.setdefault(seen.cell, {})[seen.outcome] = None
        return {key: tuple(words) for key, words in found.items()}


def new_token(session: Session, name: str, scope: TokenScope, now: datetime) -> tuple[Token, str]:
    """Return a new token and its secret, which is kept nowhere. Raises Conflict for a bad name."""
    secret = TOKEN_PREFIX + secrets.token_urlsafe(32)
    line = _line(name, LONGEST_NAME, "The name of a token")
    return submissions.add_token(session, line, scope, secret, now), secret


def find_token(session: Session, secret: str) -> Token:
    """Return the token that a secret is. Raises Forbidden when unknown or revoked."""
    token = submissions.find_token(session, secret)
    if token is None:
        raise Forbidden("This token is unknown, or it was revoked.")
    return token


def find_reviewer(session: Session, secret: str) -> Token:
    """Return the reviewer's token that a secret is. Raises Forbidden, also for other scopes."""
    token = find_token(session, secret)
    if token.scope is not TokenScope.REVIEW:
        raise Forbidden(f"This token may not review: its scope is {token.scope}.")
    return token


def open_login(session: Session, token: Token, now: datetime) -> str:
    """Record that a token was used, and return the cookie's value of a new login."""
    submissions.touch_token(session, token, now)
    return logins.open_login(session, token, now)


def revoke_token(session: Session, token_id: int, now: datetime) -> Token:
    """Revoke a token for good; once is enough. Raises NotFound."""
    token = submissions.revoke_token(session, token_id, now)
    if token is None:
        raise NotFound(f"There is no token {token_id}.")
    return token


def list_measurements(snapshot: Snapshot, state: State) -> tuple[Listed, ...]:
    """Return the measurements in a state: who waits longest first, else the newest decision."""
    waiting = state is State.PENDING
    return snapshot.records.decided((state,), MOST_MEASUREMENTS, newest_first=not waiting)


def list_recent(snapshot: Snapshot) -> tuple[Listed, ...]:
    """Return the measurements that were decided last, newest first."""
    decided = [state for state in State if state is not State.PENDING]
    return snapshot.records.decided(decided, RECENT, newest_first=True)


def find_review(session: Session, snapshot: Snapshot, slug: str) -> Review:
    """Return all that a decision needs to know. Raises NotFound."""
    found = submitting.effect_of(submitting.get_measurement(session, slug), snapshot)
    return Review(**vars(found), decisions=submissions.list_decisions(session, slug))


def decide(
    session: Session, slug: str, decision: Decision, *, seen: State | None = None
) -> Measurement:
    """Add a decision with its reason, and publish what follows.

    ``seen`` is the state that the reviewer looked at. Raises NotFound; Conflict without a
    reason, when the state is another by now, and when it does not allow the decision.
    """
    reason = reason_line(decision.reason)
    state = submitting.get_measurement(session, slug).state
    if seen is not None and state is not seen:
        raise Conflict(f"{slug} is {state} by now, no longer {seen}: look at it again.")
    by = _line(decision.decided_by, LONGEST_NAME, "The name of who decides")
    return submitting.take_decision(session, slug, replace(decision, reason=reason, decided_by=by))


def reason_line(text: str) -> str:
    """Return a reason as one printable line. Raises Conflict for anything else."""
    return _line(text, LONGEST_REASON, "The reason of a decision")


def _line(text: str, longest: int, what: str) -> str:
    """Return a text as one line. What does not print could show something else than it is."""
    line = " ".join(text.split())
    if not line:
        raise Conflict(f"{what} must not be empty.")
    if len(line) > longest or not line.isprintable():
        raise Conflict(f"{what} must be at most {longest} printable characters.")
    return line
