"""A pinned link says the same for ever, and says on its page what became of it."""

import random
from datetime import UTC, datetime

import pytest

from app.core.words import State
from app.intake import submitting
from app.store import seeding
from app.store.submissions import Decision
from tests.measured.documents import document, many, observed
from tests.running import state_of

HTML = {"accept": "text/html"}


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


def change(writer, knowledge, number, rng):
    """Send a measurement, accept it, and maybe take it back."""
    seen = rng.sample(many(140), rng.randint(1, 20))
    raw = document(observations=seen, notes=str(number))
    now = datetime.now(UTC)
    _, measurement = submitting.prepare(raw, knowledge, now)
    with writer.begin() as session:
        submitting.submit(session, submitting.Incoming(raw, measurement), now)
    for state in rng.choice([(State.ACCEPTED,), (State.ACCEPTED, State.WITHDRAWN)]):
        with writer.begin() as session:
            submitting.decide(session, measurement.slug, Decision(state, "so", now, "r"))


def edit(writer, seed_copy, old, new):
    seed_copy.edit("registers/08-ldr.yaml", old, new)
    with writer.begin() as session:
        assert seeding.load_seed(session, seed_copy.folder, datetime.now(UTC)).version


def test_every_page_of_a_version_keeps_its_bytes(client, writer, knowledge, seed_copy):
    rng = random.Random(15_22)
    paths = paths_of(knowledge)
    change(writer, knowledge, 0, rng)
    at = state_of(client).snapshots.refresh().name
    before = take(client, paths, at)

    for number in range(1, 101):
        change(writer, knowledge, number, rng)
    edit(writer, seed_copy, "name: Logical Destination Register", "name: Logical Destination")
    edit(writer, seed_copy, "behaviour: vmexit-trap", "behaviour: vmexit-fault")
    live = state_of(client).snapshots.refresh().name
    state_of(client).snapshots._pinned.clear()

    assert at != live
    assert [] == [path for path, body in take(client, paths, at).items() if body != before[path]]
    assert take(client, ["/r/ldr/avic/write.txt"], live) != take(
        client, ["/r/ldr/avic/write.txt"], at
    )


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
    since = client.get("/r/ldr/avic/write/since/2026-11-22.1.txt").text

    assert "Unchanged since." in unchanged
    assert 'href="/r/ldr/avic/write/since/2026-11-22.1"' in changed
    assert "vmexit-trap" in since.split("is:")[0]
    assert max(map(len, since.splitlines())) <= 75


@pytest.mark.parametrize("at", ["2026-11-21", "2026-11-22.9", "tomorrow", "2026-13-99", "../etc"])
def test_a_version_that_does_not_exist_is_a_404_that_offers_others(client, at):
    answer = client.get("/corrected", params={"at": at}, headers={"accept": "text/plain"})

    assert 404 == answer.status_code
    assert "2026-11-22.1" in answer.text


def test_a_date_means_the_last_version_of_that_day(client):
    day = client.get("/corrected.txt?at=2026-11-22").content

    assert day == client.get("/corrected.txt?at=2026-11-22.1").content


def test_other_names_and_queries_keep_the_pin(client):
    renamed = client.get("/r/APIC_LDR.txt?at=2026-11-22.1", follow_redirects=False)
    sorted_ = client.get("/?at=2026-11-22.1&mode=avic", headers=HTML, follow_redirects=False)

    assert "/r/ldr.txt?at=2026-11-22.1" == renamed.headers["location"]
    assert "/?mode=avic&at=2026-11-22.1" == sorted_.headers["location"]
    assert 132 == len(client.get("/api/v1/cells?at=2026-11-22.1").json()["cells"])


def test_an_old_measurement_page_keeps_the_state_of_its_version(client, writer, knowledge):
    now = datetime.now(UTC)
    raw = document(observations=[observed("svr", "avic", "read", "allowed")])
    _, measurement = submitting.prepare(raw, knowledge, now)
    with writer.begin() as session:
        submitting.submit(session, submitting.Incoming(raw, measurement), now)
    at = state_of(client).snapshots.refresh().name
    with writer.begin() as session:
        decision = Decision(State.ACCEPTED, "so", now, "r")
        submitting.decide(session, measurement.slug, decision)
    state_of(client).snapshots.refresh()

    assert "pending since" in client.get(f"/m/{measurement.slug}.txt?at={at}").text
    assert "accepted since" in client.get(f"/m/{measurement.slug}.txt").text
