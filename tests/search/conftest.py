"""One snapshot of the real seed for all tests of search."""

from datetime import UTC, datetime

import pytest

from app.store.snapshots import offline_snapshot


@pytest.fixture(scope="session")
def snapshot(knowledge):
    """A snapshot that no database holds."""
    return offline_snapshot(knowledge, datetime(2026, 11, 22, tzinfo=UTC))
