"""Use cases: check, take, decide on and withdraw measurements."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from app.core.facts import Fact, Measurement
from app.core.knowledge import Knowledge, key_of, kind_of
from app.core.measuring import Effect, effects, observations_of, source_of
from app.core.oddities import Oddity, oddities
from app.core.words import State, TokenScope
from app.curation.seed import body_of, fact_from
from app.errors import Conflict, Forbidden, NotFound, NotReady
from app.intake.measurement import parse, to_measurement
from app.intake.waiting import Waiting
from app.store import deriving, publishing, queries, seeding, submissions
from app.store.engine import Session
from app.store.snapshots import Snapshot
from app.store.submissions import Decision, Submission, Token

DECIDED_AT_ONCE = "Accepted at once: the submitter's token is trusted."
SUBMITTER = "the submitter"


@dataclass(frozen=True)
class Checked:
    """What a document would do if it were accepted.

    ``effects`` compare the verdicts without it with those with it, whether it counts now or not.
    """

    measurement: Measurement
    effects: tuple[Effect, ...]
    oddities: tuple[Oddity, ...]


@dataclass(frozen=True)
class Receipt:
    """What became of a submission.

    ``created`` is false for bytes that had come before; ``secret`` withdraws it and is
    known only now.
    """

    measurement: Measurement
    created: bool
    secret: str = ""


def check(raw: bytes, snapshot: Snapshot) -> Checked:
    """Return the exact effect of a document without keeping it. Raises BadDocument."""
    return effect_of(prepare(raw, snapshot.knowledge, snapshot.created_at), snapshot)


def effect_of(measurement: Measurement, snapshot: Snapshot) -> Checked:
    """Return what a measurement changes, or would change, and what looks odd about it."""
    knowledge = snapshot.knowledge
    changed = effects(knowledge, snapshot.cells, measurement)
    return Checked(measurement, changed, oddities(measurement, knowledge))


def prepare(raw: bytes, knowledge: Knowledge, now: datetime) -> Measurement:
    """Parse before any lock is taken. Raises BadDocument."""
    return to_measurement(parse(raw, knowledge), knowledge, rfc3339(now))


@dataclass(frozen=True)
class Incoming:
    """A document that was parsed, and what came with it.

    ``waiting`` says whether it may wait for a decision, once it does; ``decision`` is one that was
    made before it came.
    """

    raw: bytes
    measurement: Measurement
    token: Token | None = None
    signature: bytes | None = None
    sender: str = ""
    waiting: Waiting | None = None
    decision: Decision | None = None


def submit(session: Session, incoming: Incoming, now: datetime) -> Receipt:
    """Keep a measurement; the same bytes again give the first receipt.

    Raises Conflict when other bytes share the first 12 digits of the digest, and QueueFull or
    SenderFull when it would have to wait where no room is left.
    """
    measurement = incoming.measurement
    known = submissions.get_submission(session, measurement.slug)
    if known is not None:
        if known.digest != measurement.digest:
            raise Conflict(f"Another document already has the name {known.slug}.")
        return Receipt(get_measurement(session, known.slug), created=False)
    token = incoming.token
    trusted = token is not None and token.scope is TokenScope.TRUSTED
    if incoming.waiting and not trusted:
        size = len(incoming.raw)
        incoming.waiting.admit(session, incoming.sender, measurement.slug, size, now)
    secret = secrets.token_urlsafe(24)
    submissions.add_submission(
        session,
        Submission(
            digest=measurement.digest,
            slug=measurement.slug,
            raw=incoming.raw,
            received_at=now,
            secret_hash=submissions.digest_of(secret),
            signature=incoming.signature,
        ),
        token,
    )
    decision = incoming.decision or Decision(State.PENDING, "", now, "")
    if token is not None and trusted:
        decision = Decision(State.ACCEPTED, DECIDED_AT_ONCE, now, token.name)
    if token is not None:
        submissions.touch_token(session, token, now)
    return Receipt(_apply(session, measurement, decision), created=True, secret=secret)


def take_decision(session: Session, slug: str, decision: Decision) -> Measurement:
    """Add a decision and publish what follows from it.

    Raises NotFound, and Conflict when the state does not allow the decision.
    """
    measurement = get_measurement(session, slug)
    if decision.state not in measurement.state.next:
        allowed = ", ".join(measurement.state.next) or "nothing: a withdrawal is final"
        raise Conflict(f"{slug} is {measurement.state}; what may follow is {allowed}.")
    return _apply(session, measurement, decision)


def withdraw(session: Session, slug: str, secret: str, reason: str, now: datetime) -> Measurement:
    """Withdraw a measurement by the secret of its receipt. Raises NotFound, Forbidden."""
    submission = _submission(session, slug)
    if not hmac.compare_digest(submission.secret_hash, submissions.digest_of(secret)):
        raise Forbidden("This is not the withdrawal secret of the receipt.")
    return take_decision(session, slug, Decision(State.WITHDRAWN, reason, now, SUBMITTER))


def get_measurement(session: Session, slug: str) -> Measurement:
    """Return a measurement as it is public now. Raises NotFound."""
    body = queries.get_fact(session, "measurement", slug)
    if body is None:
        raise NotFound(f"There is no measurement {slug!r}.")
    found = fact_from("measurement", body)
    assert isinstance(found, Measurement)  # noqa: S101 - by its kind
    return found


def get_raw(session: Session, slug: str) -> bytes:
    """Return the bytes of a measurement exactly as they came.

    Raises NotFound, Forbidden in a copy that was not given them, NotReady where they are damaged.
    """
    submission = _submission(session, slug)
    if not submission.raw:
        raise Forbidden("A copy leaves these bytes out: they hold a contact that is withheld.")
    if hashlib.sha256(submission.raw).hexdigest() != submission.digest:
        # Of what is in a page SQLite knows nothing.
        raise NotReady(f"The database holds other bytes of {slug} than came: run `vapic verify`.")
    return submission.raw


def _submission(session: Session, slug: str) -> Submission:
    found = submissions.get_submission(session, slug)
    if found is None:
        raise NotFound(f"There is no measurement {slug!r}.")
    return found


def rfc3339(when: datetime) -> str:
    """Return a time as RFC 3339 in UTC, to the second."""
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def _apply(session: Session, measurement: Measurement, decision: Decision) -> Measurement:
    decided = replace(
        measurement,
        state=decision.state,
        reason=decision.reason,
        decided_at=rfc3339(decision.decided_at),
        decided_by=decision.decided_by,
    )
    version = publishing.amend(
        session,
        _bodies(decided),
        origin=decided.slug,
        reason=f"Measurement {decided.slug} is {decided.state}.",
        now=decision.decided_at,
    )
    submissions.add_decision(session, decided.slug, decision, version.id)
    seeding.keep_judged(session, deriving.derive_decision(session, version.id, decided.slug))
    return decided


def _bodies(measurement: Measurement) -> Mapping[tuple[str, str], Mapping[str, Any]]:
    found: list[Fact] = [measurement]
    if measurement.accepted:
        found += [source_of(measurement), *observations_of(measurement)]
    return {(kind_of(f), key_of(f)): body_of(f) for f in found}
