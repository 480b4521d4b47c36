"""Fixtures of the tests of the probe."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.probing import guest_build


@pytest.fixture(scope="session")
def guest(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The guest, built once, for running only."""
    return guest_build.build(tmp_path_factory.mktemp("guest"))
