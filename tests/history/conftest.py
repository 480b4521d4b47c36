"""One story for all tests of what changed: they only read."""

import shutil

import pytest
from starlette.testclient import TestClient

from app.core.words import State
from app.intake import submitting
from app.settings import Settings
from app.store.seeding import load_knowledge
from app.store.submissions import Decision
from app.web.app import create_app
from tests.conftest import SEED, SeedCopy
from tests.history.told import SITE, Story
from tests.measured.documents import document, observed

LDR = ("registers/08-ldr.yaml", "behaviour: vmexit-trap", "behaviour: vmexit-fault")
PERF = ("errata/1023.yaml", "With two or more counters", "With two or more of the counters")


@pytest.fixture(scope="package")
def story(databases, tmp_path_factory):
    """The seed, an erratum, a claim, a measurement that is sent, accepted and withdrawn."""
    folder = tmp_path_factory.mktemp("history")
    url = databases.new()
    copy = SeedCopy(shutil.copytree(SEED, folder / "seed"))
    seen = [observed("ldr", "x2avic", "write", "gp"), observed("tpr", "avic", "read", "gp")]
    raw = document(observations=seen)
    with TestClient(create_app(Settings(database_url=url)), base_url=SITE) as client:
        story = Story(client, url, copy)
        story.look()
        story.edit(*PERF)
        story.edit(*LDR)
        sent = []

        def send(session, now):
            measurement = submitting.prepare(raw, load_knowledge(session, 1), now)
            sent.append(measurement.slug)
            submitting.submit(session, submitting.Incoming(raw, measurement), now)

        story.write(send)
        story.slug = sent[0]
        for state in (State.ACCEPTED, State.WITHDRAWN):
            story.write(
                lambda session, now, state=state: submitting.take_decision(
                    session, sent[0], Decision(state, "A reason.", now, "somebody")
                )
            )
        yield story
