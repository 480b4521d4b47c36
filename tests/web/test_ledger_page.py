"""The ledger in every format: rows, filters, what is unfiled, what was retracted."""

import csv
import io
import shutil

import pytest

from app.core.words import State
from app.intake import submitting
from app.store import seeding
from app.store.engine import writer_sessions
from tests.conftest import SEED, SEEDED_AT, SeedCopy, engine_of
from tests.measured.documents import document, observed
from tests.reviewables import decision, submit_document
from tests.running import client_of, flat, soup_of, unsound, words

REASON = "Other locations were never the table's to speak of."
RETRACTION = f"""
  - date: 2026-12-01
    state: retracted
    text: {REASON}
    sources: [apm-3.44]
sources: [apm-3.44]
"""


@pytest.fixture(scope="module")
def gappy(databases, tmp_path_factory):
    """A client of a site where D-10 was retracted, and a Zen 5 saw #GP on a write of LDR."""
    folder = tmp_path_factory.mktemp("gappy")
    copy = SeedCopy(shutil.copytree(SEED, folder / "seed"))
    copy.edit("differences/d-10.yaml", "\nsources: [apm-3.44]\n", RETRACTION)
    url = databases.new("empty")
    seen = [observed("ldr", "x2avic", "write", "gp")]
    with engine_of(url) as engine, writer_sessions(engine).begin() as session:
        seeding.load_seed(session, copy.folder, SEEDED_AT)
        sent = submit_document(session, document(observations=seen)).measurement
        submitting.take_decision(session, sent.slug, decision(State.ACCEPTED))
    with client_of(url) as client:
        yield client


def test_a_row_has_state_cells_families_evidence_threads_and_commits(client):
    row = soup_of(client, "/d").find(id="d-14")
    links = {a["href"] for a in row.find_all("a")}

    assert "reported" == row.find(class_="tag").text
    assert {"/d/14", "/r/icr/avic/write", "/c/zen-4"} <= links
    assert "https://lkml.iu.edu/hypermail/linux/kernel/2605.1/10818.html" in links
    assert 'commit 5a7c7d148e48 ("KVM: selftests: Play nice with AMD\'s AVIC errata")' in words(row)
    assert "1 report, observed" in words(row)
    assert "seen 2022-02-04, reported 2026-05-13" in words(row)


def test_what_is_documented_stays_so_after_a_later_report(client):
    row = words(soup_of(client, "/d").find(id="d-19"))

    assert "stated elsewhere in the manual, 24593 rev 3.44" in row
    assert "stated elsewhere 2026-03 (24593 rev 3.44), reported 2026-05-13" in row
    assert "State stated elsewhere in the manual, 24593 rev 3.44 " in flat(client, "/d/19.txt")
    assert "documented" == client.get("/d/19.json").json()["state"]


def test_the_form_is_a_plain_get_that_remembers_what_was_asked(client):
    form = soup_of(client, "/d?state=reported&mode=avic&q=icr").find(id="filters")
    chosen = {
        field["name"]: field["value"]
        for field in form.find_all("input")
        if "checked" in field.attrs
    } | {
        s["name"]: s.find(selected=True)["value"]
        for s in form.find_all("select")
        if s.find(selected=True)
    }

    assert ("get", "/d") == (form["method"], form["action"])
    assert {"state": "reported", "mode": "avic", "sort": "number"} == chosen
    assert "icr" == form.find(id="q")["value"]


@pytest.mark.parametrize("query", ["?mode=avic", "?q=nobody"])
def test_every_format_shows_the_same_entries(client, query):
    names = [d["number"] for d in client.get(f"/d.json{query}").json()["differences"]]
    rows = csv.DictReader(io.StringIO(client.get(f"/d.csv{query}").text))
    text = client.get(f"/d.txt{query}").text

    assert [f"D-{n}" for n in names] == [row["number"] for row in rows]
    assert [f"d-{n}" for n in names] == [
        entry["id"] for entry in soup_of(client, f"/d{query}").select("section.record[id]")
    ]
    assert names == [int(line[2:].split()[0]) for line in text.splitlines() if line[:2] == "D-"]


def test_the_page_of_one_entry_has_its_life_with_sources_and_every_cell(client):
    page = soup_of(client, "/d/18")
    events = page.find("h2", string="Life").find_next("dl")
    dates, told = events.find_all("dt"), events.find_all("dd")
    started = [
        "2021-03 stated elsewhere in 56323 rev 0.78",
        "2021-12-13 seen",
        "2025-04-04 reported",
        "2026-02 stated elsewhere in 56323 rev 1.03",
    ]

    life = [f"{words(date)} {words(event)}" for date, event in zip(dates, told, strict=True)]
    assert started == [event[: len(s)] for event, s in zip(life, started, strict=True)]
    assert all("/docs/sources#" in str(event) for event in told)
    assert ["/r/icr/avic/write"] == [a["href"] for a in page.find(class_="keys").find_all("a")]


def test_the_real_ledger_covers_everything(client):
    assert "None: every cell that disagrees is covered" in words(soup_of(client, "/d").main)
    assert [] == client.get("/d.json").json()["unfiled"]


def test_a_retracted_entry_stays_struck_out_with_its_reason(gappy):
    row = soup_of(gappy, "/d").find(id="d-10")

    assert "x2AVIC: MSRs without a register raise #GP" == row.h2.find("del").text
    assert f"retracted 2026-12-01: {REASON}" in words(row)
    assert "5 retracted" in words(soup_of(gappy, "/d").main)
    assert (
        f"D-10 [retracted] x2AVIC: MSRs without a register raise #GP retracted 2026-12-01: {REASON}"
        in flat(gappy, "/d.txt")
    )
    assert f"Retracted 2026-12-01: {REASON}" in flat(gappy, "/d/10.txt")
    assert ("retracted", REASON) == tuple(
        gappy.get("/d/10.json").json()[key] for key in ("state", "retracted")
    )


def test_a_retracted_entry_is_struck_out_on_its_cells_and_no_longer_counted_there(gappy):
    cell = "/r/unlisted/x2avic/read"

    assert "D-10 (retracted)" in words(soup_of(gappy, cell).main)
    assert "x2AVIC: MSRs without" in soup_of(gappy, cell).find("del").text
    shown = soup_of(gappy, "/?mode=x2avic&group=other").select_one(f'a.open[href="{cell}"]')
    assert "D-10 (retracted)" in shown["title"]
    assert [] == gappy.get(f"/api/v1/cells{cell.removeprefix('/r')}").json()["differences"]


def test_what_no_entry_covers_is_listed_with_the_entries_beside_it(gappy):
    sections = soup_of(gappy, "/d").select("#unfiled ~ section")
    groups = [words(section) for section in sections]
    links = {a["href"] for section in sections for a in section.find_all("a")}

    assert "x2AVIC write: LDR" in groups[0]
    assert "table wrong or incomplete" in groups[0]
    assert "beside D-1 for Zen 4" in groups[0]
    assert {"/r/ldr/x2avic/write", "/c/zen-5", "/d/1", "/r/unlisted/x2avic/read"} <= links
    assert 2 == len(groups)


@pytest.mark.parametrize(
    ("query", "cells"),
    [
        ("", ["ldr/x2avic/write", "unlisted/x2avic/read", "unlisted/x2avic/write"]),
        ("?state=unfiled&access=read", ["unlisted/x2avic/read", "unlisted/x2avic/write"]),
        ("?family=zen-5", ["ldr/x2avic/write"]),
        ("?state=documented", []),
    ],
)
def test_filters_narrow_what_is_unfiled_too(gappy, query, cells):
    every = gappy.get(f"/d.json{query}").json()["unfiled"]

    assert cells == [cell for group in every for cell in group["cells"]]
    assert len(cells) == gappy.get(f"/d.txt{query}").text.count("\n  http://127.0.0.1:8000/r/")


def test_text_pages_with_gaps_and_retractions_are_sound(gappy):
    for path in ("/d.txt", "/d/10.txt", "/d.txt?state=unfiled"):
        assert [] == unsound(gappy.get(path))


def test_the_api_filters_the_ledger_by_its_cells(gappy):
    body = gappy.get("/api/v1/differences?group=other").json()

    assert [10, 11] == [d["number"] for d in body["differences"]]
    assert 1 == len(body["unfiled"])


def test_the_documentation_names_every_state_and_every_key_of_the_filter(client):
    text = client.get("/docs/ledger.txt").text

    for word in ("seen", "reproduced", "reported", "documented", "retracted", "mode", "access",
                 "register", "family", "evidence", "q", "sort", "state"):  # fmt: skip
        assert f"- `{word}`: " in text
