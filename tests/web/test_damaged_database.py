"""A database that cannot be used: 503 in our own words, and nothing acknowledged."""

import re
import sqlite3
import time
from contextlib import ExitStack, closing, contextmanager, nullcontext, suppress
from pathlib import Path

import pytest
import uvicorn
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.settings import ROOT
from tests.measured.documents import document
from tests.running import client_of, state_of

ADDRESSES = (ROOT / "tests" / "data" / "published-urls.txt").read_text("utf-8").splitlines()
ASKED = ("/readyz", *(one.split(maxsplit=2)[2] for one in ADDRESSES if one[0].isdigit()))
# What no database is asked for: schemas, and where it leads.
NEEDS_NONE = ("/schema/", "/robots.txt", "/api/v1/openapi.json", "/export/", "/healthz",
              "/docs/apm/3.38..", "/?apm=", "/corrected?apm=")  # fmt: skip


@pytest.fixture(scope="session")
def databases(files):
    """What is damaged here is a file."""
    return files


def gone(path):
    path.unlink()


def replaced(path):
    path.rename(path.with_name("old.db"))
    sqlite3.connect(path).close()


def garbage(path):
    path.write_bytes(b"no database" * 1000)


def cut(path):
    path.write_bytes(path.read_bytes()[:40_960])


@pytest.mark.parametrize("damage", [gone, replaced, garbage, cut])
@pytest.mark.parametrize("serving", [False, True])
def test_a_database_that_cannot_be_used_is_answered_with_503_and_never_written(
    database_url, damage, serving, caplog
):
    path = Path(database_url.removeprefix("sqlite:///"))
    with client_of(database_url, page_cache_bytes=0) as client:
        if serving:
            client.get("/m")
            checkpoint(path)
        damage(path)
        # All of it once: how each of them is damaged is asked of a few.
        few = ("/m", "/readyz") if serving else ASKED if damage is garbage else ASKED[:20]
        asked = [at for at in few if not at.startswith(NEEDS_NONE)]
        answers = {at: client.get(at, follow_redirects=False) for at in asked}
        headed = client.head("/readyz")
        sent = client.post("/api/v1/measurements", content=document())
        alive = client.get("/healthz")

    assert {503} == {answer.status_code for answer in answers.values()}, answers
    assert all("atabase" in answer.text for answer in answers.values())
    assert all("retry-after" in answer.headers for answer in answers.values())
    assert (503, 503) == (sent.status_code, headed.status_code)
    assert (200, "ok\n") == (alive.status_code, alive.text)
    if damage in (garbage, cut):
        # Whoever asks again is not helped, and the log needs no traceback for each.
        assert all(" puts a backup back" in a.text for a in answers.values())
        assert not [at for at, a in answers.items() if re.search("[Tt]ry again", a.text)]
        assert re.search("answered 503 to /\\S*: (file is not a|database disk image)", caplog.text)
    assert not [record for record in caplog.records if record.exc_info]
    if damage is gone:
        assert not path.exists()


def test_who_gets_no_connection_in_time_is_told_to_come_again(client, monkeypatch):
    client.get("/")
    pool = state_of(client).readers.kw["bind"].pool
    monkeypatch.setattr(pool, "_timeout", 0.01)
    with ExitStack() as held:
        with suppress(PoolTimeout):
            while True:
                held.enter_context(closing(pool.connect()))
        answer = client.get("/m")

    assert (503, "2") == (answer.status_code, answer.headers["retry-after"])
    assert "The database cannot be used right now" in answer.text
    assert 200 == client.get("/m").status_code


def test_a_database_that_may_not_be_written_is_served_and_takes_nothing(database_url):
    path = database_url.removeprefix("sqlite:///")
    with client_of(f"sqlite:///file:{path}?mode=ro&uri=true") as client:
        assert 200 == client.get("/").status_code
        assert 503 == client.post("/api/v1/measurements", content=document()).status_code


@contextmanager
def locked(url):
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)) as other:
        other.execute("pragma locking_mode=exclusive")
        other.execute("begin exclusive")
        yield


def test_who_asks_of_a_locked_database_waits_a_second_at_most_and_kept_pages_go_on(database_url):
    with client_of(database_url) as client:
        for at in ("/", "/m"):
            client.get(at)
        state_of(client).readers.kw["bind"].dispose()
        with locked(database_url), client_of(database_url) as late:
            began = time.monotonic()
            for _ in range(2):
                answer = late.get("/readyz")
                assert (503, True) == (answer.status_code, "retry-after" in answer.headers)
            assert 503 == late.get("/").status_code
            assert time.monotonic() - began < 3
            assert 200 == client.get("/").status_code


@pytest.mark.parametrize(
    ("damage", "words"),
    [(gone, "run `vapic migrate`"), (garbage, "`vapic restore`"), (None, "Another program locks")],
)
def test_a_server_says_at_its_start_what_to_do_about_its_database(
    seeded, database_url, monkeypatch, damage, words
):
    monkeypatch.setattr(uvicorn, "run", lambda *_, **__: None)
    with locked(database_url) if damage is None else nullcontext():
        if damage:
            damage(Path(database_url.removeprefix("sqlite:///")))
        ran = seeded("serve")

    assert 0 == ran.code
    assert words in ran.err
    assert "Pages answer 503 until" in ran.err


def test_a_server_says_at_its_start_that_nothing_can_be_sent(seeded, database_url, monkeypatch):
    monkeypatch.setattr(uvicorn, "run", lambda *_, **__: None)
    path = database_url.removeprefix("sqlite:///")
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///file:{path}?mode=ro&uri=true")

    assert "may not be written" in seeded("serve").err


def checkpoint(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")


def test_a_ready_server_names_its_data_version(client):
    version = client.get("/api/v1/cells").json()["data_version"]

    assert f"ready: {version}\n" == client.get("/readyz").text
