"""What a connection may cost: time for a request's head, for reading the answer, for idling.

The server's own protocol knows one of these, how long a connection idles between requests. The
others are looked at once a second for each connection, so that a request costs nothing more.
"""

from __future__ import annotations

import asyncio
import resource
from heapq import nsmallest
from http import HTTPStatus
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import httptools
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from app.settings import Settings

# How often a connection is looked at, in seconds.
LOOK = 1.0
# Bytes of a request's head, and of all of it: chunks of one byte take six.
MOST_HEAD = 64 * 1024
BODY_FACTOR = 8
MOST_PIPELINED = 16
# Whoever is refused in the middle of a body is listened to so long and so far, since many clients
# send all of it before they read, and a closed connection would take the answer away.
LINGER_SECONDS = 10.0
LINGER_BYTES = 16 * 1024 * 1024
# What a client must read of an answer in VAPIC_READ_SECONDS, in bytes.
LEAST_READ = 4096
# How long a stopping server lets answers be read before it closes, and waits in all.
LAST_SECONDS = 5.0
STOP_SECONDS = 8
# Files that are open beside connections: the database's, the program's.
OTHER_FILES = 200
BUSY = "Too many connections are open, and all of them are being served: try again in a moment."
SLOW = "The head of a request took too long: send all of it at once."
LONG = f"The head of a request has at most {MOST_HEAD} bytes."
TEXT = ((b"content-type", b"text/plain; charset=us-ascii"), (b"connection", b"close"))
NO_HTTP = "This is no request in HTTP/1.1."


class Connection(HttpToolsProtocol):
    """One client's connection; ``make`` says within which bounds."""

    most: ClassVar[int]
    settings: ClassVar[Settings]

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a request, after room was made if there is none."""
        super().connection_made(transport)
        # Since when it owes us a request, and how much of one came; when it has to be gone.
        self.asked = self._owing = self._moved = self.loop.time()
        self._came = self._unsent = 0
        self._leaving = 0.0
        self._deaf = self._stopping = False
        self._line: Any = SimpleNamespace(
            write=transport.write, is_closing=transport.is_closing, close=self._leave
        )
        self._timer = self.loop.call_later(LOOK, self._look)
        if len(self.connections) > self.most:
            self._make_room()

    def connection_lost(self, exc: Exception | None) -> None:
        """Forget it."""
        self._timer.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take what came, unless it is too much or no HTTP."""
        self._came += len(data)
        if self._leaving or self._deaf:
            if self._came > LINGER_BYTES:
                self.transport.abort()
            return
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            # What it would be upgraded to is not spoken here; it is answered as it is.
            return
        except httptools.HttpParserError:
            self._refuse(HTTPStatus.BAD_REQUEST, NO_HTTP)
            return
        if self.idle and not self._owing:
            self._owing, self._came = self.loop.time(), len(data)
        body = 0 if self._owing else BODY_FACTOR * self.settings.max_body_bytes
        if self._came > MOST_HEAD + body:
            self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, LONG)

    def on_headers_complete(self) -> None:
        """Serve a request, or none of those that come before their turn in such a number."""
        if len(self.pipeline) >= MOST_PIPELINED:
            raise OverflowError
        self.asked, self._owing, self._came = self.loop.time(), 0.0, 0
        super().on_headers_complete()
        self.cycle.transport = self._line

    def on_response_complete(self) -> None:
        """Go on with the next request, and read no more before the last that came is served."""
        super().on_response_complete()
        if self.pipeline:
            self.flow.pause_reading()

    def shutdown(self) -> None:
        """Close, soon or when the answer is sent, and at last anyway."""
        self._stopping = True
        super().shutdown()
        self._timer.cancel()
        self._timer = self.loop.call_later(LAST_SECONDS, self.transport.abort)

    @property
    def idle(self) -> bool:
        """Whether no request of it is being served."""
        return self.cycle is None or self.cycle.response_complete

    def worth(self) -> tuple[int, float]:
        """Return what is smaller of a connection that is rather given up."""
        return self.transport.get_write_buffer_size(), self.asked

    def _look(self) -> None:
        now, unsent = self.loop.time(), self.transport.get_write_buffer_size()
        if not unsent or unsent <= self._unsent - LEAST_READ:
            self._unsent, self._moved = unsent, now
        self._unsent = max(self._unsent, unsent)
        if now - self._moved > self.settings.read_seconds:
            self.transport.abort()
        elif self._leaving:
            if now > self._leaving:
                self.transport.abort()
        elif self._owing and self.idle and now - self._owing > self.settings.head_seconds:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, SLOW)
        self._timer = self.loop.call_later(LOOK, self._look)

    def _make_room(self) -> None:
        """Drop whoever waits for nothing, the longest first; else refuse the one that came."""
        others = cast("set[Connection]", self.connections - {self})
        idle = [one for one in others if one.idle]
        if not idle:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, BUSY)
        # Some at once: looking through all of them for each that comes would cost too much.
        for oldest in nsmallest(1 + self.most // 20, idle, key=Connection.worth):
            # It is counted no more, even by those who come before it is gone.
            self.connections.discard(oldest)
            oldest.transport.abort()

    def _refuse(self, status: HTTPStatus, why: str) -> None:
        """Say why no request is read any more; after an answer that has begun, only close."""
        self._deaf = True
        if not self.idle:
            if self.cycle.response_started or self.pipeline:
                self.cycle.keep_alive = False
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        body = f"{why}\n".encode()
        lines = [*self.server_state.default_headers, *TEXT, (b"content-length", b"%d" % len(body))]
        head = b"".join(b"%b: %b\r\n" % line for line in lines)
        self.transport.write(b"%b%b\r\n%b" % (STATUS_LINE[status], head, body))
        self._leave()

    def _leave(self) -> None:
        """Close; whoever is in the middle of a request is listened to, and reads the answer."""
        half = self._deaf or self._owing or self.cycle.more_body
        if self.transport.is_closing() or not half or self._stopping:
            self.transport.close()
            return
        seconds = LOOK if self._deaf else LINGER_SECONDS
        self._leaving, self._came = self.loop.time() + seconds, 0
        self.flow.resume_reading()
        self.transport.write_eof()


def served_by(settings: Settings) -> dict[str, Any]:
    """Return how the server is to treat its clients: options of ``uvicorn.Config``.

    Lets this process open as many files as that takes, or else counts on fewer connections.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = settings.connections + OTHER_FILES
    if soft < wanted:
        soft = min(wanted, hard)
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    bounds = {"most": max(1, min(wanted, soft) - OTHER_FILES), "settings": settings}
    return {
        "http": type("BoundedConnection", (Connection,), bounds),
        "ws": "none",
        "timeout_keep_alive": settings.idle_seconds,
        "timeout_graceful_shutdown": STOP_SECONDS,
        # Who asks is for web/limits.py to say: it trusts a proxy only when it is told to.
        "proxy_headers": False,
        "server_header": False,
    }
