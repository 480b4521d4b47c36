"""A tiny application behind the limits, and a way to ask it without a server."""

import asyncio
import json
from dataclasses import dataclass

from app.settings import Settings
from app.web.front import Front
from app.web.limits import Limits
from app.web.render import Renderer

MOST = 256 * 1024
API = "/api/v1/measurements"
HERE = ("192.0.2.1", 50000)


class Recorder:
    """An application that notes each body; it may wait for ``gate`` before it answers."""

    def __init__(self):
        self.bodies = []
        self.running = self.most_running = 0
        self.gate = None
        self.fails = False

    async def __call__(self, scope, receive, send):
        if scope["type"] != "http":
            return
        if scope["method"] == "POST":
            message = await receive()
            assert not message["more_body"]
            self.running += 1
            self.most_running = max(self.running, self.most_running)
            await (self.gate.wait() if self.gate else asyncio.sleep(0))
            self.running -= 1
            if self.fails:
                raise LookupError
            self.bodies.append(message["body"])
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"thanks"})


@dataclass
class Answer:
    status: int = 0
    headers: dict | None = None
    body: bytes = b""

    @property
    def data(self):
        return json.loads(self.body)


def limited(app, **changes):
    defaults = {"max_body_bytes": MOST, "rate_uploads": "", "rate_token": ""}
    settings = Settings(**defaults | changes)
    inner = Limits(app, settings, Renderer(settings))
    return Front(inner, version=lambda: 0, limit=0)


async def ask(app, parts=(b"{}",), *, method="POST", path=API, client=HERE, **headers):
    """Send a request whose body comes in ``parts``, and return the answer."""
    left = list(parts)
    answer = Answer()

    async def receive():
        if not left:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message):
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {k.decode().lower(): v.decode() for k, v in message["headers"]}
        else:
            answer.body += message.get("body", b"")

    raw = [(k.replace("_", "-").encode(), v.encode()) for k, v in headers.items()]
    path, _, query = path.partition("?")
    scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode()}
    scope |= {"query_string": query.encode(), "headers": raw, "client": client, "scheme": "http"}
    await app({**scope, "server": ("127.0.0.1", 8000), "root_path": ""}, receive, send)
    return answer


def ask_now(app, *args, **options):
    return asyncio.run(ask(app, *args, **options))
