"""Eight submit at once: nothing is lost, nothing is doubled, and every receipt answers."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.core.words import State, TokenScope
from app.intake import submitting
from app.intake.submitting import Incoming
from app.store import queries, seeding, submissions
from app.store.engine import reader_sessions, writer_sessions
from app.store.models import DecisionRow, FactRow, SubmissionRow
from tests.conftest import SEEDED_AT, engine_of
from tests.measured.documents import document
from tests.running import client_of

THREADS = 8
DIFFERENT = IDENTICAL = 200
NOW = SEEDED_AT + timedelta(hours=1)


def document_of(number):
    """Return the bytes of a document that no other number has."""
    return document(notes=f"Document {number}.")


SAME = document_of("the same")
ALL = [document_of(n) for n in range(DIFFERENT)]
# One of each in turn, so that both kinds meet in every thread.
MIXED = [raw for different in ALL for raw in (different, SAME)]


def submit(sessions, knowledge, raw):
    """Submit as the routes do: parse with no lock held, then one short transaction."""
    measurement = submitting.prepare(raw, knowledge, NOW)
    with sessions.begin() as session:
        return submitting.submit(session, Incoming(raw, measurement), NOW)


def in_threads(call, items):
    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(call, items))


def post(client, raw, headers=None):
    return client.post("/api/v1/measurements", content=raw, headers=headers)


def site_of(url):
    """A client of the real app, which may send as often as it likes and wait for its turn."""
    free = {"rate_uploads": "", "rate_token": "", "writers_waiting": 40, "writer_seconds": 120}
    return client_of(url, **free)


@pytest.fixture(scope="module")
def crowded(shared_url, knowledge):
    """A database that eight threads submitted to, and the receipts in the order of MIXED."""
    with engine_of(shared_url) as engine:
        writers = writer_sessions(engine)
        receipts = in_threads(lambda raw: submit(writers, knowledge, raw), MIXED)
        yield engine, receipts


def test_every_document_is_created_exactly_once(crowded):
    _, receipts = crowded
    created = [raw for raw, receipt in zip(MIXED, receipts, strict=True) if receipt.created]

    assert sorted([*ALL, SAME]) == sorted(created)
    assert len(created) == sum(1 for receipt in receipts if receipt.secret)


def test_equal_bytes_have_one_receipt(crowded):
    _, receipts = crowded
    same = [r.measurement for raw, r in zip(MIXED, receipts, strict=True) if raw == SAME]

    assert [same[0]] * IDENTICAL == same


def test_every_receipt_answers_with_the_bytes_that_came(crowded):
    engine, receipts = crowded
    with reader_sessions(engine)() as session:
        for raw, receipt in zip(MIXED, receipts, strict=True):
            slug = receipt.measurement.slug
            assert raw == submitting.get_raw(session, slug)
            assert receipt.measurement == submitting.get_measurement(session, slug)


def test_nothing_is_stored_twice(crowded):
    engine, _ = crowded
    with reader_sessions(engine)() as session:
        measurements = FactRow.kind == "measurement"
        assert {DIFFERENT + 1} == {
            session.scalar(select(func.count()).select_from(SubmissionRow)),
            session.scalar(select(func.count()).select_from(DecisionRow)),
            session.scalar(select(func.count()).select_from(FactRow).where(measurements)),
        }


def test_each_document_has_a_data_version_of_its_own_and_they_are_in_order(crowded):
    engine, _ = crowded
    with reader_sessions(engine)() as session:
        versions = queries.list_versions(session)
        deciding = session.scalars(select(DecisionRow.version_id).order_by(DecisionRow.id)).all()

    assert [f"2026-11-22.{n}" for n in range(1, DIFFERENT + 3)] == [v.name for v in versions]
    assert [v.id for v in versions[1:]] == deciding


def test_a_rebuild_after_the_crowd_changes_nothing(crowded):
    engine, _ = crowded
    with writer_sessions(engine).begin() as session:
        assert not seeding.rebuild(session)


def test_what_eight_threads_get_accepted_at_once_is_judged_as_a_rebuild_would(database_url, writer):
    # An acceptance holds the lock for long; the queue of the site, not SQLite, puts them in order.
    with writer.begin() as session:
        submissions.add_token(session, "lab", TokenScope.TRUSTED, "a secret", NOW)
    with site_of(database_url) as client:
        bearer = {"authorization": "Bearer a secret"}
        answers = in_threads(lambda raw: post(client, raw, bearer), MIXED[:32])

    assert [200] * 15 + [201] * 17 == sorted(answer.status_code for answer in answers)
    with writer.begin() as session:
        slugs = session.scalars(select(SubmissionRow.slug)).all()
        states = {submitting.get_measurement(session, slug).state for slug in slugs}
        assert (17, {State.ACCEPTED}) == (len(slugs), states)
        assert not seeding.rebuild(session)


def test_forty_at_once_through_the_api_get_one_receipt(database_url):
    with site_of(database_url) as client:
        with ThreadPoolExecutor(40) as pool:
            answers = list(pool.map(lambda raw: post(client, raw), [SAME] * 40))
        pages = {client.get(answer.headers["location"]).status_code for answer in answers}

    assert [200] * 39 + [201] == sorted(answer.status_code for answer in answers)
    assert 1 == len({answer.headers["location"] for answer in answers})
    assert 1 == sum("withdrawal_secret" in answer.json() for answer in answers)
    assert {200} == pages
