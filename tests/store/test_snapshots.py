"""The holder of snapshots: builds once, notices a new version, keeps serving meanwhile."""

import threading
import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session, sessionmaker

from app.errors import NotReady
from app.settings import ROOT
from app.store import publishing, queries, stepping
from app.store.engine import make_engine, reader_sessions
from app.store.holding import AT_ONCE, SnapshotHolder
from app.store.seeding import load_seed
from app.store.snapshots import load_snapshot
from tests.store.public import public_facts

Sessions = sessionmaker[Session]
LATER = {("condition", "edge"): {"slug": "edge", "text": "other", "tag": "e", "axis": "trigger"}}


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Gate:
    """Sessions that wait at a gate; counts who came through."""

    def __init__(self, sessions):
        self.sessions = sessions
        self.open = threading.Event()
        self.open.set()
        self.passed = 0

    def __call__(self):
        assert self.open.wait(10)
        self.passed += 1
        return self.sessions()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def gate(reader):
    return Gate(reader)


@pytest.fixture
def holder(gate, clock):
    return SnapshotHolder(gate, clock)


def publish_other(writer, now):
    """Make a version of one condition and nothing else."""
    with writer.begin() as session:
        stepping.keep_step(
            session, publishing.publish(session, LATER, reason="A test.", now=now).id
        )


def wait_for(holder, name):
    """Return the snapshot once it has that name; the clock stands still meanwhile."""
    deadline = time.monotonic() + 10
    while holder.get().name != name:
        assert time.monotonic() < deadline, f"{name} never came"
        time.sleep(0.005)
    # A check in the background may still run; this waits for its end.
    return holder.refresh()


def test_a_snapshot_holds_the_newest_version_with_all_that_is_derived(reader, knowledge, seeded_at):
    with reader() as session:
        snapshot = load_snapshot(session)
    assert ("2026-11-22.1", seeded_at) == (snapshot.name, snapshot.created_at)
    assert knowledge == snapshot.knowledge
    assert list(knowledge.cells) == list(snapshot.cells)
    assert list(knowledge.registers) == [row.register.slug for row in snapshot.corrected.rows]
    assert {"cells", "corrected", "vocabulary"} <= vars(snapshot).keys(), "derived when warmed"


def test_a_snapshot_knows_every_version_newest_first(reader, writer, seeded_at):
    publish_other(writer, seeded_at)
    with reader() as session:
        steps = load_snapshot(session).steps
    history = steps.history(9)
    assert ["2026-11-22.2", "2026-11-22.1"] == [step.version.name for step in history]
    changes = steps.changes([2, 1])
    assert [len(changes[2]), len(changes[1])] == [step.total for step in history]
    assert {"changed", "removed"} == {change.action for change in changes[2]}
    assert {"added"} == {change.action for change in changes[1]}


def test_the_holder_builds_once_for_all_threads(holder, gate):
    with ThreadPoolExecutor(8) as pool:
        snapshots = list(pool.map(lambda _: holder.get(), range(32)))
    assert 1 == gate.passed
    assert {id(holder.get())} == set(map(id, snapshots))


def test_within_half_a_second_nobody_looks_for_a_new_version(
    holder, gate, clock, writer, seeded_at
):
    first = holder.get()
    publish_other(writer, seeded_at)
    clock.now += 0.499
    assert first is holder.get()
    assert 1 == gate.passed


def test_after_half_a_second_the_old_one_is_served_until_the_new_one_is_built(
    holder, gate, clock, writer, seeded_at
):
    first = holder.get()
    publish_other(writer, seeded_at)
    gate.open.clear()
    clock.now += 0.5
    assert [first] * 20 == [holder.get() for _ in range(20)]
    clock.now += 10
    assert first is holder.get(), "one builder is enough"
    gate.open.set()
    assert ["edge"] == list(wait_for(holder, "2026-11-22.2").knowledge.conditions)


def test_the_number_of_the_version_there_is_waits_for_nothing(
    holder, gate, clock, writer, seeded_at
):
    gate.open.clear()
    assert (0, 0) == (holder.current(), gate.passed)
    gate.open.set()
    first = holder.get()
    publish_other(writer, seeded_at)
    gate.open.clear()
    clock.now += 1
    assert [first.version.id] * 3 == [holder.current() for _ in range(3)]
    gate.open.set()
    wait_for(holder, "2026-11-22.2")
    assert first.version.id < holder.current()


def test_a_check_that_finds_nothing_new_keeps_the_snapshot(holder, gate, clock):
    first = holder.get()
    clock.now += 1
    assert first is holder.get()
    # Waits for the check in the background, then looks once more itself.
    assert first is holder.refresh()
    assert 3 == gate.passed


def test_a_refresh_shows_the_newest_version_at_once(holder, writer, seeded_at):
    holder.get()
    publish_other(writer, seeded_at + timedelta(days=1))
    assert "2026-11-23.1" == holder.refresh().name == holder.get().name


def test_who_makes_a_version_sees_it_at_once_but_where_many_are_made_in_a_row(
    holder, gate, clock, writer, seeded_at
):
    holder.get()
    publish_other(writer, seeded_at)
    holder.renew()
    assert "2026-11-22.2" == holder.get().name
    for _ in range(3 * AT_ONCE):
        holder.renew()
    assert gate.passed == 1 + AT_ONCE
    clock.now += 1
    holder.renew()
    assert gate.passed > 1 + AT_ONCE


def test_an_old_snapshot_never_changes(holder, writer, knowledge, seeded_at):
    first = holder.get()
    publish_other(writer, seeded_at)
    holder.refresh()
    assert ("2026-11-22.1", knowledge) == (first.name, first.knowledge)


def test_a_date_is_the_snapshot_of_the_version_that_it_means_and_is_made_once(
    holder, writer, seeded_at
):
    first = holder.at("2026-11-22")
    assert first is holder.at("2026-11-22") is holder.at("2026-11-22.1")
    publish_other(writer, seeded_at)
    second = holder.at("2026-11-22")
    assert ("2026-11-22.2", True) == (second.name, second.pinned)
    assert first is holder.at("2026-11-22.1")


def test_an_empty_database_is_not_ready_and_is_once_it_is_seeded(
    empty_reader, empty_writer, seeded_at
):
    holder = SnapshotHolder(empty_reader)
    for _ in range(2):
        with pytest.raises(NotReady, match="empty: run `vapic migrate` and `vapic seed`"):
            holder.get()
    with empty_writer.begin() as session:
        load_seed(session, ROOT / "seed", seeded_at)
    assert "2026-11-22.1" == holder.get().name


def test_a_database_without_tables_is_not_ready(tmp_path):
    (tmp_path / "bare.db").touch()
    engine = make_engine(f"sqlite:///{tmp_path}/bare.db")
    holder = SnapshotHolder(reader_sessions(engine))
    with pytest.raises(NotReady, match="no tables yet: run `vapic migrate`, then `vapic seed`"):
        holder.get()
    engine.dispose()


def test_a_database_that_is_gone_is_told_once_and_again_when_it_was_back(
    holder, clock, caplog, monkeypatch
):
    def gone(_session):
        raise NotReady("The database file is gone.")

    def look(times):
        for _ in range(times):
            clock.now += 1
            holder.current()
            holder.settle()
        return len(caplog.records)

    holder.get()
    with monkeypatch.context() as patched:
        patched.setattr(queries, "current_version_id", gone)
        assert 1 == look(4)
    assert 1 == look(1)
    monkeypatch.setattr(queries, "current_version_id", gone)
    assert 2 == look(4)


def test_past_versions_asked_in_turn_are_built_once_and_share_what_is_the_same(
    holder, gate, writer, seeded_at
):
    with gate.sessions() as session:
        facts = public_facts(session, 1)
    for number in range(2, 22):
        changed = LATER["condition", "edge"] | {"text": f"other {number}"}
        with writer.begin() as session:
            publishing.publish(
                session, facts | {("condition", "edge"): changed}, reason="A test.", now=seeded_at
            )
    names = [f"2026-11-22.{number}" for number in range(1, 21)]
    newest = holder.get()
    first = [holder.at(name) for name in names[:16]]
    tracemalloc.start()
    first += [holder.at(name) for name in names[16:]]
    each = tracemalloc.get_traced_memory()[0] / len(names[16:])
    tracemalloc.stop()
    built = gate.passed

    assert first == [holder.at(name) for name in names]
    assert (built, True) == (gate.passed, all(past.pinned for past in first))
    assert each < 256 * 1024, f"{each / 1024:.0f} KB a version"
    for past, name in [*zip(first, names, strict=True)][::9]:
        with gate.sessions() as session:
            alone = load_snapshot(session, name)
        assert alone.knowledge == past.knowledge, name
        assert (list(alone.cells), alone.cells) == (list(past.cells), past.cells)
        assert past.knowledge.registers["ldr"] is newest.knowledge.registers["ldr"]
        assert past.cells.keys() == newest.cells.keys()
