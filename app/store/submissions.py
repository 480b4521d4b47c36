"""Submissions, decisions and tokens: what is kept beside the public facts."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import and_, bindparam, func, insert, or_, select
from sqlalchemy.orm import Session

from app.core.words import State, TokenScope
from app.store.models import DecisionRow, RecordRow, SubmissionRow, TokenRow
from app.store.queries import chunks

# Made once, since each upload asks them: SQLAlchemy takes longer to build one than to run it.
_BY_SLUG, _BY_DIGEST = (
    select(SubmissionRow.__table__).where(column == bindparam("name"))
    for column in (SubmissionRow.slug, SubmissionRow.digest)
)
_PENDING = (
    select(func.count(), func.sum(func.length(SubmissionRow.raw)))
    .join(RecordRow, RecordRow.slug == SubmissionRow.slug)
    .where(RecordRow.state == str(State.PENDING), RecordRow.valid_to.is_(None))
)


@dataclass(frozen=True)
class Submission:
    """The bytes of a measurement as they came, with what is known of their arrival."""

    digest: str
    slug: str
    raw: bytes
    received_at: datetime
    secret_hash: str
    signature: bytes | None


@dataclass(frozen=True)
class Decision:
    """One decision on a measurement."""

    state: State
    reason: str
    decided_at: datetime
    decided_by: str


@dataclass(frozen=True)
class Token:
    """A token as it is listed; the token itself is known to its holder only."""

    id: int
    name: str
    scope: TokenScope
    created_at: datetime
    revoked_at: datetime | None
    last_used_at: datetime | None


def digest_of(secret: str) -> str:
    """Return the SHA-256 of a token or secret; they are long and random, so it suffices."""
    return hashlib.sha256(secret.encode()).hexdigest()


def get_submission(session: Session, key: str) -> Submission | None:
    """Return a submission by its digest or by its slug."""
    asked = _BY_DIGEST if len(key) > 12 else _BY_SLUG  # noqa: PLR2004
    row = session.execute(asked, {"name": key}).first()
    if row is None:
        return None
    return Submission(
        row.digest, row.slug, row.raw, _utc(row.received_at), row.secret_hash, row.signature
    )


def pending(session: Session) -> tuple[int, int]:
    """Return how many documents wait for a decision, and how many bytes they have."""
    documents, held = session.execute(_PENDING).one()
    return documents, held or 0


def held_sizes(session: Session, slugs: Collection[str], since: datetime) -> dict[str, int]:
    """Return those of some documents that wait for a decision, with their bytes.

    Those that came after ``since`` and were withdrawn are among them.
    """
    r, s = RecordRow, SubmissionRow
    lately = and_(r.state == str(State.WITHDRAWN), s.received_at > stored_moment(since))
    held = or_(r.state == str(State.PENDING), lately)
    found: dict[str, int] = {}
    for some in chunks(list(slugs)):
        mine = held, r.valid_to.is_(None), r.slug.in_(some)
        rows = select(s.slug, func.length(s.raw)).join(r, r.slug == s.slug).where(*mine)
        found |= {row[0]: row[1] for row in session.execute(rows)}
    return found


def add_submission(session: Session, submission: Submission, token: Token | None) -> None:
    """Keep a submission for ever."""
    row = {
        "digest": submission.digest,
        "slug": submission.slug,
        "raw": submission.raw,
        "received_at": stored_moment(submission.received_at),
        "secret_hash": submission.secret_hash,
        "signature": submission.signature,
        "token_id": token.id if token else None,
    }
    session.connection().execute(insert(SubmissionRow), row)


def add_decision(session: Session, slug: str, decision: Decision, version_id: int) -> None:
    """Add a decision; nothing that was decided before is changed."""
    row = {
        "slug": slug,
        "state": str(decision.state),
        "reason": decision.reason,
        "decided_at": stored_moment(decision.decided_at),
        "decided_by": decision.decided_by,
        "version_id": version_id,
    }
    session.connection().execute(insert(DecisionRow), row)


def list_decisions(session: Session, slug: str) -> tuple[Decision, ...]:
    """Return the decisions on a measurement, oldest first."""
    rows = session.scalars(
        select(DecisionRow).where(DecisionRow.slug == slug).order_by(DecisionRow.id)
    )
    return tuple(Decision(State(r.state), r.reason, _utc(r.decided_at), r.decided_by) for r in rows)


def add_token(session: Session, name: str, scope: TokenScope, secret: str, now: datetime) -> Token:
    """Keep the hash of a new token."""
    row = TokenRow(
        name=name, scope=str(scope), hash=digest_of(secret), created_at=stored_moment(now)
    )
    session.add(row)
    session.flush()
    return token_of(row)


def find_token(session: Session, secret: str) -> Token | None:
    """Return the token that a secret is, unless it was revoked."""
    row = session.scalar(
        select(TokenRow).where(TokenRow.hash == digest_of(secret), TokenRow.revoked_at.is_(None))
    )
    return token_of(row) if row else None


def touch_token(session: Session, token: Token, now: datetime) -> None:
    """Record that a token was used."""
    session.get_one(TokenRow, token.id).last_used_at = stored_moment(now)
    session.flush()


def revoke_token(session: Session, token_id: int, now: datetime) -> Token | None:
    """Revoke a token for good; returns None when there is none."""
    row = session.get(TokenRow, token_id)
    if row is None:
        return None
    row.revoked_at = row.revoked_at or stored_moment(now)
    session.flush()
    return token_of(row)


def list_tokens(session: Session) -> Sequence[Token]:
    """Return every token, revoked ones too, oldest first."""
    return [token_of(row) for row in session.scalars(select(TokenRow).order_by(TokenRow.id))]


def token_of(row: TokenRow) -> Token:
    """Return a token as it is listed."""
    return Token(
        row.id,
        row.name,
        TokenScope(row.scope),
        _utc(row.created_at),
        _utc(row.revoked_at) if row.revoked_at else None,
        _utc(row.last_used_at) if row.last_used_at else None,
    )


def stored_moment(moment: datetime) -> datetime:
    """Return a time as it is stored: UTC, to the second."""
    return moment.astimezone(UTC).replace(tzinfo=None, microsecond=0)


def _utc(moment: datetime) -> datetime:
    return moment.replace(tzinfo=UTC)
