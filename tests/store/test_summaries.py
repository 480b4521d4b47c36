"""Summaries as they are stored: kept by each decision, derived again from nothing but facts."""

from datetime import timedelta

import pytest
from sqlalchemy import event, text

from app.core.knowledge import Knowledge, key_of, kind_of
from app.core.summaries import NEWEST
from app.core.words import State
from app.curation.seed import body_of, fact_from
from app.intake import submitting
from app.store import deriving, publishing, queries, seeding, stepping
from app.store.engine import reader_sessions, writer_sessions
from app.store.migrate import migrate
from app.store.snapshots import load_snapshot, next_snapshot
from app.store.submissions import Decision
from tests.conftest import engine_of
from tests.measured.documents import document, many, observed
from tests.reviewables import RECEIVED_AT, submit_document
from tests.store.public import public_facts

MINUTE = timedelta(minutes=1)


def arrive(session, number, **changes):
    """Take one measurement in, and return its name."""
    cpu = {"vendor": "AuthenticAMD", "family": 26, "model": 2, "stepping": 1}
    cpu |= {"microcode": f"0x{number % 3}", "brand": f"constructed {number % 4}"}
    raw = document(cpu=cpu, notes=f"Constructed {number}.", **changes)
    return submit_document(session, raw, RECEIVED_AT + number * MINUTE).measurement.slug


def decide(session, slug, state):
    submitting.take_decision(session, slug, Decision(state, "Why not.", RECEIVED_AT, "A reviewer"))


def stored(session, version=0):
    """Return all that is summed up at a data version, by default the newest."""
    newest = queries.current_version_id(session)
    return seeding.load_knowledge(session, version or newest).measured


def judged(session, version=0):
    known = seeding.load_knowledge(session, version or queries.current_version_id(session))
    return seeding.derive_verdicts(known)


@pytest.fixture(scope="module")
def lived_template(databases):
    """A database with twenty measurements that were accepted, and some of them taken back."""
    url = databases.new()
    with engine_of(url) as engine, writer_sessions(engine).begin() as session:
        slugs = [
            arrive(session, n, observations=many(6) if n % 5 else [
                observed("ldr", "x2avic", "write", "gp", count=n + 1),
                observed("ldr", "x2avic", "write", "completed"),
                observed("isr", "x2avic", "read", "allowed", member=n % 8),
            ])
            for n in range(20)
        ]  # fmt: skip
        for slug in slugs:
            decide(session, slug, State.ACCEPTED)
        for slug in slugs[::3]:
            decide(session, slug, State.WITHDRAWN)
        decide(session, slugs[1], State.REJECTED)
        decide(session, slugs[1], State.ACCEPTED)
    return url


@pytest.fixture
def lived_engine(databases, lived_template):
    """Of this test's own database, in which twenty measurements were decided on."""
    with databases.lent(lived_template) as url, engine_of(url) as engine:
        yield engine


@pytest.fixture
def lived(lived_engine):
    """Writing sessions over it."""
    return writer_sessions(lived_engine)


@pytest.fixture
def reader(lived_engine):
    """Reading sessions over it."""
    return reader_sessions(lived_engine)


def test_deriving_everything_anew_changes_nothing(lived):
    with lived.begin() as session:
        before = [stored(session, v.id) for v in queries.list_versions(session)]
        assert not deriving.recount(session)
        assert not seeding.rebuild(session)
        assert before == [stored(session, v.id) for v in queries.list_versions(session)]


def test_what_is_stored_of_every_version_is_the_verdict_of_all_observations(lived):
    with lived.begin() as session:
        for version in queries.list_versions(session)[-8:]:
            facts = public_facts(session, version.id).items()
            every = (fact_from(kind, body) for (kind, _), body in facts if kind != "measurement")
            assert seeding.derive_verdicts(Knowledge.of(every)) == judged(session, version.id)


def test_a_lost_summary_comes_back(lived):
    with lived.begin() as session:
        before = stored(session)
        session.execute(text('update summaries set body = \'{"summaries":[],"heard":[]}\''))
        assert seeding.rebuild(session)
        assert before == stored(session)


@pytest.mark.parametrize(
    "lost",
    [
        ("summaries", "sightings", "sorts", "records"),
        ("summaries", "sightings", "sorts", "records", "step_pages", "steps"),
        ("records",),
        (),
    ],
)
def test_what_a_database_of_before_lacks_is_derived_when_it_is_migrated(lived, lost):
    with lived.begin() as session:
        before = stored(session)
        lines = session.execute(text("select * from records order by id")).all()
        for table in lost:
            session.execute(text(f"delete from {table}"))
        deriving.catch_up(session)
        assert before == stored(session)
        assert lines == session.execute(text("select * from records order by id")).all()
        assert not deriving.recount(session)


def test_what_only_waits_is_listed_after_a_migration_too(writer, database_url):
    with writer.begin() as session:
        slug = arrive(session, 1)
        session.execute(text("delete from records"))
    migrate(database_url)
    with writer() as session:
        records = load_snapshot(session).records
    assert slug == records.get(slug).slug


def test_a_snapshot_names_the_newest_of_many_and_counts_all(writer):
    with writer.begin() as session:
        slugs = [arrive(session, n) for n in range(NEWEST + 4)]
        for slug in slugs:
            decide(session, slug, State.ACCEPTED)
        snapshot = load_snapshot(session)
        key = next(k for k in snapshot.cells if str(k) == "ldr/x2avic/write")
        judgement = snapshot.cells[key].judgements["zen-5"]
        assert (NEWEST + 4, 4, 3) == (
            judgement.reports, judgement.machines, judgement.microcodes
        )  # fmt: skip
        assert len(judgement.findings) == NEWEST
        assert {f"m-{slug}" for slug in slugs} >= {f.observation.report for f in judgement.findings}


def test_a_decision_asks_no_more_of_the_database_when_much_was_decided_before(writer):
    asked = []
    with writer.begin() as session:
        event.listen(session.get_bind(), "before_cursor_execute", lambda *a: asked.append(a[2]))
        counts = []
        for n in range(12):
            slug = arrive(session, n, observations=many(20))
            asked.clear()
            decide(session, slug, State.ACCEPTED)
            counts.append(len(asked))
    assert max(counts[4:]) <= min(counts[4:]) + 2, counts


def test_a_snapshot_made_of_the_one_before_is_the_one_that_is_loaded(lived, reader):
    """After each kind of decision, after several at once, and where only documents came."""
    with reader() as session:
        snapshot = load_snapshot(session)
        accepted = [m.slug for m in snapshot.records.every() if m.accepted]
    steps = (
        lambda s: arrive(s, 30),
        lambda s: decide(s, accepted[0], State.WITHDRAWN),
        lambda s: [decide(s, slug, State.REJECTED) for slug in accepted[1:6]],
        lambda s: decide(s, accepted[2], State.ACCEPTED),
        lambda s: decide(s, arrive(s, 31, observations=many(91)), State.ACCEPTED),
        lambda s: [decide(s, slug, State.WITHDRAWN) for slug in accepted[1:]],
    )
    for step in steps:
        with lived.begin() as session:
            step(session)
        with reader() as session:
            snapshot, loaded = next_snapshot(session, snapshot), load_snapshot(session)
        assert loaded.version == snapshot.version
        for name in ("knowledge", "cells", "corrected", "vocabulary"):
            assert getattr(loaded, name) == getattr(snapshot, name)
        assert list(loaded.knowledge.every) == list(snapshot.knowledge.every)
        assert list(loaded.knowledge.measured) == list(snapshot.knowledge.measured)


def test_a_snapshot_is_loaded_anew_where_the_seed_was_edited(lived, reader):
    with reader() as session:
        before = load_snapshot(session)
    with lived.begin() as session:
        seed = queries.seed_knowledge(session, before.version.id).every
        bodies = {(kind_of(f), key_of(f)): body_of(f) for f in seed}
        del bodies["annotation", min(before.knowledge.by_kind["annotation"])]
        version = publishing.publish(session, bodies, reason="A test.", now=RECEIVED_AT)
        stepping.keep_step(session, version.id)
    with reader() as session:
        after = next_snapshot(session, before)
        assert load_snapshot(session).knowledge == after.knowledge != before.knowledge


def test_what_only_waits_costs_no_snapshot_anything(lived, reader):
    with reader() as session:
        before = load_snapshot(session)
    made, here = before.once("page", object), before.once("page", object, here=True)
    with lived.begin() as session:
        slug = arrive(session, 40)
    with reader() as session:
        after = next_snapshot(session, before)
    assert before.knowledge is after.knowledge
    assert before.cells is after.cells
    assert (False, True) == (before.records.has(slug), after.records.has(slug))
    # What is made of the facts stays made; what tells of documents is made anew.
    assert after.once("page", object) is made
    assert after.once("page", object, here=True) is not here
