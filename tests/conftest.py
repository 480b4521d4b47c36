"""Fixtures of all tests: a database migrated and seeded once, copied for each test.

It is an SQLite file; with ``--database postgres`` one of a PostgreSQL server of this run.
"""

from __future__ import annotations

import gc
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session, sessionmaker
from starlette.testclient import TestClient

from app.cli.main import main
from app.core.knowledge import Knowledge
from app.curation import seed as seed_reading
from app.curation.seed import check_seed
from app.settings import Settings
from app.store.engine import make_engine, reader_sessions, writer_sessions
from tests.databases import SEED, SEEDED_AT, Databases, Files, Server, postgres, programs
from tests.running import client_of

# Where it is set, every process of the tests would compile all that it imports.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# A slow machine is no bug of the code under test.
hypothesis.settings.register_profile("suite", deadline=None, max_examples=40)
hypothesis.settings.load_profile("suite")

# Snapshots hold many objects that live long, and collecting looks at all of them.
gc.set_threshold(100_000, 20, 50)

# The seed is read hundreds of times, and all but a file or two of it is the same text each time.
seed_reading._compose = cache(seed_reading._compose)

# Modules that take long begin first, so that no worker is left alone with one at the end.
LONG = (
    "browser/",
    "exporting/",
    "measured/",
    "probe/test_tracing",
    "curation/test_lint.py",
    "store/test_summaries",
    "test_cli.py",
    "test_many_writers",
    "history/",
    "torture/",
    "test_on_postgres",
    "operating/test_injections",
    "web/",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the run say on which database its tests are."""
    parser.addoption("--database", choices=("sqlite", "postgres"), default="sqlite")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Give a worker a file at a time, and all that needs a browser to one of them.

    A Chromium and the server that it asks take seconds to start.
    """
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 - where there are workers

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return "browser" if "tests/browser/" in nodeid else super()._split_scope(nodeid)

    return Scheduling(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long modules first."""
    items.sort(key=lambda item: next((i for i, part in enumerate(LONG) if part in item.nodeid), 99))


def pytest_collection_finish() -> None:
    """Leave what was imported out of every later collection of garbage."""
    gc.collect()
    gc.freeze()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what tests found out here, which another machine may not: ``record_property``."""
    for report in terminalreporter.getreports("passed"):
        for name, text in report.user_properties:
            terminalreporter.line(f"{name}: {text}")


@dataclass(frozen=True)
class SeedCopy:
    """A copy of the real seed that a test may damage."""

    folder: Path

    def edit(self, file: str, old: str, new: str) -> None:
        """Replace the first ``old`` in a file; it must be there."""
        path = self.folder / file
        text = path.read_text("utf-8")
        assert old in text, f"{file} no longer holds {old!r}"
        path.write_text(text.replace(old, new, 1), "utf-8")


@dataclass(frozen=True)
class Ran:
    """What a command line did."""

    code: int
    out: str
    err: str


@pytest.fixture(autouse=True)
def clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings of whoever runs the tests out of them."""
    for field in Settings.model_fields:
        for name in (field.upper(), f"VAPIC_{field.upper()}"):
            monkeypatch.delenv(name, raising=False)


@pytest.fixture(scope="session")
def seeded_at() -> datetime:
    """When the seed of ``database_url`` was loaded."""
    return SEEDED_AT


@pytest.fixture(scope="session")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    """SQLite files."""
    return Files(tmp_path_factory.mktemp("databases"))


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Server]:
    """A PostgreSQL server of this run."""
    if (found := programs()) is None:
        pytest.skip("There is no PostgreSQL server here.")
    with postgres(found) as started:
        yield started


@pytest.fixture(scope="session")
def databases(request: pytest.FixtureRequest) -> Databases:
    """Where the databases of tests come from."""
    chosen = request.config.getoption("--database")
    found: Databases = request.getfixturevalue(
        "postgres_server" if chosen == "postgres" else "files"
    )
    return found


@pytest.fixture(scope="session")
def migrated_empty(files: Files) -> Path:
    """A migrated file with nothing in it, for copies only."""
    return files.path(files.template("empty"))


@pytest.fixture(scope="session")
def migrated_template(files: Files) -> Path:
    """A migrated file with the real seed, for copies only."""
    return files.path(files.template("seeded"))


@pytest.fixture(scope="session")
def knowledge() -> Knowledge:
    """The real seed."""
    return Knowledge.of(entry.fact for entry in check_seed(SEED))


@pytest.fixture
def database_url(databases: Databases) -> Iterator[str]:
    """A database of this test's own, with the real seed."""
    with databases.lent("seeded") as url:
        yield url


@pytest.fixture
def empty_url(databases: Databases) -> Iterator[str]:
    """A database of this test's own, migrated, with nothing in it."""
    with databases.lent("empty") as url:
        yield url


@pytest.fixture
def settings(database_url: str) -> Settings:
    """Settings over this test's seeded database."""
    return Settings(database_url=database_url)


@pytest.fixture
def client(database_url: str) -> Iterator[TestClient]:
    """A client of the real app over this test's seeded database."""
    with client_of(database_url) as client:
        yield client


@pytest.fixture(scope="module")
def shared_url(databases: Databases) -> Iterator[str]:
    """A database of this file's own, with the real seed."""
    with databases.lent("seeded") as url:
        yield url


@pytest.fixture(scope="module")
def site(shared_url: str) -> Iterator[TestClient]:
    """A client of the real app for all tests of a file; they only read, or clean up."""
    with client_of(shared_url) as client:
        yield client


@pytest.fixture
def writer(database_url: str) -> Iterator[sessionmaker[Session]]:
    """Writing sessions over this test's seeded database."""
    with engine_of(database_url) as engine:
        yield writer_sessions(engine)


@pytest.fixture
def reader(database_url: str) -> Iterator[sessionmaker[Session]]:
    """Reading sessions over this test's seeded database."""
    with engine_of(database_url) as engine:
        yield reader_sessions(engine)


@pytest.fixture
def empty_writer(empty_url: str) -> Iterator[sessionmaker[Session]]:
    """Writing sessions over this test's empty database."""
    with engine_of(empty_url) as engine:
        yield writer_sessions(engine)


@pytest.fixture
def empty_reader(empty_url: str) -> Iterator[sessionmaker[Session]]:
    """Reading sessions over this test's empty database."""
    with engine_of(empty_url) as engine:
        yield reader_sessions(engine)


@pytest.fixture
def seed_copy(tmp_path: Path) -> SeedCopy:
    """A copy of the real seed that this test may damage."""
    return SeedCopy(shutil.copytree(SEED, tmp_path / "seed", copy_function=shutil.copyfile))


@pytest.fixture
def vapic(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[..., Ran]:
    """Run the command line in this process, as ``vapic ARGS`` would."""

    def run(*args: object) -> Ran:
        monkeypatch.setattr(sys, "argv", ["vapic", *map(str, args)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            main()
        caught = capsys.readouterr()
        return Ran(int(stopped.value.code or 0), caught.out, caught.err)

    return run


@pytest.fixture
def seeded(
    vapic: Callable[..., Ran], database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Ran]:
    """The command line over this test's seeded database."""
    monkeypatch.setenv("DATABASE_URL", database_url)
    return vapic


@contextmanager
def engine_of(url: str) -> Iterator[Engine]:
    """An engine that is gone when the test is."""
    engine = make_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()
