"""Errors answer in the format that was asked for, with one shape, and never a traceback."""

import pytest
from bs4 import BeautifulSoup

from app.errors import NotReady
from tests.running import CURL, HTML, client_of


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("/api/v1/nope", 404, "not-found"),
        ("/api/v1/cells?famly=zen-4", 400, "invalid-filter"),
        ("/api/v1/cells?family=zen-44", 400, "invalid-filter"),
        ("/api/v1/cells/foo/avic/read", 404, "not-found"),
        ("/api/v1/cells/ldr/avic/erase", 404, "not-found"),
        ("/r/foo.json", 404, "not-found"),
        ("/index.json?mode=x3avic", 400, "invalid-filter"),
        ("/c/zen-9.json", 404, "not-found"),
        ("/d/999.json", 404, "not-found"),
        ("/errata/0.json", 404, "not-found"),
        ("/docs/nothing.json", 404, "not-found"),
    ],
)
def test_json_errors_have_one_shape(client, path, status, code):
    answer = client.get(path)

    assert status == answer.status_code
    assert {"error"} == set(answer.json())
    assert {"code", "message", "hints"} == set(answer.json()["error"])
    assert code == answer.json()["error"]["code"]


@pytest.mark.parametrize(
    "query", ["%00", "q=%ff%fe", "a" * 5000, "q=" + "%41" * 2000, "&&&===", "mode"]
)
def test_odd_queries_never_break_a_page(client, query):
    assert client.get(f"/?{query}", headers=HTML).status_code in {200, 400}


@pytest.mark.parametrize(
    ("asked", "ways"),
    [
        ("/r/lrd", ["/r/ldr", "/r/version"]),
        ("/r/ldr/x2avic/erase", [f"/r/ldr/{m}/{a}" for m in ("avic", "x2avic")
                                 for a in ("read", "write")]),
        ("/?mode=x3avic&verdict=nonsense", ["/?mode=x2avic&verdict=nonsense",
                                            "/?mode=x3avic&verdict=consistent"]),
        ("//r/lrd", []),
    ],
)  # fmt: skip
def test_a_near_miss_is_a_link_to_the_address_that_was_meant(client, asked, ways):
    page = BeautifulSoup(client.get(asked, headers=HTML).text, "html.parser")

    assert ways == [link["href"] for link in page.select("main a:has(> code)")]


@pytest.mark.parametrize("headers", [CURL, HTML])
def test_what_is_too_large_is_said_once(client, headers):
    answer = client.post("/check-mail", content=b"x" * 2_000_000, headers=headers)

    assert (413, 1) == (answer.status_code, answer.text.count("at most"))


@pytest.mark.parametrize("method", ["post", "put", "delete", "patch"])
def test_pages_are_read_only(client, method):
    assert 405 == getattr(client, method)("/").status_code


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/", "GET, HEAD"),
        ("/r/ldr.txt", "GET, HEAD"),
        ("/upload", "GET, HEAD, POST"),
        ("/check-mail", "GET, HEAD, POST"),
        ("/review/0123456789ab", "GET, HEAD, POST"),
        ("/review/logout", "GET, HEAD, POST"),
        ("/m/0123456789ab/withdraw", "POST"),
        ("/api/v1/measurements", "POST"),
        ("/api/v1/openapi.json", "GET, HEAD"),
        ("/static/app.css", "GET, HEAD"),
    ],
)
def test_a_method_that_a_path_has_not_is_answered_with_those_that_it_has(client, path, methods):
    answer = client.delete(path)

    assert (405, methods) == (answer.status_code, answer.headers["allow"])


def test_an_empty_database_says_what_to_do(empty_url):
    with client_of(empty_url) as client:
        answer = client.get("/", headers=HTML)

    assert 503 == answer.status_code
    assert "vapic seed" in answer.text


def test_an_unmigrated_database_says_what_to_do(tmp_path):
    with client_of(f"sqlite:///{tmp_path / 'new.db'}") as client:
        answer = client.get("/api/v1/cells")

    assert (503, NotReady.code) == (answer.status_code, answer.json()["error"]["code"])
    assert "vapic migrate" in answer.json()["error"]["message"]


@pytest.mark.parametrize("headers", [CURL, HTML], ids=["text", "html"])
@pytest.mark.parametrize(
    "path", ["/r/{}", "/docs/{}", "/m/{}", "/?at={}", "/?q={}", "/d?q={}", "/search?q={}"]
)
def test_what_is_too_long_to_be_a_name_is_not_repeated_whole(client, path, headers):
    answer = client.get(path.format("x" * 8000), headers=headers)

    assert answer.status_code in (400, 404)
    assert len(answer.text) < 3300
    assert "xxx..." in answer.text or "8000 characters" in answer.text
