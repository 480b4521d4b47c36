"""Search on the site, in the API and in the terminal."""

import json
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from bs4 import BeautifulSoup

from app.search import documentation, searching
from app.search.model import address_of_query
from app.store.engine import writer_sessions
from app.store.seeding import load_seed
from tests.conftest import SEEDED_AT, engine_of
from tests.running import HTML, client_of, soup_of, unsound

QUERIES = ("", "icr", "bit 18", "mode:x2avic ldr", "intreception", "é ->")


def test_the_page_shows_the_name_first_then_groups_with_marked_words(client):
    page = soup_of(client, "/search?q=icr")
    headings = [h.get_text(" ", strip=True) for h in page.main.find_all("h2")]

    assert ["Exactly", "Registers 1", "Cells 10"] == headings[:3]
    assert "/r/icr" == page.find(class_="exactly").select_one("a:not(.anchor)")["href"]
    assert "icr" == page.find("input", id="q")["value"]
    assert page.main.find_all("mark")


def test_results_of_every_kind_lead_to_places_that_exist(client):
    pages = {}
    for query in ("register", "cell+ldr", "difference", "erratum", "annotation", "family",
                  "policy", "source"):  # fmt: skip
        for hit in client.get(f"/search.json?q=kind:{query}").json()["groups"][0]["hits"][::4]:
            path, _, anchor = hit["url"].removeprefix("http://127.0.0.1:8000").partition("#")
            if path not in pages:
                pages[path] = client.get(path, headers=HTML)
            assert 200 == pages[path].status_code
            assert not anchor or f'id="{anchor}"' in pages[path].text, hit["url"]


def test_every_page_of_the_documentation_that_is_found_exists_and_reads_as_words(client):
    for entry in documentation.pages():
        assert 200 == client.get(entry.path.partition("#")[0]).status_code, entry.path
        assert not {"```", "##", "{{", "{%"} & set(entry.body.split())


@pytest.mark.parametrize("query", QUERIES)
def test_the_text_twin_is_sound(client, query):
    assert [] == unsound(client.get("/search.txt", params={"q": query}))


def test_a_faulty_query_is_a_400_that_keeps_the_query_and_points_at_the_fault(client):
    address = "/search?q=ldr+mode:x2avik"
    answer = client.get(address, headers=HTML)
    page = BeautifulSoup(answer.text, "html.parser")
    text = client.get("/search.txt?q=ldr+mode:x2avik")
    body = client.get("/search.json?q=ldr+mode:x2avik")

    assert (400, 400, 400) == (answer.status_code, text.status_code, body.status_code)
    assert "ldr mode:x2avik" == page.find("input", id="q")["value"]
    assert ["ldr mode:x2avik", 9 * " " + "^^^^^^"] == page.pre.get_text().splitlines()
    assert "/search?q=mode:x2avic+ldr" == page.find(id="problem").a["href"]
    assert ["ldr mode:x2avik", 9 * " " + "^^^^^^"] == text.text.splitlines()[2:4]
    assert (10, ["mode:x2avic ldr"]) == (body.json()["position"], body.json()["error"]["hints"])


def test_text_of_a_query_is_shown_as_text(client):
    page = client.get("/search", params={"q": '<b>x</b> "<script>"'}, headers=HTML)

    assert "<script>" not in page.text
    assert "&lt;b&gt;x&lt;/b&gt;" in page.text


def test_the_api_answers_as_the_twin_does(client):
    for query in ("icr", "mode:x2avic ldr", "intreception", "kind:difference"):
        answer = client.get("/api/v1/search", params={"q": query})

        assert client.get("/search.json", params={"q": query}).json() == answer.json()
        assert {
            "data_version",
            "query",
            "exactly",
            "groups",
            "table",
            "suggestions",
            "closest",
        } == set(answer.json())


def test_the_api_names_the_place_of_a_fault(client):
    answer = client.get("/api/v1/search?q=mode:x2avik")

    assert 400 == answer.status_code
    assert "invalid-query" == answer.json()["error"]["code"]
    assert answer.json()["error"]["message"].startswith("Character 6: found 'x2avik'")


def test_the_empty_page_explains_the_language_and_links_its_examples(client):
    page = soup_of(client, "/search")
    text = client.get("/search.txt").text
    links = [a["href"] for a in page.main.find_all("a")]

    for query, _ in searching.EXAMPLES:
        assert address_of_query(query) in links
        assert f"- {query}\n" in text
        # An example is written as its own canonical address has it.
        answer = client.get(address_of_query(query), headers=HTML, follow_redirects=False)
        assert 200 == answer.status_code
    assert "verdict:" in text


def test_every_page_has_the_field_and_the_slash_key_finds_one(client):
    for path in ("/r/ldr", "/docs/search"):
        page = soup_of(client, path)
        form = page.header.find("form")
        assert ("/search", "q", "find") == (form["action"], form.input["name"], form.input["id"])
        assert "filter it" in page.find(id="keys").get_text()
    assert soup_of(client, "/search").header.find("form") is None


def test_a_browser_can_add_the_site_to_its_search(client):
    link = soup_of(client, "/search").find("link", rel="search")
    answer = client.get(link["href"])
    space = {"o": "http://a9.com/-/spec/opensearch/1.1/"}
    urls = ET.fromstring(answer.content).findall("o:Url", space)
    address = urls[0].get("template").replace("{searchTerms}", "icr")

    assert link["type"] == answer.headers["content-type"]
    assert 200 == client.get(address, headers=HTML).status_code


def test_the_documentation_shows_the_examples_and_a_real_refusal(client):
    text = client.get("/docs/search.txt").text

    assert all(f"`{query}`" in text.replace("\n ", "") for query, _ in searching.EXAMPLES[:6])
    assert "Character 6: found 'x2avik'" in text


def test_a_pinned_search_says_what_was_public_then_and_nothing_else(database_url, seed_copy):
    seed_copy.edit("annotations/thread.yaml", "intercept WRMSR", "intercept zebra WRMSR")
    with client_of(database_url) as client:
        first = client.get("/search.json?q=icr").json()["data_version"]
        asked = [
            f"/search.{kind}?q={query}&at={first}"
            for kind in ("txt", "json")
            for query in ("zebra", "interception", "mode:x2avic+ldr")
        ]
        before = [client.get(address).content for address in asked]
        with engine_of(database_url) as engine, writer_sessions(engine).begin() as session:
            load_seed(session, seed_copy.folder, SEEDED_AT + timedelta(days=1))
        after = [client.get(address).content for address in asked]
    with client_of(database_url) as fresh:
        later = [fresh.get(address).content for address in asked]
        page = fresh.get(f"/search?q=zebra&at={first}", headers=HTML).text
        live = fresh.get("/search.json?q=zebra").json()

    assert before == after == later
    assert [] == json.loads(before[3])["groups"]
    assert 1 == live["groups"][0]["total"]
    assert f'<input type="hidden" name="at" value="{first}">' in page


def test_the_command_points_at_a_fault_and_fails(seeded):
    ran = seeded("search", "mode:x2avik")

    assert (1, "") == (ran.code, ran.out)
    assert ["mode:x2avik", 5 * " " + "^^^^^^"] == ran.err.splitlines()[2:4]
