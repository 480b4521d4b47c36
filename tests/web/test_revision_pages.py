"""The manual's revisions: the list, what cells say of them, and addresses that showed others."""

from tests.running import FIRST, flat, soup_of

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
    assert len(listed) == len(client.get("/docs/apm.csv").text.splitlines()) - 1


def test_a_check_of_a_mail_does_not_compare_what_another_revision_was_taken_to_state(client):
    mail = f"<http://127.0.0.1:8000{CELL}?apm=3.38&at={FIRST}>\n"
    link = client.post("/api/v1/check-mail", content=mail).json()["links"][0]

    assert "not compared" == link["standing"]
