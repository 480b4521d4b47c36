"""These tests only read, so one application serves all tests of a file."""

import pytest


@pytest.fixture(scope="module")
def client(site):
    """A client of the real app over a seeded database that nobody writes to."""
    return site
