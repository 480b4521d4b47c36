"""The manual's revisions on pages: the table as one stated it, the list, two side by side."""

import re

import pytest
from bs4 import BeautifulSoup

HTML = {"accept": "text/html"}
AT = "2026-11-22.1"
CELL = "/r/ldr/x2avic/write"


def page(client, path):
    return BeautifulSoup(client.get(path, headers=HTML).text, "html.parser")


def flat(client, path):
    return " ".join(client.get(path).text.split())


@pytest.mark.parametrize("path", ["/?apm=3.38", "/corrected?apm=3.38", "/r/ldr?apm=3.38",
                                  f"{CELL}?apm=3.38"])  # fmt: skip
def test_a_page_of_an_older_revision_says_so_in_plain_sight(client, path):
    stem, _, query = path.partition("?")
    banner = page(client, path).find("aside", class_="stated")
    text = flat(client, f"{'/index' if stem == '/' else stem}.txt?{query}")
    body = client.get(f"{'/index' if stem == '/' else stem}.json?{query}").json()

    for told in (" ".join(banner.get_text(" ").split()), text):
        assert "As APM revision 3.38 stated it, by inference." in told
        assert "3.38 was not compared" in told
        assert "it says nothing of x2AVIC" in told
    assert ("3.38", True, ["x2avic"]) == tuple(
        body["apm"][key] for key in ("revision", "inference", "silent")
    )
    assert stem in {a["href"] for a in banner.find_all("a")}
    assert f"In 3.44 http://127.0.0.1:8000{stem}" in text


@pytest.mark.parametrize("path", ["/", "/corrected", "/r/ldr", CELL])
def test_the_newest_revision_has_no_banner(client, path):
    body = client.get(f"{'/index' if path == '/' else path}.json").json()

    assert page(client, path).find("aside", class_="stated") is None
    assert ("3.44", False, "") == tuple(
        body["apm"][key] for key in ("revision", "inference", "note")
    )


def test_x2avic_is_undocumented_in_3_38_and_what_was_seen_settles(client):
    body = client.get("/index.json?apm=3.38").json()
    silent = [c for c in body["cells"] if c["mode"] == "x2avic"]
    ldr = next(c for c in silent if (c["register"], c["access"]) == ("ldr", "write"))

    assert 66 == len(silent)
    assert [] == [c["url"] for c in silent if c["claims"] or c["effective"]]
    assert "settles" == ldr["families"]["zen-4"]["verdict"]
    assert body == client.get("/api/v1/cells?apm=3.38").json()


def test_links_of_the_table_lead_to_cells_of_the_same_revision(client):
    soup = page(client, "/?apm=3.38")
    links = [a["href"] for a in soup.select("#results a.open")]

    assert 132 == len(links)
    assert {"apm=3.38"} == {link.partition("?")[2] for link in links}
    assert links[0] == soup.select_one("#results a.open")["hx-get"]
    assert "apm=3.38" not in client.get("/", headers=HTML).text.split('id="results"')[1]


def test_a_cell_of_an_older_revision_opens_in_place_with_its_banner(client):
    path = f"{CELL}?apm=3.38"
    part = client.get(path, headers={**HTML, "hx-request-type": "partial"})

    assert part.text.strip() in client.get(path, headers=HTML).text
    assert path == part.headers["hx-push-url"]
    assert "As APM revision 3.38 stated it" in part.text


def test_a_cell_marks_the_range_of_its_claims_as_inference(client):
    told = flat(client, f"{CELL}.txt")
    holds = [claim["holds"] for claim in client.get(f"{CELL}.json").json()["claims"]]

    shown = page(client, CELL).find(class_="ranges").get_text(" ")

    for text in (told, " ".join(shown.split())):
        assert "Read in revision 3.44 only. That others say the same is inference" in text
        assert "table: taken to hold since 3.39 (Section 15.29.10, x2AVIC, is new)" in text
    assert [("3.39", "3.44", True), None, ("3.39", "3.44", True)] == [
        h and (h["since"], h["read"], h["inference"]) for h in holds
    ]


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("/?apm=3.44", "/"),
        (f"/?apm=3.44&at={AT}", f"/?at={AT}"),
        ("/corrected?apm=3.44", "/corrected"),
        ("/corrected.txt?utm_source=mail&apm=3.38", "/corrected.txt?apm=3.38"),
        (f"{CELL}?at={AT}&apm=3.38", f"{CELL}?apm=3.38&at={AT}"),
        ("/r/APIC_LDR.txt?apm=3.38", "/r/ldr.txt?apm=3.38"),
        (f"/r/LDR/x2avic/write?apm=3.38&at={AT}", f"{CELL}?apm=3.38&at={AT}"),
        ("/docs/apm/3.44..3.38.txt", "/docs/apm/3.38..3.44.txt"),
        (f"/docs/apm/3.44..3.38?at={AT}", f"/docs/apm/3.38..3.44?at={AT}"),
    ],
)
def test_equal_views_have_one_address(client, asked, found):
    answer = client.get(asked, headers=HTML, follow_redirects=False)

    assert answer.status_code in (302, 308)
    assert found == answer.headers["location"]
    assert 200 == client.get(found, headers=HTML, follow_redirects=False).status_code


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("/?apm=3.83", "3.43"),
        ("/r/ldr?apm=3.4", "3.44"),
        (f"{CELL}?amp=3.38", "apm"),
        ("/corrected?apm=3.99", "3.39"),
        ("/api/v1/cells?apm=3.83", "3.43"),
        ("/api/v1/cells/ldr/x2avic/write?apm=x2avic", "apm"),
        ("/r/ldr?apm=3.38,3.39", "takes one value"),
    ],
)
def test_an_unknown_revision_or_key_is_a_400_that_names_the_nearest(client, path, nearest):
    answer = client.get(path, headers={"accept": "text/plain"})

    assert 400 == answer.status_code
    assert nearest in answer.text


def test_the_pin_of_an_older_revision_names_both(client):
    for stem in ("/index", "/corrected", "/r/ldr", CELL):
        path = "/" if stem == "/index" else stem
        text = client.get(f"{stem}.txt?apm=3.38&at={AT}").text

        assert f"http://127.0.0.1:8000{path}?apm=3.38&at={AT}\n" in text
        assert "\nURL " not in text.partition("\n\n")[0]
        assert f"In 3.44         http://127.0.0.1:8000{path}?at={AT}\n" in text


def test_one_cell_of_the_api_names_its_revision(client):
    old = client.get("/api/v1/cells/ldr/x2avic/write?apm=3.38").json()

    assert ("3.38", []) == (old["apm"]["revision"], old["claims"])
    assert old.items() <= client.get(f"{CELL}.json?apm=3.38").json().items()
    assert "3.44" == client.get("/api/v1/cells/ldr/x2avic/write").json()["apm"]["revision"]


def test_rows_of_an_older_revision_name_it(client):
    lines = client.get("/index.csv?apm=3.38").text.splitlines()

    assert lines[0].endswith(",as_stated_by")
    assert all(line.endswith('?apm=3.38,"24593 rev 3.38, inference"') for line in lines[1:])
    assert "as_stated_by" not in client.get("/index.csv").text
    assert "24593 rev 3.38, inference" in client.get("/corrected.md?apm=3.38").text


def test_the_form_offers_the_revisions_of_the_list(client):
    values = [o["value"] for o in page(client, "/").select('select[name="apm"] option')]
    chosen = page(client, "/?apm=3.38").select_one('select[name="apm"] option[selected]')

    assert ["", "3.43", "3.42", "3.39", "3.37", "3.36", "3.26", "3.23"] == values
    assert "3.38" == chosen["value"]


def test_the_list_says_what_each_revision_changed_and_how_far_it_was_read(client, knowledge):
    listed = knowledge.documents["apm"].revisions
    text = flat(client, "/docs/apm.txt")
    rows = page(client, "/docs/apm").select("table.editions tbody tr")
    body = client.get("/docs/apm.json").json()

    assert [r.revision for r in reversed(listed)] == [row["id"] for row in rows]
    for revision in listed:
        assert " ".join(revision.change.split()) in text
    assert "read through another's rendering" in rows[0].text
    assert 7 == text.count("not read here")
    assert [("3.39", 68)] == [
        (r["revision"], r["cells_changed"]) for r in body["revisions"] if r["cells_changed"]
    ]
    assert len(listed) == len(client.get("/docs/apm.csv").text.splitlines()) - 1


def test_two_revisions_list_the_cells_that_differ_each_with_its_link(client):
    soup = page(client, "/docs/apm/3.38..3.44")
    links = {a["href"] for a in soup.select("dl.changed a")}
    body = client.get("/docs/apm/3.38..3.44.json").json()
    text = flat(client, "/docs/apm/3.38..3.44.txt")

    assert 68 == body["cells_changed"] == sum(len(c["cells"]) for c in body["changes"])
    assert {url.removeprefix("http://127.0.0.1:8000")
            for c in body["changes"] for url in c["cells"]} == links  # fmt: skip
    assert CELL in links
    assert "68 of 132 cells are taken to say something else." in text
    assert "3.39 (2022-11): Section 15.29.10, x2AVIC, is new." in text
    assert "3.38, by inference: Of the manual only revision 3.44 was read here" in text
    assert "Zen 4: settles -> explained (9)" in text
    assert 68 == len(client.get("/docs/apm/3.38..3.44.csv").text.splitlines()) - 1


@pytest.mark.parametrize("span", ["3.38..3.38", "3.39..3.44", "3.26..3.36"])
def test_two_revisions_between_which_nothing_changed_say_so(client, span):
    assert "Nothing: " in client.get(f"/docs/apm/{span}.txt").text
    assert [] == client.get(f"/docs/apm/{span}.json").json()["changes"]


@pytest.mark.parametrize(
    ("span", "hint"),
    [
        ("3.50..3.44", "/docs/apm/3.40..3.44"),
        ("3.38..3.99", "/docs/apm/3.38..3.39"),
        ("3.38", "/docs/apm/3.38..3.44"),
        ("3.44", "/docs/apm/3.23..3.44"),
        ("3.38..", "/docs/apm/3.38..3.44"),
        ("a-b", "/docs/apm/3.23..3.44"),
    ],
)
def test_an_unknown_span_is_a_404_that_offers_one(client, span, hint):
    answer = client.get(f"/docs/apm/{span}", headers={"accept": "text/plain"})

    assert 404 == answer.status_code
    assert hint in answer.text


@pytest.mark.parametrize("path", ["/docs/apm", "/docs/apm/3.38..3.44", "/docs/apm/3.26..3.43"])
def test_their_text_is_ascii_and_at_most_75_columns(client, path):
    text = client.get(f"{path}.txt")

    assert text.content.isascii()
    assert [] == [line for line in text.text.splitlines() if len(line) > 75]
    assert re.search(rf"Pinned +\S+{re.escape(path)}\?at={re.escape(AT)}", text.text)


def test_the_command_line_shows_the_table_of_a_revision(vapic, database_url, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", database_url)
    ran = vapic("show", "--filter", "apm=3.38&mode=x2avic")

    assert 0 == ran.code
    assert "As APM revision 3.38 stated it, by inference." in " ".join(ran.out.split())
    assert "66 of 66 x2AVIC cells as APM revision 3.38 stated them." in ran.out
