"""The manual's revisions: the list, what cells say of them, and addresses that showed others."""

import pytest
from bs4 import BeautifulSoup

HTML = {"accept": "text/html"}
AT = "2026-11-22.1"
CELL = "/r/ldr/x2avic/write"


def flat(client, path):
    return " ".join(client.get(path).text.split())


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("/?apm=3.38", "/"),
        ("/index.txt?mode=avic&pending=include", "/index.txt?mode=avic"),
        ("/?apm=nonsense&mode=avic", "/?mode=avic"),
        ("/index.json?mode=x2avic&apm=3.38&sort=msr", "/index.json?mode=x2avic&sort=msr"),
        (f"/corrected?apm=3.38&at={AT}", f"/corrected?at={AT}"),
        ("/corrected.csv?apm=3.38", "/corrected.csv"),
        (f"/r/LDR.txt?at={AT}&apm=3.38", f"/r/LDR.txt?at={AT}"),
        (f"{CELL}?apm=3.44", CELL),
        (f"{CELL}.json?apm=3.38", f"{CELL}.json"),
        ("/r/ldr/mail.txt?apm=3.38", "/r/ldr/mail.txt"),
        ("/mail?rows=ldr&apm=3.38", "/mail?rows=ldr"),
        (f"/r/ldr/since/{AT}?apm=3.38", f"/r/ldr/since/{AT}"),
        ("/index.atom?mode=x2avic&apm=3.38", "/index.atom?mode=x2avic"),
        ("/api/v1/cells?apm=3.38&mode=avic", "/api/v1/cells?mode=avic"),
        (f"/api/v1/cells/ldr/x2avic/write?apm=3.38&at={AT}",
         f"/api/v1/cells/ldr/x2avic/write?at={AT}"),
        ("/docs/apm/3.38..3.44", "/docs/apm"),
        (f"/docs/apm/3.38..3.44.json?at={AT}", f"/docs/apm.json?at={AT}"),
    ],
)  # fmt: skip
def test_an_address_that_showed_another_revision_leads_for_good_to_the_page(client, asked, found):
    answer = client.get(asked, headers=HTML, follow_redirects=False)

    assert (308, found) == (answer.status_code, answer.headers["location"])
    assert 200 == client.get(found, headers=HTML).status_code


def test_no_address_leads_to_another_site(client):
    answer = client.get("http://127.0.0.1:8000//other.example/?apm=3.38", follow_redirects=False)

    assert (308, "/other.example/") == (answer.status_code, answer.headers["location"])


@pytest.mark.parametrize("path", ["/corrected", "/r/ldr", CELL, "/api/v1/cells/ldr/x2avic/write"])
def test_a_page_without_a_filter_refuses_a_key(client, path):
    answer = client.get(f"{path}?amp=3.38", headers={"accept": "text/plain"})

    assert 400 == answer.status_code
    assert "'amp' is not a key of the filter; this page has none." in " ".join(answer.text.split())


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        (f"{CELL}?fbclid=1", CELL),
        (f"{CELL}.txt?at={AT}&fbclid=1", f"{CELL}.txt?at={AT}"),
        (f"/r/80D.txt?at={AT}", f"/r/ldr.txt?at={AT}"),
        ("/r/ldr?gclid=2", "/r/ldr"),
        ("/corrected?utm_id=3", "/corrected"),
    ],
)
def test_a_page_without_a_filter_has_one_address(client, asked, found):
    answer = client.get(asked, headers=HTML, follow_redirects=False)

    assert found == answer.headers["location"]


def test_the_list_says_what_each_revision_changed_and_how_far_it_was_read(client, knowledge):
    listed = knowledge.documents["apm"].revisions
    text = flat(client, "/docs/apm.txt")
    page = BeautifulSoup(client.get("/docs/apm", headers=HTML).text, "html.parser")
    body = client.get("/docs/apm.json").json()
    names = [r.revision for r in reversed(listed)]

    assert names == [heading["id"] for heading in page.select("main h2[id]")]
    assert names == [r["revision"] for r in body["revisions"]]
    for revision in listed:
        assert " ".join(revision.change.split()) in text
    assert "3.44, 2026-03" in text
    assert "read through another's rendering" == body["revisions"][0]["read"]
    assert 7 == text.count("not read here")
    assert len(listed) == len(client.get("/docs/apm.csv").text.splitlines()) - 1


def test_a_claim_says_since_when_it_stands_where_that_is_known_and_that_it_is_inference(client):
    claims = client.get(f"{CELL}.json").json()["claims"]
    page = client.get(CELL, headers=HTML).text

    assert 1 == page.count("since revision 3.37, by inference")
    assert 1 == flat(client, f"{CELL}.txt").count("since revision 3.37, by inference")
    assert [("3.44", "3.37", True, "what 3.44 says that 3.37 changed"), None,
            ("3.44", "", False, "")] == [
        claim["holds"] and tuple(
            claim["holds"][key] for key in ("read", "since", "inference", "because"))
        for claim in claims
    ]  # fmt: skip


def test_every_answer_about_cells_names_the_revision_that_was_read(client):
    paths = ("/index.json", f"{CELL}.json", "/api/v1/cells", "/api/v1/cells/ldr/x2avic/write")
    read = {"revision": "3.44", "inference": False, "read": ["3.44"], "silent": [], "note": ""}

    assert [read] * len(paths) == [client.get(path).json()["apm"] for path in paths]
    assert "the printed table of revision 3.44." in flat(client, "/corrected.txt")


def test_a_check_of_a_mail_does_not_compare_what_another_revision_was_taken_to_state(client):
    mail = f"<http://127.0.0.1:8000{CELL}?apm=3.38&at={AT}>\n"
    link = client.post("/api/v1/check-mail", content=mail).json()["links"][0]

    assert "not compared" == link["standing"]
