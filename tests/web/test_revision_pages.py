"""The manual's revisions: the list, what cells say of them, and addresses that showed others."""

from tests.running import FIRST, HTML, flat, soup_of

CELL = "/r/ldr/x2avic/write"


def test_the_list_says_what_each_revision_changed_and_how_far_it_was_read(client, knowledge):
    listed = knowledge.documents["apm"].revisions
    text = flat(client, "/docs/apm.txt")
    page = soup_of(client, "/docs/apm")
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
    mail = f"<http://127.0.0.1:8000{CELL}?apm=3.38&at={FIRST}>\n"
    link = client.post("/api/v1/check-mail", content=mail).json()["links"][0]

    assert "not compared" == link["standing"]
