"""Uploads, reads beside them, and many clients at once."""

from __future__ import annotations

import hashlib
import http.client
import random
import shutil
import sqlite3
import threading
import time
from collections import defaultdict
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from statistics import quantiles

from tests.bench.load import Asking, ask
from tests.bench.running import Figures, Run, Site, ours, vapic
from tests.bench.stored import document_of

# Each upload comes from an address of its own, as a proxy passes them on; a token is one sender.
MANY_SENDERS = {"VAPIC_TRUSTED_PROXY": "1", "VAPIC_RATE_TOKEN": ""}
CLIENTS, A_SECOND, BURST = 4, 20, 256
# In a round, by what becomes of them: accepting one takes ten times as long.
UPLOADS = {"waiting": 100, "accepted": 40}


@dataclass
class Senders:
    """Clients that upload at the same time; they remember what was acknowledged."""

    site: Site
    token: str = ""
    taken: set[str] = field(default_factory=set)
    times: list[float] = field(default_factory=list)
    _numbers: random.Random = field(default_factory=lambda: random.Random(15))

    def send(self, count: int, every: float = 0.0) -> None:
        """Send documents, one begun ``every`` seconds if that is given; waits for all."""
        raws = [document_of(n, self._numbers) for n in range(count)]
        self.times.clear()
        begin = time.perf_counter()
        # A client's next one is due when all the others have sent theirs.
        shares = [
            [(begin + n * every, raw) for n, raw in enumerate(raws) if n % CLIENTS == k]
            for k in range(CLIENTS)
        ]
        with ThreadPoolExecutor(CLIENTS) as clients:
            # Whatever one of them raised is raised here.
            list(clients.map(self._client, shares))

    def _client(self, share: Iterable[tuple[float, bytes]]) -> None:
        headers = {"Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {self.token}"} if self.token else {}
        host = self.site.address.removeprefix("http://")
        with closing(http.client.HTTPConnection(host, timeout=60)) as connection:
            for due, raw in share:
                time.sleep(max(0.0, due - time.perf_counter()))
                begin = time.perf_counter()
                headers["X-Forwarded-For"] = str(IPv4Address(self._numbers.getrandbits(32)))
                connection.request("POST", "/api/v1/measurements", raw, headers)
                answer = connection.getresponse()
                said = answer.read()
                # Two documents that chance made alike are one, and acknowledged as that.
                assert answer.status in {200, 201}, said
                self.times.append(1000 * (time.perf_counter() - begin))
                self.taken.add(hashlib.sha256(raw).hexdigest())


def measure(run: Run) -> Figures:
    """Return what uploads take and cost, of strangers and of whom we trust, and a burst."""
    figures: Figures = defaultdict(list)
    for who in UPLOADS:
        _uploads(run, who, figures)
    with ours(run.database) as site:
        _burst(run, site, figures)
    return figures


def _uploads(run: Run, who: str, figures: Figures) -> None:
    database = run.folder / f"{who}.db"
    shutil.copy(run.database, database)
    token = ""
    if who == "accepted":
        words = ("token", "create", "bench", "--scope", "trusted")
        token = vapic(database, *words).split()[-1]
    with ours(database, **MANY_SENDERS) as site:
        senders = Senders(site, token)
        senders.send(CLIENTS)
        for _ in range(run.rounds):
            senders.send(UPLOADS[who])
            low, high = (quantiles(senders.times, n=100)[k] for k in (49, 98))
            figures[f"{who} p50"].append(low)
            figures[f"{who} p99"].append(high)
            figures[f"reads idle {who}"].append(_reads(run, site))
            _beside(run, senders, figures[f"reads {who}"], figures[f"pace {who}"])
    with closing(sqlite3.connect(database)) as kept:
        stored = {digest for (digest,) in kept.execute("SELECT digest FROM submissions")}
    figures[f"lost {who}"].append(len(senders.taken - stored))
    figures[f"acknowledged {who}"].append(len(senders.taken))


def _reads(run: Run, site: Site) -> float:
    answered = ask(Asking(f"{site.address}/"), 2 * run.seconds)
    assert not answered.errors, answered
    return answered.rate


def _beside(run: Run, senders: Senders, rates: list[float], pace: list[float]) -> None:
    """Read while twenty uploads a second come; both figures at the end."""
    count = 2 * run.seconds * A_SECOND

    def upload() -> None:
        begin = time.perf_counter()
        senders.send(count, 1 / A_SECOND)
        pace.append(count / (time.perf_counter() - begin))

    thread = threading.Thread(target=upload)
    thread.start()
    rates.append(_reads(run, senders.site))
    thread.join()


def _burst(run: Run, site: Site, figures: Figures) -> None:
    """Let 256 clients come at once, each with a connection of its own."""
    for _ in range(run.rounds):
        answered = ask(Asking(f"{site.address}/"), run.seconds, BURST)
        figures["burst p50"].append(answered.p50)
        figures["burst p99"].append(answered.p99)
        figures["burst errors"].append(answered.errors)
