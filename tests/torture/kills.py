"""One kill after another: by what is under way, and at a moment that a seed decides."""

from __future__ import annotations

import random
import re
import shutil
import sqlite3
import subprocess
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

from alembic import command

from app.core.words import TokenScope
from app.settings import ROOT
from app.store import submissions
from app.store.backups import rehearsal_session
from app.store.engine import make_engine, writer_sessions
from app.store.migrate import alembic_config
from app.store.verifying import faults
from tests.torture.process import NoStart, Process, Start, free_port
from tests.torture.writers import Memory, Writers, as_a_browser

LEAST = 20
TEMPLATE = "template.db"
# How often what may be killed too is killed.
OFTEN = 0.8
TOKEN = "a reviewer of the torture"
# A database grows by what it is sent, and with it what is looked at after each kill.
KILLS_OF_A_DATABASE = 8
NOTE = re.compile(r"(?m)^  note: Measurement .*$")


@dataclass
class Tally:
    """What came of the kills of one kind."""

    kills: int = 0
    acknowledged: int = 0
    lost: list[str] = field(default_factory=list)
    half: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    starts: list[Start] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count what another counted."""
        self.kills += other.kills
        self.acknowledged += other.acknowledged
        self.lost += other.lost
        self.half += other.half
        self.late += other.late
        self.starts += other.starts


@dataclass
class Torture:
    """Kills over one database after another, made from a template; ``at`` decides all moments.

    How many seconds it takes to load the seed is measured where nobody says it.
    """

    template: Path
    folder: Path
    at: random.Random
    port: int
    least: int = LEAST
    seeding: float = 0
    tallies: dict[str, Tally] = field(default_factory=dict)

    def run(self, kinds: Sequence[str]) -> None:
        """Kill once for each kind named."""
        lasts = {*range(0, len(kinds), KILLS_OF_A_DATABASE), len(kinds)}
        for number, kind in enumerate(kinds):
            if number % KILLS_OF_A_DATABASE == 0:
                server, memory = Process(self._new_place(number), self.port), Memory(self.at)
                server.start()
            tally = self.tallies.setdefault(kind, Tally())
            began = memory.acknowledged
            KINDS[kind](self, server, memory)
            tally.kills += 1
            tally.acknowledged += memory.acknowledged - began
            self._check(server, memory, kind, last=number + 1 in lasts)

    def whole(self, server: Process) -> float:
        """Return how many seconds it takes to load the seed."""
        if not self.seeding:
            begun = time.monotonic()
            assert server.run("seed").wait() == 0
            self.seeding = time.monotonic() - begun
        return self.seeding

    def _new_place(self, number: int) -> Path:
        place = self.folder / str(number)
        shutil.copytree(ROOT / "seed", place / "seed")
        shutil.copyfile(self.template, place / "kept.db")
        engine = make_engine(f"sqlite:///{place}/kept.db")
        with writer_sessions(engine).begin() as session:
            now = datetime.now(UTC)
            submissions.add_token(session, "torture", TokenScope.REVIEW, TOKEN, now)
        engine.dispose()
        return place

    def _check(self, server: Process, memory: Memory, kind: str, *, last: bool) -> None:
        """Look at the database as the kill left it, then start again and look at the site."""
        tally, unfinished = self.tallies[kind], kind == "migrate"
        tally.lost += [*memory.lost(server.url), *memory.refused]
        if unfinished:
            # What the killed one had not done yet, the next one does.
            assert server.run("migrate").wait() == 0
        try:
            tally.starts.append(server.start())
        except NoStart as error:
            tally.late.append(str(error))
            server.start()
        with rehearsal_session(server.url) as session:
            tally.half += map(str, faults(session, derived=last or unfinished))
        with as_a_browser(server.site) as client:
            tally.lost += memory.unequal(client)
        tally.half += _disorder(server.url)
        if last:
            server.kill()

    def write(self, server: Process, memory: Memory, *, reviewing: bool = False) -> Writers:
        """Let others write until enough is acknowledged; they go on."""
        enough, ends = memory.acknowledged + self.least, time.monotonic() + 300
        writers = Writers(server.site, memory, TOKEN, reviewing=reviewing)
        while memory.acknowledged < enough and writers.alive:
            assert time.monotonic() < ends, "nobody gets to write"
            time.sleep(0.005)
        return writers


def _disorder(url: str) -> list[str]:
    """Return data versions whose name does not come after the one before."""
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        rows = connection.execute("select day, number, name from data_versions order by id")
        named = rows.fetchall()
    return [f"{new[2]} after {old[2]}" for old, new in pairwise(named)
            if new[:2] <= old[:2]]  # fmt: skip


def _amid_writes(torture: Torture, server: Process, memory: Memory, *, reviewing: bool) -> None:
    writers = torture.write(server, memory, reviewing=reviewing)
    time.sleep(torture.at.uniform(0, 0.3))
    server.kill()
    writers.join()


def _upload(torture: Torture, server: Process, memory: Memory) -> None:
    _amid_writes(torture, server, memory, reviewing=False)


def _review(torture: Torture, server: Process, memory: Memory) -> None:
    _amid_writes(torture, server, memory, reviewing=True)


def _at_a_write(torture: Torture, server: Process, memory: Memory) -> None:
    """Between two writes of one transaction, or between the last and its sync."""
    writers = torture.write(server, memory, reviewing=torture.at.random() > OFTEN)
    server.kill_at_write(torture.at.randint(1, 60))
    writers.join()


def _seed(torture: Torture, server: Process, memory: Memory) -> None:
    """While another process loads an edited seed, which mostly dies in the same moment."""
    whole = torture.whole(server)
    _edit(server.seed)
    writers = torture.write(server, memory)
    loading, part = server.run("seed"), torture.at.uniform(0.2, 1)
    with suppress(subprocess.TimeoutExpired):
        loading.wait(part * whole)
    if torture.at.random() < OFTEN:
        loading.kill()
    server.kill()
    loading.wait()
    writers.join()


def _migrate(torture: Torture, server: Process, memory: Memory) -> None:
    """While it migrates an older database and loads an edited seed, before it serves."""
    whole = torture.whole(server)
    writers = torture.write(server, memory)
    server.kill()
    writers.join()
    command.downgrade(alembic_config(server.url), torture.at.choice(("0003", "0004")))
    _edit(server.seed)
    server.begin("--prepare")
    time.sleep(torture.at.uniform(0.2, 1.5) * whole)
    server.kill()


def _edit(seed: Path) -> None:
    """Change a sentence of the seed, so that loading it makes a data version."""
    file = seed / "sources" / "emulations.yaml"
    text, number = file.read_text("utf-8"), time.monotonic_ns()
    edited, found = NOTE.subn(rf"\g<0> {number}", text, count=1)
    assert found
    file.write_text(edited, "utf-8")


KINDS: dict[str, Callable[[Torture, Process, Memory], None]] = {
    "upload": _upload,
    "review": _review,
    "write": _at_a_write,
    "seed": _seed,
    "migrate": _migrate,
}


def shard(part: tuple[str, int, int, list[str]]) -> dict[str, Tally]:
    """Kill one server after another; what ends it early is told as something lost."""
    folder, seed, number, kinds = part
    own = Path(folder) / f"shard{number}"
    at = random.Random(f"{seed}.{number}")
    torture = Torture(Path(folder) / TEMPLATE, own, at, free_port(100 * number))
    try:
        torture.run(kinds)
    except Exception:  # noqa: BLE001 - whatever it is, the table is printed
        torture.tallies.setdefault(kinds[0], Tally()).lost.append(traceback.format_exc())
    return torture.tallies
