"""What one request may cost: its body, its pace, its turn to write. Plain ASGI.

Only unsafe methods are concerned. Their body is read whole before the application is
called, so no handler sees half of one; one of them runs at a time, since the database
takes one writer at a time anyway, and waiting in here costs no thread and no lock.
"""

from __future__ import annotations

import asyncio
import hashlib
import math
import time
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address, ip_network

from limits import RateLimitItem, parse_many
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.core.faults import Fault
from app.settings import Settings
from app.web import errors
from app.web.negotiate import SAFE
from app.web.render import Renderer

# What a form adds to a document: its boundaries, its other fields and a signature.
ENVELOPE_BYTES = 64 * 1024
# What is sent to be looked at, not written: it waits for its like, and no writer waits for it.
CHECKS = frozenset({"/check-mail", "/api/v1/check-mail", "/wanted"})
# The longest address that is served, path and query: a list of every cell has half of it.
MOST_ADDRESS = 8192
# The rate library keeps the names of those who are gone; beyond this many we drop them.
KNOWN_SENDERS = 10_000


@dataclass(eq=False)
class Refused(Exception):
    """A request that is not served; ``closing`` when its body was not read to the end."""

    status: int
    code: str
    fault: Fault
    headers: Mapping[str, str] = field(default_factory=dict)
    closing: bool = False


class ClientGone(Exception):
    """The client left before its body was complete."""


class Limits:
    """Refuses what is too large, too slow, too often or too much at once."""

    def __init__(self, app: ASGIApp, settings: Settings, renderer: Renderer) -> None:
        self._app = app
        self._renderer = renderer
        self._bodies = BodyReader(settings.max_body_bytes, settings.body_seconds)
        self._rates = Rates(settings.rate_uploads, settings.rate_token)
        self._turns = Turns(settings.writers_waiting, settings.writer_seconds)
        self._checks = Turns(settings.writers_waiting, settings.writer_seconds)
        self._behind_proxy = settings.trusted_proxy

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        length = len(scope["path"]) + len(scope["query_string"])
        if length > MOST_ADDRESS:
            fault = Fault("", f"an address of {length} characters", f"at most {MOST_ADDRESS}")
            await self._refuse(scope, receive, send, Refused(414, "long-address", fault))
            return
        if scope["method"] in SAFE:
            await self._app(scope, receive, send)
            return
        try:
            await self._serve(scope, receive, send)
        except ClientGone:
            return
        except Refused as refused:
            await self._refuse(scope, receive, send, refused)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = Headers(scope=scope)
        self._rates.count(
            sender_of(scope, behind_proxy=self._behind_proxy), headers.get("authorization", "")
        )
        body = await self._bodies.read(headers, receive)
        answer: list[Message] = []

        async def keep(message: Message) -> None:
            answer.append(message)

        turns = self._checks if scope["path"] in CHECKS else self._turns
        try:
            async with turns.take():
                await self._app(scope, _replay(body, receive), keep)
        finally:
            # Sent after the turn: a client that does not read must not hold up the others.
            for message in answer:
                await send(message)

    async def _refuse(self, scope: Scope, receive: Receive, send: Send, refused: Refused) -> None:
        fault = refused.fault
        message = f"Found {fault.found}, expected {fault.expected}. {fault.hint}".strip()
        refusal = errors.Refusal(refused.status, refused.code, message, (), (fault,))
        response = errors.answer(Request(scope), self._renderer, refusal)
        response.headers.update(refused.headers)
        if refused.closing:
            response.headers["Connection"] = "close"
        await response(scope, receive, send)


@dataclass(frozen=True)
class BodyReader:
    """Reads bodies, of ``most`` bytes and in ``seconds`` at most."""

    most: int
    seconds: float

    async def read(self, headers: Headers, receive: Receive) -> bytes:
        """Return a whole body. Raises Refused, and Gone when the client leaves before."""
        encoding = headers.get("content-encoding", "identity").strip().lower()
        if encoding not in ("", "identity"):
            fault = Fault("", f"Content-Encoding: {encoding[:40]}", "a body that is not compressed")
            accepted = {"Accept-Encoding": "identity"}
            raise Refused(415, "compressed-body", fault, accepted, closing=True)
        form = headers.get("content-type", "").lower().startswith("multipart/form-data")
        most = self.most + (ENVELOPE_BYTES if form else 0)
        declared = headers.get("content-length", "")
        # Digits without end are no number that is worth converting.
        if declared.isdecimal() and (len(declared) > 18 or int(declared) > most):  # noqa: PLR2004
            raise _too_large(f"a body of {declared[:18]} bytes", most)
        try:
            async with asyncio.timeout(self.seconds):
                return await _collect(receive, most)
        except TimeoutError:
            fault = Fault("", "a body that is not complete", f"all of it in {self.seconds:g} s")
            raise Refused(408, "slow-body", fault, closing=True) from None


async def _collect(receive: Receive, most: int) -> bytes:
    parts: list[bytes] = []
    size, more = 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        part = message.get("body", b"")
        size += len(part)
        if size > most:
            raise _too_large("a longer body", most)
        parts.append(part)
        more = message.get("more_body", False)
    return b"".join(parts)


def _too_large(found: str, most: int) -> Refused:
    fault = Fault("", found, f"at most {most} bytes", "Send it in smaller parts.")
    return Refused(413, "too-large", fault, closing=True)


class Rates:
    """Counts requests per sender and per token; nothing of it survives a restart."""

    def __init__(self, per_sender: str, per_token: str) -> None:
        self._per_sender = read_rates(per_sender)
        self._per_token = read_rates(per_token)
        self._storage = MemoryStorage()
        self._window = MovingWindowRateLimiter(self._storage)

    def count(self, sender: str, authorization: str) -> None:
        """Count a request. Raises Refused when it is one too many.

        The sender comes first: whoever invents a token for each request meets that limit.
        """
        self._forget()
        self._hit(self._per_sender, "address", sender)
        if authorization:
            # The token itself is kept nowhere, and a digest is as good a name.
            name = hashlib.sha256(authorization.encode("latin-1", "replace")).hexdigest()
            self._hit(self._per_token, "token", name)

    def _hit(self, rates: Iterable[RateLimitItem], kind: str, name: str) -> None:
        for rate in rates:
            if not self._window.hit(rate, kind, name):
                left = self._window.get_window_stats(rate, kind, name).reset_time - time.time()
                wait = max(1, math.ceil(left))
                found = f"too many requests of one {kind}"
                fault = Fault("", found, str(rate), f"Try again in {wait} s.")
                after = {"Retry-After": str(wait)}
                raise Refused(429, "too-many-requests", fault, after, closing=True)

    def _forget(self) -> None:
        storage = self._storage
        if len(storage.events) < KNOWN_SENDERS:
            return
        for key in [key for key, events in storage.events.items() if not events]:
            with storage.locks[key]:
                if not storage.events.get(key):
                    storage.clear(key)


def read_rates(text: str) -> tuple[RateLimitItem, ...]:
    """Return the rates of a setting such as ``30/minute``; an empty one has none.

    Raises ValueError when it is no rate.
    """
    return tuple(parse_many(text)) if text.strip() else ()


class Turns:
    """One at a time; ``most`` wait, and none longer than ``seconds``."""

    def __init__(self, most: int, seconds: float) -> None:
        self._most = most
        self._seconds = seconds
        self._here = 0
        self._lock = asyncio.Lock()

    @asynccontextmanager
    async def take(self) -> AsyncIterator[None]:
        """Wait for a turn and hold it. Raises Refused when there is none to be had."""
        if self._here > self._most:
            raise _busy("a full queue")
        self._here += 1
        try:
            try:
                async with asyncio.timeout(self._seconds):
                    await self._lock.acquire()
            except TimeoutError:
                raise _busy(f"a queue that took longer than {self._seconds:g} s") from None
            try:
                yield
            finally:
                self._lock.release()
        finally:
            self._here -= 1


def _busy(found: str) -> Refused:
    hint = "Nothing of it was kept: send it again."
    fault = Fault("", found, "a turn to write", hint)
    return Refused(503, "busy", fault, {"Retry-After": "1"})


def sender_of(scope: Scope, *, behind_proxy: bool) -> str:
    """Return who sends: the peer's address, or the one that a trusted proxy added last.

    What comes before the last was written by the client. An IPv6 sender is its /64, since
    every machine has that many addresses to choose from.
    """
    peer = scope["client"][0] if scope.get("client") else ""
    forwarded = Headers(scope=scope).getlist("x-forwarded-for") if behind_proxy else []
    for candidate in (",".join(forwarded).rpartition(",")[2].strip(), peer):
        try:
            address = ip_address(candidate.split("%")[0])
        except ValueError:
            continue
        if isinstance(address, IPv6Address):
            mapped = address.ipv4_mapped
            return str(mapped or ip_network((address, 64), strict=False))
        return str(address)
    return str(peer)


def _replay(body: bytes, receive: Receive) -> Receive:
    """Return a ``receive`` that gives the whole body once, then what else there is."""
    left = [{"type": "http.request", "body": body, "more_body": False}]

    async def receiving() -> Message:
        return left.pop() if left else await receive()

    return receiving
