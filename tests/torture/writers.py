"""Those who write while the server dies, and remember what was acknowledged."""

from __future__ import annotations

import hashlib
import json
import random
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field

import httpx2

from app.core.words import State
from tests.measured.documents import DOCUMENT

ABSENT = ""
NEWEST = """select s.slug, s.raw, (select d.state from decisions d where d.slug = s.slug
order by d.id desc limit 1) from submissions s"""


@dataclass
class Sent:
    """A document: its bytes, and the states in which it may be found."""

    raw: bytes
    states: set[str]
    secret: str = ""
    new: bool = True


@dataclass
class Memory:
    """What was sent to one database, and how many writes were acknowledged since its start."""

    random: random.Random
    sent: dict[str, Sent] = field(default_factory=dict)
    acknowledged: int = 0
    refused: list[str] = field(default_factory=list)

    def upload(self, client: httpx2.Client) -> None:
        """Send a document that nobody sent before."""
        notes = self.random.randbytes(self.random.choice((8, 400, 9000))).hex()
        raw = json.dumps({**DOCUMENT, "notes": notes}).encode()
        slug = hashlib.sha256(raw).hexdigest()[:12]
        sent = self.sent[slug] = Sent(raw, {ABSENT, State.PENDING})
        answer = client.post("/api/v1/measurements", content=raw)
        if self._taken(answer, 201):
            sent.states, sent.secret = {State.PENDING}, answer.json()["withdrawal_secret"]

    def decide(self, client: httpx2.Client) -> None:
        """Accept, reject or withdraw a document, as its state allows."""
        known = [(slug, s) for slug, s in list(self.sent.items()) if len(s.states) == 1]
        open_ = [(slug, s) for slug, s in known if State(*s.states).next]
        if not open_:
            return
        slug, sent = self.random.choice(open_)
        (old,) = sent.states
        new = self.random.choice(State(old).next)
        sent.states = {old, new}
        if new is State.WITHDRAWN and sent.secret:
            form = {"secret": sent.secret}
            answer = client.post(f"/m/{slug}/withdraw", data=form)
        else:
            form = {"state": str(new), "seen": str(old), "reason": "Torture.", "sure": "1"}
            answer = client.post(f"/review/{slug}", data=form)
        if self._taken(answer, 303):
            sent.states = {new}

    def _taken(self, answer: httpx2.Response, status: int) -> bool:
        if answer.status_code != status:
            self.refused.append(f"{answer.request.url}: {answer.status_code} {answer.text[:300]}")
            return False
        self.acknowledged += 1
        return True

    def lost(self, url: str) -> Iterator[str]:
        """Yield what is not stored as it was acknowledged; what is found is known from then on."""
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
            found = {slug: (raw, state) for slug, raw, state in connection.execute(NEWEST)}
        for slug, sent in list(self.sent.items()):
            raw, state = found.get(slug, (None, ABSENT))
            if state not in sent.states or raw not in {sent.raw, None}:
                yield f"{slug} is {state or 'absent'}, not {' or '.join(sent.states)}"
            if raw is None:
                del self.sent[slug]
            sent.states = {state}

    def unequal(self, client: httpx2.Client) -> Iterator[str]:
        """Yield what the site shows otherwise than it was sent since the last time."""
        for slug, sent in self.sent.items():
            if sent.new and client.get(f"/m/{slug}.raw").content != sent.raw:
                yield f"{slug} is shown with other bytes"
            sent.new = False


def as_a_browser(site: str) -> httpx2.Client:
    """Return a client that says, as browsers do, that its forms come from the site itself."""
    return httpx2.Client(base_url=site, timeout=60, headers={"sec-fetch-site": "same-origin"})


class Writers:
    """Threads that write until the server is gone."""

    def __init__(self, site: str, memory: Memory, token: str, *, reviewing: bool) -> None:
        self._site, self._memory, self._token = site, memory, token
        works = (memory.upload, memory.decide if reviewing else memory.upload)
        self._threads = [threading.Thread(target=self._work, args=(work,)) for work in works]
        for thread in self._threads:
            thread.start()

    def _work(self, work) -> None:  # type: ignore[no-untyped-def]
        # What breaks off when the server dies was not acknowledged.
        with suppress(httpx2.TransportError), as_a_browser(self._site) as me:
            if work == self._memory.decide:
                me.post("/review/login", data={"token": self._token})
            while not self._memory.refused:
                work(me)

    @property
    def alive(self) -> bool:
        """Whether anybody still writes."""
        return any(thread.is_alive() for thread in self._threads)

    def join(self) -> None:
        """Wait until all have noticed that the server is gone."""
        for thread in self._threads:
            thread.join()
