"""A link, an export and a copy that somebody made with the release before still say the same."""

import pytest

from app.store import seeding
from app.store.engine import writer_sessions
from tests.conftest import engine_of
from tests.exporting import release

HOW = "These differ from the release before; tests/exporting/release.py says how to see it."


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("release")


@pytest.fixture(scope="module")
def before(folder):
    """The database of the release before, brought to today's schema."""
    return release.restored(folder)


def test_pins_exports_and_copies_of_the_release_before_have_the_same_bytes(before, folder):
    kept, now = release.kept(), release.digests(release.answers(before, folder))

    assert len(kept) > 100
    assert {} == {name: now.get(name) for name in kept if now.get(name) != kept[name]}, HOW


def test_today_judges_what_was_measured_as_the_release_before_did(before):
    with engine_of(before) as engine, writer_sessions(engine).begin() as session:
        assert not seeding.rebuild(session)
