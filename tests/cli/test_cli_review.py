"""`vapic token` and `vapic review`, run as their users do."""

import re

import pytest

from app.core.words import State, TokenScope
from app.errors import Forbidden
from app.intake.reviewing import find_token
from tests.reviewables import make_document, submit_document

WORDS = {"accept": "accepted", "reject": "rejected", "withdraw": "withdrawn"}


@pytest.fixture
def slug(writer):
    """A pending measurement."""
    with writer.begin() as session:
        return submit_document(session, make_document()).measurement.slug


@pytest.mark.parametrize("scope", list(TokenScope))
def test_a_new_token_is_printed_alone_so_that_a_script_can_take_it(scope, seeded, reader):
    ran = seeded("token", "create", "Ada Example", "--scope", scope)

    assert (0, f"Token 1 of Ada Example, scope {scope}:\n") == (ran.code, ran.err)
    with reader() as session:
        token = find_token(session, ran.out.removesuffix("\n"))
    assert (1, scope) == (token.id, token.scope)


def test_the_list_of_tokens_shows_everything_but_the_secrets(seeded):
    assert "No token yet" in seeded("token", "list").out
    secrets = [
        seeded("token", "create", name, "--scope", "review").out.strip()
        for name in ("Ada", "A name that does not fit into its column")
    ]
    seeded("token", "revoke", 1)
    listed = seeded("token", "list").out
    dates = re.findall(r"\d{4}-\d\d-\d\d", listed)

    assert ["ID", "Name", "Scope", "Created", "Last", "used", "Revoked"] == listed.split()[:7]
    assert 3 == len(dates)
    assert not [secret for secret in secrets if secret in listed]
    assert max(map(len, listed.splitlines())) <= 75


def test_a_revoked_token_is_of_no_use(seeded, reader):
    secret = seeded("token", "create", "Ada", "--scope", "submit").out.strip()
    ran = seeded("token", "revoke", 1)

    assert (0, "Token 1 of Ada is revoked.\n") == (ran.code, ran.out)
    with reader() as session, pytest.raises(Forbidden):
        find_token(session, secret)


@pytest.mark.parametrize(("verb", "state"), WORDS.items())
def test_a_decision_is_told_and_moves_the_measurement_to_its_list(verb, state, seeded, slug):
    assert slug in seeded("review", "list").out
    ran = seeded("review", verb, slug, "--reason", "It is so.", "--by", "Ada")
    pending, moved = seeded("review", "list").out, seeded("review", "list", "--state", state).out

    assert (0, f"{slug} is {state}: It is so.\n", "") == (ran.code, ran.out, ran.err)
    assert "Pending: 0" in pending
    assert slug not in pending
    assert f"{state.capitalize()}: 1" in moved
    assert re.search(rf"(?m)^{slug} +{state} since ", moved)
    assert "by Ada: It is so." in " ".join(moved.split())


def test_what_a_decision_may_not_be_is_told_in_one_line(seeded, slug):
    ran = seeded("review", "accept", slug, "--reason", " ")
    assert (1, "vapic: The reason of a decision must not be empty.\n") == (ran.code, ran.err)
    assert slug in seeded("review", "list").out

    seeded("review", "withdraw", slug, "--reason", "A typo.")
    ran = seeded("review", "accept", slug, "--reason", "No, after all.")
    assert (1, "") == (ran.code, ran.out)
    assert f"{slug} is withdrawn; what may follow is nothing: a withdrawal is final." in ran.err
    told = seeded("review", "list", "--state", State.WITHDRAWN).out
    assert "by a maintainer: A typo." in " ".join(told.split())


def test_the_review_shows_the_effect_the_oddities_and_every_decision(seeded, writer):
    odd = make_document(features={"x2avic": False})
    with writer.begin() as session:
        slug = submit_document(session, odd).measurement.slug
    seeded("review", "reject", slug, "--reason", "CPUID says otherwise.")
    out = seeded("review", "show", slug).out

    silent = r"(?m)^  LDR x2AVIC write +not measured -> manual silent or unclear +ignored$"
    hidden = r"(?m)^  ID x2AVIC read +not measured -> hidden by interception +gp, 1\n +intercepted$"
    assert re.search(silent, out)
    assert re.search(hidden, out)
    assert "Effect: 4 of 4 verdicts change" in out
    assert "? x2avic-absent: It observes x2AVIC on a part that reports x2AVIC=0." in out
    assert re.search(rf"(?m)^Raw bytes +http://127.0.0.1:8000/m/{slug}\.raw$", out)
    assert ["pending", "rejected"] == re.findall(r"(?m)^- (\w+), 20\d\d-", out)
    assert "UTC by a maintainer: CPUID says otherwise." in out
    assert out.isascii()
    assert max(map(len, out.splitlines())) <= 75


def test_a_review_with_nothing_odd_says_so(seeded, slug):
    assert "What looks odd\n--------------\nNothing.\n" in seeded("review", "show", slug).out


def test_a_token_can_be_made_before_anything_is_loaded(vapic, empty_url, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", empty_url)

    assert vapic("token", "create", "Ada", "--scope", "review").out.startswith("vapic_")
