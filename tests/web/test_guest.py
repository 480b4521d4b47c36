"""/guest: whether a guest sees the same with and without interception, and what that rests on."""

import csv
import io
import re

import pytest

from app.intake.kept import load_kept
from app.store.engine import writer_sessions
from tests.conftest import SEED, SEEDED_AT, client_of, engine_of
from tests.running import CURL, HTML, soup_of, twin_of, unsound

VERSIONS = "hypervisor=kvm-6.12,kvm-7.2"
ASKED = f"/guest?cell=ldr/x2avic/write&family=zen-4&{VERSIONS}"


@pytest.fixture(scope="module")
def client(databases):
    """A site with the seed and its measurements of emulations."""
    url = databases.new()
    with engine_of(url) as engine, writer_sessions(engine).begin() as session:
        assert load_kept(session, SEED, SEEDED_AT)
    with client_of(url) as found:
        yield found


def test_curl_gets_both_halves_of_a_cell_their_evidence_and_a_pinned_link(client):
    answer = client.get(ASKED, headers=CURL, follow_redirects=False)
    said = " ".join(answer.text.split())
    version = client.get("/index.json").json()["data_version"]

    assert [] == unsound(answer)
    assert (
        'LDR x2AVIC write on Zen 4: silicon: #GP (observed, group, "typically", inference in '
        "part); emulated by KVM 6.12.117 and 7.2.13: #GP; same." in said
    )
    assert '#GP; Zen 4: observed, for a group of cells; hedged: "typically"' in said
    assert "[mail-2026-05-06-v2]" in said
    assert "let through, silicon answers (policy kvm-6.0); the guest sees #GP" in said
    assert "intercepted, its emulation answers (policy kvm-7.2); the guest sees #GP" in said
    assert 2 == said.count("measured on KVM ")
    assert f"{ASKED}&at={version}" in said
    assert 200 == client.get(f"{ASKED}&at={version}", headers=HTML).status_code


def test_the_figures_of_the_sentence_are_those_of_the_cells(client):
    told = client.get("/guest.json").json()
    met = {}
    for case in (case for case in told["cases"] if "/x2avic/" in case["cell"]):
        met.setdefault(case["cell"], set()).add(case["same"])
    every = list(met.values())
    counts = {word: sum(word in words for words in every) for word in ("differs", "not-known")}
    counts["same"] = every.count({"same"})

    assert counts == told["figures"]["x2avic"]
    assert all(counts.values())
    assert (
        f"Yes for {counts['same']} of {len(met)} x2AVIC cells in every case, no for "
        f"{counts['differs']} in some case, not known for {counts['not-known']} in some case."
        in told["answer"][0]
    )


def test_a_figure_of_the_sentence_is_how_many_cells_its_link_has(client):
    links = [a for a in soup_of(client, "/guest").select("p.sentence a") if a.get_text().isdigit()]

    assert links
    for a in links:
        rows = csv.DictReader(io.StringIO(client.get(twin_of(a["href"], "csv")).text))
        assert int(a.get_text()) == len({row["cell"] for row in rows}), a["href"]


def test_a_report_on_a_group_and_a_hedged_one_are_told_as_such_in_a_line(client):
    shown = {
        cell: " ".join(client.get(f"/r/{cell}/x2avic/write.txt").text.split())
        for cell in ("id", "icr")
    }

    assert 'silicon: #GP (observed, group, "typically", inference in part)' in shown["id"]
    # What is seen rarely takes nothing from the manual's rule.
    assert 'silicon: completes or #GP (observed, "rarely", inference in part)' in shown["icr"]
    assert " of them (9 as a group) on silicon" in " ".join(client.get("/guest.txt").text.split())


def test_a_filter_leaves_what_differs_and_each_case_is_a_row(client):
    text = client.get(f"/guest.csv?cell=tpr/x2avic/write&only=differs&{VERSIONS}").text
    rows = list(csv.DictReader(io.StringIO(text)))
    pages = [client.get(path).text for path in ("/guest", "/guest?mode=x2avic&only=differs")]

    assert [("reserved-bits", "gp", "documented", "completes gp", "silicon", "gp")] * 2 == [
        tuple(row[name] for name in ("condition", "silicon_sees", "silicon_grade",
                                     "emulation_sees", "answers", "guest_sees"))
        for row in rows
    ]  # fmt: skip
    assert [("kvm-6.12.117-amd", ""), ("kvm-7.2.13-amd", "")] == [
        (row["emulation"], row["inferred"]) for row in rows
    ]
    assert ["differs</span>" in page for page in pages] == [True, True]
    assert ["same</span>" in page for page in pages] == [True, False]


@pytest.mark.parametrize("query", ["hypervisor=kvm-9", "family=zen-44", "mod=avic", "only=worse"])
def test_what_no_filter_knows_is_refused_with_the_nearest(client, query):
    assert 400 == client.get(f"/guest?{query}").status_code


def test_the_page_of_a_cell_has_both_halves_in_a_line_for_each_case(client):
    page = client.get("/r/tpr/x2avic/write", headers=HTML).text
    text = " ".join(client.get("/r/tpr/x2avic/write.txt").text.split())

    assert 'id="guest"' in page
    assert re.search(
        r"reserved silicon: #GP \(manual\); emulated by KVM [^:]+: completes or #GP; d", text
    )
    assert "/guest?cell=tpr/x2avic/write" in text


def test_a_cell_of_several_cases_is_answered_in_a_paragraph_each(client):
    answer = client.get("/guest.json?cell=icr/x2avic/write").json()["answer"]
    shown = soup_of(client, "/guest?cell=icr/x2avic/write").select("p.also")

    assert 1 < len(answer) == len(shown)
    assert all(case.startswith("When ") for case in answer[1:])
    # The same versions answer every case, and are named once.
    assert [True, *[False] * (len(answer) - 1)] == ["emulated by KVM " in case for case in answer]


@pytest.mark.parametrize(
    ("asked", "where", "cells"),
    [("ICRL", "icr", 4), ("0x830/x2avic", "icr/x2avic", 2), ("APIC_LDR/avic/read",
      "ldr/avic/read", 1)],
)  # fmt: skip
def test_a_register_by_any_name_stands_for_its_cells(client, asked, where, cells):
    answer = client.get(f"/guest.json?cell={asked}", follow_redirects=False)
    found = client.get(answer.headers["location"]).json()["cases"]

    assert f"/guest.json?cell={where}" == answer.headers["location"]
    assert cells == len({case["cell"] for case in found})


def test_without_a_measurement_nothing_is_known(database_url):
    with client_of(database_url) as bare:
        told = bare.get("/guest.json").json()

    assert ["Nobody has measured an emulation yet, so that it is not known of any cell."] == (
        told["answer"]
    )
    assert {"not-known"} == {case["same"] for case in told["cases"]}
    assert {""} == {half["emulation"] for case in told["cases"] for half in case["versions"]}
