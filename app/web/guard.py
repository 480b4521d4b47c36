"""Who may: reviewers are known by a cookie, submitters by the token that they bring."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from app.intake import reviewing
from app.store import logins
from app.store.submissions import Token

COOKIE = "vapic_session"


def log_in(request: Request, response: Response, value: str) -> None:
    """Put the cookie of a login into a response."""
    site: str = request.app.state.settings.base_url
    # Whoever invents the header gets a stricter cookie, nothing else.
    schemes = (request.url.scheme, request.headers.get("x-forwarded-proto", ""), site.lower())
    response.set_cookie(
        COOKIE,
        value,
        max_age=int(logins.LIFETIME.total_seconds()),
        path="/",
        secure=any(re.match(r"https\b", scheme) for scheme in schemes),
        httponly=True,
        samesite="strict",
    )


def log_out(request: Request, response: Response) -> None:
    """End the login of a request, and take its cookie away."""
    # Whoever is not logged in must not take the lock of the one writer.
    if reviewer(request):
        with request.app.state.writers.begin() as session:
            logins.close_login(session, request.cookies[COOKIE])
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")


def reviewer(request: Request) -> Token | None:
    """Return the reviewer's token behind a request's cookie, unless it was revoked."""
    if not (value := request.cookies.get(COOKIE)):
        return None
    with request.app.state.readers() as session:
        return logins.find_reviewer(session, value, datetime.now(UTC))


def bearer(request: Request, session: Session, typed: str = "") -> Token | None:
    """Return the token that a request brings, None without one.

    It comes in ``Authorization: Bearer ...``, or was ``typed`` into a form. Raises Forbidden
    for a token that is unknown or revoked.
    """
    scheme, _, secret = request.headers.get("authorization", "").strip().partition(" ")
    given = scheme.lower() == "bearer"
    if not given and not typed:
        return None
    return reviewing.find_token(session, secret.strip() if given else typed)
