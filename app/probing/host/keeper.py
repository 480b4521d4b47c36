"""A helper process that undoes what a probe did, even when the probe itself is killed.

It is run as a script by its text, so it knows the standard library only. As ``keep`` it
reads what would have to be undone, line by line from its standard input, and undoes what
is left, the newest first, when the other end is closed, for whatever reason. As
``launch`` it announces its own process, waits for one byte on its standard input, then
becomes the command: there is no moment at which the command runs and nobody knows of it.

Each line is a JSON list: ``["3", "unlink", "/tmp/x"]`` adds a step, ``["3"]`` forgets it.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

# How long a killed process may take to be gone.
KILL_SECONDS = 5.0


def undo(what: str, *args: str) -> None:
    """Do one step; that there is nothing left to undo is no fault."""
    with suppress(OSError):
        STEPS[what](*args)


def keep(lines: Iterable[str]) -> None:
    """Take steps until the lines end, then undo what was not forgotten."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    left: dict[str, list[str]] = {}
    for line in lines:
        key, *step = json.loads(line)
        if step:
            left[key] = step
        else:
            left.pop(key, None)
    for step in reversed(list(left.values())):
        undo(*step)


def launch(keeper: int, command: list[str]) -> None:
    """Tell the keeper to kill this process in the end, then become the command."""
    step = json.dumps([f"pid-{os.getpid()}", "kill", str(os.getpid())])
    os.write(keeper, step.encode() + b"\n")
    # While the command held it, the keeper would not see the other end closed.
    os.set_inheritable(keeper, False)
    # Whoever launches it may have to know the process before it is the command.
    os.read(0, 1)
    os.execvp(command[0], command)  # noqa: S606 - the command that was asked for


def kill(pid: str) -> None:
    """Kill a process that leads a group of its own, with the group, and wait until it is gone."""
    os.killpg(int(pid), signal.SIGKILL)
    end = time.monotonic() + KILL_SECONDS
    while time.monotonic() < end and _alive(pid):
        time.sleep(0.005)


def rmtree(path: str) -> None:
    """Remove a folder with all that is in it, though somebody may still be writing there."""
    end = time.monotonic() + KILL_SECONDS
    while Path(path).exists() and time.monotonic() < end:
        shutil.rmtree(path, ignore_errors=True)


def copy(path: str, to: str, start: str) -> None:
    """Copy a text out of a file, from a byte on to the first zero, where there is no copy yet."""
    with Path(path).open("rb") as file:
        file.seek(int(start))
        if text := file.read().partition(b"\0")[0]:
            with Path(to).open("xb") as kept:
                kept.write(text)


def drop_instance(path: str) -> None:
    """Remove an instance of tracefs, with its files, though somebody may still be reading one."""
    end = time.monotonic() + KILL_SECONDS
    while Path(path).exists() and time.monotonic() < end:
        with suppress(OSError):
            Path(path).rmdir()
            return
        time.sleep(0.005)


def drop_event(path: str, name: str) -> None:
    """Remove a dynamic event; opened to be written anew, the file would drop everybody's."""
    with Path(path).open("r+b", buffering=0) as file:
        file.write(f"-:{name}\n".encode())


def _alive(pid: str) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


STEPS: dict[str, Callable[..., object]] = {
    "kill": kill,
    "copy": copy,
    # Into a file of the kernel.
    "write": lambda path, text: Path(path).write_text(text, "ascii"),
    "unlink": lambda path: Path(path).unlink(missing_ok=True),
    "rmtree": rmtree,
    "drop-instance": drop_instance,
    "drop-event": drop_event,
}

if __name__ == "__main__":
    # ``launch`` takes the descriptor and then the command.
    if sys.argv[1] == "keep":
        keep(sys.stdin)
    else:
        launch(int(sys.argv[2]), sys.argv[3:])
