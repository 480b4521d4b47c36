"""`vapic check` and `vapic submit`, against a real server on 127.0.0.1."""

import socket
import time

import pytest

from app.settings import Settings
from app.web.app import create_app
from tests.measured.documents import document, many
from tests.running import served


@pytest.fixture
def site(database_url):
    """Serve this test's database; yields the address."""
    with served(create_app(Settings(database_url=database_url))) as address:
        yield address


def test_check_says_the_exact_effect_offline(vapic, tmp_path):
    path = tmp_path / "good.json"
    path.write_bytes(document(observations=many(140)))
    ran = vapic("check", path)

    assert 0 == ran.code
    assert "cells gain evidence" in ran.out
    assert "LDR x2AVIC write on Zen 5: not measured -> table wrong or incomplete" in ran.out


def test_check_names_every_problem_of_every_file(vapic, tmp_path):
    good, bad, missing = (tmp_path / name for name in ("good.json", "bad.json", "missing.json"))
    good.write_bytes(document())
    bad.write_bytes(document(format=2, famly=1))
    ran = vapic("check", good, bad, missing)

    assert 1 == ran.code
    assert f"{bad}: /format: found 2, expected 1" in ran.err
    assert "/famly" in ran.err
    assert "No such file" in ran.err
    assert "Traceback" not in ran.err


def test_submit_gives_a_receipt_and_the_same_again(vapic, site, tmp_path):
    path = tmp_path / "good.json"
    path.write_bytes(document(observations=many(140)))
    first, again = vapic("submit", path, "--to", site), vapic("submit", path, "--to", site)

    assert (0, 0) == (first.code, again.code)
    assert "Withdrawal secret" in first.out
    assert "Withdrawal secret" not in again.out
    assert "pending: http" in again.out


def test_submit_shows_what_the_server_refused(vapic, site, tmp_path):
    path = tmp_path / "bad.json"
    path.write_bytes(document(measured_at="yesterday"))
    ran = vapic("submit", path, "--to", site)

    assert 1 == ran.code
    assert '/measured_at: found "yesterday", expected' in ran.err


def test_submit_says_once_what_is_wrong_with_no_place_of_the_document(vapic, site, tmp_path):
    path = tmp_path / "good.json"
    path.write_bytes(document())
    ran = vapic("submit", path, "--to", site, "--token", "of-nobody")

    assert 1 == ran.code
    assert "token" in ran.err
    assert "found" not in ran.err


def test_submit_says_when_nobody_answers(vapic, tmp_path, monkeypatch):
    monkeypatch.setattr(time, "sleep", lambda _: None)
    path = tmp_path / "good.json"
    path.write_bytes(document())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    ran = vapic("submit", path, "--to", f"http://127.0.0.1:{port}")

    assert 1 == ran.code
    assert "cannot be reached" in ran.err
    assert 1 == vapic("submit", path, "--to", "ftp://127.0.0.1").code
