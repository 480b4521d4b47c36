"""The pages of what is pasted, and the places that lead to them."""

import pytest
from bs4 import BeautifulSoup

from tests.running import FIRST, JSON, SITE, TEXT, soup_of

PIN = f"at={FIRST}"
RO_WO = "/mail?rows=ro,wo&mode=x2avic"


@pytest.mark.parametrize(
    ("address", "link"),
    [
        ("/mail.txt?rows=ro,wo&mode=x2avic", f"{SITE}{RO_WO}&{PIN}"),
        ("/r/ldr/x2avic/write/mail.txt", f"{SITE}/r/ldr/x2avic/write?{PIN}"),
        ("/r/ldr/mail.txt", f"{SITE}/r/ldr?{PIN}"),
        ("/d/3/mail.txt", f"{SITE}/d/3?{PIN}"),
    ],
)
def test_the_text_twin_is_the_block_alone_pinned_or_not(address, link, client):
    live = client.get(address)
    pinned = client.get(f"{address}{'&' if '?' in address else '?'}{PIN}")

    assert (200, live.content) == (pinned.status_code, pinned.content)
    assert "text/plain; charset=us-ascii" == live.headers["content-type"]
    assert link == live.text.splitlines()[-1]
    assert 1 == live.text.count("://")


@pytest.mark.parametrize("path", ["/r/ldr/x2avic/write", "/r/ldr", "/d/3"])
def test_cells_registers_and_differences_offer_their_block_in_place(path, client):
    section = soup_of(client, path).select_one("main details.paste")
    buttons = section.find_all("button", class_="copy")

    named = {label.text: section.find(id=label["for"]) for label in section.find_all("label")}

    assert "Copy: plain, pinned, Link:, block" == section.summary.text
    assert [f"{SITE}{path}", f"{SITE}{path}?{PIN}", f"Link: {SITE}{path}?{PIN}"] == [
        named[name]["value"] for name in ("Plain", "Pinned", "Link:")
    ]
    assert client.get(f"{path}/mail.txt").text == section.textarea.text.removeprefix("\n")
    assert [area["id"] for area in section.find_all(["input", "textarea"])] == [
        b["data-from"] for b in buttons
    ]
    assert all(button.has_attr("hidden") for button in buttons)
    assert f"{path}/mail.txt" in [a["href"] for a in section.find_all("a")]


def test_a_pinned_page_offers_the_pinned_block(client):
    section = soup_of(client, f"/r/ldr?{PIN}").select_one("main details.paste")

    assert f"/r/ldr/mail.txt?{PIN}" in [a["href"] for a in section.find_all("a")]


@pytest.mark.parametrize("query", ["", "?mode=x2avic&verdict=explained&q=l", f"?mode=avic&{PIN}"])
def test_the_table_sends_its_ticked_rows_and_its_filter(query, client):
    soup = soup_of(client, f"/{query}")
    form = soup.find("form", id="pick")
    boxes = soup.select('table.main input[form="pick"][name="rows"]')
    kept = {field["name"]: field["value"] for field in form.find_all("input")}
    ticked = dict([("rows", boxes[0]["value"]), *kept.items()])
    answer = client.get(form["action"], params=ticked, headers=TEXT)

    assert ("get", "/mail") == (form["method"], form["action"])
    assert len(soup.select("table.main tbody tr[id]")) == len(boxes)
    assert query.removeprefix("?") == "&".join(f"{key}={value}" for key, value in kept.items())
    assert 200 == answer.status_code
    assert f"rows={boxes[0]['value']}" in answer.text.splitlines()[-1]


@pytest.mark.parametrize("form", ["/cite", "/cite.json", "/cite.bib"])
@pytest.mark.parametrize(
    ("page", "words"),
    [
        (
            "/r/80D/x2avic/write",
            f"{PIN}; its block for a mail is {SITE}/r/ldr/x2avic/write/mail.txt?{PIN}.",
        ),
        (f"{SITE}{RO_WO}", f"{SITE}{RO_WO}&{PIN}; its block for a mail is {SITE}/mail.txt?rows="),
        ("/corrected", f"Cite the page itself, {SITE}/corrected?{PIN}."),
        ("/errata", f"Cite the page itself, {SITE}/errata?{PIN}."),
        ("/nonsense", "see /docs/cite."),
        ("", f"Cite the page itself, {SITE}/?{PIN}."),
    ],
)
def test_an_entry_for_reference_managers_is_gone_and_says_what_to_cite(form, page, words, client):
    answer = client.get(form, params={"page": page, "at": PIN[3:]})
    refused = client.get(form, params={"page": page}, headers=JSON)

    assert 410 == answer.status_code
    # A page links the addresses that it names.
    assert words in BeautifulSoup(answer.text, "lxml").text
    assert ("gone", True) == (
        refused.json()["error"]["code"], words in refused.json()["error"]["message"]
    )  # fmt: skip


def test_the_documentation_shows_forms_that_work(client):
    text = client.get("/docs/cite.txt").text
    lines = [line.strip() for line in text.splitlines() if line.startswith("    curl ")]

    assert lines
    for line in lines:
        assert 200 == client.get(line.removeprefix("curl ").strip('"')).status_code
