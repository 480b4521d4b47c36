"""The front of the site: kept bytes, ETags, 304 and security headers, in plain ASGI.

A page is rendered and compressed once per data version. Its key is the canonical URL, which
routes enforce, so equal views share one entry; what has another address is kept nowhere.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import threading
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.web.negotiate import WantedFormat, negotiate

POLICY = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    b"connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
SECURITY = (
    (b"content-security-policy", POLICY),
    (b"x-content-type-options", b"nosniff"),
    # Other sites learn nothing; our own forms can say that they are ours.
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"permissions-policy", b"camera=(), geolocation=(), microphone=()"),
)
GZIP_FROM = 512
# What an entry takes beside its bytes, about: objects, and its place in the order.
ENTRY_BYTES = 1024
# Named, and not only to be refused.
GZIP = re.compile(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", re.IGNORECASE)
# Data version, path, format and query.
Key = tuple[int, str, str, bytes]


@dataclass(frozen=True)
class Kept:
    """A rendered page; ``packed`` is its gzip, empty when that is not worth it."""

    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes
    packed: bytes
    tag: str

    @property
    def size(self) -> int:
        """The memory it takes, in bytes."""
        headers = sum(len(name) + len(value) for name, value in self.headers)
        return len(self.body) + len(self.packed) + headers + ENTRY_BYTES


class KeptBytes:
    """A bounded store of rendered pages; the least recently used go first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = 0
        self._pages: OrderedDict[Key, Kept] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Key) -> Kept | None:
        """Return a kept page, or None."""
        with self._lock:
            if key in self._pages:
                self._pages.move_to_end(key)
            return self._pages.get(key)

    def put(self, key: Key, kept: Kept) -> None:
        """Keep a page, dropping others beyond the limit."""
        with self._lock:
            if old := self._pages.pop(key, None):
                self._size -= _size(key, old)
            self._pages[key] = kept
            self._size += _size(key, kept)
            while self._size > self._limit and self._pages:
                self._size -= _size(*self._pages.popitem(last=False))


def _size(key: Key, kept: Kept) -> int:
    return kept.size + len(key[1]) + len(key[3])


class Front:
    """Answers from kept bytes, and keeps what the app marks as worth keeping."""

    def __init__(self, app: ASGIApp, *, version: Callable[[], int], limit: int) -> None:
        self._app = app
        self._version = version
        self._kept = KeptBytes(limit)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {k.decode("latin-1"): v.decode("latin-1") for k, v in scope["headers"]}
        wanted = negotiate(scope["path"], headers)
        state = scope.setdefault("state", {})
        state |= {"format": wanted.format, "keep": False, "canonical": False}
        state |= {"asked": scope["path"], "head": scope["method"] == "HEAD"}
        scope = {**scope, "path": wanted.path, "raw_path": wanted.path.encode()}
        if scope["method"] not in ("GET", "HEAD"):
            await self._app(scope, receive, _with(send, SECURITY))
            return
        key = (self._version(), wanted.path, wanted.format, scope["query_string"])
        kept = self._kept.get(key)
        if kept is None:
            catch = _Catch(send, state, wanted)
            await self._app({**scope, "method": "GET"}, receive, catch)
            if catch.page is None:
                return
            kept = catch.page
            if state["canonical"]:
                self._kept.put(key, kept)
        await _answer(kept, headers, scope["method"], send)


class _Catch:
    """A ``send`` that collects a page to keep, and lets everything else through."""

    def __init__(self, send: Send, state: Mapping[str, object], wanted: WantedFormat) -> None:
        chosen = b"Accept, User-Agent, " if wanted.by_headers else b""
        self._headers = (*SECURITY, (b"vary", chosen + b"Accept-Encoding"))
        self._send = _with(send, self._headers)
        self._state = state
        self._start: Message | None = None
        self._body = b""
        self.page: Kept | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if self._state.get("keep") and message["status"] == HTTPStatus.OK:
                self._start = message
                return
        elif self._start is not None:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                self._keep(self._start["headers"])
            return
        await self._send(message)

    def _keep(self, headers: list[tuple[bytes, bytes]]) -> None:
        """Make the page ready to be sent again and again."""
        packed = gzip.compress(self._body, 9, mtime=0) if len(self._body) >= GZIP_FROM else b""
        mine = [(k, v) for k, v in headers if k not in (b"content-length", b"vary")]
        mine += [*self._headers, (b"cache-control", b"no-cache")]
        digest = hashlib.sha256(self._body).hexdigest()[:24]
        packed = packed if len(packed) < len(self._body) else b""
        self.page = Kept(tuple(mine), self._body, packed, digest)


def unpacks(headers: Mapping[str, str]) -> bool:
    """Whether whoever asks takes gzip."""
    return bool(GZIP.search(headers.get("accept-encoding", "")))


def variant(
    headers: Mapping[str, str], digest: str, body: bytes, packed: bytes
) -> tuple[int, dict[str, str], bytes]:
    """Return status, headers and body: packed for who can unpack, 304 for who has it already.

    ``headers`` are those of the request, ``packed`` is the body's gzip, empty for none.
    """
    zipped = bool(packed) and unpacks(headers)
    tag = f'"{digest}-gz"' if zipped else f'"{digest}"'
    known = headers.get("if-none-match", "").split(",")
    if {part.strip().removeprefix("W/") for part in known} & {tag, "*"}:
        return HTTPStatus.NOT_MODIFIED, {"etag": tag}, b""
    if zipped:
        return HTTPStatus.OK, {"etag": tag, "content-encoding": "gzip"}, packed
    return HTTPStatus.OK, {"etag": tag}, body


async def _answer(kept: Kept, headers: Mapping[str, str], method: str, send: Send) -> None:
    status, more, body = variant(headers, kept.tag, kept.body, kept.packed)
    if status == HTTPStatus.OK:
        more["content-length"] = str(len(body))
    out = [*kept.headers, *((name.encode(), value.encode()) for name, value in more.items())]
    await send({"type": "http.response.start", "status": int(status), "headers": out})
    await send({"type": "http.response.body", "body": b"" if method == "HEAD" else body})


def _with(send: Send, extra: tuple[tuple[bytes, bytes], ...]) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *extra]}
        await send(message)

    return sending
