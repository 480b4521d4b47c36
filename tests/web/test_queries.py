"""Queries: what no page knows is refused with the nearest, and nothing odd is kept."""

import re

import pytest

from app.web import pages
from app.web.app import FIRST, LAST
from app.web.front import Front
from tests.running import CURL, app_of

PARTS = {"name": "ldr", "register": "ldr", "mode": "x2avic", "access": "write", "number": "1",
         "slug": "words", "family": "19h", "model": "11h", "path": "d"}  # fmt: skip
# Of these the last part is another one.
NAMED = {"/c/{slug}": "zen-5", "/errata/{slug}": "1235", "/policy/{slug}": "kvm-7.2",
         "/wanted/{name}": "zen-4"}  # fmt: skip


def addresses():
    """Return an address of every route that answers GET, but for those that need a measurement."""
    routes = [route for router in (*FIRST, pages.routes(), *LAST) for route in router.routes]
    for path in sorted({route.path for route in routes if "GET" in route.methods}):
        parts = PARTS | dict.fromkeys(("slug", "name") if path in NAMED else (), NAMED.get(path))
        if not path.startswith(("/m/", "/export/", "/review/", "/cite")):
            yield re.sub(r"\{(\w+)(:path)?\}", lambda m: parts.get(m[1], m[0]), path)  # noqa: B023


@pytest.mark.parametrize("address", [*addresses()])
def test_every_page_refuses_a_key_that_it_does_not_know(client, address):
    version = client.get("/api/v1/cells").json()["data_version"]
    address = address.replace("{version}", version)
    plain, answer = client.get(address), client.get(f"{address}?famly=zen-5")

    if (404, 404) == (plain.status_code, answer.status_code):
        return  # a route of which we know no page
    assert 400 == answer.status_code
    assert "famly" in answer.text


def test_of_a_query_with_thousands_of_faults_the_first_are_told(client):
    answer = client.get("/?" + "&".join(f"k{n}" for n in range(1000)), headers={"accept": "*/*"})

    assert 400 == answer.status_code
    assert "992 more are unknown" in answer.text
    assert len(answer.text) < 10_000


@pytest.mark.parametrize("path", ["/", "/search.txt", "/api/v1/cells", "/m.json", "/nowhere"])
def test_an_address_that_is_too_long_is_refused_and_not_repeated(client, path):
    answer = client.get(f"{path}?q={'x' * 60_000}")

    assert 414 == answer.status_code
    assert "at most 8192" in answer.text
    assert len(answer.text) < 4_000


# PostgreSQL takes no NUL in a text, SQLite one that few programs read whole.
@pytest.mark.parametrize(
    "address", ["/m/{}", "/m?kernel={}", "/m?after={}", "/?at={}", "/search?q={}", "/nowhere/{}"]
)
def test_no_address_has_a_nul_on_any_database(client, address):
    address = address.format("a%00b")
    answers = [client.get(address, headers=CURL), client.post(address, headers=CURL)]
    mail = f"<{client.base_url}{address}>\n".encode()
    link = client.post("/api/v1/check-mail", content=mail).json()["links"][0]

    assert [400, 400] == [answer.status_code for answer in answers]
    assert all("has a NUL (%00)" in answer.text for answer in answers)
    assert "no such page" == link["standing"]


def test_only_canonical_addresses_are_kept_and_by_all_that_they_take(client):
    kept = app_of(client.app, Front)._kept
    odd = ["/?&", "/docs?utm_source=x", "/docs/words?at=+2026-11-22", "/api/v1/cells?sort=apm",
           "/api/v1/cells?mode=x2avic,avic", "/api/v1/search?q=ldr++ldr&q="]  # fmt: skip
    begin = len(kept._pages)
    for address in odd:
        client.get(address, follow_redirects=False)
    assert begin == len(kept._pages)
    for address in ("/api/v1/cells?mode=x2avic", "/docs/words.txt", "/api/v1/search?q=lvt"):
        answers = [client.get(address) for _ in range(2)]
        assert answers[0].headers["etag"] == answers[1].headers["etag"]
        begin += 1
        assert begin == len(kept._pages), address
    taken = (
        len(key[1]) + len(key[3]) + sum(map(len, page.bodies.values()))
        for key, page in kept._pages.items()
    )
    assert kept._size > sum(taken)


def test_a_misspelt_key_keeps_no_document(client):
    answer = client.post("/api/v1/measurements?dryrun=true", content=b"{}")

    assert 400 == answer.status_code
    assert ["dry_run"] == answer.json()["error"]["hints"]


@pytest.mark.parametrize(
    ("path", "sent", "said"),
    [
        ("/upload", {"actoin": "submit"}, "did you mean 'action'?"),
        (
            "/check-mail",
            {"mail": "a mail"},
            "'mail' is not a field of this form;",
        ),
        ("/check-mail", {"From: me\nSubject: it\n\nsee https://a/?q": "1"}, "curl -F file=@FILE"),
        ("/m/0123456789ab/withdraw", {"secert": "x"}, "did you mean 'secret'?"),
        ("/review/login", {"tokn": "x"}, "did you mean 'token'?"),
    ],
)
def test_a_form_refuses_a_field_that_it_does_not_know(client, path, sent, said):
    answers = [client.post(path, headers=CURL, **{kind: sent}) for kind in ("data", "files")]

    for answer in answers:
        assert 400 == answer.status_code
        assert said in " ".join(answer.text.split())


def test_no_redirection_leads_to_another_host(client):
    for path in ("//index.txt", "/%2findex.json"):
        answer = client.get(f"{client.base_url}{path}?only=wrong&mode=avic", follow_redirects=False)
        assert 404 == answer.status_code
