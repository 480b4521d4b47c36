"""What a pinned page says of the manual keeps its bytes when the list of revisions changes."""

from datetime import UTC, datetime

from app.store import seeding

AT = "2026-11-22.1"
PATHS = ("/corrected.txt?", "/r/ldr.json?", "/r/ldr/x2avic/write.txt?", "/docs/apm.json?")
ADDED = """    - revision: "3.45"
      source: apm-3.44
      change: Something is new.
- slug: apm3"""


def take(client, at):
    return {path: client.get(f"{path}at={at}").content for path in PATHS}


def newest(client, at):
    return client.get(f"/docs/apm.json?at={at}").json()["revisions"][0]["revision"]


def test_it_keeps_its_bytes_when_a_revision_is_added_and_a_claim_is_older(
    client, writer, seed_copy
):
    before = take(client, AT)
    seed_copy.edit("documents.yaml", "- slug: apm3", ADDED)
    seed_copy.edit("registers/08-ldr.yaml", '    since: "3.37"\n', '    since: "3.42"\n')
    with writer.begin() as session:
        version = seeding.load_seed(session, seed_copy.folder, datetime.now(UTC)).version.name

    assert before == take(client, AT)
    assert before != take(client, version)
    assert ("3.45", "3.44") == (newest(client, version), newest(client, AT))
