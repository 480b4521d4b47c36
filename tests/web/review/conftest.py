"""One application for each file of tests here; each test submits a measurement of its own."""

import itertools

import pytest

from app.core.words import State, TokenScope
from app.intake import reviewing
from app.intake.submitting import get_measurement
from app.settings import Settings
from app.web.app import create_app
from tests.conftest import engine_of, writer_sessions
from tests.reviewables import RECEIVED_AT, browser, decision, make_document, submit_document

RUNS = itertools.count(1)


@pytest.fixture(scope="module")
def url(shared_url):
    """One database for this file; each test submits a measurement of its own."""
    return shared_url


@pytest.fixture(scope="module")
def write(url):
    """Writing sessions over that database."""
    with engine_of(url) as engine:
        yield writer_sessions(engine)


@pytest.fixture(scope="module")
def app(url):
    """The real app, without a limit of how often one address may ask."""
    app = create_app(Settings(database_url=url, rate_uploads="", rate_token=""))
    with browser(app):
        yield app


@pytest.fixture
def client(app):
    """A browser without a session."""
    return browser(app)


@pytest.fixture(scope="module")
def secret(write):
    """The token of a reviewer."""
    with write.begin() as session:
        return reviewing.new_token(session, "Rae Reviewer", TokenScope.REVIEW, RECEIVED_AT)[1]


@pytest.fixture
def reviewer(client, secret):
    """A browser with a reviewer's session."""
    assert 303 == client.post("/review/login", data={"token": secret}).status_code
    return client


@pytest.fixture
def slug(write):
    """A pending measurement that no other test knows, and that counts nowhere afterwards."""
    raw = make_document(notes=f"Run {next(RUNS)} <script>alert(1)</script>")
    with write.begin() as session:
        slug = submit_document(session, raw).measurement.slug
    yield slug
    with write.begin() as session:
        if get_measurement(session, slug).state is State.ACCEPTED:
            reviewing.decide(session, slug, decision(State.WITHDRAWN))


@pytest.fixture
def state_of(write):
    """Look up the state of a measurement."""

    def looking(slug):
        with write.begin() as session:
            return get_measurement(session, slug).state

    return looking
