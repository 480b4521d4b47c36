"""The `vapic serve` that is killed and started again, always at one address."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

import httpx2

COMMAND = Path(sys.executable).with_name("vapic")
# How long a start may take until a page can be shown.
LIMIT = 60.0
# Below those that the kernel hands out: asking a port of those before anybody listens may be
# answered by the asking socket itself, which then keeps the server from it.
PORTS = range(20_000, 30_000)
FREE = {
    "VAPIC_RATE_UPLOADS": "",
    "VAPIC_RATE_TOKEN": "",
    "VAPIC_SENDER_PENDING_DOCUMENTS": "100000",
    "VAPIC_SENDER_PENDING_BYTES": "1000000000",
    "PYTHONFAULTHANDLER": "1",
}


def free_port(first: int = 0) -> int:
    """Return a port on which nobody listens, from one on."""
    for port in PORTS[first:]:
        with socket.socket() as tried:
            if tried.connect_ex(("127.0.0.1", port)):
                return port
    raise AssertionError("no port is free")


class NoStart(Exception):
    """It took too long until a page could be shown, or the server ended; says where it stood."""


class Start(NamedTuple):
    """How long it took until a page could be shown, and what of it a processor worked."""

    seconds: float
    worked: float


class Process:
    """A server over one database."""

    def __init__(self, folder: Path, port: int) -> None:
        self.url = f"sqlite:///{folder}/kept.db"
        self.seed = folder / "seed"
        self.site = f"http://127.0.0.1:{port}"
        self._log = folder / "log"
        # Told to keep no byte code, each start would compile all that it imports.
        left = {k: v for k, v in os.environ.items() if not k.startswith(("VAPIC_", "PYTHON"))}
        here = {"DATABASE_URL": self.url, "VAPIC_SEED": str(self.seed), "PORT": str(port),
                "HOST": "127.0.0.1", "VAPIC_PROBE_FILE": str(folder / "probe.pyz")}  # fmt: skip
        self._env = left | FREE | here
        self._serving: subprocess.Popen[bytes] | None = None

    def run(self, *words: str) -> subprocess.Popen[bytes]:
        """Begin a command of its own; what it says goes to the log."""
        here = {"env": self._env, "start_new_session": True}
        with self._log.open("ab") as log:
            return subprocess.Popen([COMMAND, *words], stdout=log, stderr=log, **here)

    def begin(self, *options: str) -> None:
        """Start to serve, and wait for nothing."""
        self._serving = self.run("serve", *options)

    def start(self) -> Start:
        """Serve until a page can be shown. One that takes too long leaves its stacks behind."""
        begun = time.monotonic()
        self.begin()
        assert self._serving
        while not self._ready():
            if self._serving.poll() is not None or time.monotonic() - begun > LIMIT:
                self._serving.send_signal(signal.SIGABRT)
                code = self._serving.wait()
                said = self._log.read_text("utf-8")[-8000:]
                raise NoStart(f"no start in {LIMIT} s, it ended in {code}: {said}")
            time.sleep(0.05)
        return Start(time.monotonic() - begun, _processor_seconds(self._serving.pid))

    def _ready(self) -> bool:
        try:
            return httpx2.get(f"{self.site}/readyz", timeout=LIMIT).status_code == httpx2.codes.OK
        except httpx2.TransportError:
            return False

    def kill(self) -> None:
        """End it, with what it began, as nothing can that it could prepare for."""
        assert self._serving
        with suppress(ProcessLookupError):
            os.killpg(self._serving.pid, signal.SIGKILL)
        self._serving.wait()

    def kill_at_write(self, number: int) -> None:
        """End it where one of its threads writes or syncs for the ``number``-th time from now."""
        assert self._serving
        inject = f"inject=pwrite64,fdatasync:signal=SIGKILL:when={number}"
        with self._traced(os.devnull, "-e", "trace=pwrite64,fdatasync", "-e", inject):
            with suppress(subprocess.TimeoutExpired):
                self._serving.wait(10)
            self.kill()

    def traced(self, file: Path) -> AbstractContextManager[None]:
        """Have written down what the server writes, syncs and sends."""
        return self._traced(
            str(file),
            "-y",
            "-s",
            "60",
            "-e",
            "trace=pwrite64,fdatasync,sendto,write,writev,sendmsg",
        )

    @contextmanager
    def _traced(self, file: str, *options: str) -> Iterator[None]:
        assert self._serving
        words = ["strace", "-f", "-o", file, *options, "-p", str(self._serving.pid)]
        with subprocess.Popen(words, stderr=subprocess.PIPE) as tracing:
            assert tracing.stderr
            # It says so when it is there, of each thread.
            tracing.stderr.readline()
            yield
            tracing.terminate()


def _processor_seconds(pid: int) -> float:
    """Return what a process used of processors until now."""
    fields = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def can_trace() -> bool:
    """Return whether a system call of another process can be made its last here."""
    if not (strace := shutil.which("strace")):
        return False
    with subprocess.Popen(["sleep", "9"]) as other:
        tried = [strace, "-qq", "-o", os.devnull, "-p", str(other.pid)]
        with subprocess.Popen(tried, stderr=subprocess.DEVNULL) as tracing:
            time.sleep(0.5)
            refused = tracing.poll() is not None
            other.kill()
    return not refused
