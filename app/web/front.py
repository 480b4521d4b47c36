"""The front of the site: kept bytes, ETags, 304 and security headers, in plain ASGI.

A page is rendered and compressed once per data version. Its key is the canonical URL, which
routes enforce, so equal views share one entry; what has another address is kept nowhere.
"""

from __future__ import annotations

import asyncio
import hashlib
from base64 import b64encode
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from http import HTTPStatus

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.settings import ROOT
from app.web.encodings import PACK_FROM, encoding_for
from app.web.kept import Kept, KeptBytes, KeptKey
from app.web.negotiate import WantedFormat, negotiate

# The one style that stands in a document: a picture by itself has no other.
_STYLE = (ROOT / "templates" / "map" / "dark.css").read_bytes().strip()
POLICY = (
    b"default-src 'none'; script-src 'self'; "
    b"style-src 'self' 'sha256-" + b64encode(hashlib.sha256(_STYLE).digest()) + b"'; "
    b"img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; "
    b"frame-ancestors 'none'"
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
# Of a request, what an answer depends on beside its address.
ASKED = {
    name: name.encode() for name in ("accept", "accept-encoding", "if-none-match", "user-agent")
}


class Front:
    """Answers from kept bytes, and keeps what the app marks as worth keeping."""

    def __init__(self, app: ASGIApp, *, version: Callable[[], int], limit: int) -> None:
        self._app = app
        self._version = version
        self._kept = KeptBytes(limit)
        self._making: dict[KeptKey, asyncio.Event] = {}

    @property
    def kept_bytes(self) -> int:
        """The memory that kept pages take."""
        return self._kept.size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        given = dict(scope["headers"])
        headers = {k: given[name].decode("latin-1") for k, name in ASKED.items() if name in given}
        wanted = negotiate(scope["path"], headers)
        state = scope.setdefault("state", {})
        if scope["method"] not in ("GET", "HEAD"):
            await self._app(_inner(scope, wanted), receive, _adding_heads(send, SECURITY))
            return
        encoding = encoding_for(headers.get("accept-encoding", ""))
        key = (self._version(), wanted.path, wanted.format, scope["query_string"])
        kept = self._kept.get(key)
        state["kept"] = kept is not None
        if kept is None:
            async with self._first(key) as go_on:
                catch = _Catch(send, state, wanted, go_on)
                kept = await self._made(key, encoding, _inner(scope, wanted), receive, catch)
        if kept is None:
            return
        encoding = encoding if kept.packs else ""
        if encoding not in kept.bodies or (encoding and kept.hasty and state["kept"]):
            kept = await self._packed(key, kept, encoding)
        start, body = _answer(kept, encoding, headers, wanted)
        await send(start)
        body = b"" if scope["method"] == "HEAD" else body
        await send({"type": "http.response.body", "body": body})

    async def _packed(self, key: KeptKey, kept: Kept, encoding: str) -> Kept:
        """Return a page in an encoding as small as it gets, packed once beside other answers."""
        async with self._first(key):
            now = self._kept.get(key) or kept
            if encoding not in now.bodies or now.hasty:
                loop = asyncio.get_running_loop()
                now = await loop.run_in_executor(None, now.well, encoding)
                self._kept.put(key, now)
        return now

    @asynccontextmanager
    async def _first(self, key: KeptKey) -> AsyncIterator[Callable[[], None]]:
        """Let others who ask for the same wait; yields what tells them that it is kept nowhere."""
        if making := self._making.get(key):
            await making.wait()
        mine = asyncio.Event()
        first = self._making.setdefault(key, mine)
        try:
            yield mine.set
        finally:
            mine.set()
            if first is mine:
                del self._making[key]

    async def _made(
        self, key: KeptKey, encoding: str, scope: Scope, receive: Receive, catch: _Catch
    ) -> Kept | None:
        """Return a page, made by now or here; None where the answer was sent and is none."""
        if kept := self._kept.get(key):
            return kept
        await self._app({**scope, "method": "GET"}, receive, catch)
        kept = catch.page
        if kept:
            kept = kept.hastily(encoding)
        if kept and scope["state"]["canonical"]:
            self._kept.put(key, kept)
        return kept


class _Catch:
    """A ``send`` that collects a page to keep, and lets everything else through."""

    def __init__(
        self,
        send: Send,
        state: Mapping[str, object],
        wanted: WantedFormat,
        let_through: Callable[[], None],
    ) -> None:
        self._send = _adding_heads(send, (*SECURITY, _vary(wanted)))
        self._let_through = let_through
        self._state = state
        self._start: Message | None = None
        self._body = b""
        self.page: Kept | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            if self._state.get("keep") and message["status"] == HTTPStatus.OK:
                self._start = message
                return
            self._let_through()
        elif self._start is not None:
            self._body += message.get("body", b"")
            if not message.get("more_body"):
                self._keep(self._start["headers"])
            return
        await self._send(message)

    def _keep(self, headers: list[tuple[bytes, bytes]]) -> None:
        """Make the page ready to be sent again and again."""
        mine = [(k, v) for k, v in headers if k not in (b"content-length", b"vary")]
        mine += [*SECURITY, (b"cache-control", b"no-cache")]
        tag = self._state["tag"] or hashlib.sha256(self._body).hexdigest()[:24]
        packs = len(self._body) >= PACK_FROM
        self.page = Kept(tuple(mine), str(tag), {"": self._body}, packs)


def _vary(wanted: WantedFormat) -> tuple[bytes, bytes]:
    chosen = b"Accept, User-Agent, " if wanted.by_headers else b""
    return b"vary", chosen + b"Accept-Encoding"


def variant(headers: Mapping[str, str], digest: str, encoding: str) -> tuple[int, dict[str, str]]:
    """Return status and headers of a body in an encoding: 304 for who has it already.

    ``headers`` are those of the request; ``encoding`` is empty for the body as it is.
    """
    tag = f'"{digest}-{encoding}"' if encoding else f'"{digest}"'
    known = headers.get("if-none-match", "").split(",")
    if {part.strip().removeprefix("W/") for part in known} & {tag, "*"}:
        return HTTPStatus.NOT_MODIFIED, {"etag": tag}
    return HTTPStatus.OK, {"etag": tag} | ({"content-encoding": encoding} if encoding else {})


def _inner(scope: Scope, wanted: WantedFormat) -> Scope:
    """Return a request as the app sees it: at the path of its page."""
    state = scope["state"]
    state |= {"format": wanted.format, "keep": False, "canonical": False, "tag": ""}
    state |= {"asked": scope["path"], "head": scope["method"] == "HEAD"}
    return {**scope, "path": wanted.path, "raw_path": wanted.path.encode()}


def _answer(
    kept: Kept, encoding: str, headers: Mapping[str, str], wanted: WantedFormat
) -> tuple[Message, bytes]:
    status: int = HTTPStatus.OK
    body = kept.bodies[encoding]
    if "if-none-match" in headers:
        status, _ = variant(headers, kept.tag, encoding)
        body = body if status == HTTPStatus.OK else b""
    head = (status, encoding, wanted.by_headers)
    if head not in kept.heads:
        _, more = variant(headers, kept.tag, encoding)
        if status == HTTPStatus.OK:
            more["content-length"] = str(len(body))
        lines = ((name.encode(), value.encode()) for name, value in more.items())
        kept.heads[head] = [*kept.headers, *lines, _vary(wanted)]
    start = {"type": "http.response.start", "status": int(status), "headers": kept.heads[head]}
    return start, body


def _adding_heads(send: Send, extra: tuple[tuple[bytes, bytes], ...]) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", []), *extra]}
        await send(message)

    return sending
