"""What the log tells of requests: enough to find one, nothing of what somebody sent."""

import io
import json
import logging
import re
from urllib.parse import quote

import pytest

from app.pens.log_lines import JsonLines, WordLines
from app.settings import Log
from tests.running import JSON, client_of

FORGED = 'x\n{"status": 200}\r\x1b[2J\u202e\u2028\u0085'
SECRET = "s3cret-token-of-somebody"


@pytest.fixture
def told(request):
    """What the log holds, written by a pen."""
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(request.param())
    loggers = logging.getLogger("app"), logging.getLogger("app.requests")
    loggers[0].addHandler(handler)
    loggers[1].setLevel(logging.INFO)
    yield handler.stream.getvalue
    loggers[0].removeHandler(handler)
    loggers[1].setLevel(logging.NOTSET)


def lines(told):
    return [json.loads(line) for line in told().splitlines()]


@pytest.mark.parametrize("told", [JsonLines], indirect=True)
def test_each_request_is_one_line_that_says_what_was_answered_and_no_more(database_url, told):
    with client_of(database_url, log=Log.JSON) as client:
        client.get("/readyz")
        client.get("/r/ldr.txt")
        answer = client.get("/r/ldr.txt")
        client.get(f"/search?q={SECRET}", headers={"cookie": f"vapic_session={SECRET}"})
        client.post("/api/v1/check-mail", content=SECRET, headers={"authorization": SECRET})

    _, made, kept, *_ = found = lines(told)
    assert 5 == len(found)
    assert SECRET not in told()
    assert "testclient" not in told()
    assert ["made", "kept"] == [made["answer"], kept["answer"]]
    assert answer.headers["x-request-id"] == kept["request"]
    assert {
        "level": "info", "method": "GET", "path": "/r/ldr.txt", "status": 200,
        "version": "2026-11-22.1", "bytes": int(answer.headers["content-length"]),
    }.items() <= kept.items()  # fmt: skip
    assert 0 < kept["ms"] < made["ms"]


@pytest.mark.parametrize("told", [JsonLines, WordLines], indirect=True)
def test_nobody_can_forge_a_line(database_url, told):
    with client_of(database_url, log=Log.JSON) as client:
        client.get("/r/" + quote(FORGED))
        logging.getLogger("app.store").warning("found %s", FORGED)

    assert 2 == len(told().splitlines())
    assert told().replace("\n", "").isprintable()
    assert told().isascii()


@pytest.mark.parametrize("told", [WordLines], indirect=True)
def test_a_traceback_stands_below_its_line_whatever_the_error_says(told):
    try:
        int(FORGED)
    except ValueError:
        logging.getLogger("app.web").exception("it failed")

    first, *below = told().splitlines()
    assert first.endswith('"it failed"')
    assert below
    assert [] == [line for line in below if not line.startswith("    ")]
    assert told().isascii()


@pytest.mark.parametrize(
    ("given", "trusted", "taken"),
    [
        ("0123456789abcdef", True, True),
        ("5e9f-A.b_c", True, True),
        ("0123456789abcdef", False, False),
        ("short", True, False),
        ("a" * 65, True, False),
        ("0123456789 abc", True, False),
        ('01234567"<b>', True, False),
        ("01234567\u00e9", True, False),
    ],
)
def test_only_a_trusted_proxy_names_a_request_and_in_plain_words(
    database_url, given, trusted, taken
):
    with client_of(database_url, trusted_proxy=trusted) as client:
        answer = client.get("/healthz", headers={"x-request-id": given.encode("latin-1")})

    name = answer.headers["x-request-id"]
    assert name == given if taken else re.fullmatch("[0-9a-f]{16}", name)


@pytest.mark.parametrize("told", [JsonLines], indirect=True)
def test_what_fails_names_the_request_on_the_page_and_in_the_log(empty_url, told):
    with client_of(empty_url, log=Log.JSON, log_addresses=True) as client:
        answer = client.get("/r/ldr", headers=JSON)

    name = answer.headers["x-request-id"]
    assert f"(Request {name}.)" in answer.json()["error"]["message"]
    assert {name} == {line["request"] for line in lines(told)}
    assert ["error", "info"] == [line["level"] for line in lines(told)]
    assert 503 == lines(told)[1]["status"]
    assert "testclient" == lines(told)[1]["address"]
