"""`make torture`: 200 kills of a server that writes, a table, and a verdict."""

from __future__ import annotations

import argparse
import random
import secrets
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from statistics import median

from app.settings import ROOT
from app.store.engine import make_engine, writer_sessions
from app.store.migrate import migrate
from app.store.seeding import load_seed
from tests.torture.kills import KINDS, LEAST, TEMPLATE, Tally, shard
from tests.torture.process import LIMIT, can_trace

HEAD = "kind      kills  acknowledged  lost  half-written  late  slowest start  working"


def main(words: list[str]) -> int:
    """Kill, and print what came of it; 1 where anything was lost, half written or late."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(1_000_000))
    parser.add_argument("--jobs", type=int, default=2, help="servers at the same time")
    asked = parser.parse_args(words)
    kinds = [kind for kind in KINDS if kind != "write" or can_trace()]
    print(f"seed {asked.seed}; kinds: {', '.join(kinds)}", flush=True)
    if "write" not in kinds:
        print("no kill at a chosen write: strace is missing, or may not trace here")
    chosen = [kinds[n % len(kinds)] for n in range(asked.kills)]
    random.Random(asked.seed).shuffle(chosen)
    with tempfile.TemporaryDirectory(prefix="vapic-torture-") as folder:
        made(Path(folder) / TEMPLATE)
        shards = [(folder, asked.seed, n, chosen[n :: asked.jobs]) for n in range(asked.jobs)]
        with ProcessPoolExecutor(asked.jobs, get_context("spawn")) as pool:
            tallies = joined(pool.map(shard, shards))
    print(table(tallies))
    both = tallies["all"]
    few = both.kills < asked.kills or both.acknowledged < LEAST * both.kills
    return 1 if few or both.lost or both.half or both.late else 0


def joined(shards: Iterable[dict[str, Tally]]) -> dict[str, Tally]:
    """Return what came of each kind of kill, and of all of them."""
    found: dict[str, Tally] = {}
    every = Tally()
    for kind, tally in (item for each in shards for item in each.items()):
        found.setdefault(kind, Tally()).add(tally)
        every.add(tally)
    return found | {"all": every}


def made(path: Path) -> None:
    """Make a database with the seed, for copies."""
    migrate(f"sqlite:///{path}")
    engine = make_engine(f"sqlite:///{path}")
    with writer_sessions(engine).begin() as session:
        load_seed(session, ROOT / "seed", datetime.now(UTC))
    engine.dispose()


def table(tallies: dict[str, Tally]) -> str:
    """Return a line a kind, and what is wrong by name."""
    lines = [
        f"{kind:<8}  {t.kills:>5}  {t.acknowledged:>12}  {len(t.lost):>4}  {len(t.half):>12}"
        f"  {len(t.late):>4}  {slowest.seconds:>11.1f} s  {worked:>7.1f} s"
        for kind, t in tallies.items()
        if t.starts
        for slowest, worked in [(max(t.starts), max(s.worked for s in t.starts))]
    ]
    every = tallies["all"]
    said = f"{len(every.starts)} starts, the middle one in {{:.1f}} s, each within {LIMIT:.0f} s"
    middle = median(s.seconds for s in every.starts) if every.starts else 0
    return "\n".join([HEAD, *lines, said.format(middle), *every.lost, *every.half, *every.late])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
