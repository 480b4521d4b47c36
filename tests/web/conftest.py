"""These tests only read, so one application serves all tests of a file."""

import shutil

import pytest
from starlette.testclient import TestClient

from app.settings import Settings
from app.web.app import create_app


@pytest.fixture(scope="module")
def client(migrated_template, tmp_path_factory):
    """A client of the real app over a seeded database that nobody writes to."""
    path = tmp_path_factory.mktemp("web") / "seeded.db"
    url = f"sqlite:///{shutil.copyfile(migrated_template, path)}"
    with TestClient(create_app(Settings(database_url=url)), base_url="http://127.0.0.1:8000") as c:
        yield c
