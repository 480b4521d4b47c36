"""Who reviews is known by a token, then by a cookie that is no token."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup

from app.core.words import State, TokenScope
from app.intake import reviewing
from app.settings import Settings
from app.store import logins
from app.web import guard
from app.web.app import create_app
from tests.reviewables import HERE, RECEIVED_AT, browser, decide


def test_without_a_session_the_area_shows_a_login_and_nothing_else(client, slug):
    page = client.get("/review")

    assert 200 == page.status_code
    assert slug not in page.text
    assert BeautifulSoup(page.text, "html.parser").select_one("input[type=password]#token")
    assert "/review" == client.get(f"/review/{slug}").headers["location"]
    assert slug not in client.get("/review.txt").text


def test_a_login_opens_a_session_and_a_logout_ends_it_on_the_server(client, secret, slug):
    entered = client.post("/review/login", data={"token": f" {secret}\n"})
    cookie = client.cookies[guard.COOKIE]
    assert (303, "/review") == (entered.status_code, entered.headers["location"])
    assert "Rae Reviewer" in client.get("/review").text

    left = client.post("/review/logout", headers={"origin": HERE})
    assert (303, "/review") == (left.status_code, left.headers["location"])
    assert guard.COOKIE not in client.cookies
    client.cookies.set(guard.COOKIE, cookie)
    assert 303 == client.get(f"/review/{slug}").status_code


@pytest.mark.parametrize(
    ("base", "base_url", "secure"),
    [
        (HERE, "", False),
        ("https://127.0.0.1:8000", "", True),
        (HERE, "https://vapic.example.org", True),
        (HERE, "HTTPS://vapic.example.org", True),
        (HERE, "http://vapic.example.org", False),
    ],
)
def test_the_cookie_is_for_this_site_only_and_holds_no_token(url, secret, base, base_url, secure):
    with browser(create_app(Settings(database_url=url, base_url=base_url)), base) as client:
        header = client.post("/review/login", data={"token": secret}).headers["set-cookie"]
    first, *flags = header.split("; ")

    wanted = {"HttpOnly", "SameSite=strict", "Path=/", f"Max-Age={12 * 60 * 60}"}
    assert wanted | ({"Secure"} if secure else set()) == set(flags)
    assert first.startswith("vapic_session=")
    assert secret not in header
    assert len(first) > 50


@pytest.mark.parametrize("token", ["", "vapic_wrong", "%00", "\N{SNOWMAN}" * 99])
def test_a_wrong_token_gives_the_login_again_and_no_cookie(token, client):
    page = client.post("/review/login", data={"token": token})
    alert = BeautifulSoup(page.text, "html.parser").select_one("[role=alert]")

    assert 403 == page.status_code
    assert "This token is unknown, or it was revoked." == alert.text
    assert "set-cookie" not in page.headers
    assert not token or token not in page.text


@pytest.mark.parametrize(("scheme", "secure"), [("https", True), ("http", False)])
def test_the_cookie_is_secure_behind_a_proxy_that_ends_tls(scheme, secure, client, secret):
    headers = {"x-forwarded-proto": scheme}
    answer = client.post("/review/login", data={"token": secret}, headers=headers)

    assert secure == ("Secure" in answer.headers["set-cookie"].split("; "))


def test_revoking_a_token_ends_its_sessions_at_the_next_request(client, write, slug, state_of):
    with write.begin() as session:
        token, secret = reviewing.new_token(session, "Soon gone", TokenScope.REVIEW, RECEIVED_AT)
    client.post("/review/login", data={"token": secret})
    assert 200 == client.get(f"/review/{slug}").status_code

    with write.begin() as session:
        reviewing.revoke_token(session, token.id, RECEIVED_AT)
    assert 303 == client.get(f"/review/{slug}").status_code
    assert 403 == decide(client, slug, "accepted").status_code
    assert 403 == client.post("/review/login", data={"token": secret}).status_code
    assert State.PENDING is state_of(slug)


def test_a_login_is_recorded_as_a_use_of_the_token(client, write):
    with write.begin() as session:
        _, secret = reviewing.new_token(session, "Used", TokenScope.REVIEW, RECEIVED_AT)
    client.post("/review/login", data={"token": secret})

    with write.begin() as session:
        assert reviewing.find_reviewer(session, secret).last_used_at is not None


def test_a_login_ends_after_twelve_hours_and_the_oldest_go_beyond_the_limit(writer, monkeypatch):
    monkeypatch.setattr(logins, "MOST_LOGINS", 3)
    last = RECEIVED_AT + timedelta(hours=12, seconds=-1)
    with writer.begin() as session:
        token, _ = reviewing.new_token(session, "Ada", TokenScope.REVIEW, RECEIVED_AT)
        first = logins.open_login(session, token, RECEIVED_AT)
        assert "Ada" == logins.find_reviewer(session, first, last).name
        assert logins.find_reviewer(session, first, last + timedelta(seconds=1)) is None
        later = [logins.open_login(session, token, last + timedelta(seconds=n)) for n in range(4)]
        kept = [bool(logins.find_reviewer(session, v, last)) for v in (first, *later)]
        assert [False, False, True, True, True] == kept


def test_a_login_is_one_for_every_process_that_serves_the_site(url, reviewer, slug):
    other = browser(create_app(Settings(database_url=url)))
    other.cookies.set(guard.COOKIE, reviewer.cookies[guard.COOKIE])
    assert 200 == other.get(f"/review/{slug}").status_code

    other.post("/review/logout", headers={"origin": HERE})
    assert 303 == reviewer.get(f"/review/{slug}").status_code


def test_only_a_reviewer_decides(client, state_of, slug):
    answer = decide(client, slug, "accepted", origin=HERE)

    assert 403 == answer.status_code
    said = BeautifulSoup(answer.text, "lxml").text
    assert "Only reviewers may do this: log in at /review." in said
    assert State.PENDING is state_of(slug)


def test_a_made_up_cookie_is_no_session(client, slug):
    client.cookies.set(guard.COOKIE, "vapic_made_up")

    assert 303 == client.get(f"/review/{slug}").status_code
    assert 403 == decide(client, slug, "accepted", origin=HERE).status_code
