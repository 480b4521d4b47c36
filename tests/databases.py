"""Databases for tests: made once for each kind, copied for whoever wants one of their own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from app.settings import ROOT
from app.store.engine import make_engine, writer_sessions
from app.store.migrate import migrate
from app.store.seeding import load_seed

SEED = ROOT / "seed"
SEEDED_AT = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
# What a test loses when the machine does not matter.
CARELESS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=200")


def load(url: str) -> None:
    """Load the real seed."""
    engine = make_engine(url)
    with writer_sessions(engine).begin() as session:
        load_seed(session, SEED, SEEDED_AT)
    engine.dispose()


# What each template holds that another one does not.
KINDS: dict[str, tuple[str, Callable[[str], None]]] = {
    "bare": ("", lambda _: None),
    "empty": ("bare", migrate),
    "seeded": ("empty", load),
}


class Databases(ABC):
    """Makes databases: ``bare``, migrated and ``empty``, or ``seeded`` with the real seed."""

    def __init__(self) -> None:
        self._made: dict[str, str] = {}
        self._number = 0

    def new(self, like: str = "seeded") -> str:
        """Return the URL of a new database: of a kind, or as one that nobody is connected to."""
        self._number += 1
        old = self.name_of(like) if "://" in like else self.template(like)
        return self.copy(old, f"own{self._number}")

    @contextmanager
    def lent(self, like: str = "seeded") -> Iterator[str]:
        """Yield the URL of a new database, which is gone afterwards."""
        url = self.new(like)
        try:
            yield url
        finally:
            self.drop(url)

    def template(self, kind: str) -> str:
        """Return the name of a database that nobody changes."""
        if kind not in self._made:
            before, fill = KINDS[kind]
            fill(self.copy(self.template(before) if before else "", f"template_{kind}"))
            self._made[kind] = f"template_{kind}"
        return self._made[kind]

    @abstractmethod
    def copy(self, old: str, new: str) -> str:
        """Make a database as another one is, or one that holds nothing; returns its URL."""

    @abstractmethod
    def name_of(self, url: str) -> str:
        """Return the name of a database that was made here."""

    @abstractmethod
    def drop(self, url: str) -> None:
        """Remove a database that is used no more."""


class Files(Databases):
    """SQLite files, each in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self._folder = folder

    def path(self, name: str) -> Path:
        """Return the file of a database."""
        return self._folder / name / "vapic.db"

    def copy(self, old: str, new: str) -> str:
        self.path(new).parent.mkdir()
        if self.path(old).exists():
            shutil.copyfile(self.path(old), self.path(new))
        return f"sqlite:///{self.path(new)}"

    def name_of(self, url: str) -> str:
        return Path(url).parent.name

    def drop(self, url: str) -> None:
        shutil.rmtree(self.path(self.name_of(url)).parent)


class Server(Databases):
    """Databases of a PostgreSQL server that was started for the tests."""

    def __init__(self, socket: Path) -> None:
        super().__init__()
        self._socket = socket
        self._engine = create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT")

    def _url(self, name: str) -> str:
        return f"postgresql+psycopg://vapic@/{name}?host={self._socket}"

    def run(self, sql: str) -> None:
        """Run a statement of the server's owner."""
        with self._engine.connect() as connection:
            connection.execute(text(sql))

    def copy(self, old: str, new: str) -> str:
        self.run(f"CREATE DATABASE {new} TEMPLATE {old or 'template1'}")
        return self._url(new).replace("+psycopg", "")

    def name_of(self, url: str) -> str:
        return url.partition("@/")[2].partition("?")[0]

    def drop(self, url: str) -> None:
        self.run(f"DROP DATABASE {self.name_of(url)} WITH (FORCE)")

    def close(self) -> None:
        """Forget the server."""
        self._engine.dispose()


def programs() -> Path | None:
    """Return the folder of the newest PostgreSQL server that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda p: int(p.parts[4]))
    if on_path := shutil.which("initdb"):
        found.append(Path(on_path).resolve())
    return found[-1].parent if found else None


@contextmanager
def postgres(programs: Path) -> Iterator[Server]:
    """Start a server that listens on a socket in a folder of its own, and stop it at the end."""
    # A server refuses root, and reaches no folder of root.
    owner = pwd.getpwnam("nobody") if os.getuid() == 0 else pwd.getpwuid(os.getuid())
    other = {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []}
    who = other if os.getuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="vapic-postgres-"))
    os.chown(folder, owner.pw_uid, owner.pw_gid)
    data, quiet = str(folder / "data"), {"stdout": subprocess.DEVNULL, "cwd": folder, **who}
    # Its own order of text is that of a language: ours must not come from it.
    language = ("--encoding=UTF8", "--locale-provider=icu", "--icu-locale=en-US", "--locale=C")
    initdb = [programs / "initdb", "-D", data, "-U", "vapic", "-A", "trust", "--no-sync"]
    careless = [part for setting in CARELESS for part in ("-c", setting)]
    try:
        subprocess.run([*initdb, *language], check=True, **quiet)
        command = [programs / "postgres", "-D", data, "-k", folder, "-c", "listen_addresses="]
        log = (folder / "log").open("wb")
        process = subprocess.Popen([*command, *careless], **{**quiet, "stderr": log})
        try:
            server = Server(folder)
            _wait(server, process)
            yield server
            server.close()
        finally:
            process.send_signal(2)
            process.wait(30)
            log.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _wait(server: Server, process: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        assert process.poll() is None, "The PostgreSQL server did not start."
        try:
            server.run("SELECT 1")
        except OperationalError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("The PostgreSQL server does not answer.")
