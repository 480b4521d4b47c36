"""A document through the API, its receipt, review and withdrawal, against the whole site."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from markupsafe import escape
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from app.core.words import State, TokenScope
from app.intake import submitting, waiting
from app.pages import measured
from app.settings import Settings, Uploads
from app.store import records
from app.store.submissions import Decision, add_token
from app.web.app import create_app
from tests.measured.documents import document, many, observed
from tests.running import CURL, HTML, SITE, client_of, soup_of, state_of, unsound, words

JSON = {"content-type": "application/json", "accept": "application/json"}
API = "/api/v1/measurements"
MISSPELT = document(observations=[observed("ldrr", "x2avic", "write", "gp")])
EMULATED = document(hypervisor={"name": "QEMU", "version": "10", "accelerator": "tcg"})


def post(client, raw, **headers):
    return client.post(API, content=raw, headers={**JSON, **headers})


def decide(client, writer, slug, state, reason="Looked at."):
    with writer.begin() as session:
        submitting.take_decision(
            session, slug, Decision(state, reason, datetime.now(UTC), "reviewer")
        )
    refresh(client)


def refresh(client):
    state_of(client).snapshots.refresh()


def test_a_receipt_says_where_the_measurement_is_and_how_to_take_it_back(client):
    raw = document()
    answer = post(client, raw)
    digest = hashlib.sha256(raw).hexdigest()

    assert 201 == answer.status_code
    assert f"/m/{digest[:12]}" == answer.headers["location"]
    assert (digest, "pending") == (answer.json()["digest"], answer.json()["state"])
    assert "" == answer.json()["decided_at"]
    assert len(answer.json()["withdrawal_secret"]) >= 32
    assert f"/m/{digest[:12]}/withdraw" == urlsplit(answer.json()["withdrawal_url"]).path
    assert "withdrawal_url" in answer.json()["withdrawal_note"]
    assert raw == client.get(f"/m/{digest[:12]}.raw").content
    assert "no-store" == answer.headers["cache-control"]


def test_the_same_bytes_again_give_the_first_receipt_without_its_secret(client):
    first, again = post(client, document()), post(client, document())

    assert (201, 200) == (first.status_code, again.status_code)
    assert first.json()["received_at"] == again.json()["received_at"]
    assert "withdrawal_secret" not in again.json()


def test_140_observations_show_only_after_acceptance_and_leave_with_withdrawal(client, writer):
    raw = document(observations=many(140))
    paths = ("/index.json", "/r/ldr/x2avic/write.txt", "/c.csv", "/corrected.txt")
    before = {path: _facts(client, path) for path in paths}
    checked = client.post(f"{API}?dry_run=true", content=raw, headers=JSON).json()
    receipt = post(client, raw).json()
    slug = receipt["id"]
    pending = client.get(f"/m/{slug}.json").json()

    assert 140 == sum(effect["observed"] for effect in checked["effects"])
    assert checked["effects"] == pending["effects"]
    assert before == {path: _facts(client, path) for path in paths}

    decide(client, writer, slug, State.ACCEPTED)
    shown = client.get("/api/v1/cells?family=zen-5").json()["cells"]
    after = {
        f"{c['register']}/{c['mode']}/{c['access']}": c["families"]["zen-5"]["verdict"]
        for c in shown
    }
    assert after == {e["cell"]: e["after"] for e in checked["effects"]}
    assert "measured" in client.get("/r/ldr/x2avic/write.txt").text
    assert "Zen 5" in client.get("/corrected.txt").text
    assert f"Measurement {slug} is accepted" in " ".join(client.get("/changes.txt").text.split())

    secret = {"secret": receipt["withdrawal_secret"], "reason": "Wrong machine."}
    withdrawn = client.post(f"/m/{slug}/withdraw", data=secret, follow_redirects=False)
    assert (303, f"See /m/{slug}\n") == (withdrawn.status_code, withdrawn.text)
    refresh(client)
    assert before == {path: _facts(client, path) for path in paths}
    assert "withdrawn since" in client.get(f"/m/{slug}.txt").text
    assert "Wrong machine." in " ".join(client.get(f"/m/{slug}.txt").text.split())
    assert raw == client.get(f"/m/{slug}.raw").content


def _facts(client, path):
    """What a page says, without the data version that every page names."""
    lines = client.get(path).text.splitlines()
    moving = ("ata version", "data_version", "Pinned")
    return [line for line in lines if not any(word in line for word in moving)]


def test_a_wrong_secret_withdraws_nothing(client):
    slug = post(client, document()).json()["id"]
    answer = client.post(
        f"/m/{slug}/withdraw", data={"secret": "no"}, headers={"accept": "application/json"}
    )

    assert (403, "forbidden") == (answer.status_code, answer.json()["error"]["code"])
    assert "pending since" in client.get(f"/m/{slug}.txt").text


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        (b"", ""),
        (b"5", ""),
        (b"\xff", ""),
        (b"[" * 100_000, ""),
        (b'{"format": 1, "format": 1}', "/format"),
        (b'{"format": 18446744073709551616}', "/format"),
        (MISSPELT, "/observations/0/register"),
        (EMULATED, "/hypervisor/accelerator"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("dry_run", ["", "?dry_run=true"])
def test_a_bad_document_is_refused_with_one_list_of_problems(client, raw, pointer, dry_run):
    answer = client.post(API + dry_run, content=raw, headers=JSON)

    assert 422 == answer.status_code
    assert pointer in [p["pointer"] for p in answer.json()["problems"]]
    assert all(
        {"pointer", "found", "expected", "hint"} == set(p) for p in answer.json()["problems"]
    )
    assert 0 == client.get("/m.json").json()["measurements"].__len__()


@pytest.mark.parametrize(
    ("sent", "said"),
    [
        ({"json": {"format": 1}}, "This body is no form: a file goes into a field of it"),
        ({"files": {"document": b"{}"}}, "no field of this form; valid are text, action, token"),
        ({"files": {"file": b"{}"}, "data": {"action": "check"}}, "Refused: nothing was kept"),
    ],
)
def test_what_the_form_cannot_take_is_told_with_what_it_takes(client, sent, said):
    told = client.post("/upload", headers=CURL, **sent)

    assert said in " ".join(told.text.split()).replace("is not a field", "no field")
    assert "curl -F action=submit -F file=@FILE" in client.get("/upload", headers=CURL).text


def test_the_text_of_a_refusal_is_a_page_of_75_columns(client):
    document = {"x" * 60: 1, "é" * 60: 2, "format": 1}
    sent = {"text": json.dumps(document), "action": "check"}
    answer = client.post("/upload", data=sent, headers=CURL)

    assert 422 == answer.status_code
    assert answer.text.isascii()
    assert answer.text.endswith("\n")
    assert 75 >= max(map(len, answer.text.splitlines()))
    assert "- /cpu: found nothing" in answer.text


def test_a_commit_that_fails_is_never_a_receipt(database_url):
    app = create_app(Settings(database_url=database_url))
    with TestClient(app, base_url=SITE, raise_server_exceptions=False) as client:
        writers = state_of(client).writers

        def fail(_session):
            raise OperationalError("COMMIT", {}, Exception("disk full"))

        event.listen(writers, "before_commit", fail)
        refused = post(client, document())
        event.remove(writers, "before_commit", fail)
        taken = post(client, document())

    assert 503 == refused.status_code
    assert "nothing was lost" in refused.json()["error"]["message"]
    assert 201 == taken.status_code


def test_a_trusted_token_is_accepted_at_once(client, writer):
    with writer.begin() as session:
        add_token(session, "a lab", TokenScope.TRUSTED, "s3cret", datetime.now(UTC))
    receipt = post(client, document(), authorization="Bearer s3cret").json()

    assert "accepted" == receipt["state"]
    assert "a lab" in client.get(f"/m/{receipt['id']}.txt").text
    assert 403 == post(client, document(notes="x"), authorization="Bearer wrong").status_code


@pytest.mark.parametrize(
    ("uploads", "status"), [(Uploads.TOKEN, 403), (Uploads.CLOSED, 403), (Uploads.OPEN, 201)]
)
def test_the_site_says_who_may_send(database_url, uploads, status):
    with client_of(database_url, uploads=uploads) as client:
        checked = client.post(f"{API}?dry_run=true", content=document(), headers=JSON)

        assert (200, status) == (checked.status_code, post(client, document()).status_code)


def test_strangers_words_are_never_markup(client):
    notes = "**bold** <script>alert(1)</script> [x](javascript:alert(1)) [y](https://example.org/)"
    raw = document(
        notes=notes,
        submitter={"name": "<img src=x onerror=alert(1)>", "contact": '"><script>'},
        tool={"name": "<b>t</b>", "version": "{{ 7 * 7 }}"},
        observations=[
            observed("ldr", "x2avic", "write", "gp", note="<i>n</i>", condition="<u>c</u>")
        ],
    )
    slug = post(client, raw).json()["id"]
    pages = [
        client.get(path, headers=HTML).text
        for path in (f"/m/{slug}", "/m", f"/m/{slug}/diff/{slug}")
    ]
    bad = ("<script>alert", "<img src=x", "<b>t</b>", "<i>n</i>", "<u>c</u>")

    assert [] == [(path, word) for path, page in enumerate(pages) for word in bad if word in page]
    assert "<strong>bold</strong>" in pages[0]
    assert 'href="javascript:' not in pages[0]
    assert 'rel="nofollow ugc noreferrer"' in pages[0]


def test_two_measurements_stand_side_by_side_with_what_differs(client):
    other = {**json.loads(document())["cpu"], "microcode": "0xb00211f"}
    a = post(client, document()).json()["id"]
    b = post(
        client,
        document(cpu=other, observations=[observed("ldr", "x2avic", "write", "vmexit-trap")]),
    ).json()["id"]
    page = client.get(f"/m/{a}/diff/{b}", headers=HTML).text
    text = client.get(f"/m/{a}/diff/{b}.txt").text
    cells = client.get(f"/m/{a}/diff/{b}.json").json()["cells"]

    assert ["ldr/x2avic/write", "gp", "vmexit-trap"] in cells
    assert "0xb00211f" in page
    assert any(line.startswith("! Microcode") for line in text.splitlines())
    assert max(map(len, text.splitlines())) <= 75


def test_a_disputed_cell_lists_the_reports_on_each_side(client, writer):
    for outcome in ("gp", "vmexit-trap"):
        raw = document(observations=[observed("svr", "x2avic", "write", outcome, condition="zero")])
        decide(client, writer, post(client, raw).json()["id"], State.ACCEPTED)
    text = client.get("/r/svr/x2avic/write.txt").text
    page = words(soup_of(client, "/r/svr/x2avic/write").main)

    assert "Zen 5           reports disagree: 1 saw gp" in text
    assert "1 saw gp when zero:" in text
    assert "1 saw vmexit-trap when zero:" in text
    assert "1 saw #VMEXIT (trap) when zero:" in page


def test_the_list_filters_and_refuses_unknown_words(client, writer):
    first = post(client, document()).json()["id"]
    post(client, document(hypervisor={"name": "KVM", "version": "7.2.0"}))
    decide(client, writer, first, State.ACCEPTED)

    assert [first] == [m["id"] for m in client.get("/m.json?state=accepted").json()["measurements"]]
    assert 1 == len(client.get("/m.json?kernel=KVM 7.2.0").json()["measurements"])
    # What waits for a decision is held against nothing yet.
    differing = client.get("/m.json?differs=yes&family=zen-5").json()["measurements"]
    assert [first] == [m["id"] for m in differing]
    for asked in (first, f"/m/{first}", f"http://127.0.0.1:8000/m/{first}"):
        found = client.get("/search.json", params={"q": asked}).json()
        assert f"/m/{first}" in str(found["exactly"]), asked
    assert 400 == client.get("/m.json?state=acepted").status_code
    assert "accepted" in client.get("/m.json?state=acepted").text


def test_every_page_of_a_measurement_is_ascii_and_narrow(client):
    wide = "w" * 190 + " \N{LATIN SMALL LETTER O WITH DIAERESIS}"
    raw = document(submitter={"name": wide}, notes=wide, guest={"name": "g", "command": wide * 3})
    slug = post(client, raw).json()["id"]
    for path in (f"/m/{slug}.txt", "/m.txt", f"/m/{slug}/diff/{slug}.txt"):
        assert [] == unsound(client.get(path))


def test_twenty_alike_are_counted_whole_where_the_newest_are_named(client, writer, monkeypatch):
    seen = [observed("svr", "x2avic", "write", "gp", condition="zero")]
    cpu = json.loads(document())["cpu"]
    slugs = []
    for number in range(20):
        raw = document(observations=seen, cpu=cpu | {"brand": f"constructed {number % 3}"},
                       notes=f"{number}")  # fmt: skip
        slugs.append(post(client, raw).json()["id"])
        decide(client, writer, slugs[-1], State.ACCEPTED)
    other = document(observations=[seen[0] | {"outcome": "vmexit-trap"}])
    decide(client, writer, post(client, other).json()["id"], State.ACCEPTED)
    cell = "/r/svr/x2avic/write"
    text, page = client.get(f"{cell}.txt").text, client.get(cell, headers=HTML).text
    said = "Only the newest are named; 12 more observations stand in"

    assert "21 reports" in " ".join(text.split())
    assert "20 saw gp when zero:" in text
    assert said in " ".join(text.split())
    assert said in " ".join(page.split())
    families = client.get(f"{cell}.json").json()["families"]
    assert 12 == families["zen-5"]["more"]["observations"]
    assert families == client.get(f"/api/v1/cells{cell.removeprefix('/r')}").json()["families"]
    assert ["zen-5"] == [name for name, told in families.items() if "more" in told]
    (one,) = (c for c in client.get("/api/v1/cells").json()["cells"] if c["url"].endswith(cell))
    assert 13 == one["families"]["zen-5"]["more"]["observations"], "the newest eight of a cell"
    assert 8 == sum(seen["sources"][0].startswith("m-") for seen in one["observations"])
    linked = families["zen-5"]["more"]["url"].removeprefix(SITE).replace("/m?", "/m.json?")
    assert "/m.json?family=zen-5&state=accepted&cell=svr/x2avic/write" == linked
    listed = client.get(linked).json()
    assert 21 == len(listed["measurements"])
    assert {*slugs} < {m["id"] for m in listed["measurements"]}
    assert [] == client.get("/m.json?cell=tpr/avic/read").json()["measurements"]
    shown = " ".join(client.get("/m.txt?family=zen-5&state=accepted").text.split())
    assert "21 of 21 measurements" in shown
    for module in (records, measured):
        monkeypatch.setattr(module, "MOST_COUNTED", 11)
    shown = " ".join(client.get("/m.txt?cell=svr/x2avic/write").text.split())
    assert "more than 10 of 21 measurements" in shown
    corrected = " ".join(client.get("/corrected.txt").text.split())
    assert "Of reports alike the newest 8 are named" in corrected


def test_what_waits_is_bounded_in_all_and_a_decision_makes_room(database_url, writer, caplog):
    two = 2 * len(document(notes="0" * 400))
    with client_of(database_url, pending_bytes=two) as client:
        sent = [post(client, document(notes=f"{n}" * 400)) for n in range(3)]
        codes = [answer.status_code for answer in sent]
        assert [201, 201, 503] == codes
        assert "queue-full" == sent[2].json()["error"]["code"]
        assert "Keep the file" in sent[2].text
        assert "answered 503" in caplog.text
        assert "Traceback" not in caplog.text, "anybody can bring it about"
        again = post(client, document(notes="0" * 400))
        assert 200 == again.status_code, "what is kept already needs no room"
        decide(client, writer, sent[0].json()["id"], State.REJECTED)
        assert 201 == post(client, document(notes="2" * 400)).status_code


def test_what_waits_of_one_sender_is_bounded_and_others_are_not_held_up(
    database_url, writer, monkeypatch
):
    with writer.begin() as session:
        for name, scope in (("lab", TokenScope.SUBMIT), ("trusted", TokenScope.TRUSTED)):
            add_token(session, name, scope, name, datetime.now(UTC))
    with client_of(database_url, trusted_proxy=True, sender_pending_documents=2) as client:

        def send(number, address, **headers):
            return post(
                client, document(notes=f"{number}"), **{"x-forwarded-for": address}, **headers
            )

        first, _, third = (send(n, "192.0.2.1") for n in range(3))
        assert (429, "sender-full") == (third.status_code, third.json()["error"]["code"])
        assert "retry-after" not in third.headers
        held = f"has 2 documents of {2 * len(document(notes='0'))} bytes waiting"
        assert held in third.json()["error"]["message"]
        assert "each may have 2 documents of 8388608 bytes" in third.text
        assert 200 == send(0, "192.0.2.1").status_code, "what is kept already needs no room"
        assert 201 == send(2, "192.0.2.2").status_code
        of_token = [send(n, "192.0.2.1", authorization="Bearer lab") for n in (3, 4, 5)]
        assert [201, 201, 429] == [answer.status_code for answer in of_token]
        assert 201 == send(6, "192.0.2.1", authorization="Bearer trusted").status_code
        secret = {"secret": first.json()["withdrawal_secret"]}
        client.post(f"/m/{first.json()['id']}/withdraw", data=secret)
        assert 429 == send(7, "192.0.2.1").status_code, "its bytes stay, for a day it counts"
        monkeypatch.setattr(waiting, "WITHDRAWN", timedelta(0))
        assert [201, 429] == [send(n, "192.0.2.1").status_code for n in (7, 8)]


def test_what_waits_of_one_sender_has_so_many_bytes(database_url):
    most = len(document(notes="0" * 400)) + 5
    with client_of(database_url, sender_pending_bytes=most) as client:
        assert 201 == post(client, document(notes="0" * 400)).status_code
        sent = {"text": document().decode(), "action": "submit"}
        refused = client.post("/upload", data=sent, headers=HTML)
        assert 429 == refused.status_code
        assert f"Nothing was kept of these {len(document())} bytes" in refused.text
        assert escape(document().decode()) in refused.text, "the form has what was sent"
        assert 200 == client.post(f"{API}?dry_run=true", content=document()).status_code


def test_no_address_is_held_and_a_decision_forgets_the_sender(database_url, writer):
    with client_of(database_url, trusted_proxy=True) as client:
        senders = state_of(client).waiting._senders
        slug = post(client, document(), **{"x-forwarded-for": "192.0.2.77"}).json()["id"]
        assert [slug] == list(senders)
        assert "192.0.2.77" not in f"{senders}"
        assert b"192.0.2.77" not in b"".join(senders.values())
        decide(client, writer, slug, State.REJECTED)
        other = post(client, document(notes="x"), **{"x-forwarded-for": "192.0.2.77"}).json()["id"]
        assert [other] == list(senders)


def test_those_whose_documents_were_decided_are_dropped_when_there_are_many(
    database_url, writer, monkeypatch
):
    monkeypatch.setattr(waiting, "MOST_SENDERS", 2)
    with client_of(database_url, trusted_proxy=True) as client:
        slugs = [
            post(client, document(notes=f"{n}"), **{"x-forwarded-for": f"192.0.2.{n}"}).json()["id"]
            for n in range(2)
        ]
        decide(client, writer, slugs[0], State.REJECTED)
        post(client, document(notes="2"), **{"x-forwarded-for": "192.0.2.2"})
        assert slugs[0] not in state_of(client).waiting._senders
        assert 2 == len(state_of(client).waiting._senders)
