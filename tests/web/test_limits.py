"""What is too large, or too often, is refused, and nothing else."""

import pytest
from pydantic import ValidationError

from app.settings import Settings
from app.web import limits
from app.web.limits import ENVELOPE_BYTES, Rates, Refused, sender_of
from tests.web.tiny import API, MOST, Recorder, ask_now, limited


@pytest.fixture
def recorder():
    return Recorder()


@pytest.mark.parametrize(
    ("parts", "headers"),
    [
        ((b"x" * (MOST + 1),), {}),
        ((b"x" * 1024,) * 300, {}),
        ((b"x" * 1024,) * 300, {"content_length": "3"}),
        ((b"x",), {"content_length": str(MOST + 1)}),
        ((b"x",), {"content_length": "9" * 5000}),
        (
            (b"x" * (MOST + ENVELOPE_BYTES + 1),),
            {"content_type": "multipart/form-data; boundary=b"},
        ),
    ],
    ids=["at once", "in parts", "said to be short", "said to be long", "absurd", "a form"],
)
def test_a_body_over_the_limit_is_refused_whatever_its_length_says(recorder, parts, headers):
    answer = ask_now(limited(recorder), parts, **headers)

    assert (413, "too-large") == (answer.status, answer.data["error"]["code"])
    assert "close" == answer.headers["connection"]
    assert [] == recorder.bodies


@pytest.mark.parametrize(
    ("size", "headers"),
    [
        (0, {}),
        (MOST, {}),
        (MOST, {"content_length": "-1"}),
        (MOST, {"content_encoding": "identity"}),
        (MOST + ENVELOPE_BYTES, {"content_type": "multipart/form-data; boundary=b"}),
    ],
)
def test_a_body_within_the_limit_arrives_whole(recorder, size, headers):
    assert 200 == ask_now(limited(recorder), (b"x" * size, b""), **headers).status
    assert [b"x" * size] == recorder.bodies


@pytest.mark.parametrize("encoding", ["gzip", "br", "Deflate", "identity, gzip"])
def test_a_compressed_body_is_refused_so_no_bomb_goes_off(recorder, encoding):
    answer = ask_now(limited(recorder), content_encoding=encoding)

    assert (415, "identity") == (answer.status, answer.headers["accept-encoding"])
    assert [] == recorder.bodies


def test_a_refusal_has_the_shape_of_every_refusal_of_an_upload(recorder):
    data = ask_now(limited(recorder), content_encoding="gzip").data

    assert {"error", "problems"} == set(data)
    assert {"code", "message", "hints"} == set(data["error"])
    assert [{"pointer", "found", "expected", "hint"}] == [set(p) for p in data["problems"]]
    assert "" == data["problems"][0]["pointer"]


@pytest.mark.parametrize(
    ("headers", "media_type", "start"),
    [
        ({"accept": "text/html"}, "text/html; charset=utf-8", b"<!doctype html>"),
        ({"user_agent": "curl/8"}, "text/plain; charset=us-ascii", b"Too large\n"),
        ({"accept": "application/json"}, "application/json", b'{"error"'),
    ],
)
def test_a_refusal_comes_in_the_format_that_was_asked_for(recorder, headers, media_type, start):
    answer = ask_now(limited(recorder), (b"x" * (MOST + 1),), path="/upload", **headers)

    assert media_type == answer.headers["content-type"]
    assert answer.body.startswith(start)
    assert "default-src 'none'" in answer.headers["content-security-policy"]


def test_one_address_may_send_so_many_and_is_told_when_to_come_back(recorder):
    app = limited(recorder, rate_uploads="3/minute")
    statuses = [ask_now(app, path=f"{API}?dry_run=true").status for _ in range(3)]
    refused = ask_now(app)

    assert [200] * 3 == statuses
    assert (429, "too-many-requests") == (refused.status, refused.data["error"]["code"])
    assert 1 <= int(refused.headers["retry-after"]) <= 60
    assert 200 == ask_now(app, method="GET").status
    assert 200 == ask_now(app, client=("192.0.2.2", 1)).status


def test_one_token_may_send_so_many_from_all_addresses_together(recorder):
    app = limited(recorder, rate_token="2/minute")
    seen = [ask_now(app, client=(f"192.0.2.{n}", 1), authorization="Bearer abc") for n in range(3)]

    assert [200, 200, 429] == [answer.status for answer in seen]
    assert 1 <= int(seen[-1].headers["retry-after"]) <= 60
    assert [200, 200] == [ask_now(app, authorization=f"Bearer {n}").status for n in range(2)]
    assert 200 == ask_now(app).status


def test_no_token_is_kept():
    rates = Rates("", "9/minute")
    rates.count("192.0.2.1", "Bearer very-secret")

    assert rates._storage.events
    assert "very-secret" not in str(rates._storage.events)


def test_those_who_are_gone_are_forgotten(monkeypatch):
    monkeypatch.setattr(limits, "KNOWN_SENDERS", 3)
    rates = Rates("2/minute", "")
    for gone in "abc":
        rates._storage.events[gone] = []
    rates.count("192.0.2.1", "")
    rates.count("192.0.2.1", "")

    with pytest.raises(Refused):
        rates.count("192.0.2.1", "")
    assert 1 == len(rates._storage.events)


@pytest.mark.parametrize("rate", ["often", "0.5/minute", "3/fortnight"])
def test_a_rate_that_is_none_is_refused_at_the_start(rate):
    with pytest.raises(ValidationError):
        Settings(rate_uploads=rate)


@pytest.mark.parametrize(
    ("peer", "forwarded", "behind_proxy", "sender"),
    [
        ("192.0.2.1", "", True, "192.0.2.1"),
        ("192.0.2.1", "198.51.100.9", False, "192.0.2.1"),
        ("127.0.0.1", "198.51.100.9", True, "198.51.100.9"),
        ("127.0.0.1", "203.0.113.1, 198.51.100.9", True, "198.51.100.9"),
        ("127.0.0.1", "203.0.113.1, unknown", True, "127.0.0.1"),
        ("2001:db8:1:2:3:4:5:6", "", False, "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "", False, "fe80::/64"),
        ("::ffff:192.0.2.1", "", False, "192.0.2.1"),
        ("a-socket", "", False, "a-socket"),
    ],
)
def test_a_sender_is_the_peer_or_what_a_trusted_proxy_says(peer, forwarded, behind_proxy, sender):
    scope = {"type": "http", "client": (peer, 1), "headers": []}
    scope["headers"] = [(b"x-forwarded-for", forwarded.encode())] if forwarded else []

    assert sender == sender_of(scope, behind_proxy=behind_proxy)
