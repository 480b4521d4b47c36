"""How long a start takes, against importing what it is built with."""

from __future__ import annotations

import subprocess
import sys
import time

from tests.bench.running import VAPIC, Figures, Run, environment, ours

# What a server of ours cannot do without, and nothing of ours.
FRAMEWORKS = "fastapi, jinja2, pydantic_settings, sqlalchemy.orm, uvicorn, uvloop, httptools"


def measure(run: Run) -> Figures:
    """Return milliseconds: to the first page, and of the imports; and of the smallest command."""
    figures: Figures = {"first page": [], "imports": [], "version": []}
    known = environment(run.database)
    commands = {
        "imports": [sys.executable, "-c", f"import {FRAMEWORKS}"],
        "version": [VAPIC, "version"],
    }
    # Once for what the compiler leaves behind.
    with ours(run.database):
        pass
    for _ in range(run.rounds):
        for name, command in commands.items():
            begin = time.perf_counter()
            subprocess.run(command, env=known, check=True, stdout=subprocess.DEVNULL)
            figures[name].append(1000 * (time.perf_counter() - begin))
        begin = time.perf_counter()
        with ours(run.database):
            figures["first page"].append(1000 * (time.perf_counter() - begin))
    return figures
