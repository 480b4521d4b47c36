"""A database that cannot be used: 503 in our own words, and nothing acknowledged."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from app.store import engine
from tests.measured.documents import document
from tests.running import client_of

ASKED = ("/", "/m", "/api/v1/cells", "/docs/words", "/search.txt?q=ldr", "/?at=2026-11-22",
         "/readyz", "/changes.atom")  # fmt: skip


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
        answers = {at: client.get(at) for at in (("/m", "/readyz") if serving else ASKED)}
        sent = client.post("/api/v1/measurements", content=document())
        alive = client.get("/healthz")

    assert {503} == {answer.status_code for answer in answers.values()}, answers
    assert all("atabase" in answer.text for answer in answers.values())
    assert 503 == sent.status_code
    assert (200, "ok\n") == (alive.status_code, alive.text)
    if damage is gone:
        assert not path.exists()
        assert not [record for record in caplog.records if record.exc_info]


def test_a_database_that_is_locked_or_read_only_is_answered_with_503(database_url, monkeypatch):
    monkeypatch.setattr(engine, "PATIENCE_MS", 10)
    monkeypatch.setattr(engine, "PRAGMAS", (*engine.PRAGMAS[:-1], "busy_timeout=10"))
    path = database_url.removeprefix("sqlite:///")
    with client_of(f"sqlite:///file:{path}?mode=ro&uri=true") as client:
        assert 200 == client.get("/").status_code
        assert 503 == client.post("/api/v1/measurements", content=document()).status_code
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("pragma locking_mode=exclusive")
        other.execute("begin exclusive")
        with client_of(database_url) as client:
            assert 503 == client.get("/readyz").status_code


def checkpoint(path):
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("pragma wal_checkpoint(truncate)")


def test_a_ready_server_names_its_data_version(client):
    version = client.get("/api/v1/cells").json()["data_version"]

    assert f"ready: {version}\n" == client.get("/readyz").text
