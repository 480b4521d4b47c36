"""`vapic probe`, killed at random points, leaves no process, no tracing and no half file."""

from __future__ import annotations

import contextlib
import json
import os
import random
import signal
import subprocess
import sys
import time
import uuid
from pathlib import Path

import pytest

from tests.probe import booting

# Imports once what takes a second; then each line it reads is a command line that it runs in
# a process of its own, as `vapic` would. It says the number of the process, then how it ended.
RUNNER = """
import json, os, signal, sys
from app.cli.main import main
# Whoever runs the tests in the background ignores some of these, and children inherit it.
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_DFL)
for line in sys.stdin:
    arguments, told = json.loads(line)
    pid = os.fork()
    if not pid:
        for number in (1, 2):
            os.dup2(os.open(told, os.O_WRONLY | os.O_CREAT | os.O_APPEND), number)
        sys.argv = ["vapic", *arguments]
        main()
    print(pid, flush=True)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""
SIGNALS = (signal.SIGKILL, signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LONGEST = 0.8
TIMES = 6


class Killed:
    """A place where probes are started and killed, and what they leave there."""

    def __init__(self, folder: Path, tracefs: Path) -> None:
        self.folder, self.mark, self.tracefs = folder, uuid.uuid4().hex, tracefs
        self.pids: list[int] = []
        self.outputs, self.temporary = folder / "out", folder / "tmp"
        self.outputs.mkdir()
        self.temporary.mkdir()
        environment = {**os.environ, "VAPIC_TEST_MARK": self.mark, "TMPDIR": str(self.temporary)}
        self.runner = subprocess.Popen(
            [sys.executable, "-c", RUNNER],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )

    def kill(self, number: int, after: float, *arguments: object) -> int:
        """Start a probe, kill it, and return how it ended."""
        told = self.folder / f"{number}-{after}.told"
        words = ["probe", "--accel", "tcg", "--tracefs", self.tracefs, *arguments]
        self.runner.stdin.write(json.dumps([list(map(str, words)), str(told)]) + "\n")
        self.runner.stdin.flush()
        pid = int(self.runner.stdout.readline())
        self.pids.append(pid)
        end = time.monotonic() + 30
        while not told.exists() or "What leaves" not in told.read_text():
            assert time.monotonic() < end, told.read_text()
            time.sleep(0.005)
        time.sleep(after)
        # A quick machine may have ended before that: then there is nothing to kill.
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, number)
        return int(self.runner.stdout.readline())

    def left(self) -> list[str]:
        """What is there that should not be; waits a little, as after a kill nobody else does."""
        end = time.monotonic() + 10
        while (found := self._found()) and time.monotonic() < end:
            time.sleep(0.02)
        return found

    def _found(self) -> list[str]:
        instances = (self.tracefs / "instances" / f"vapic-probe-{pid}" for pid in self.pids)
        files = [*(path for path in instances if path.exists()), *self.temporary.iterdir()]
        files += [path for path in self.outputs.iterdir() if not _whole(path)]
        return [*map(str, files), *self._processes()]

    def _processes(self) -> list[str]:
        marked = f"VAPIC_TEST_MARK={self.mark}".encode()
        found = []
        for process in Path("/proc").glob("[0-9]*"):
            try:
                if marked in (process / "environ").read_bytes():
                    found.append((process / "cmdline").read_text())
            except OSError:
                continue
        return [words for words in found if RUNNER not in words]


def _whole(path: Path) -> bool:
    try:
        return json.loads(path.read_text())["format"] == 1
    except ValueError:
        return False


@pytest.fixture(scope="module")
def killed(tmp_path_factory, tracefs):
    """A place for probes that are killed."""
    place = Killed(tmp_path_factory.mktemp("killed"), tracefs)
    yield place
    place.runner.stdin.close()
    place.runner.wait(20)
    place.runner.stdout.close()


def test_a_probe_that_is_killed_at_any_time_leaves_nothing(killed, guest):
    qemu = booting.find_qemu()
    seed = random.randrange(1 << 32)
    chance = random.Random(seed)
    codes = []
    for time_ in range(TIMES):
        # The first at once, so that there is one which cannot have ended by itself.
        number, after = SIGNALS[time_ % len(SIGNALS)], chance.uniform(0, LONGEST * time_ / TIMES)
        output = killed.outputs / f"{time_}.json"
        # Once the guest is built as well, so that the compiler is met too.
        kernel = ("--kernel", guest) if time_ else ()
        words = ("--qemu", qemu, "--repeat", 8, "--output", output, *kernel)
        code = killed.kill(number, after, *words)
        case = f"signal {number} after {after:.3f} s, seed {seed}"

        assert [] == killed.left(), case
        assert code in (0, -number, 128 + number), case
        assert output.exists() or code, case
        codes.append(code)
    assert any(codes), f"none was killed before it ended, seed {seed}"
