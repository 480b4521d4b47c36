"""Datasette, out of an environment of its own, with the same cells out of our own export."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.bench.load import Asking, rates
from tests.bench.running import KEPT, PLAIN, Figures, Run, ours, serving, vapic

PINNED = Path(__file__).with_name("requirements-datasette.txt")
# A row for each cell of the table; all families would be eight times as many.
ROWS = "family=zen-4&_size=max"
PAGE, JSON = f"/vapic/cells?{ROWS}", f"/vapic/cells.json?{ROWS}&_shape=objects"
# It answers a few pages a second.
LONGER, CONNECTIONS = 3, 4


def measure(run: Run) -> Figures:
    """Return requests a second of our pages, kept and not, of our JSON, and of theirs."""
    command = [str(_installed()), "serve", "--immutable", _export(run), "--port", "{port}"]
    with ExitStack() as stack:
        kept = stack.enter_context(ours(run.database)).address
        none = stack.enter_context(ours(run.database, VAPIC_PAGE_CACHE_BYTES="0")).address
        theirs = stack.enter_context(serving(command, None, JSON)).address
        return rates(run, {
            "page": Asking(f"{kept}/"),
            "page uncached": Asking(f"{none}/", PLAIN),
            "json": Asking(f"{kept}/api/v1/cells"),
            "datasette page": Asking(theirs + PAGE, longer=LONGER),
            "datasette json": Asking(theirs + JSON, longer=LONGER),
        })  # fmt: skip


def _export(run: Run) -> str:
    file = run.folder / "vapic.sqlite"
    vapic(run.database, "export", "sqlite", str(file))
    return str(file)


def _installed() -> Path:
    """Return Datasette's command, installed as it is pinned."""
    name = hashlib.sha256(PINNED.read_bytes()).hexdigest()[:12]
    home = KEPT / f"datasette-{name}"
    command = home / "bin" / "datasette"
    if not command.exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", home], check=True)
        pip = [home / "bin" / "pip", "install", "--quiet", "--require-hashes", "-r", PINNED]
        subprocess.run(pip, check=True)
    return command
