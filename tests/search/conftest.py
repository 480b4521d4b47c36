"""One snapshot of the real seed, and one application, for all tests of search."""

import pytest

from app.store.snapshots import offline_snapshot
from tests.conftest import SEEDED_AT


@pytest.fixture(scope="session")
def snapshot(knowledge):
    """A snapshot that no database holds."""
    return offline_snapshot(knowledge, SEEDED_AT)


@pytest.fixture(scope="module")
def client(site):
    """A client of the real app over a seeded database that nobody writes to."""
    return site
