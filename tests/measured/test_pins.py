"""A pinned link says the same for ever, and says on its page what became of it."""

import random
from datetime import UTC, datetime

from app.core.words import State
from app.intake import submitting
from app.pages.kinds.changes import MOST_VERSIONS
from app.store import publishing, seeding, stepping
from tests.measured.documents import document, many, observed
from tests.reviewables import RECEIVED_AT, decision, submit_document
from tests.running import HTML, state_of, unsound


def paths_of(knowledge):
    """Every page that has data, in the formats that must not change."""
    tables = ["/index", "/corrected", "/c", "/d", "/errata", "/changes", "/m", "/wanted", "/policy"]
    pages = [key.url for key in knowledge.cells]
    pages += [f"/r/{slug}" for slug in knowledge.registers]
    pages += [f"/c/{slug}" for slug in knowledge.families]
    pages += [f"/d/{number}" for number in knowledge.differences]
    pages += [f"/errata/{slug}" for slug in knowledge.errata]
    pages += [f"/policy/{slug}" for slug in (*knowledge.policies, "kvm-6.0..kvm-7.2")]
    found = [f"{page}.txt" for page in (*tables, *pages)]
    found += [f"{page}.{extension}" for page in tables for extension in ("json", "csv", "md")]
    found += [f"{page}.json" for page in pages[::3]]
    found += [f"{page}/mail.txt" for page in ("/r/ldr", "/r/ldr/x2avic/write", "/d/1")]
    found += ["/mail.txt", "/mail.txt?rows=ro,wo&mode=x2avic"]
    return [*found, "/docs/sources.txt"]


def take(client, paths, at):
    pins = {path: f"{path}{'&' if '?' in path else '?'}at={at}" for path in paths}
    return {path: client.get(pin).content for path, pin in pins.items()}


def change(writer, seen, *states, **changes):
    """Send a measurement and decide on it; return its name."""
    with writer.begin() as session:
        slug = submit_document(session, document(observations=seen, **changes)).measurement.slug
    for state in states:
        with writer.begin() as session:
            submitting.take_decision(session, slug, decision(state))
    return slug


def edit(writer, seed_copy, old, new):
    seed_copy.edit("registers/08-ldr.yaml", old, new)
    with writer.begin() as session:
        assert seeding.load_seed(session, seed_copy.folder, datetime.now(UTC)).version


def test_every_page_of_a_version_keeps_its_bytes(client, writer, knowledge, seed_copy):
    rng = random.Random(15_22)
    paths = paths_of(knowledge)
    change(writer, rng.sample(many(140), 15), State.ACCEPTED, notes="before")
    at = state_of(client).snapshots.refresh().name
    before = take(client, paths, at)

    for number in range(5):
        seen = rng.sample(many(140), 15)
        change(writer, seen, State.ACCEPTED, State.WITHDRAWN, notes=f"{number}")
        change(writer, seen, State.ACCEPTED, notes=f"{number} again")
    change(writer, many(140), State.ACCEPTED)
    with writer.begin() as session:
        for _ in range(MOST_VERSIONS):
            made = publishing.amend(
                session, {}, origin="nobody", reason="Nothing.", now=RECEIVED_AT
            )
            stepping.keep_step(session, made.id)
    edit(writer, seed_copy, "name: Logical Destination Register", "name: Logical Destination")
    edit(writer, seed_copy, "behaviour: vmexit-trap", "behaviour: vmexit-fault")
    live = state_of(client).snapshots.refresh().name
    state_of(client).snapshots._pinned.clear()

    assert at != live
    assert [] == [path for path, body in take(client, paths, at).items() if body != before[path]]
    changed = ["/r/ldr/avic/write.txt"]
    assert take(client, changed, live) != take(client, changed, at)


def test_a_pin_names_itself_and_nothing_that_can_change(client):
    text = client.get("/r/ldr/x2avic/write.txt?at=2026-11-22.1").text

    assert "/r/ldr/x2avic/write?at=2026-11-22.1" in text
    assert "\nURL " not in text
    assert client.get("/r/ldr/x2avic/write.json?at=2026-11-22.1").json()["data_version"] == (
        "2026-11-22.1"
    )


def test_a_live_page_shows_its_pin_in_plain_sight(client):
    assert "Pinned" in client.get("/corrected.txt").text
    assert "/?mode=avic&amp;at=2026-11-22.1" in client.get("/?mode=avic", headers=HTML).text


def test_a_pinned_page_says_whether_its_cell_changed_since(client, writer, seed_copy):
    pinned = "/r/ldr/avic/write?at=2026-11-22.1"
    unchanged = client.get(pinned, headers=HTML).text
    edit(writer, seed_copy, "behaviour: vmexit-trap", "behaviour: vmexit-fault")
    state_of(client).snapshots.refresh()
    changed = client.get(pinned, headers=HTML).text
    since = client.get("/r/ldr/avic/write/since/2026-11-22.1.txt")

    assert "Unchanged since." in unchanged
    assert 'href="/r/ldr/avic/write/since/2026-11-22.1"' in changed
    assert "vmexit-trap" in since.text.split("is:")[0]
    assert [] == unsound(since)


def test_a_date_means_the_last_version_of_that_day(client):
    day = client.get("/corrected.txt?at=2026-11-22").content

    assert day == client.get("/corrected.txt?at=2026-11-22.1").content


def test_the_api_keeps_the_pin(client):
    assert 132 == len(client.get("/api/v1/cells?at=2026-11-22.1").json()["cells"])


def test_an_old_measurement_page_keeps_the_state_of_its_version(client, writer):
    slug = change(writer, [observed("svr", "avic", "read", "allowed")])
    at = state_of(client).snapshots.refresh().name
    with writer.begin() as session:
        submitting.take_decision(session, slug, decision(State.ACCEPTED))
    state_of(client).snapshots.refresh()

    assert "pending since" in client.get(f"/m/{slug}.txt?at={at}").text
    assert "accepted since" in client.get(f"/m/{slug}.txt").text
