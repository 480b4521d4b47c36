"""Tokens, and decisions on measurements."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session, sessionmaker

from app.core.words import State, TokenScope, Verdict
from app.errors import Conflict, Forbidden, NotFound
from app.intake import reviewing, submitting
from app.store import logins, seeding, submissions
from app.store.snapshots import load_snapshot
from app.store.submissions import Decision
from tests.reviewables import RECEIVED_AT, SEEN, make_document, submit_document

Sessions = sessionmaker[Session]
Decide = Callable[..., None]
LATER = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


@pytest.fixture
def slug(writer):
    """A pending measurement."""
    with writer.begin() as session:
        return submit_document(session, make_document()).measurement.slug


@pytest.fixture
def decide(writer, slug):
    """Decide on the measurement, in a transaction of its own."""

    def deciding(state, reason="Because.", *, seen=None):
        with writer.begin() as session:
            decision = Decision(state, reason, LATER, "A reviewer")
            reviewing.decide(session, slug, decision, seen=seen)

    return deciding


def reviewed(reader, slug):
    with reader() as session:
        return reviewing.find_review(session, load_snapshot(session), slug)


def newest_version(reader):
    with reader() as session:
        (step,) = load_snapshot(session).steps.history(1)
    return SimpleNamespace(reason=step.version.reason, lines=step.lines, total=step.total)


def test_a_token_is_found_by_its_secret_which_is_kept_nowhere(writer):
    with writer.begin() as session:
        token, secret = reviewing.new_token(session, " Ada  Example ", TokenScope.SUBMIT, LATER)
    with writer.begin() as session:
        assert token == reviewing.find_token(session, secret)
        rows = session.execute(text("select * from tokens")).all()
    assert ("Ada Example", TokenScope.SUBMIT, LATER) == (token.name, token.scope, token.created_at)
    assert secret.startswith("vapic_")
    assert len(secret) >= 40
    assert secret not in str(rows)


def test_two_tokens_of_one_name_are_two(writer):
    with writer.begin() as session:
        made = [reviewing.new_token(session, "CI", TokenScope.SUBMIT, LATER) for _ in range(2)]
        assert 2 == len({token.id for token, _ in made}) == len({secret for _, secret in made})
        assert [token for token, _ in made] == list(submissions.list_tokens(session))


@pytest.mark.parametrize(
    "name", ["", "   ", "n" * 101, "evil\x1b[2J", "abc\N{RIGHT-TO-LEFT OVERRIDE}"]
)
def test_a_name_that_cannot_be_shown_is_refused(name, writer):
    with writer.begin() as session, pytest.raises(Conflict, match="The name of a token must"):
        reviewing.new_token(session, name, TokenScope.REVIEW, LATER)


@pytest.mark.parametrize("secret", ["", "vapic_nothing", "%", "\N{SNOWMAN}"])
def test_a_secret_that_is_none_is_forbidden(secret, reader):
    with reader() as session, pytest.raises(Forbidden, match="unknown, or it was revoked"):
        reviewing.find_token(session, secret)


def test_a_revoked_token_is_forbidden_and_stays_listed_with_its_first_date(writer):
    with writer.begin() as session:
        token, secret = reviewing.new_token(session, "Ada", TokenScope.REVIEW, RECEIVED_AT)
        assert token == reviewing.find_reviewer(session, secret)
        reviewing.revoke_token(session, token.id, LATER)
        again = reviewing.revoke_token(session, token.id, LATER + timedelta(days=1))
        assert (LATER, [again]) == (again.revoked_at, list(submissions.list_tokens(session)))
        with pytest.raises(Forbidden, match="revoked"):
            reviewing.find_reviewer(session, secret)


def test_revoking_a_token_that_does_not_exist_says_so(writer):
    with writer.begin() as session, pytest.raises(NotFound, match="There is no token 7"):
        reviewing.revoke_token(session, 7, LATER)


@pytest.mark.parametrize("scope", [TokenScope.SUBMIT, TokenScope.TRUSTED])
def test_only_the_scope_review_may_review(scope, writer):
    with writer.begin() as session:
        token, secret = reviewing.new_token(session, "Ada", scope, LATER)
        value = logins.open_login(session, token, LATER)
        assert logins.find_reviewer(session, value, LATER) is None
        with pytest.raises(Forbidden, match=f"may not review: its scope is {scope}"):
            reviewing.find_reviewer(session, secret)


def test_the_use_of_a_token_is_recorded(writer):
    with writer.begin() as session:
        token, secret = reviewing.new_token(session, "Ada", TokenScope.REVIEW, RECEIVED_AT)
        reviewing.open_login(session, token, LATER)
        assert (None, LATER) == (
            token.last_used_at,
            reviewing.find_reviewer(session, secret).last_used_at,
        )


def test_a_review_shows_the_exact_effect_before_and_after_acceptance(reader, slug, decide):
    before = reviewed(reader, slug)
    decide(State.ACCEPTED)
    after = reviewed(reader, slug)
    expected = [
        ("id/x2avic/read", Verdict.MASKED, 1),
        ("tpr/avic/read", Verdict.AGREES, 0),
        ("ldr/x2avic/read", Verdict.AGREES, 0),
        ("ldr/x2avic/write", Verdict.SETTLES, 0),
    ]
    assert expected == [(str(e.key), e.after.verdict, e.masked) for e in before.effects]
    assert {Verdict.UNMEASURED} == {e.before.verdict for e in before.effects}
    assert before.effects == after.effects
    assert {e.key for e in before.effects} == before.outcomes.keys()


def test_a_second_look_at_one_cell_lists_each_outcome_once(writer):
    doubled = make_document(observations=[*SEEN, *(seen | {"note": "Again."} for seen in SEEN)])
    with writer.begin() as session:
        slug = submit_document(session, doubled).measurement.slug
        review = reviewing.find_review(session, load_snapshot(session), slug)
    assert {("allowed",), ("ignored",), ("gp",)} == set(review.outcomes.values())
    assert {2} == {e.added for e in review.effects}


def test_a_review_says_what_looks_odd(writer):
    odd = make_document(
        cpu={"vendor": "GenuineIntel", "family": 6, "model": 85, "stepping": 4},
        features={"x2avic": False},
    )
    with writer.begin() as session:
        slug = submit_document(session, odd).measurement.slug
        review = reviewing.find_review(session, load_snapshot(session), slug)
    assert {"unknown-cpu", "x2avic-absent"} <= {oddity.code for oddity in review.oddities}


def test_decisions_are_only_ever_added(reader, slug, decide):
    decide(State.ACCEPTED, "It repeats.")
    first = reviewed(reader, slug).decisions
    decide(State.REJECTED, "It does\n  not repeat.")
    decide(State.ACCEPTED, "It does after all.")
    every = reviewed(reader, slug).decisions
    assert first == every[: len(first)]
    assert [
        (State.PENDING, "", ""),
        (State.ACCEPTED, "It repeats.", "A reviewer"),
        (State.REJECTED, "It does not repeat.", "A reviewer"),
        (State.ACCEPTED, "It does after all.", "A reviewer"),
    ] == [(d.state, d.reason, d.decided_by) for d in every]


def test_every_decision_is_a_data_version_that_says_who_and_why(reader, slug, decide):
    arrived = newest_version(reader)
    decide(State.ACCEPTED, "It repeats.")
    accepted = newest_version(reader)
    decide(State.WITHDRAWN, "A typo.")
    withdrawn = newest_version(reader)
    assert f"Measurement {slug} is pending." == arrived.reason
    assert (f"measurement {slug} added: pending",) == arrived.lines
    assert f"Measurement {slug} is accepted." == accepted.reason
    assert (
        f"measurement {slug} changed: pending -> accepted by A reviewer: It repeats."
        == accepted.lines[0]
    )
    assert (
        f"measurement {slug} changed: accepted -> withdrawn by A reviewer: A typo."
        == withdrawn.lines[0]
    )
    assert [f"observation m-{slug}-{i} removed" for i in range(4)] == list(withdrawn.lines[1:5])


def test_a_decision_on_many_observations_is_still_told(writer, reader):
    with writer.begin() as session:
        seen = [one | {"value": hex(n)} for n in range(30) for one in SEEN]
        slug = submit_document(session, make_document(observations=seen)).measurement.slug
        decision = Decision(State.ACCEPTED, "It repeats.", LATER, "Ada")
        reviewing.decide(session, slug, decision)
    lines = newest_version(reader).lines
    assert (
        f"measurement {slug} changed: pending -> accepted by Ada: It repeats.",
        "120 observations added",
        "1 source added",
    ) == lines


@pytest.mark.parametrize("state", [State.ACCEPTED, State.REJECTED, State.WITHDRAWN, State.PENDING])
def test_a_withdrawal_is_final(state, reader, slug, decide):
    decide(State.WITHDRAWN)
    kept = reviewed(reader, slug)
    with pytest.raises(Conflict, match="a withdrawal is final"):
        decide(state)
    assert kept == reviewed(reader, slug)
    assert State.WITHDRAWN is kept.measurement.state


@pytest.mark.parametrize(
    "reason", ["", " \n\t ", "r" * 2001, "see\x07", "a\N{RIGHT-TO-LEFT OVERRIDE}b"]
)
def test_a_decision_needs_a_reason_that_can_be_read(reason, reader, slug, decide):
    with pytest.raises(Conflict, match="The reason of a decision must"):
        decide(State.ACCEPTED, reason)
    assert 1 == len(reviewed(reader, slug).decisions)


def test_who_decides_has_a_name(writer, slug):
    with writer.begin() as session, pytest.raises(Conflict, match="The name of who decides"):
        reviewing.decide(session, slug, Decision(State.ACCEPTED, "Because.", LATER, " "))


def test_a_decision_on_what_has_changed_since_is_refused(reader, slug, decide):
    decide(State.ACCEPTED, seen=State.PENDING)
    with pytest.raises(Conflict, match="is accepted by now, no longer pending"):
        decide(State.REJECTED, seen=State.PENDING)
    assert State.ACCEPTED is reviewed(reader, slug).measurement.state


def test_what_does_not_exist_can_be_neither_shown_nor_decided(writer, reader):
    with pytest.raises(NotFound, match="There is no measurement 'abc'"):
        reviewed(reader, "abc")
    with writer.begin() as session, pytest.raises(NotFound):
        reviewing.decide(session, "abc", Decision(State.ACCEPTED, "Because.", LATER, "Ada"))


def test_lists_begin_with_who_waits_longest_and_with_the_newest_decision(writer, reader):
    slugs = []
    with writer.begin() as session:
        for hours in range(4):
            raw = make_document(notes=f"Run {hours}.")
            receipt = submit_document(session, raw, RECEIVED_AT + timedelta(hours=hours))
            slugs.append(receipt.measurement.slug)
        for minutes, slug in enumerate((slugs[3], slugs[0])):
            when = LATER + timedelta(minutes=minutes)
            reviewing.decide(session, slug, Decision(State.REJECTED, "No.", when, "Ada"))
    with reader() as session:
        snapshot = load_snapshot(session)
    pending = reviewing.list_measurements(snapshot, State.PENDING)
    rejected = reviewing.list_measurements(snapshot, State.REJECTED)
    assert slugs[1:3] == [m.slug for m in pending]
    assert [slugs[0], slugs[3]] == [m.slug for m in rejected]
    assert rejected == reviewing.list_recent(snapshot)


def test_a_rebuild_changes_nothing_after_acceptance_nor_after_withdrawal(writer, reader, decide):
    def stored():
        with reader() as session:
            return session.execute(text("select * from verdicts order by 1, 2, 3, 4")).all()

    before = stored()
    states = []
    for state in (State.ACCEPTED, State.WITHDRAWN):
        decide(state)
        states.append(stored())
        with writer.begin() as session:
            assert not seeding.rebuild(session)
    assert before != states[0]
    assert before == states[1]


def test_a_trusted_token_accepts_at_once_and_its_use_shows(writer):
    with writer.begin() as session:
        token, _ = reviewing.new_token(session, "Lab", TokenScope.TRUSTED, RECEIVED_AT)
        receipt = submit_document(session, make_document(), LATER, token)
        assert (State.ACCEPTED, "Lab") == (
            receipt.measurement.state,
            receipt.measurement.decided_by,
        )
        assert LATER == submissions.list_tokens(session)[0].last_used_at
        assert [submitting.DECIDED_AT_ONCE] == [
            d.reason for d in submissions.list_decisions(session, receipt.measurement.slug)
        ]
