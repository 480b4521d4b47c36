"""One corpus of what strangers write to be run, through every way in and every way out."""

import contextlib
import io
import json
import logging
from itertools import pairwise, product

import pytest

from app.core.words import TokenScope
from app.errors import Conflict
from app.intake import reviewing
from app.pens.log_lines import JsonLines
from app.settings import Log
from app.store.engine import writer_sessions
from tests.conftest import engine_of
from tests.operating.injections import MARK, PAYLOADS, documents, fill, in_text, live, quoted
from tests.reviewables import RECEIVED_AT
from tests.running import client_of

API = "/api/v1/measurements"
LIMITS = {"rate_uploads": "", "rate_token": "", "sender_pending_documents": 1000}


@pytest.fixture(scope="module")
def told():
    """The log of everything here."""
    handler = logging.StreamHandler(io.StringIO())
    handler.setFormatter(JsonLines())
    logging.getLogger("app").addHandler(handler)
    logging.getLogger("app.requests").setLevel(logging.INFO)
    yield handler.stream.getvalue
    logging.getLogger("app").removeHandler(handler)
    logging.getLogger("app.requests").setLevel(logging.NOTSET)


@pytest.fixture(scope="module")
def stored(shared_url, told):  # noqa: ARG001 - what is told of it is read later
    """A site that took every payload that it takes, and counts each; with the names of them."""
    with client_of(shared_url, **LIMITS, log=Log.JSON, trusted_proxy=True) as client:
        yield client, *fill(client, shared_url)


PAGES = (
    "/m", "/m.txt", "/m.json", "/m.csv", "/m.md", "/r/ldr/x2avic/write", "/r/ldr/x2avic/write.txt",
    "/r/ldr/x2avic/write.json", "/r/ldr/x2avic/write.atom", "/r/ldr", "/r/ldr.txt", "/", "/index.txt",
    "/index.csv", "/index.md", "/index.json", "/index.atom", "/?view=cpu&family=zen-5",
    "/index.csv?view=cpu&family=zen-5", "/index.md?view=cpu&family=zen-5", "/c/zen-5", "/c/zen-5.txt",
    "/c/zen-5.csv", "/c/zen-5.md", "/c/zen-5.json", "/changes", "/changes.txt", "/changes.atom", "/changes.csv",
    "/changes.md", "/corrected.md", "/corrected.txt", "/d", "/d.txt", "/d.md", "/d.csv", "/wanted.txt",
    "/api/v1/cells", "/search?q=pwned",
    "/search.txt?q=pwned", "/search.json?q=pwned", "/r/ldr/mail", "/r/ldr/mail.txt",
)  # fmt: skip


def test_what_is_stored_and_counts_runs_in_no_page_of_any_format(stored):
    client, slugs, refused = stored
    own = [f"/m/{slug}{twin}" for slug in slugs for twin in ("", ".txt", ".json")]
    asked = [*PAGES, *own, *(f"/m/{a}/diff/{b}" for a, b in pairwise(slugs))]
    answers = {path: client.get(path, headers={"accept": "text/html"}) for path in asked}

    assert 30 < len(slugs)
    assert [] == refused
    assert [] == [path for path, answer in answers.items() if 200 != answer.status_code]
    assert {} == {path: found for path, answer in answers.items() if (found := live(answer))}
    # They are there, or nothing was looked at.
    for path in ("/m.csv", "/m.md", "/r/ldr/x2avic/write", "/m"):
        assert MARK in answers[path].text, path


# Where an address has words of whoever asks: first those whose answers say them.
WAYS = (
    "/search?q=", "/r/", "/?mode=", "/r/ldr/since/", "/?at=", "/docs/",
    "/?family=", "/?", "/d?state=", "/m?kernel=", "/m?after=", "/r/ldr/", "/m/", "/export/", "/mail?policy=",
)  # fmt: skip


@pytest.mark.parametrize("payload", PAYLOADS)
def test_what_is_asked_and_pasted_runs_in_no_answer(stored, payload):
    client, text = stored[0], quoted(payload)
    mail = f"Subject: {payload}\n\n{payload}\n> http://127.0.0.1:8000/r/{payload}\n".encode(
        "utf-8", "replace"
    )
    head = (
        payload.encode("utf-8", "replace")
        .replace(b"\r", b"")
        .replace(b"\n", b"")
        .replace(b"\0", b"")
    )
    accepted = {"text/html": WAYS, "text/plain": WAYS[:6], "application/json": WAYS[:3]}
    answers = [
        client.get(
            f"{way}{text}", headers={"accept": kind, "x-request-id": head, "user-agent": head}
        )
        for kind, ways in accepted.items()
        for way in ways
    ]
    for kind in ("text/html", "text/plain"):
        accept = {"accept": kind}
        file = {"file": (payload.encode("utf-8", "replace").decode(), mail)}
        answers += [
            client.post("/check-mail", files=file, headers=accept),
            client.post("/check-mail", data={"text": mail.decode()}, headers=accept),
            client.post("/upload", files=file, headers=accept),
            client.post(
                "/upload", data={"text": mail.decode(), "action": "submit"}, headers=accept
            ),
            client.post("/wanted", data={"cpuinfo": mail.decode()}, headers=accept),
            client.post("/review/login", data={"token": mail.decode()}, headers=accept),
        ]
    answers += [client.post("/api/v1/check-mail", content=mail), client.post(API, content=mail)]

    assert [] == [a.status_code for a in answers if a.status_code >= 500]
    assert [] == [(str(a.url), found) for a in answers if (found := live(a))]
    assert not {a.headers["x-request-id"].encode() for a in answers} & {head}


def test_the_log_of_all_that_is_one_ascii_object_a_line(stored, told):
    client = stored[0]
    for payload in PAYLOADS:
        with contextlib.suppress(ValueError):
            client.get(f"/r/{quoted(payload)}")
    lines = told().splitlines()

    assert [] == list(in_text(told()))
    assert {"time", "level", "request"} <= set.intersection(
        *(set(json.loads(line)) for line in lines)
    )
    assert not [line for line in lines if "pwned42" == json.loads(line)["request"]]


def test_what_reviewers_see_of_it_runs_nowhere(stored, shared_url, vapic, monkeypatch):
    client, slugs, _ = stored
    with engine_of(shared_url) as engine, writer_sessions(engine).begin() as session:
        for payload in PAYLOADS:
            # A name that does not print is taken by nobody.
            with contextlib.suppress(Conflict):
                reviewing.new_token(session, payload, TokenScope.SUBMIT, RECEIVED_AT)
        _, secret = reviewing.new_token(session, PAYLOADS[1], TokenScope.REVIEW, RECEIVED_AT)
    client.post("/review/login", data={"token": secret})
    kinds = ("text/html", "text/plain")
    asked = ["/review", *(f"/review/{slug}" for slug in slugs)]
    answers = [client.get(at, headers={"accept": kind}) for at in asked for kind in kinds]
    answers += [
        client.post(f"/review/{slug}", headers={"accept": kind}, data={
            "state": "withdrawn", "seen": "accepted",
            "reason": payload.encode("utf-8", "replace")})
        for (slug, payload), kind in product([(slugs[0], one) for one in PAYLOADS], kinds)
    ]  # fmt: skip
    client.post("/review/logout")
    monkeypatch.setenv("DATABASE_URL", shared_url)
    listed = vapic("token", "list").out

    assert [] == [(str(a.url), found) for a in answers if (found := live(a))]
    assert {200} == {answer.status_code for answer in answers[: 2 * len(asked)]}
    assert MARK in answers[0].text
    assert MARK in listed
    assert [] == list(in_text(listed))


def test_no_command_writes_what_moves_a_terminal(vapic, tmp_path):
    files = [tmp_path / f"{i}.json" for i in range(len(PAYLOADS))]
    for file, payload in zip(files, PAYLOADS, strict=True):
        file.write_bytes(documents(payload)[0].encode("utf-8", "surrogatepass"))
    ran = vapic("check", "--", *files, *PAYLOADS[:-1])

    text = ran.out + ran.err
    assert MARK in text
    assert (
        text.replace("\n", "")
        .replace("\t", "")
        .replace("\u3000", "")
        .replace("\xa0", "")
        .isprintable()
    )
