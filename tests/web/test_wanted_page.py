"""The page of what nobody has measured yet, in every format, and its feed."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime

import pytest

from app.core import wanted
from app.core.views import view_cells
from app.core.words import State, Verdict
from app.intake import submitting
from app.pages.kinds.changes import MOST_VERSIONS
from app.store import publishing, stepping
from app.store.submissions import Decision
from tests.conftest import SEEDED_AT
from tests.measured.documents import document, observed
from tests.pasted import quoted
from tests.reviewables import submit_document
from tests.running import HTML, SITE, client_of, flat, soup_of

ATOM = "{http://www.w3.org/2005/Atom}"
FORM = {"content-type": "application/x-www-form-urlencoded"}
LOADED = SEEDED_AT.isoformat()
SEEN = [
    observed("tpr", "x2avic", "write", "accelerated"),
    observed("ldr", "x2avic", "write", "vmexit-msr", intercepted=True),
]


def entries(text):
    """Return the feed's entries by what follows the year in their names."""
    root = ET.fromstring(text.encode())
    found = {e.find(f"{ATOM}id").text.split(":", 2)[2]: e for e in root.iter(f"{ATOM}entry")}
    return root, found


def updated(entry):
    return entry.find(f"{ATOM}updated").text


@pytest.fixture
def measured(database_url, writer):
    """A database with a pending measurement: its feed, and a way to decide."""
    with writer.begin() as session:
        slug = submit_document(session, document(observations=SEEN), SEEDED_AT).measurement.slug

    def feed():
        with client_of(database_url) as client:
            return client.get("/wanted.atom?family=zen-5").text

    def decide(state, when):
        with writer.begin() as session:
            submitting.take_decision(session, slug, Decision(state, "A reason.", when, "somebody"))

    return feed, decide


def test_the_page_names_every_wanted_cell_once_and_links_it(client, knowledge):
    wants = wanted.list_wants(knowledge, view_cells(knowledge))
    soup = soup_of(client, "/wanted")
    rest = soup.main.find("a", string="what each takes")["href"]
    others = soup_of(client, rest)
    links = [a["href"] for s in (soup, others) for a in s.select("table.wanted td a")]
    reported = [w for w in wants if w.why is not Verdict.UNMEASURED]

    assert sorted(w.key.url for w in wants) == sorted(links)
    assert ["page"] == [a["aria-current"] for a in soup.nav.find_all("a", string="Measure")]
    assert len(soup.main.find_all("h2")) < 10
    assert len(reported) == len([a for a in soup.select("table.wanted a") if "*" in a.string])


def test_families_of_which_nothing_was_reported_share_one_line_and_keep_their_places(
    client, knowledge
):
    silent = wanted.families_without_reports(knowledge, view_cells(knowledge))
    named = ", ".join(knowledge.families[slug].name for slug in silent)
    line = f"Nothing yet for {named}: {SITE}/c/FAMILY"
    soup = soup_of(client, "/wanted")
    body = client.get("/wanted.json").json()

    assert {"zen-2", "hygon-18h"} <= set(silent)
    assert {*silent, "zen-4"} <= {tag["id"] for tag in soup.main.find_all(id=True)}
    assert line in flat(client, "/wanted.txt")
    assert line in flat(client, "/c.txt")
    assert "Zen 3 AVIC" not in client.get("/wanted.txt").text
    both = client.get("/wanted.txt?family=zen-3,zen-4").text
    assert "Register        Zen 3 AVIC     Zen 4 AVIC     Zen 4 x2AVIC\n" in both
    assert f"Now             64 {Verdict.UNMEASURED.label}\n" in both
    assert set(knowledge.families) == {
        f["family"] for f in client.get("/c.json").json()["families"]
    }
    assert {*silent, "zen-4"} == {batch["family"] for batch in body["wanted"]}


def test_the_text_is_short_and_says_what_it_takes(client):
    text = client.get("/wanted.txt").text

    assert len(text.splitlines()) < 160
    assert 1 == text.count("vapic-probe.pyz --output")
    assert "not-stated" not in text
    assert "x2AVIC (CPUID Fn8000_000A_EDX[18])" in flat(client, "/wanted.txt")


LSCPU = "Vendor ID:   AuthenticAMD\n  Model name:  x\n    CPU family:  25\n    Model:  117\n"
CPUINFO = "processor\t: 0\nvendor_id\t: {}\ncpu family\t: 25\nmodel\t\t: 17\nmodel name\t: x\n"
DMESG = "smpboot: CPU0: AMD EPYC 9654 (family: 0x19, model: 0x11, stepping: 0x1)"
LSCPU_JSON = """{"lscpu": [{"field": "Vendor ID:", "data": "AuthenticAMD", "children": [
   {"field": "Model name:", "data": "x"},
   {"field": "CPU family:",
    "data": "25"}, {"field": "Model:", "data": "117"}]}]}"""
PASTED = {
    "9654": "/wanted?family=zen-4",
    "AMD EPYC 9654 96-Core Processor": "/wanted?family=zen-4",
    "model name\t: AMD EPYC 9654 96-Core Processor\n" * 2: "/wanted?family=zen-4",
    "25/17": "/wanted/19h/11h",
    LSCPU: "/wanted/19h/75h",
    quoted(LSCPU): "/wanted/19h/75h",
    CPUINFO.format("AuthenticAMD"): "/wanted/19h/11h",
    DMESG: "/wanted/19h/11h",
    "0x00a10f11": "/wanted/19h/11h",
    "family 25 model 17 stepping 1": "/wanted/19h/11h",
    LSCPU_JSON: "/wanted/19h/75h",
    CPUINFO.format("GenuineIntel"): "",
    "a toaster": "",
    "": "",
}


@pytest.mark.parametrize("sent", PASTED)
def test_what_is_pasted_of_a_cpu_leads_to_what_is_wanted_of_it(client, sent):
    form = client.post("/wanted", data={"text": sent}, follow_redirects=False)
    raw = client.post("/wanted", content=sent, headers=FORM, follow_redirects=False)

    assert {303 if PASTED[sent] else 404} == {form.status_code, raw.status_code}
    for answer in (form, raw):
        assert (PASTED[sent] or None) == answer.headers.get("location")
        assert PASTED[sent] or "(19h/11h)" in answer.text or "GenuineIntel" in answer.text


def test_the_page_of_a_model_says_what_dumps_of_it_show_and_what_it_needs(client):
    phoenix, genoa = (client.get(f"/wanted/19h/{m}.txt").text for m in ("75h", "11h"))

    assert "AVIC 1 in 1, 0 in 1, x2AVIC 1, in 2" in phoenix
    assert ["force_avic" in page for page in (phoenix, genoa)] == [True, False]
    assert "No public dump shows this model." in client.get("/wanted/19h/12h.txt").text
    assert ("19h/11h", "zen-4") == tuple(
        client.get("/wanted/19h/11h.json").json()[key] for key in ("cpuid", "family")
    )


def test_tables_and_json_hold_the_same_wants(client):
    rows = client.get("/wanted.csv").text.splitlines()
    body = client.get("/wanted.json").json()
    cells = [(b["family"], c["cell"]) for b in body["wanted"] for c in b["cells"]]

    assert len(cells) == body["count"] == len(rows) - 1
    assert len(cells) == len(set(cells))
    assert len(cells) == len(client.get("/wanted.md").text.splitlines()) - 2


@pytest.mark.parametrize("extension", ["txt", "json", "csv", "md", "atom"])
def test_the_filter_holds_in_every_format(client, extension):
    text = client.get(f"/wanted.{extension}?family=zen-5").text

    assert "1Ah/44h" in text
    assert "19h/01h" not in text


def test_a_family_of_which_nothing_is_wanted_says_so(client):
    assert "Nothing is wanted here" in client.get("/wanted?family=not-stated", headers=HTML).text
    assert "Nothing is wanted here" in client.get("/wanted.txt?family=not-stated").text
    assert [] == list(entries(client.get("/wanted.atom?family=not-stated").text)[1])


def test_a_familys_page_counts_what_is_wanted_and_links_it(client):
    page = client.get("/c/zen-3", headers=HTML).text
    text = client.get("/c/zen-3.txt").text

    assert 'href="/wanted?family=zen-3"' in page
    assert "64 not measured" in page
    assert "Still wanted\n------------\n64 not measured; 68 more do not exist on it" in text
    assert "http://127.0.0.1:8000/wanted?family=zen-3" in text
    assert "Still wanted\n------------\nNothing.\n" in client.get("/c/not-stated.txt").text


def test_the_feed_has_an_entry_per_want_named_by_cell_and_family(client):
    answer = client.get("/wanted.atom?family=zen-4")
    root, found = entries(answer.text)
    entry = found["wanted/zen-4/timer-initial/x2avic/write"]

    assert "application/atom+xml" == answer.headers["content-type"]
    assert "tag:127.0.0.1,2026:wanted?family=zen-4" == root.find(f"{ATOM}id").text
    assert {"http://127.0.0.1:8000/wanted.atom?family=zen-4"} == {
        link.get("href") for link in root.findall(f"{ATOM}link") if link.get("rel") == "self"
    }
    assert client.get("/wanted.json?family=zen-4").json()["count"] == len(found)
    assert len(found) == answer.text.count("<entry>")
    assert {LOADED} == {updated(e) for e in found.values()}
    text = " ".join(entry.find(f"{ATOM}content").text.split())
    for part in (
        "Not measured",
        "kvm_amd.avic=1",
        "up to 7.1.3; or",
        "reserved-bits",
        "vapic-probe.pyz",
        "/upload",
    ):
        assert part in text


def test_one_data_version_gives_the_same_bytes_at_any_time(measured):
    feed, _ = measured

    assert feed() == feed()


def test_pages_that_have_a_feed_offer_it_and_others_answer_404(client):
    page = client.get("/wanted?family=zen-4", headers=HTML).text

    assert 'type="application/atom+xml" href="/wanted.atom?family=zen-4"' in page
    assert 404 == client.get("/errata.atom").status_code
    assert "<feed" in client.get("/wanted", headers={"accept": "application/atom+xml"}).text


def test_an_entry_changes_with_the_evidence_on_its_cell_alone(measured):
    feed, decide = measured
    tpr, ldr, other = (f"wanted/zen-5/{c}/x2avic/write" for c in ("tpr", "ldr", "svr"))
    pending = entries(feed())[1]
    decide(State.ACCEPTED, datetime(2026, 12, 1, 8, 0, tzinfo=UTC))
    accepted, after = entries(feed())
    decide(State.WITHDRAWN, datetime(2026, 12, 2, 8, 0, tzinfo=UTC))
    withdrawn = entries(feed())[1]

    assert {LOADED} == {updated(e) for e in pending.values()}
    assert tpr not in after
    assert (
        "LDR x2AVIC write on Zen 5: hidden by interception" == after[ldr].find(f"{ATOM}title").text
    )
    assert ["2026-12-01T08:00:00+00:00", LOADED] == [updated(after[ldr]), updated(after[other])]
    assert "2026-12-01T08:00:00+00:00" == updated(accepted)
    assert "2026-12-02T08:00:00+00:00" == updated(withdrawn[tpr])
    assert "not measured" in withdrawn[ldr].find(f"{ATOM}title").text
    assert LOADED == updated(withdrawn[other])


def test_times_hold_when_the_snapshot_no_longer_lists_their_version(measured, writer):
    feed, _ = measured
    before = feed()
    with writer.begin() as session:
        for _ in range(MOST_VERSIONS + 1):
            made = publishing.amend(session, {}, origin="nobody", reason="Nothing.", now=SEEDED_AT)
            stepping.keep_step(session, made.id)

    assert before == feed()
