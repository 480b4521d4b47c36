"""Packages of one suite of Debian, and all that they depend on, by apt into folders of ours.

Nothing is installed, and nobody has to be root: apt is given a state of its own, in which no
package is there yet, and fetches from wherever this machine's apt does.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable
from pathlib import Path

# A minimal Debian with QEMU, what records traces, and a kernel for virtual machines.
WANTED = (
    *("python3", "qemu-system-x86", "trace-cmd", "linux-perf", "kmod", "mount"),
    "linux-image-cloud-amd64",
)


def fetch(suite: str, cache: Path, wanted: Iterable[str] = WANTED) -> list[Path]:
    """Return packages of a suite; they are fetched once, as long as the folder is there."""
    whole = cache / "whole"
    if not whole.exists():
        for name in ("lists/partial", "archives/partial"):
            (cache / name).mkdir(parents=True, exist_ok=True)
        (cache / "status").touch()
        (cache / "sources.list").write_text(f"deb {_mirror()} {suite} main\n")
        _apt(cache, "update")
        _apt(cache, "install", "--download-only", "--yes", *wanted)
        whole.touch()
    return sorted((cache / "archives").glob("*.deb"))


def _mirror() -> str:
    """Return where this machine's apt has the suites of Debian from."""
    asked = ("indextargets", "--format", "$(REPO_URI)", "Created-By: Packages", "Label: Debian")
    found = subprocess.run(("apt-get", *asked), capture_output=True, text=True, check=True)
    if not found.stdout:
        raise SystemExit("apt knows no mirror of Debian here: is it one, with its lists updated?")
    return found.stdout.split()[0]


def _apt(cache: Path, *words: str) -> None:
    options = {
        "Dir::Etc::sourcelist": cache / "sources.list",
        "Dir::Etc::sourceparts": "-",
        "Dir::State": cache,
        "Dir::State::lists": cache / "lists",
        "Dir::State::status": cache / "status",
        "Dir::Cache": cache,
        "Dir::Log": cache,
        "APT::Architecture": "amd64",
        "APT::Install-Recommends": "false",
        "APT::Keep-Downloaded-Packages": "true",
        # The folder may be one that only we may read.
        "APT::Sandbox::User": "",
        "Acquire::Languages": "none",
        "quiet": "1",
    }
    given = (part for key, value in options.items() for part in ("-o", f"{key}={value}"))
    done = subprocess.run(("apt-get", *given, *words), capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"apt-get {words[0]} failed:\n{done.stderr}")
