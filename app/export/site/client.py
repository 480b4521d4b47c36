"""A client that calls an ASGI application in this process."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import unquote

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[MutableMapping[str, Any], Receive, Send], Awaitable[None]]
HEADERS = [(b"host", b"static"), (b"accept", b"text/html")]


@dataclass(frozen=True)
class Answer:
    """What the application answered; ``location`` is set when it redirects."""

    status: int
    media_type: str
    location: str
    body: bytes


class Client:
    """Asks for pages, one after the other, between the start and the end of the application."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._to: asyncio.Queue[Message] = asyncio.Queue()
        self._from: asyncio.Queue[Message] = asyncio.Queue()
        self._lifespan: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        """Start the application."""
        scope = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
        run = self._application(scope, self._to.get, self._from.put)
        self._lifespan = asyncio.ensure_future(run)
        await self._tell("startup")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        """Let the application close what it opened."""
        await self._tell("shutdown")

    async def _tell(self, what: str) -> None:
        """Tell the application what happens, until it has answered or ended."""
        assert self._lifespan is not None  # noqa: S101 - made on entering
        await self._to.put({"type": f"lifespan.{what}"})
        answered = asyncio.ensure_future(self._from.get())
        await asyncio.wait({answered, self._lifespan}, return_when=asyncio.FIRST_COMPLETED)
        if not answered.done():
            answered.cancel()
            await self._lifespan

    async def get(self, path: str) -> Answer:
        """Ask for a path as it stands in a link, percent signs and all."""
        messages: list[Message] = []
        asked = False

        async def receive() -> Message:
            nonlocal asked
            if asked:
                # The next message would be that we are gone, and we stay.
                await asyncio.Event().wait()
            asked = True
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            messages.append(message)

        try:
            await self._application(_scope(path), receive, send)
        except Exception:
            # A server would log it, and send on what was answered before.
            if not messages:
                raise
        headers = {k.lower(): v.decode("latin-1") for k, v in messages[0].get("headers", ())}
        return Answer(
            status=messages[0]["status"],
            media_type=headers.get(b"content-type", "").partition(";")[0],
            location=headers.get(b"location", ""),
            body=b"".join(message.get("body", b"") for message in messages[1:]),
        )


def _scope(path: str) -> dict[str, Any]:
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("ascii", "replace"),
        "query_string": b"",
        "root_path": "",
        "headers": HEADERS,
        "client": None,
        "server": ("static", 80),
    }
