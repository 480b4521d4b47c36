"""Fixtures of the tests of the probe."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from app.probing import guest_build
from tests.probe.kernel import tracefs_there_is


@pytest.fixture(scope="session")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The guest, built once, for running only."""
    return guest_build.build(tmp_path_factory.mktemp("guest"))


@pytest.fixture(scope="session")
def tracefs() -> Iterator[Path]:
    """This kernel's own tracefs; skips where this user has none."""
    with tracefs_there_is() as found:
        if found is None:
            pytest.skip("no tracefs for this user")
        yield found
