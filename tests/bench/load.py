"""Load by wrk: how many requests a second one contestant after the other answers."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests.bench.running import BROWSER, Figures, Run

SCRIPT = Path(__file__).with_name("wrk.lua")
CONNECTIONS = 8


@dataclass(frozen=True)
class Asking:
    """What one contestant is asked: an address, or in turn ``paths`` behind it."""

    address: str
    headers: Mapping[str, str] = field(default_factory=lambda: BROWSER)
    paths: Sequence[str] = ()
    # A slow one answers too few in one round's time.
    longer: int = 1


@dataclass(frozen=True)
class Answered:
    """What came of it; times in milliseconds."""

    rate: float
    errors: int
    p50: float
    p99: float


def require_wrk() -> None:
    """Raise SystemExit where there is no load generator."""
    if not shutil.which("wrk"):
        raise SystemExit("wrk is missing: on Debian, apt install wrk.")


def ask(asking: Asking, seconds: int, connections: int = CONNECTIONS) -> Answered:
    """Ask as fast as answers come, on connections that are kept."""
    command = ["wrk", "--threads", "1", "--connections", str(connections), "--timeout", "30s"]
    command += ["--duration", f"{seconds}s", "--latency", "--script", str(SCRIPT)]
    command += [f"--header={name}: {value}" for name, value in asking.headers.items()]
    ran = subprocess.run(
        [*command, asking.address, "--", *asking.paths], check=True, capture_output=True, text=True
    )
    found = json.loads(ran.stdout.splitlines()[-1])
    rate = found["requests"] / found["seconds"]
    return Answered(rate, int(found["errors"]), found["p50"], found["p99"])


def rates(run: Run, contestants: Mapping[str, Asking]) -> Figures:
    """Ask everybody in each round, one after the other, forwards and backwards in turn."""
    found: Figures = {name: [] for name in contestants}
    names = list(contestants)
    for asking in contestants.values():
        ask(asking, 1)
    for _ in range(run.rounds):
        for name in names:
            asking = contestants[name]
            answered = ask(asking, run.seconds * asking.longer)
            if answered.errors:
                raise SystemExit(f"{name}: {answered.errors} errors")
            found[name].append(answered.rate)
        names.reverse()
    return found
