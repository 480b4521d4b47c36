"""A few of the kills of `make torture`, and what the order of its writes and answers is."""

import random
import re
import shutil

import pytest

from tests.measured.documents import document
from tests.torture.__main__ import joined, table
from tests.torture.kills import Torture
from tests.torture.process import Process, can_trace, free_port
from tests.torture.writers import as_a_browser

# Its first number lets the writers of the first kill review too.
SEED = 2
STRACE = pytest.mark.skipif(not can_trace(), reason="strace is missing, or may not trace here")


def test_two_kills_lose_nothing(migrated_template, tmp_path, record_property):
    kinds = ["write" if can_trace() else "review", "migrate"]
    at = random.Random(SEED)
    torture = Torture(migrated_template, tmp_path, at, free_port(900), least=8, seeding=1)
    torture.run(kinds)

    every = joined([torture.tallies])["all"]
    record_property("killed", table(joined([torture.tallies])))
    assert ([], [], []) == (every.lost, every.half, every.late)
    assert (2, True) == (every.kills, every.acknowledged >= 16)


@STRACE
def test_an_upload_is_acknowledged_after_the_disk_has_it(migrated_template, tmp_path):
    shutil.copyfile(migrated_template, tmp_path / "kept.db")
    server = Process(tmp_path, free_port(950))
    server.start()
    try:
        with as_a_browser(server.site) as client, server.traced(tmp_path / "calls"):
            assert 201 == client.post("/api/v1/measurements", content=document()).status_code
    finally:
        server.kill()
    calls = (tmp_path / "calls").read_text("utf-8", "replace").splitlines()
    done = [re.sub(r".*?(\w+)\(.*?(-wal>|HTTP/1.1 201|$).*", r"\1 \2", line) for line in calls]
    last_write, sync, answer = (
        max(i for i, call in enumerate(done) if name in call)
        for name in ("pwrite64 -wal>", "fdatasync -wal>", " HTTP/1.1 201")
    )
    assert last_write < sync < answer, calls
