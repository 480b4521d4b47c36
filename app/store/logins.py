"""The reviewers who are logged in, known to every process that serves the site."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from sqlalchemy import delete, or_, select
from sqlalchemy.orm import Session

from app.core.words import TokenScope
from app.store.models import LoginRow, TokenRow
from app.store.submissions import Token, digest_of, stored_moment, token_of

LIFETIME = timedelta(hours=12)
MOST_LOGINS = 1000


def open_login(session: Session, token: Token, now: datetime) -> str:
    """Return the cookie's value of a new login, of which the digest alone is kept.

    Logins that have ended go, and the oldest beyond the limit.
    """
    value, row = secrets.token_urlsafe(32), LoginRow
    newest = select(row.digest).order_by(row.ends_at.desc(), row.digest).limit(MOST_LOGINS - 1)
    gone = or_(row.ends_at <= stored_moment(now), row.digest.not_in(newest))
    session.execute(delete(row).where(gone))
    ends = stored_moment(now + LIFETIME)
    session.add(LoginRow(digest=digest_of(value), token_id=token.id, ends_at=ends))
    session.flush()
    return value


def find_reviewer(session: Session, value: str, now: datetime) -> Token | None:
    """Return the reviewer's token behind a cookie's value, until either ends."""
    found = session.scalar(
        select(TokenRow)
        .join(LoginRow, LoginRow.token_id == TokenRow.id)
        .where(
            LoginRow.digest == digest_of(value),
            LoginRow.ends_at > stored_moment(now),
            TokenRow.scope == str(TokenScope.REVIEW),
            TokenRow.revoked_at.is_(None),
        )
    )
    return token_of(found) if found else None


def close_login(session: Session, value: str) -> None:
    """End a login; one that is none is as good as ended."""
    session.execute(delete(LoginRow).where(LoginRow.digest == digest_of(value)))
