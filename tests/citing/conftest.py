"""Blocks are pure functions of a snapshot, so one snapshot serves all tests of a file."""

from dataclasses import replace

import pytest

from app.mail import citing
from app.store.snapshots import offline_snapshot
from tests.conftest import SEEDED_AT

SITE = "https://vapic.example.org"
VERSION = "2026-11-22.1"


@pytest.fixture(scope="session")
def snapshot(knowledge):
    """The real seed as a data version."""
    bare = offline_snapshot(knowledge, SEEDED_AT)
    return replace(bare, version=replace(bare.version, name=VERSION))


@pytest.fixture(scope="session")
def block_of(snapshot):
    """The block of an address."""
    return lambda address: citing.find_citation(snapshot, address, SITE).block()
