"""What must be undone is written down before it is done: with a helper that outlives us.

Signals that ask to stop become one exception, so that every ``finally`` is gone through.
"""

from __future__ import annotations

import inspect
import json
import secrets
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from types import FrameType
from typing import IO, Self

from app.probing.host import keeper

# By its text, for a file inside of a packed probe has no path.
SCRIPT = (sys.executable, "-I", "-S", "-c", inspect.getsource(keeper))
CLOSE_SECONDS = 20
STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(BaseException):
    """Somebody asked to stop; not an Exception, so that nothing takes it for a failure."""

    def __init__(self, number: int) -> None:
        super().__init__(f"interrupted by {signal.Signals(number).name}")
        self.number = number


@contextmanager
def interrupts() -> Iterator[None]:
    """While it lasts, the first signal to stop raises Interrupted; more of them change nothing."""
    asked = False

    def stop(number: int, _: FrameType | None) -> None:
        nonlocal asked
        # What is being cleaned up after the first one is not to be interrupted.
        if not asked:
            asked = True
            raise Interrupted(number)

    heard = [n for n in STOPPING if signal.getsignal(n) is not signal.SIG_IGN]
    before = {number: signal.signal(number, stop) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


class Keeper:
    """Undoes everything that was promised, the newest first, when it is left.

    A process of its own does it, so it also happens when this one is killed with no
    chance to say anything.
    """

    def __init__(self) -> None:
        # A session of its own: what interrupts us from a terminal must not interrupt it.
        self._process = subprocess.Popen(  # noqa: S603 - our own script
            (*SCRIPT, "keep"), stdin=subprocess.PIPE, start_new_session=True
        )
        assert self._process.stdin  # noqa: S101 - asked for above
        self._pipe: IO[bytes] = self._process.stdin
        self._steps: dict[str, tuple[str, ...]] = {}
        self._keys = count()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._pipe.close()
            self._process.wait(CLOSE_SECONDS)
        finally:
            # A signal that comes while we wait is no reason to leave before it is done.
            if self._process.wait(CLOSE_SECONDS):
                for step in reversed(self._steps.values()):
                    keeper.undo(*step)

    def promise(self, what: str, *args: str) -> str:
        """Promise to undo something that is about to be done; returns the promise's key.

        ``what`` is a name of ``keeper.STEPS``.
        """
        key = str(next(self._keys))
        self._steps[key] = (what, *args)
        self._say([key, what, *args])
        return key

    def settle(self, key: str) -> None:
        """Undo one thing now."""
        keeper.undo(*self._steps.pop(key))
        self._say([key])

    def folder(self) -> Path:
        """Make a folder that is gone in the end."""
        # Its name is promised before it exists, so mkdtemp cannot choose it.
        path = Path(tempfile.gettempdir()) / f"vapic-probe-{secrets.token_hex(8)}"
        self.promise("rmtree", str(path))
        path.mkdir(mode=0o700)
        return path

    def launching(self, command: tuple[str, ...]) -> tuple[tuple[str, ...], int]:
        """Return a command that announces itself here, and the descriptor that it needs."""
        descriptor = self._pipe.fileno()
        return (*SCRIPT, "launch", str(descriptor), *command), descriptor

    def ended(self, pid: int) -> None:
        """Forget a launched process: it ended, and its number may soon be another's."""
        self._say([f"pid-{pid}"])

    def _say(self, words: list[str]) -> None:
        # One write of one line: it arrives whole, or not at all.
        self._pipe.write(json.dumps(words).encode() + b"\n")
        self._pipe.flush()
