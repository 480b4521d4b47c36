"""The contract of addresses: what was published answers as promised, and the list is whole."""

from pathlib import Path

import pytest

from app.pages.promises import EVERY
from tests.running import HTML, app_of

PUBLISHED = Path(__file__).resolve().parents[1] / "data" / "published-urls.txt"
LINES = [line for line in PUBLISHED.read_text("utf-8").splitlines() if line[:1] != "#"]


@pytest.mark.parametrize("line", LINES)
def test_a_published_address_answers_as_promised(client, line):
    status, expected, address = line.split(" ", 2)
    answer = client.get(address, headers=HTML, follow_redirects=False)

    assert int(status) == answer.status_code
    if status in ("302", "308"):
        assert expected == answer.headers["location"]
    else:
        assert expected == answer.headers["content-type"].partition(";")[0]


def test_every_address_of_the_application_is_documented_and_no_other(client):
    assert sorted({promise.path for promise in EVERY}) == sorted(_paths(app_of(client.app).routes))


def test_every_published_form_is_in_the_documentation(client):
    text = client.get("/docs/urls.txt").text

    assert [] == [p.shown for p in EVERY if p.shown not in text]


def _paths(routes):
    found = set()
    for route in routes:
        found |= {route.path} if hasattr(route, "path") else _paths(route.original_router.routes)
    return found - {"/export/"}
