"""Who may: reviewers are known by a cookie, submitters by the token that they bring."""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections import OrderedDict
from collections.abc import Callable

from fastapi import Request
from sqlalchemy.orm import Session
from starlette.responses import Response

from app.intake import reviewing
from app.store.submissions import Token, digest_of

COOKIE = "vapic_session"
LIFETIME_SECONDS = 12 * 60 * 60
MAX_SESSIONS = 1000


class Sessions:
    """The reviewers who are logged in, in memory: a restart logs everybody out.

    A cookie holds a random value; only its digest is kept, beside the token's number.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._open: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def open(self, token: Token) -> str:
        """Return the cookie's value of a new session; the oldest go beyond the limit."""
        value = secrets.token_urlsafe(32)
        with self._lock:
            self._open[digest_of(value)] = (token.id, self._clock() + LIFETIME_SECONDS)
            while len(self._open) > MAX_SESSIONS:
                self._open.popitem(last=False)
        return value

    def token_id(self, value: str) -> int | None:
        """Return the number of the token behind a cookie's value, until it expires."""
        with self._lock:
            token_id, ends = self._open.get(digest_of(value), (None, 0.0))
        return token_id if self._clock() < ends else None

    def close(self, value: str) -> None:
        """End a session; one that is none is as good as ended."""
        with self._lock:
            self._open.pop(digest_of(value), None)


def log_in(request: Request, response: Response, token: Token) -> None:
    """Open a session, and put its cookie into a response."""
    site: str = request.app.state.settings.base_url
    # Whoever invents the header gets a stricter cookie, nothing else.
    schemes = (request.url.scheme, request.headers.get("x-forwarded-proto", ""), site.lower())
    response.set_cookie(
        COOKIE,
        request.app.state.sessions.open(token),
        max_age=LIFETIME_SECONDS,
        path="/",
        secure=any(re.match(r"https\b", scheme) for scheme in schemes),
        httponly=True,
        samesite="strict",
    )


def log_out(request: Request, response: Response) -> None:
    """End the session of a request, and take its cookie away."""
    request.app.state.sessions.close(request.cookies.get(COOKIE, ""))
    response.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")


def reviewer(request: Request) -> Token | None:
    """Return the reviewer's token behind a request's session, unless it was revoked."""
    token_id = request.app.state.sessions.token_id(request.cookies.get(COOKIE, ""))
    if token_id is None:
        return None
    with request.app.state.readers() as session:
        return reviewing.get_reviewer(session, token_id)


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
