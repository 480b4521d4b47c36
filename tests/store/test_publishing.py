"""Publishing: what changes makes a version, and every version can be read back."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from sqlalchemy import inspect, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, sessionmaker

from app.store import publishing, queries
from app.store.engine import make_engine, reader_sessions, writer_sessions
from app.store.models import DataVersionRow, FactRow, VerdictRow
from app.store.queries import Change, DataVersion
from tests.store.public import public_facts

Sessions = sessionmaker[Session]
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
A, B = ("condition", "a"), ("condition", "b")
FIRST = {A: {"text": "one"}, B: {"text": "two"}}
VERDICT = ("ldr", "x2avic", "write", "zen-4", "explained", "gp", 1, 0, "observed", "group")


def publish(sessions, bodies, now=NOON, reason="A test."):
    with sessions.begin() as session:
        return publishing.publish(session, bodies, reason=reason, now=now)


def public(sessions, version):
    with sessions() as session:
        return public_facts(session, version)


def versions(sessions):
    with sessions() as session:
        return queries.list_versions(session)


def changes(sessions, version):
    with sessions() as session:
        return queries.list_changes(session, [version])[version]


def test_nothing_is_public_before_the_first_load(empty_reader):
    with empty_reader() as session:
        assert 0 == queries.current_version_id(session)
    assert () == versions(empty_reader)
    assert {} == public(empty_reader, 1)


def test_the_first_load_makes_the_first_version_of_its_day(empty_writer, empty_reader):
    made = publish(empty_writer, FIRST, reason="The seed was edited.")
    assert DataVersion(1, "2026-11-22.1", NOON, "The seed was edited.") == made
    assert (made,) == versions(empty_reader)
    assert FIRST == public(empty_reader, made.id)
    assert [("added", *A), ("added", *B)] == [
        (c.action, c.kind, c.key) for c in changes(empty_reader, made.id)
    ]


def test_the_same_again_makes_no_version_whatever_the_order(empty_writer, empty_reader):
    body = {"text": "one", "tag": "é"}
    publish(empty_writer, {A: body, B: {}})
    again = {B: {}, A: dict(reversed(body.items()))}
    assert None is publish(empty_writer, again, NOON + timedelta(days=1))
    assert ["2026-11-22.1"] == [version.name for version in versions(empty_reader)]


def test_an_edited_fact_is_the_one_change_of_one_version(empty_writer, empty_reader):
    publish(empty_writer, FIRST)
    made = publish(empty_writer, FIRST | {B: {"text": "three"}})
    edited = Change("changed", *B, before={"text": "two"}, after={"text": "three"})
    assert "2026-11-22.2" == made.name
    assert (edited,) == changes(empty_reader, made.id)


def test_a_removed_fact_is_gone_now_and_still_there_then(empty_writer, empty_reader):
    publish(empty_writer, FIRST)
    made = publish(empty_writer, {A: FIRST[A]})
    assert (Change("removed", *B, before={"text": "two"}, after=None),) == changes(
        empty_reader, made.id
    )
    assert {A: FIRST[A]} == public(empty_reader, made.id)
    assert FIRST == public(empty_reader, made.id - 1)


def test_a_fact_that_comes_back_leaves_its_gap(empty_writer, empty_reader):
    for bodies in (FIRST, {A: FIRST[A]}, FIRST):
        publish(empty_writer, bodies)
    assert [True, False, True] == [B in public(empty_reader, n) for n in (1, 2, 3)]


@pytest.mark.parametrize(
    ("times", "names"),
    [
        ([NOON, NOON], ["2026-11-22.1", "2026-11-22.2"]),
        ([NOON, NOON + timedelta(days=1)], ["2026-11-22.1", "2026-11-23.1"]),
        ([NOON, NOON - timedelta(days=9)], ["2026-11-22.1", "2026-11-22.2"]),
        (
            [NOON, NOON - timedelta(days=9), NOON + timedelta(days=1), NOON],
            ["2026-11-22.1", "2026-11-22.2", "2026-11-23.1", "2026-11-23.2"],
        ),
        ([NOON] * 11, [f"2026-11-22.{n}" for n in range(1, 12)]),
        ([datetime(2026, 11, 23, 1, 0, tzinfo=timezone(timedelta(hours=2)))], ["2026-11-22.1"]),
    ],
    ids=["one day", "two days", "clock set back", "back and on", "past nine", "another zone"],
)
def test_versions_are_named_by_day_of_utc_and_counter_and_never_run_backwards(
    times, names, empty_writer, empty_reader
):
    for n, now in enumerate(times):
        publish(empty_writer, {A: {"text": str(n)}}, now)
    assert names == [version.name for version in versions(empty_reader)]


def test_a_digest_is_the_sha_256_of_the_sorted_body(empty_writer, empty_reader):
    publish(empty_writer, {A: {"text": "é", "axis": "b"}})
    with empty_reader() as session:
        digest = session.scalar(select(FactRow.digest))
    assert hashlib.sha256('{"axis":"b","text":"é"}'.encode()).hexdigest() == digest


def test_a_load_that_fails_later_leaves_nothing(empty_writer, empty_reader):
    def publish_and_fail():
        with empty_writer.begin() as session:
            publishing.publish(session, FIRST, reason="A test.", now=NOON)
            raise LookupError

    with pytest.raises(LookupError):
        publish_and_fail()
    assert () == versions(empty_reader)


STATES = st.lists(
    st.tuples(
        st.dictionaries(
            st.tuples(st.sampled_from(["condition", "group"]), st.sampled_from("abc")),
            st.fixed_dictionaries({"text": st.sampled_from(["one", "two", "é"])}),
        ),
        st.integers(-2, 2),
    ),
    min_size=1,
    max_size=8,
)


@hypothesis_settings(max_examples=60)
@given(states=STATES)
def test_every_version_reads_back_unchanged_after_any_edits(states, files):
    engine = make_engine(files.new("empty"))
    sessions, published, latest = writer_sessions(engine), {}, {}
    for bodies, days in states:
        made = publish(sessions, bodies, NOON + timedelta(days=days))
        assert (made is None) == (bodies == latest)
        latest = bodies
        if made:
            published[made] = bodies
    reading = reader_sessions(engine)
    assert published == {v: public(reading, v.id) for v in versions(reading)}
    replayed: dict = {}
    for version, bodies in published.items():
        for change in changes(reading, version.id):
            assert change.before == replayed.pop((change.kind, change.key), None)
            replayed |= {(change.kind, change.key): change.after} if change.after else {}
        assert bodies == replayed
    order = [(v.name[:10], int(v.name[11:])) for v in published]
    assert order == sorted(set(order))
    engine.dispose()


def a_version(**edits):
    row = {"id": 2, "name": "2026-11-22.2", "day": "2026-11-22", "number": 2,
           "created_at": NOON.replace(tzinfo=None), "reason": "A test."}  # fmt: skip
    return DataVersionRow(**row | edits)


def a_fact(**edits):
    row = {"kind": "group", "key": "c", "body": "{}", "digest": "0" * 64, "valid_from": 1}
    return FactRow(**row | edits)


def a_verdict(**edits):
    names = [column.key for column in VerdictRow.__table__.columns]
    return VerdictRow(**dict(zip(names, VERDICT, strict=True)) | edits)


NONSENSE = {
    "a version numbered 0": (a_version, {"number": 0}, "number_positive"),
    "a day that is none": (a_version, {"day": "today"}, "day_is_a_date"),
    "a version's name twice": (a_version, {"name": "2026-11-22.1"}, "name"),
    "a fact of no kind": (a_fact, {"kind": "opinion"}, "kind_known"),
    "a digest cut short": (a_fact, {"digest": "0" * 63}, "digest_is_sha256"),
    "a range that is empty": (a_fact, {"valid_to": 1}, "range_not_empty"),
    "a range that runs backwards": (a_fact, {"valid_to": 0}, "range_not_empty"),
    "a beginning that is no version": (a_fact, {"valid_from": 9}, "(?i)foreign key"),
    "an end that is no version": (a_fact, {"valid_to": 9}, "(?i)foreign key"),
    "two current facts with one key": (a_fact, {"kind": A[0], "key": A[1]}, "(?i)unique"),
    "a mode that is none": (a_verdict, {"mode": "mmio"}, "mode_known"),
    "an access that is none": (a_verdict, {"access": "execute"}, "access_known"),
    "a verdict that is none": (a_verdict, {"verdict": "fine"}, "verdict_known"),
    "evidence of no grade": (a_verdict, {"evidence": "rumour"}, "evidence_known"),
    "a scope that is none": (a_verdict, {"scope": "world"}, "scope_known"),
    "fewer than no reports": (a_verdict, {"reports": -1}, "counts_not_negative"),
    "fewer than none masked": (a_verdict, {"masked": -1}, "counts_not_negative"),
}


@pytest.mark.parametrize(("make", "edits", "rule"), NONSENSE.values(), ids=NONSENSE)
def test_the_database_itself_refuses_nonsense(make, edits, rule, empty_writer):
    publish(empty_writer, FIRST)
    with empty_writer() as session:
        session.add(make(**edits))
        with pytest.raises(IntegrityError, match=rule):
            session.flush()
        session.rollback()


@pytest.mark.parametrize("make", [a_version, a_fact, a_verdict])
def test_the_database_takes_the_rows_that_the_nonsense_was_made_from(make, empty_writer):
    publish(empty_writer, FIRST)
    with empty_writer.begin() as session:
        row = make()
        session.add(row)
        session.flush()
        assert inspect(row).persistent


def test_verdicts_are_replaced_where_they_differ(empty_writer, empty_reader):
    other = (*VERDICT[:3], "zen-5", "unmeasured", "", 0, 0, "", "")
    changed = (*other[:4], "masked", *other[5:])
    for rows in ([VERDICT, other], [VERDICT, changed], [changed], []):
        with empty_writer.begin() as session:
            publishing.replace_verdicts(session, queries.get_verdicts(session), rows)
        with empty_reader() as session:
            assert tuple(rows) == queries.get_verdicts(session)


def test_equal_bodies_have_equal_text():
    body = {"b": ["é", 1], "a": {"d": True, "c": None}}
    text = publishing.canonical_json(body)
    assert '{"a":{"c":null,"d":true},"b":["é",1]}' == text
    assert text == publishing.canonical_json(json.loads(text))
