"""What a run came to, as docs/bench.md."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

from tests.bench.datasette import PINNED
from tests.bench.kept_pages import FULL, QUARTER
from tests.bench.load import CONNECTIONS
from tests.bench.running import ROOT, Figures, Run
from tests.bench.targets import HEAD, Target

DOCUMENT = ROOT / "docs" / "bench.md"
COMPARED = ("fastapi", "starlette", "uvicorn", "uvloop", "httptools", "sqlalchemy", "jinja2",
            "pydantic", "brotli")  # fmt: skip
INTRODUCTION = """\
# The benchmark

Written by `make bench`, which measures all of it anew, and ends with 1 where a line is short.

Contestants are asked in turn in each of {rounds} rounds, for {seconds} s each, by wrk on
{connections} connections that are kept. A figure is the median of the rounds, and so is a ratio,
each of what was measured in the same round. Every server is one process; the hello, in FastAPI, and
the sender of the same bytes, in bare ASGI, have the settings that `vapic serve` gives to uvicorn.

A browser takes brotli. Unpacked, `/api/v1/cells` has {large} KB and a hello 25 bytes, so that
their ratio is told and not judged. Misses are those of a server that keeps no page, asked unpacked
for {full} orders of the full table and for {quarter} filters that show a quarter of it. Datasette
shows a row for each cell of the table, of one family; our pages and our JSON tell of all of them.
Waiting uploads are a stranger's, accepted ones are public at once. The trace of 32 MB is the
recording of a kernel with AVIC off, again and again with numbers and times that go on: all of it is
read and matched before it is found void.
"""


def document(run: Run, targets: Sequence[Target], figures: Figures) -> str:
    """Return the whole page."""
    intro = INTRODUCTION.format(
        rounds=run.rounds, seconds=run.seconds, connections=CONNECTIONS,
        full=len(FULL), quarter=len(QUARTER), large=run.told["large"][0],
    )  # fmt: skip
    told = run.told.get("stored", [])
    stored = ["", "## What stored measurements cost", "", "```", *told, "```"] if told else []
    parts = (intro, "## The machine", "", *machine(run), "", "## The targets", "")
    return "\n".join((*parts, *table(targets, figures), *stored, ""))


def table(targets: Sequence[Target], figures: Figures) -> list[str]:
    """Return the lines of a table, to be read as it is and as Markdown."""
    rows = [target.row(figures) for target in targets]
    widths = [max(map(len, column)) for column in zip(HEAD, *rows, strict=True)]
    # Text begins at the left, figures end at the right.
    left = (True, True, False, False, False, True, True)
    rule = (
        "-" * width if at else "-" * (width - 1) + ":"
        for at, width in zip(left, widths, strict=True)
    )
    cells = (
        [
            cell.ljust(width) if at else cell.rjust(width)
            for cell, at, width in zip(row, left, widths, strict=True)
        ]
        for row in (HEAD, rule, *rows)
    )
    return [f"| {' | '.join(row)} |" for row in map(list, cells)]


def machine(run: Run) -> Iterable[str]:
    """Say when, on what, and with which versions."""
    yield f"- {datetime.now(UTC):%Y-%m-%d %H:%M} UTC; before it, the machine's load was {run.load:.1f}"
    yield f"- {_first('/proc/cpuinfo', 'model name')}, {os.cpu_count()} cores"
    yield f"- {int(_first('/proc/meminfo', 'MemTotal').split()[0]) / 1024**2:.0f} GB of memory"
    yield f"- {platform.system()} {platform.release()}"
    yield f"- Python {platform.python_version()}, " + ", ".join(
        f"{name} {version(name)}" for name in COMPARED
    )
    pinned = re.search(r"^datasette==(\S+)", PINNED.read_text("ascii"), re.MULTILINE)
    yield f"- Datasette {pinned[1]}" if pinned else "- no Datasette"
    wrk = subprocess.run(["wrk", "-v"], capture_output=True, text=True, check=False).stdout
    yield f"- {wrk.partition(' [')[0]}"
    yield from (f"- Chromium {name}" for name in run.told.get("chromium", ()))


def _first(file: str, name: str) -> str:
    """Return what a file of the kernel says of a name first."""
    lines = Path(file).read_text("utf-8").splitlines()
    found = (line.partition(":")[2].strip() for line in lines if line.startswith(name))
    return next(found, "unknown")
