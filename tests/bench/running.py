"""What every part of the benchmark needs: a database, servers in processes of their own, figures."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias
from urllib.request import Request, urlopen

ROOT = Path(__file__).resolve().parents[2]
KEPT = ROOT / "var" / "bench"
# By name, one value a round: what was measured in one round was measured side by side.
Figures: TypeAlias = dict[str, list[float]]
# What a browser asks, and what a program does that unpacks nothing.
BROWSER = {"Accept": "text/html", "Accept-Encoding": "gzip, deflate, br, zstd"}
PLAIN = {"Accept": "text/html", "Accept-Encoding": "identity"}
VAPIC = str(Path(sys.executable).with_name("vapic"))


@dataclass(frozen=True)
class Run:
    """One run of the benchmark: how long and how often, and a database of the seed."""

    seconds: int
    rounds: int
    sizes: tuple[int, ...]
    folder: Path
    # How busy the machine was before: running processes, over a minute.
    load: float
    # What a part has to say beside its figures, in lines.
    told: dict[str, list[str]] = field(default_factory=dict)

    @property
    def database(self) -> Path:
        """The file of the seeded database; who writes takes a copy of it."""
        return self.folder / "seeded.db"


@contextmanager
def a_run(seconds: int, rounds: int, sizes: tuple[int, ...]) -> Iterator[Run]:
    """Make a database as `make run` would, in a folder that is gone afterwards."""
    (KEPT / "servers.log").unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="vapic-bench-") as folder:
        run = Run(seconds, rounds, sizes, Path(folder), os.getloadavg()[0])
        for command in ("migrate", "seed"):
            vapic(run.database, command)
        yield run


def vapic(database: Path, *words: str) -> str:
    """Run a command of ours over a database; returns what it printed."""
    known, command = environment(database), [VAPIC, *words]
    ran = subprocess.run(command, env=known, check=False, capture_output=True, text=True)
    if ran.returncode:
        raise SystemExit(ran.stderr)
    return ran.stdout


def environment(database: Path, **settings: str) -> dict[str, str]:
    """Return an environment without anybody's settings, and with these."""
    ours = ("VAPIC_", "PYTHONDONTWRITEBYTECODE", "DATABASE_URL", "HOST", "PORT")
    clean = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    return clean | {"DATABASE_URL": f"sqlite:///{database}", "PYTHONPATH": str(ROOT)} | settings


@dataclass(frozen=True)
class Site:
    """A server in a process of its own."""

    address: str
    process: subprocess.Popen[bytes]

    def get(self, path: str, headers: Mapping[str, str] = BROWSER) -> int:
        """Ask once; returns the status. Raises HTTPError beyond 399."""
        with urlopen(Request(self.address + path, headers=dict(headers)), timeout=60) as answer:
            answer.read()
            return int(answer.status)

    def processor_seconds(self) -> float:
        """Return the processor time that it took since its start."""
        stat = Path(f"/proc/{self.process.pid}/stat").read_text("ascii")
        user, system = stat.rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@contextmanager
def serving(command: list[str], known: Mapping[str, str] | None, path: str = "/") -> Iterator[Site]:
    """Serve until the block ends; ``{port}`` in the command becomes one. It answers ``path``.

    What it says stands in ``var/bench/servers.log``.
    """
    port = free_port()
    command = [word.format(port=port) for word in command]
    KEPT.mkdir(parents=True, exist_ok=True)
    with (KEPT / "servers.log").open("ab") as log:
        process = subprocess.Popen(command, cwd=ROOT, env=known, stdout=log, stderr=log)
    site = Site(f"http://127.0.0.1:{port}", process)
    try:
        until = time.monotonic() + 120
        while process.poll() is None and time.monotonic() < until:
            with suppress(OSError):
                site.get(path)
                break
            time.sleep(0.02)
        else:
            raise SystemExit(f"{command[0]} does not answer {path}; see {KEPT}/servers.log.")
        yield site
    finally:
        process.terminate()
        process.wait(30)


def ours(database: Path, **settings: str) -> AbstractContextManager[Site]:
    """Serve the explorer as `vapic serve` does."""
    return serving([VAPIC, "serve", "--port", "{port}"], environment(database, **settings))
