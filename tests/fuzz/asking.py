"""Ask the application what was spoilt, in this process, and judge each answer."""

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.fuzz.requests import LIVE, Sent, Spoiler


@dataclass
class Asked:
    """What was answered, and what should not have been."""

    statuses: Counter = field(default_factory=Counter)
    bad: list[str] = field(default_factory=list)
    slowest: tuple[float, str] = (0.0, "")

    def judge(self, sent: Sent, status: int, body: bytes, kind: str, seconds: float) -> None:
        self.statuses[status] += 1
        if not 200 <= status < 500:
            self.bad.append(f"{status} for {sent.shown()}")
        if "html" in kind and LIVE.encode() in body:
            self.bad.append(f"live script for {sent.shown()}")
        self.slowest = max(self.slowest, (seconds, sent.shown()))


async def answer(app, sent: Sent) -> tuple[int, bytes, str]:
    """Return status, body and media type of one answer; 599 where the application raised."""
    messages = [{"type": "http.request", "body": sent.body, "more_body": False}]
    found, body = [0, ""], []

    async def receive():
        if messages:
            return messages.pop()
        await asyncio.sleep(30)
        return {"type": "http.disconnect"}

    async def send(message):
        if message["type"] == "http.response.start":
            kinds = [v.decode() for k, v in message["headers"] if k == b"content-type"]
            found[:] = message["status"], *(kinds or [""])
        else:
            body.append(message.get("body", b""))

    try:
        await app(sent.scope(), receive, send)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is looked for
        return 599, repr(error).encode(), "error"
    return found[0], b"".join(body), found[1]


async def ask(app, seed: int, number: int, say=lambda _: None) -> Asked:
    """Ask a number of spoilt requests, one after the other."""
    spoiler, asked = Spoiler(seed), Asked()
    for i in range(number):
        sent, began = spoiler.next(), time.process_time()
        status, body, kind = await answer(app, sent)
        asked.judge(sent, status, body, kind, time.process_time() - began)
        if i % 5000 == 4999:
            say(f"{i + 1}: {dict(sorted(asked.statuses.items()))}, {len(asked.bad)} bad")
    return asked
