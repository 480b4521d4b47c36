"""git as a program: called with no configuration but ours, no hooks, no network and no terminal."""

from __future__ import annotations

import hashlib
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from app.errors import AppError

# What else of the environment a program needs: to be found, and to reach an agent with keys.
PASSED = ("PATH", "SSH_AUTH_SOCK", "TMPDIR", "SYSTEMROOT")
OURS = {
    "LC_ALL": "C",
    "TZ": "UTC",
    "HOME": os.devnull,
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_TERMINAL_PROMPT": "0",
}
# A clone may be a stranger's: nothing that its configuration names is run, nothing is fetched.
HARMLESS = (
    f"core.hooksPath={os.devnull}",
    "core.fsmonitor=false",
    "core.autocrlf=false",
    "protocol.allow=never",
    "gc.autoDetach=false",
)
MISSING = "There is no {}: install it (apt install {}) and try again."
PACKAGES = {"git": "git", "ssh-keygen": "openssh-client"}


class GitFailed(AppError):
    """git, or ssh-keygen, is missing or did not do what was asked."""

    code = "git-failed"


class Repository:
    """A repository in a folder, or bare. Only what is in the folder itself is looked at."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.bare = not os.path.lexists(folder / ".git")

    @property
    def there(self) -> bool:
        """Whether the folder holds a repository."""
        return not self.bare or (self.folder / "objects").is_dir()

    def make(self) -> None:
        """Make an empty one with a working tree."""
        self.bare = False
        self.run("init", "--quiet", "--initial-branch=main")

    def run(self, *args: str, given: bytes = b"") -> bytes:
        """Return what git prints. Raises GitFailed."""
        return run(*self._command(*args), given=given)

    def line(self, *args: str, given: bytes = b"") -> str:
        """Return the one line that git prints. Raises GitFailed."""
        return self.run(*args, given=given).decode("utf-8", "replace").strip()

    @contextmanager
    def importing(self) -> Iterator[subprocess.Popen[bytes]]:
        """Run `git fast-import`: what is written to its standard input is kept whole or not at all.

        Raises GitFailed.
        """
        words = ("--quiet", "--done", "--force", "--date-format=raw")
        command = self._command("fast-import", *words)
        with _started(command) as process:
            try:
                yield process
                _, said = process.communicate()
            except BrokenPipeError:
                _, said = b"", process.stderr.read() if process.stderr else b""
                process.wait()
        if process.returncode:
            raise _failed(command, said)

    def objects(self, names: Sequence[str]) -> list[tuple[str, bytes]]:
        """Return the kind and the bytes of objects, up to the first whose hash does not hold.

        Raises GitFailed where git cannot be run.
        """
        said = _answered(self._command("cat-file", "--batch"), "".join(f"{n}\n" for n in names))
        found: list[tuple[str, bytes]] = []
        start = 0
        for name in names:
            end = said.find(b"\n", start)
            told = said[start:end].decode("ascii", "replace").split() if end > 0 else []
            if len(told) != len(("name", "kind", "size")) or not told[2].isdigit():
                break
            kind, size = told[1], int(told[2])
            data = said[end + 1 : end + 1 + size]
            start = end + 1 + size + 1
            whole = f"{kind} {size}\0".encode() + data
            if hashlib.sha1(whole).hexdigest() != name:  # noqa: S324 - git's own hash
                break
            found.append((kind, data))
        return found

    def _command(self, *args: str) -> tuple[str, ...]:
        root = self.folder.resolve()
        where = [f"--git-dir={root if self.bare else root / '.git'}"]
        if not self.bare:
            where.append(f"--work-tree={root}")
        settings = (word for one in (*HARMLESS, f"safe.directory={root}") for word in ("-c", one))
        return ("git", "--no-replace-objects", *where, *settings, *args)


def run(*command: str, given: bytes = b"") -> bytes:
    """Return what a program prints. Raises GitFailed with what it says where it fails."""
    with _started(command) as process:
        out, said = process.communicate(given)
    if process.returncode:
        raise _failed(command, said or out)
    return out


def _answered(command: Sequence[str], asked: str) -> bytes:
    """Return what a program prints, also before it failed."""
    with _started(command) as process:
        return process.communicate(asked.encode())[0]


def _started(command: Sequence[str]) -> subprocess.Popen[bytes]:
    passed = {name: os.environ[name] for name in PASSED if name in os.environ}
    pipe = subprocess.PIPE
    try:
        return subprocess.Popen(  # noqa: S603 - fixed words and paths, without a shell
            command, stdin=pipe, stdout=pipe, stderr=pipe, env=passed | OURS
        )
    except FileNotFoundError:
        name = command[0]
        raise GitFailed(MISSING.format(name, PACKAGES.get(name, name))) from None


def _failed(command: Sequence[str], said: bytes) -> GitFailed:
    words = [word for word in said.decode("utf-8", "replace").splitlines() if word.strip()]
    why = words[-1] if words else "it failed without a word"
    return GitFailed(f"{command[0]} says: {why}")
