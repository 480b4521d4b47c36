"""What another site makes a browser send is refused before anything looks at it."""

import pytest

from app.core.words import State
from app.settings import Settings
from app.web import gate
from app.web.app import create_app
from tests.reviewables import HERE, browser, decide

CROSS = [
    {"sec-fetch-site": "cross-site"},
    {"sec-fetch-site": "same-site"},
    {"sec-fetch-site": "cross-site", "origin": HERE},
    {"sec-fetch-site": ""},
    {"origin": "https://evil.example"},
    {"origin": "http://127.0.0.1:8001"},
    {"origin": "http://127.0.0.1:8000.evil.example"},
    {"origin": "null"},
    {"origin": ""},
    {"origin": "http://["},
]


@pytest.mark.parametrize("headers", CROSS, ids=str)
def test_a_request_that_another_site_sends_is_refused(headers, reviewer, state_of, slug):
    answer = decide(reviewer, slug, "accepted", **headers)

    assert 403 == answer.status_code
    assert gate.REFUSED in answer.text
    assert State.PENDING is state_of(slug)


def test_a_session_without_word_of_where_a_request_comes_from_is_refused(reviewer, state_of, slug):
    # The test client, unlike a browser, sends neither header.
    assert 403 == decide(reviewer, slug, "accepted").status_code
    assert State.PENDING is state_of(slug)


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "same-origin"},
        {"sec-fetch-site": "none"},
        {"origin": HERE},
        {"origin": "HTTP://127.0.0.1:8000"},
    ],
    ids=str,
)
def test_a_request_from_a_page_of_this_site_passes(headers, reviewer, state_of, slug):
    assert 303 == decide(reviewer, slug, "accepted", **headers).status_code
    assert State.ACCEPTED is state_of(slug)


@pytest.mark.parametrize("path", ["/review/login", "/review/logout", "/upload", "/nowhere"])
@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH"])
def test_every_unsafe_request_of_another_site_is_refused_wherever_it_goes(path, method, client):
    answer = client.request(method, path, headers={"sec-fetch-site": "cross-site"})

    assert 403 == answer.status_code
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("accept", "media_type", "start"),
    [
        ("text/html", "text/html", "<!doctype html>"),
        ("text/plain", "text/plain", "Not allowed\n"),
        ("application/json", "application/json", '{"error":{"code":"forbidden"'),
    ],
)
def test_the_refusal_has_the_shape_of_every_error(accept, media_type, start, client):
    headers = {"origin": "https://evil.example", "accept": accept}
    answer = client.post("/review/login", headers=headers)

    assert 403 == answer.status_code
    assert answer.headers["content-type"].startswith(media_type)
    assert answer.text.startswith(start)


def test_reading_from_another_site_and_sending_from_no_site_are_fine(client):
    assert 200 == client.get("/review", headers={"sec-fetch-site": "cross-site"}).status_code
    # As curl does: the token is wrong, but it was looked at.
    assert "unknown" in client.post("/review/login", data={"token": "x"}).text


def test_the_public_address_is_this_site_too_behind_a_proxy_that_renames_the_host(url):
    settings = Settings(database_url=url, base_url="https://vapic.example.org/")
    with browser(create_app(settings)) as client:
        origins = ("https://vapic.example.org", "https://other.example.org")
        told = [client.post("/nowhere", headers={"origin": o}).status_code for o in origins]

    assert [404, 403] == told
