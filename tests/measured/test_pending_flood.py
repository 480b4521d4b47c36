"""46 pending documents of the largest size: no other request is slower, no memory goes."""

import hashlib
import shutil
import time
import tracemalloc
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial

import pytest
from starlette.testclient import TestClient

from app.core.words import TokenScope
from app.intake import submitting
from app.intake.format1 import MAX_OBSERVATIONS
from app.intake.submitting import Incoming
from app.search import searching
from app.settings import Settings
from app.store.submissions import add_token
from tests.intake.test_measurement_cost import spread
from tests.measured.documents import document
from tests.running import HTML, client_of, state_of

WAITING = 46
# What a request may take longer, in seconds of the processor, and how much memory may go.
MOST_SECONDS, MOST_BYTES = 0.05, 20 * 1024 * 1024
ROUNDS = 3
PAGES = ("/", "/m", "/m.txt", "/m.json?state=pending", "/review", "/c", "/changes",
         "/r/ldr/x2avic/write", "/api/v1/cells", "/search?q=gp", "/wanted", "/changes.atom",
         "/upload")  # fmt: skip


@pytest.fixture(scope="module")
def flooded_url(migrated_template, tmp_path_factory):
    """A database like that of ``shared_url``, with all that waits."""
    path = shutil.copyfile(migrated_template, tmp_path_factory.mktemp("flood") / "seeded.db")
    url = f"sqlite:///{path}"
    now = datetime.now(UTC)
    with client_of(url) as client:
        state = state_of(client)
        snapshot = state.snapshots.get()
        seen = [spread(snapshot, i) | {"note": "n" * 120} for i in range(MAX_OBSERVATIONS)]
        first = document(observations=seen, notes="Number 0.")
        assert 900_000 < len(first) < Settings().max_body_bytes
        measurement = submitting.prepare(first, snapshot.knowledge, now)
        # They differ in their notes alone, so that one is read and stands for the others.
        for number in range(WAITING):
            notes = f"Number {number}."
            raw = first.replace(b"Number 0.", notes.encode())
            digest = hashlib.sha256(raw).hexdigest()
            one = replace(measurement, digest=digest, slug=digest[:12], notes=notes)
            with state.writers.begin() as session:
                submitting.submit(session, Incoming(raw, one), now)
    return url


def logged_in(url):
    """Return a client that keeps no page, whose cookie is a reviewer's."""
    client = client_of(url, page_cache_bytes=0)
    with state_of(client).writers.begin() as session:
        add_token(session, "reviewer", TokenScope.REVIEW, "s3cret", datetime.now(UTC))
    answer = client.post(
        "/review/login", data={"token": "s3cret"}, headers={"origin": "http://127.0.0.1:8000"}
    )
    assert 200 == answer.status_code
    return client


def least_seconds(ask, *clients):
    """Return the least time of the processor that each of some clients takes, asked in turn."""
    taken = [[] for _ in clients]
    for _ in range(ROUNDS):
        for client, times in zip(clients, taken, strict=True):
            begun = time.process_time()
            ask(client)
            times.append(time.process_time() - begun)
    return [min(times) for times in taken]


def test_no_page_takes_longer_for_what_waits(shared_url, flooded_url, record_property):
    clients = logged_in(shared_url), logged_in(flooded_url)
    asking = {path: partial(TestClient.get, url=path, headers=HTML) for path in PAGES}
    for path, ask in asking.items():
        answers = [ask(client) for client in clients]
        assert [200, 200] == [answer.status_code for answer in answers], path
    assert "Shown 46 of 46 measurements" in " ".join(asking["/m.txt"](clients[1]).text.split())
    assert "Pending: 46" in asking["/review"](clients[1]).text
    asking["index of search"] = lambda c: searching._index(
        state_of(c).snapshots.get(), pinned=False
    )
    figures = {path: least_seconds(ask, *clients) for path, ask in asking.items()}
    told = ", ".join(f"{path} {1000 * (b - a):+.0f}" for path, (a, b) in figures.items())
    record_property("46 pending documents, ms of processor time", told)
    # A machine that does other things too may take twice as long for the same.
    slower = {path: pair for path, pair in figures.items() if pair[1] > 2 * pair[0] + MOST_SECONDS}
    assert not slower


def test_no_memory_goes_for_what_waits(shared_url, flooded_url, record_property):
    peaks = []
    for url in (shared_url, flooded_url):
        tracemalloc.start()
        with client_of(url, page_cache_bytes=0) as client:
            for path in PAGES:
                client.get(path, headers=HTML)
            peaks.append(tracemalloc.get_traced_memory())
        tracemalloc.stop()
    kept, most = (after - before for before, after in zip(*peaks, strict=True))
    record_property("46 pending documents, KiB kept and at most", f"{kept >> 10}, {most >> 10}")
    assert MOST_BYTES > most
    assert MOST_BYTES > kept
