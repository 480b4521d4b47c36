"""Measure what stored measurements cost: the same site with few and with many of them.

Each size is a database of accepted, constructed measurements of 91 observations, made by the
real decisions and kept under ``var/bench``. Figures are processor time, so that a busy machine
changes little; a ratio of the largest to the smallest size above 1.5 is short.
"""

from __future__ import annotations

import json
import random
import resource
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

from tests.bench.running import KEPT, ROOT, Figures, Run, environment, ours

SIZES, MOST, ROUNDS = (200, 2000), 1.5, 5
BEGIN = datetime(2026, 11, 26, 5, 0, tzinfo=UTC)
# Family, model: Zen 3, 4 and 5.
MODELS = ((25, 1), (25, 17), (26, 2))
CELL = "/r/ldr/x2avic/write"
PAGES = ("/", CELL, "/m", "/api/v1/cells", "/changes.atom", "/corrected", "/c", "/d", "/errata",
         "/changes", "/wanted", "/r/icr", "/c/zen-5", "/index.atom?mode=avic")  # fmt: skip


def document_of(number: int, rng: random.Random) -> bytes:
    """Return one constructed measurement: a machine out of fifty, ten microcodes, few disputes."""
    from tests.measured.documents import DOCUMENT, many

    family, model = rng.choice(MODELS)
    cpu = {"vendor": "AuthenticAMD", "family": family, "model": model, "stepping": 1}
    cpu |= {"microcode": hex(rng.randrange(10)), "brand": f"constructed {rng.randrange(50)}"}
    seen = many(91)
    if rng.random() < 0.1:
        rng.choice(seen)["outcome"] = "ignored"
    said = {"cpu": cpu, "observations": seen, "notes": f"Constructed {number}."}
    return json.dumps(DOCUMENT | said).encode()


def made(size: int) -> Path:
    """Return the database of a size, made on first use; one that was interrupted goes on."""
    from sqlalchemy import func, select

    from app.core.words import State
    from app.intake import submitting
    from app.store.engine import make_engine, writer_sessions
    from app.store.migrate import migrate
    from app.store.models import SubmissionRow
    from app.store.seeding import load_knowledge, load_seed
    from app.store.submissions import Decision

    path, rng = KEPT / f"{size}.db", random.Random(size)
    if path.exists():
        migrate(f"sqlite:///{path}")
        return path
    KEPT.mkdir(parents=True, exist_ok=True)
    under_way = path.with_suffix(".part")
    begun = under_way.exists()
    migrate(f"sqlite:///{under_way}")
    engine = make_engine(f"sqlite:///{under_way}")
    with writer_sessions(engine).begin() as session:
        if not begun:
            load_seed(session, ROOT / "seed", BEGIN)
        known = load_knowledge(session, 1)
        kept = session.scalar(select(func.count()).select_from(SubmissionRow)) or 0
    for start in range(0, size, 20):
        with writer_sessions(engine).begin() as session:
            for number in range(start, min(size, start + 20)):
                now = BEGIN + timedelta(seconds=number + 1)
                raw = document_of(number, rng)
                if number < kept:
                    continue
                measurement = submitting.prepare(raw, known, now)
                submitting.submit(session, submitting.Incoming(raw, measurement), now)
                decision = Decision(State.ACCEPTED, "For the benchmark.", now, "bench")
                submitting.take_decision(session, measurement.slug, decision)
    engine.dispose()
    return under_way.rename(path)


def spent(act: Callable[[], object], rounds: int = ROUNDS) -> float:
    """Return the median of processor time that something takes, in milliseconds."""
    times = []
    for _ in range(rounds):
        begin = time.process_time()
        act()
        times.append(time.process_time() - begin)
    return 1000 * median(times)


def figures(path: Path) -> dict[str, float]:
    """Return the figures of one database; for a process of its own."""
    from starlette.testclient import TestClient

    from app.core.words import State
    from app.export import exporting
    from app.intake import submitting
    from app.settings import Settings
    from app.store.engine import make_engine, reader_sessions, writer_sessions
    from app.store.snapshots import load_snapshot
    from app.store.submissions import Decision
    from app.web.app import create_app

    url = f"sqlite:///{path}"
    sessions = reader_sessions(make_engine(url))
    with sessions() as session:
        found = {"start: to the first answer, ms": median(started(path) for _ in range(3))}
        found["load a snapshot, ms"] = spent(lambda: load_snapshot(session))
        snapshot = load_snapshot(session)
        pin = f"{CELL}?at={snapshot.steps.history(100)[-1].version.name}"
    for kept, name in ((0, "uncached"), (64 << 20, "warm")):
        app = create_app(Settings(database_url=url, page_cache_bytes=kept))
        with TestClient(app, base_url="http://127.0.0.1:8000") as client:
            for page in (*PAGES, pin):
                label = f"{name} {'a pinned cell' if page == pin else page}, ms"
                ask = lambda page=page: client.get(page, headers={"accept": "text/html"})  # noqa: E731
                assert ask().status_code == 200, page
                # A millisecond needs more of them.
                found[label] = spent(ask, 10 * ROUNDS if kept else ROUNDS)
            if not kept:
                found["memory after every page, MB"] = most_memory()
    rng, now = random.Random(time.time_ns()), datetime.now(UTC)

    def upload() -> None:
        with writer_sessions(make_engine(url)).begin() as session:
            raw = document_of(rng.randrange(1 << 40), rng)
            one = submitting.prepare(raw, snapshot.knowledge, now)
            submitting.submit(session, submitting.Incoming(raw, one), now)
            submitting.take_decision(
                session, one.slug, Decision(State.ACCEPTED, "So.", now, "bench")
            )
        with sessions() as session:
            load_snapshot(session)

    found["upload, accept and load, ms"] = spent(upload)
    observed = 91 * snapshot.records.total
    for name in ("vapic.json", "vapic.jsonl", "vapic.sqlite"):
        file = exporting.file_of(snapshot, name)
        whole = spent(lambda file=file: deque(file.make(), maxlen=0), 1)  # type: ignore[misc]
        found[f"{name} per observation, us"] = 1000 * whole / observed
    found["memory after every export, MB"] = most_memory()
    return found


def most_memory() -> float:
    """Return the most memory that this process ever had, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def started(path: Path) -> float:
    """Return the processor time of `vapic serve` from its start to its first answer, in ms."""
    with ours(path) as site:
        return 1000 * site.processor_seconds()


def measure(run: Run) -> Figures:
    """Return how many lines are short; the table itself is told."""
    columns = []
    for size in run.sizes:
        ran = subprocess.run(
            [sys.executable, "-m", "tests.bench.stored", str(made(size))],
            check=True, stdout=subprocess.PIPE, text=True, env=environment(run.database),
        )  # fmt: skip
        columns.append(json.loads(ran.stdout.splitlines()[-1]))
    if not columns:
        return {}
    sizes = "".join(f"{size:>10}" for size in run.sizes)
    lines, short = [f"{'stored measurements':40}{sizes}   ratio"], 0
    for name in columns[0]:
        values = [column[name] for column in columns]
        ratio = values[-1] / values[0]
        short += ratio > MOST
        told = "".join(f"{value:10.1f}" for value in values)
        lines.append(f"{name:40}{told}{ratio:8.2f}  {'short' if ratio > MOST else 'pass'}")
    run.told["stored"] = lines
    return {"stored short": [short]}


if __name__ == "__main__":
    print(json.dumps(figures(Path(sys.argv[1]))))
