"""A megabyte of anything, and an address as long as may be: read or refused for little work."""

import json
import time

import pytest

from tests.measured.documents import document
from tests.running import SITE, client_of

MOST = 1_048_000
HEAD = b"From: a@example.org\nTo: b@example.org\nSubject: c\nMIME-Version: 1.0\n"
LINK = f"{SITE}/r/ldr/x2avic/write?at=2026-11-22".encode()
# A quarter of it is what a quiet machine takes, whatever else the one of the tests has to do.
MOST_SECONDS = 2


def filled(piece):
    return (piece * (MOST // len(piece) + 1))[:MOST]


def multipart(depth):
    begun = (
        b'Content-Type: multipart/mixed; boundary="b%d"\n\n--b%d\n' % (n, n) for n in range(depth)
    )
    return HEAD + b"".join(begun) + b"\nhello\n"


MAILS = {
    "30,000 empty parts": multipart(1) + b"--b0\n\n\n" * 30_000,
    "200 parts in each other": multipart(200),
    "5,000 parts in each other": multipart(5000),
    "an unknown charset": HEAD
    + b"Content-Type: text/plain; charset=x-none\n\n"
    + filled(b"\xff\n"),
    "a charset that is no text": HEAD + b"Content-Type: text/plain; charset=zlib\n\n\xff",
    "a charset of no letters": HEAD + b"Content-Type: text/plain; charset=\0\n\n\xff",
    "marks of quotes": filled(b">"),
    "escapes of a terminal": filled(b"\x1b[31m"),
    "links": filled(LINK + b"\n"),
    "links in one line": filled(b"<" + LINK + b"> "),
    "beginnings of links": filled(b"<http://"),
    "hosts": b"".join(b"[1]: http://h%d.example/r/ldr\n" % n for n in range(30_000)),
    "base64 of nothing": HEAD
    + b"Content-Type: text/plain\nContent-Transfer-Encoding: base64\n\n"
    + filled(b"====\n"),
    "lone surrogates": "\ud800".encode("utf-8", "surrogatepass") * 300_000,
    "messages": filled(b"From a@b Thu\nSubject: x\n\nhello\n\n"),
    "ends of one link": HEAD + b"Content-Type: text/html\n\n<a href=x>" + b"y</a>" * 19_000,
    "HTML": HEAD + b"Content-Type: text/html\n\n" + filled(b"<a href='" + LINK + b"'>x</a>"),
}
GOOD = json.loads(document())
CLOSED = b"}" * 30
DOCUMENTS = {
    "lists in each other": b"[" * MOST,
    "objects in each other": b'{"a":' * 200_000,
    "an endless number": b'{"format":' + b"9" * 1_000_000 + b"}",
    "long numbers": b"[" + b",".join([b"9" * 4000] * 250) + b"]",
    "empty observations": json.dumps(GOOD | {"observations": [{}] * 200_000}).encode(),
    "zeros below a long key": b'{"%b":[%b0]}' % (b"k" * 400_000, b"0," * 300_000),
    "zeros below long keys": b'{"%b":' % (b"k" * 190) * 30 + b"[%b0]" % (b"0," * 400_000) + CLOSED,
    "a key many times": b'{"%b":' % (b"k" * 190) * 30
    + b'{%b"a":0}' % (b'"a":0,' * 160_000)
    + CLOSED,
    "unknown keys": json.dumps({f"k{n}": n for n in range(60_000)}).encode(),
    "surrogates alone": json.dumps(GOOD | {"notes": "\ud800" * 160_000}).encode(),
}
FIELDS = {
    "no fields": b"&" * MOST,
    "many fields": b"text=x&" * 140_000,
    "what is no UTF-8": b"text=" + b"%ed%a0%80" * 100_000,
}
QUERIES = (
    "/search?q=" + "ldr+OR+" * 1100,
    "/search?q=" + "(" * 8000,
    "/search?q=" + "+".join(f"wr{i}t{e}" for i in "iìíî" for e in "eèéêëēĕė"),
    "/?family=" + "," * 8000,
    "/mail?rows=" + ",".join(f"r{n}" for n in range(1400)),
    "/?" + "&mode=avic" * 800,
    "/m?after=-" + "9" * 8000,
    "/?at=" + "2026-11-22" * 800,
)
FORM = {"content-type": "application/x-www-form-urlencoded"}
ASKED = (
    *((f"{name} to {at}", at, body, {})
      for name, body in MAILS.items() for at in ("/api/v1/check-mail",)),
    *((f"{name} to /wanted", "/wanted", MAILS[name], {})
      for name in ("lone surrogates", "marks of quotes")),
    ("a long name to /wanted", "/wanted", b"x" * MOST, {}),
    *((f"{name} to {at}", at, body, {})
      for name, body in DOCUMENTS.items() for at in ("/api/v1/measurements",)),
    *((f"{name} to {at}", at, body, FORM)
      for name, body in FIELDS.items() for at in ("/check-mail", "/wanted", "/upload")),
    ("a cookie of escapes", "/api/v1/measurements", b"{}", {"cookie": 'a="' + "\\" * 60_000 + '"'}),
)  # fmt: skip


@pytest.fixture(scope="module")
def client(shared_url):
    with client_of(shared_url, rate_uploads="") as client:
        client.get("/")
        yield client


def test_nothing_that_is_sent_costs_much_or_fails_and_what_is_not_looked_at_is_said(client):
    for name, at, body, headers in ASKED:
        began = time.process_time()
        answer = client.post(at, content=body[:MOST], headers=headers, follow_redirects=False)
        taken = time.process_time() - began
        assert answer.status_code in {200, 400, 404, 422}, name
        assert taken < MOST_SECONDS, name
        if "links to" in name:
            notes = answer.json()["notes"]
            assert "Only the first 3000 addresses of the web were looked at." in notes


@pytest.mark.parametrize("address", QUERIES)
def test_no_address_costs_much_or_fails(client, address):
    began = time.process_time()
    answer = client.get(address[:8190], follow_redirects=False)

    assert answer.status_code in {200, 302, 400, 404}
    assert time.process_time() - began < MOST_SECONDS
