"""Search on the site, in the API and in the terminal."""

import json
import shutil
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from bs4 import BeautifulSoup
from starlette.testclient import TestClient

from app.search import searching
from app.search.model import address_of_query
from app.settings import Settings
from app.store.engine import writer_sessions
from app.store.seeding import load_seed
from app.web.app import create_app
from tests.conftest import SEEDED_AT, engine_of

HTML = {"accept": "text/html"}


@pytest.fixture(scope="module")
def client(migrated_template, tmp_path_factory):
    """A client of the real app over a seeded database that nobody writes to."""
    path = shutil.copyfile(migrated_template, tmp_path_factory.mktemp("search") / "seeded.db")
    settings = Settings(database_url=f"sqlite:///{path}")
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8000") as client:
        yield client


def soup(client, address):
    return BeautifulSoup(client.get(address, headers=HTML).text, "html.parser")


def test_the_page_shows_the_name_first_then_groups_with_marked_words(client):
    page = soup(client, "/search?q=icr")
    headings = [h.get_text(" ", strip=True) for h in page.main.find_all("h2")]

    assert ["Exactly", "Registers 1", "Cells 10"] == headings[:3]
    assert "/r/icr" == page.find(class_="exactly").a["href"]
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


@pytest.mark.parametrize("query", ["", "icr", "bit 18", "mode:x2avic ldr", "intreception", "é ->"])
def test_the_text_twin_is_ascii_and_at_most_75_columns(client, query):
    text = client.get("/search.txt", params={"q": query})

    assert 200 == text.status_code
    assert text.content.isascii()
    assert [] == [line for line in text.text.splitlines() if len(line) > 75]


@pytest.mark.parametrize(
    ("asked", "canonical"),
    [
        ("/search?q=", "/search"),
        ("/search?q=++icr++write+", "/search?q=icr+write"),
        ("/search?q=mode%3Ax2avic%2Cavic", "/search?q=mode:avic,x2avic"),
        ("/search?q=ldr+MODE:avic", "/search?q=mode:avic+ldr"),
        ("/search?utm_source=x&q=icr", "/search?q=icr"),
        ("/search.txt?q=icr&q=icr", "/search.txt?q=icr"),
        ("/search?at=2026-11-22&q=icr", "/search?q=icr&at=2026-11-22"),
        ("/search?q=%ff%00%e2%80%ae", "/search?q=%EF%BF%BD"),
    ],
)
def test_equal_searches_have_one_address(client, asked, canonical):
    answer = client.get(asked, headers=HTML, follow_redirects=False)

    assert (302, canonical) == (answer.status_code, answer.headers["location"])
    assert 200 == client.get(canonical, headers=HTML, follow_redirects=False).status_code


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


@pytest.mark.parametrize("path", ["/search", "/search.txt", "/search.json", "/api/v1/search"])
def test_an_unknown_key_of_the_address_is_refused_by_name(client, path):
    answer = client.get(f"{path}?query=icr")

    assert 400 == answer.status_code
    assert "query" in answer.text


def test_text_of_a_query_is_shown_as_text(client):
    page = client.get("/search", params={"q": '<b>x</b> "<script>"'}, headers=HTML)

    assert "<script>" not in page.text
    assert "&lt;b&gt;x&lt;/b&gt;" in page.text


def test_the_api_answers_as_the_twin_does(client):
    for query in ("icr", "mode:x2avic ldr", "intreception", "kind:difference"):
        answer = client.get("/api/v1/search", params={"q": query})

        assert client.get("/search.json", params={"q": query}).json() == answer.json()
        assert {"data_version", "query", "exactly", "groups", "table", "suggestions"} == set(
            answer.json()
        )


def test_the_api_names_the_place_of_a_fault(client):
    answer = client.get("/api/v1/search?q=mode:x2avik")

    assert 400 == answer.status_code
    assert "invalid-query" == answer.json()["error"]["code"]
    assert answer.json()["error"]["message"].startswith("Character 6: found 'x2avik'")


def test_the_empty_page_explains_the_language_and_links_its_examples(client):
    page = soup(client, "/search")
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
        page = soup(client, path)
        form = page.header.find("form")
        assert ("/search", "q", "find") == (form["action"], form.input["name"], form.input["id"])
        assert "filter it" in page.find(id="keys").get_text()
    assert soup(client, "/search").header.find("form") is None


def test_a_browser_can_add_the_site_to_its_search(client):
    link = soup(client, "/search").find("link", rel="search")
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
    assert [] == [line for line in text.splitlines() if len(line) > 75 or not line.isascii()]


def test_a_pinned_search_says_what_was_public_then_and_nothing_else(
    database_url, seed_copy, settings
):
    seed_copy.edit("annotations/thread.yaml", "intercept WRMSR", "intercept zebra WRMSR")
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8000") as client:
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
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8000") as fresh:
        later = [fresh.get(address).content for address in asked]
        page = fresh.get(f"/search?q=zebra&at={first}", headers=HTML).text
        live = fresh.get("/search.json?q=zebra").json()

    assert before == after == later
    assert [] == json.loads(before[3])["groups"]
    assert 1 == live["groups"][0]["total"]
    assert f'<input type="hidden" name="at" value="{first}">' in page


@pytest.fixture
def seeded(vapic, database_url, monkeypatch):
    """The command line over this test's seeded database."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return vapic


def test_the_command_prints_the_text_twin(seeded, client):
    ran = seeded("search", "bit", "18")

    assert (0, client.get("/search.txt?q=bit+18").text) == (ran.code, ran.out)
    assert client.get("/search.txt").text == seeded("search").out
    assert "doorbell -icr" in seeded("search", "doorbell", "-icr").out


def test_the_command_points_at_a_fault_and_fails(seeded):
    ran = seeded("search", "mode:x2avik")

    assert (1, "") == (ran.code, ran.out)
    assert ["mode:x2avik", 5 * " " + "^^^^^^"] == ran.err.splitlines()[2:4]
