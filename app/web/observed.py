"""What is told of each request: an id, a line of the log, and what is counted of it.

Nothing of what somebody asks for or sends is told but the path, without its query, and how long
it is: no body, token, cookie or mail, and an address only where a setting says so.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.pens.log_lines import REQUEST
from app.settings import Log, Settings
from app.web.limits import sender_of

log = logging.getLogger("app.requests")
# What a proxy may call a request; anything else gets a name of ours.
GIVEN = re.compile(r"[A-Za-z0-9._-]{8,64}")
# The longest path that a line holds.
MOST_PATH = 200


@dataclass(frozen=True)
class Answered:
    """One request that was answered; ``status`` 0 where the client left before."""

    scope: Scope
    status: int
    sent: int
    seconds: float

    @property
    def made(self) -> str:
        """Whether the answer was kept already, or made for this request."""
        return "kept" if self.scope["state"].get("kept") else "made"


class Observed:
    """Names each request, and tells of it when it is answered."""

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        version: Callable[[], str],
        count: Callable[[Answered], None] | None = None,
    ) -> None:
        self._app = app
        self._trusted = settings.trusted_proxy
        self._tells = settings.log is not Log.OFF
        self._addresses = settings.log_addresses
        self._version = version
        self._count = count

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began = time.perf_counter()
        name = self._name(scope)
        scope.setdefault("state", {})["request_id"] = name
        REQUEST.set(name)
        header = (b"x-request-id", name.encode())
        status = sent = 0

        async def sending(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), header]
            else:
                sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, sending)
        finally:
            if self._tells or self._count:
                self._tell(Answered(scope, status, sent, time.perf_counter() - began))

    def _name(self, scope: Scope) -> str:
        """Return the name that a trusted proxy gave a request, or a new one."""
        given = Headers(scope=scope).get("x-request-id", "") if self._trusted else ""
        return given if GIVEN.fullmatch(given) else secrets.token_hex(8)

    def _tell(self, answered: Answered) -> None:
        if self._count:
            self._count(answered)
        if not self._tells:
            return
        scope = answered.scope
        told: dict[str, Any] = {
            "method": scope["method"][:10],
            "path": scope["path"][:MOST_PATH],
            "status": answered.status,
            "ms": round(answered.seconds * 1000, 2),
            "bytes": answered.sent,
            "version": self._version(),
            "answer": answered.made,
        }
        if self._addresses:
            told["address"] = sender_of(scope, behind_proxy=self._trusted)
        log.info("request", extra={"told": told})
