"""The quote check in the browser, by curl and by the API; what is pasted leaves no trace."""

import logging
import sqlite3
from datetime import UTC, datetime

import pytest
from bs4 import BeautifulSoup

from app.mail.quoting import MOST_LINKS
from app.settings import ROOT
from app.store import seeding
from app.store.engine import writer_sessions
from app.web.front import Front
from app.web.limits import Limits
from tests.conftest import engine_of
from tests.quoting.conftest import CELL, quote
from tests.running import CURL, HTML, JSON, SITE, app_of, client_of, soup_of, state_of, unsound

PINNED = f"{SITE}{CELL}?at=2026-11-22.1"
PUBLISHED = ROOT / "tests" / "data" / "published-urls.txt"
MARK = "a-word-that-nobody-else-writes"


@pytest.fixture(scope="module")
def client(shared_url):
    """A client of the real app, without a limit on its pace."""
    with client_of(shared_url, rate_uploads="") as client:
        yield client


@pytest.fixture(scope="module")
def block(client):
    """The block of a cell, as the site gives it."""
    return client.get(f"{CELL}/mail.txt").text


def answered(client, mail):
    """Return the page that a pasted mail gets."""
    return BeautifulSoup(client.post("/check-mail", data={"text": mail}, headers=HTML).text, "lxml")


def test_the_form_says_that_nothing_is_kept_and_works_without_script(client):
    soup = soup_of(client, "/check-mail")
    form = soup.find("form", class_="upload")

    assert "Nothing that is pasted here is stored" in soup.find("main").text
    assert ("post", "/check-mail") == (form["method"], form["action"])
    assert {"text", "file"} == {field["name"] for field in form.find_all(["textarea", "input"])}
    assert "curl -F file=@MAIL" in client.get("/check-mail.txt").text


def test_a_pasted_mail_comes_back_line_by_line_with_what_was_pasted(client, block):
    mail = quote(block.replace("Zen 4:", "Zen 5:"))
    soup = answered(client, mail)
    rows = [[cell.text.split("\n")[0].strip() for cell in row.find_all("td")]
            for row in soup.find("table").find_all("tr")[1:]]  # fmt: skip
    edited = next(n for n, line in enumerate(mail.splitlines(), 1) if "Zen 5:" in line)

    assert [[str(edited), "never said that"]] == [r[:2] for r in rows if r[1] != "unchanged"]
    assert "1 never said" in soup.find(id="result").text
    assert mail.strip() == soup.find("textarea").text.strip()
    links = {a["href"] for a in soup.find("section", class_="mailed").find_all("a")}
    assert {PINNED} == {link for link in links if not link.startswith("#")}


def test_what_is_pasted_is_text_and_never_markup(client, block):
    nasty = "<script>alert(1)</script> <b>\"'&amp;{{ 7 * 7 }}</textarea>"
    mail = f"{nasty}\n{quote(block).replace('> Zen', f'> {nasty} Zen')}\n{SITE}/r/{nasty}\n"
    soup = answered(client, mail)

    assert [True] * len(soup.find_all("script")) == [bool(s.get("src")) for s in soup("script")]
    assert "alert" not in "".join(str(tag) for tag in soup.find_all("b"))
    assert nasty in soup.find("textarea").text
    assert "49" not in soup.find("textarea").text


@pytest.mark.parametrize("field", ["text", "file"])
def test_curl_gets_the_text_report_of_a_field_or_a_file(client, block, field):
    sent = {"data": {"text": block}} if field == "text" else {"files": {"file": ("m", block)}}
    answer = client.post("/check-mail", headers=CURL, **sent)

    assert [] == unsound(answer)
    assert answer.text.startswith("A mail held against vAPIC Explorer\n")
    assert "1 link: 1 unchanged; 1 copied block" in answer.text


def test_the_api_answers_as_the_page_does_in_json(client, block):
    raw = f"From: a\nTo: b\nSubject: c\n\n{quote(block)}".encode()
    kind = {"content-type": "message/rfc822"}
    given = client.post("/api/v1/check-mail", content=raw, headers=kind)
    page = client.post("/check-mail", files={"file": ("m.eml", raw)}, headers=JSON)
    (link,) = given.json()["links"]

    assert given.json() == page.json()
    assert ("unchanged", PINNED, False) == (link["standing"], link["url"], given.json()["wrong"])
    assert {"unchanged"} == {line["standing"] for line in link["block"]}
    assert [5, 4 + len(block.splitlines())] == [link["block"][0]["line"], link["last_line"]]


def test_every_published_address_is_known_as_one_of_ours(client):
    lines = (line.split(" ", 2) for line in PUBLISHED.read_text("utf-8").splitlines())
    paths = [line[2] for line in lines if line[0] in {"200", "302", "308"}]
    found = []
    for start in range(0, len(paths), MOST_LINKS):
        mail = "".join(f"<{SITE}{path}>\n" for path in paths[start : start + MOST_LINKS])
        found += client.post("/api/v1/check-mail", content=mail).json()["links"]

    assert len(paths) == len(found)
    assert [] == sorted((x["url"], x["note"]) for x in found if x["standing"] == "no such page")


@pytest.mark.parametrize("raw", [b"", b"hello", b"\xff\xfe\x00", b"From: a\nTo: b\n"])
def test_a_mail_without_links_or_text_gets_a_friendly_answer(client, raw):
    answer = client.post("/api/v1/check-mail", content=raw)

    assert (200, [], False) == (answer.status_code, answer.json()["links"], answer.json()["wrong"])
    assert "No link to this site was found" in answer.json()["result"]
    assert "Looked for" in client.post("/check-mail", files={"file": ("m", raw)}, headers=CURL).text


def test_a_body_that_is_no_field_of_the_form_is_answered_with_how_to_send_a_mail(client):
    answer = client.post(
        "/check-mail", content=b"Hi,", headers=CURL | {"content-type": "text/plain"}
    )

    assert "curl -F file=@MAIL" in answer.text
    assert "No link to this site was found" not in answer.text


def test_what_is_pasted_reaches_no_database_no_cache_and_no_log(client, shared_url, block, caplog):
    caplog.set_level(logging.DEBUG)
    mail = f"{MARK} {SITE}/r/{MARK} {SITE}/?q={MARK}\n{block}"
    kept = dict(app_of(client.app, Front)._kept._pages)
    answers = [
        client.post("/check-mail", data={"text": mail}, headers=HTML),
        client.post("/api/v1/check-mail", content=mail),
    ]
    with sqlite3.connect(shared_url.removeprefix("sqlite:///")) as connection:
        stored = "\n".join(connection.iterdump())

    assert ["no-store"] * 2 == [answer.headers["cache-control"] for answer in answers]
    assert kept == dict(app_of(client.app, Front)._kept._pages)
    assert MARK not in stored
    assert [] == [record for record in caplog.records if MARK in record.getMessage()]
    assert MARK not in client.get("/check-mail", headers=HTML).text


def test_a_mail_that_another_site_sends_or_that_is_too_large_is_refused(client):
    elsewhere = {"origin": "https://evil.example"}

    assert 403 == client.post("/check-mail", data={"text": "x"}, headers=elsewhere).status_code
    assert 413 == client.post("/api/v1/check-mail", content=b"x" * 2_000_000).status_code


def test_a_check_waits_for_no_writer(client, monkeypatch):
    monkeypatch.setattr(app_of(client.app, Limits)._turns, "_here", 10**6)

    assert 503 == client.post("/upload", data={"text": "{}"}, headers=JSON).status_code
    assert 200 == client.post("/check-mail", data={"text": "x"}, headers=JSON).status_code


def test_a_mail_from_before_an_edit_of_the_seed_shows_the_difference(
    client, shared_url, block, seed_copy
):
    seed_copy.edit("registers/08-ldr.yaml", "behaviour: vmexit-trap", "behaviour: vmexit-fault")
    with engine_of(shared_url) as engine, writer_sessions(engine).begin() as session:
        assert seeding.load_seed(session, seed_copy.folder, datetime.now(UTC)).version
    state_of(client).snapshots.refresh()
    soup = answered(client, quote(block, 2))
    since = soup.find("a", string=lambda text: "/since/" in (text or ""))
    row = soup.find("tr", class_="s-changed-since")

    assert "page changed since" in soup.find("section", class_="mailed").find("h2").text
    assert "#VMEXIT (trap)" in row.text.split("today:")[0]
    assert "#VMEXIT (fault)" in row.text.split("today:")[1]
    assert "vmexit-fault" in client.get(since["href"].removeprefix(SITE), headers=CURL).text
