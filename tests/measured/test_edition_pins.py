"""A pinned page of an older revision of the manual keeps its bytes when the list changes."""

from datetime import UTC, datetime

from app.store import seeding
from app.store.snapshots import load_snapshot

AT = "2026-11-22.1"
PATHS = (
    "/index.txt?mode=x2avic&access=write&apm=3.38&",
    "/corrected.txt?apm=3.41&",
    "/r/ldr.json?apm=3.38&",
    "/r/ldr/x2avic/write.txt?apm=3.41&",
    "/r/ldr/x2avic/write.txt?",
    "/docs/apm.json?",
    "/docs/apm/3.38..3.44.txt?",
)
ADDED = """    - revision: "3.45"
      source: apm-3.44
      change: Something is new.
- slug: apm3"""


def take(client, at):
    return {path: client.get(f"{path}at={at}").content for path in PATHS}


def newest(client, at):
    return client.get(f"/docs/apm.json?at={at}").json()["revisions"][0]["revision"]


def test_it_keeps_its_bytes_when_a_revision_and_a_mode_move(client, writer, seed_copy):
    before = take(client, AT)
    seed_copy.edit("documents.yaml", "- slug: apm3", ADDED)
    seed_copy.edit("documents.yaml", "      modes: [x2avic]\n", "")
    seed_copy.edit("registers/08-ldr.yaml", '    since: "3.37"\n', '    since: "3.42"\n')
    with writer.begin() as session:
        version = seeding.load_seed(session, seed_copy.folder, datetime.now(UTC)).version.name

    assert before == take(client, AT)
    assert before != take(client, version)
    assert ("3.45", "3.44") == (newest(client, version), newest(client, AT))


def test_revisions_that_make_the_same_claims_share_one_table(reader):
    with reader() as session:
        snapshot = load_snapshot(session)

    assert snapshot.cells_at("3.26") is snapshot.cells_at("3.38")
    assert snapshot.cells is snapshot.cells_at("3.39") is snapshot.cells_at("3.44")
    assert snapshot.cells_at("3.38", pending=True) is snapshot.cells_at("3.30", pending=True)
    assert snapshot.cells_at("3.38") is not snapshot.cells_at("3.38", pending=True)
