"""``vapic doctor``: each thing that may be wrong with an installation, and the command that mends it."""

import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest
from sqlalchemy import make_url

from app.cli import doctor
from app.settings import ROOT


@dataclass(frozen=True)
class Ward:
    """An installation where nothing is wrong, but for what a test does."""

    folder: Path
    database: Path
    monkeypatch: pytest.MonkeyPatch
    doctor: Callable

    def execute(self, statement):
        with sqlite3.connect(self.database) as connection:
            connection.execute(statement)


@pytest.fixture
def ward(seeded, database_url, monkeypatch, tmp_path):
    """Such an installation."""
    (tmp_path / "probe.pyz").touch()
    (tmp_path / "static" / "vendor").mkdir(parents=True)
    (tmp_path / doctor.HTMX).touch()
    (tmp_path / "requirements.txt").write_text((ROOT / "requirements.txt").read_text())
    monkeypatch.setattr(doctor, "ROOT", tmp_path)
    monkeypatch.setenv("VAPIC_PROBE_FILE", str(tmp_path / "probe.pyz"))
    return Ward(
        tmp_path, Path(make_url(database_url).database), monkeypatch, partial(seeded, "doctor")
    )


def test_where_nothing_is_wrong_each_line_says_ok(ward):
    ran = ward.doctor()

    assert 0 == ran.code, ran.out
    assert {"ok"} == {line.split()[0] for line in ran.out.splitlines()}
    assert len(ran.out.splitlines()) >= 10


def another_package(ward):
    lock = ward.folder / "requirements.txt"
    lock.write_text(lock.read_text() + "anyio==0.1 \\\nno-such-package==1.0 \\\n")


def broken_seed(ward):
    (ward.folder / "seed").mkdir()
    (ward.folder / "seed" / "registers.yaml").write_text("- slug: [")
    ward.monkeypatch.setenv("VAPIC_SEED", str(ward.folder / "seed"))


def no_driver(ward):
    ward.monkeypatch.setitem(sys.modules, "psycopg", None)
    ward.monkeypatch.setenv("DATABASE_URL", NOBODY)


NOBODY = "postgresql:///vapic?host=/nowhere"
OLDER = "update alembic_version set version_num = '0001'"
FUTURE = "update data_versions set created_at = '2999-01-01 00:00:00'"


@pytest.mark.parametrize(
    ("damage", "subject", "mend"),
    [
        (lambda w: (w.folder / "probe.pyz").unlink(), "probe", "vapic probe pack"),
        (lambda w: (w.folder / doctor.HTMX).unlink(), "htmx", "make -C"),
        (another_package, "packages", "pip install --require-hashes"),
        (lambda w: w.database.unlink(), "database", "vapic migrate && vapic seed"),
        (lambda w: w.database.write_bytes(b""), "database", "vapic migrate && vapic seed"),
        (lambda w: w.database.write_bytes(b"hello " * 9000), "database", "vapic verify"),
        (lambda w: w.monkeypatch.setenv("DATABASE_URL", NOBODY), "database", "start its server"),
        (no_driver, "database", " pip install --require-hashes -r requirements-postgres.txt\n"),
        (lambda w: w.execute(OLDER), "database", "run `vapic migrate`"),
        (lambda w: w.execute(FUTURE), "clock", "set-ntp"),
        (lambda w: w.monkeypatch.setattr(doctor, "FREE_BYTES", 2**80), "disk", "make room"),
        (lambda w: w.monkeypatch.setenv("HOST", "0.0.0.0"), "address", "VAPIC_BASE_URL"),
        (broken_seed, "seed", "vapic lint"),
    ],
)
def test_what_is_wrong_is_named_with_what_mends_it(ward, damage, subject, mend):
    damage(ward)
    ran = ward.doctor()
    problems = [line.split()[1] for line in ran.out.splitlines() if line.startswith("problem")]

    assert (1, [subject]) == (ran.code, problems), ran.out
    assert mend in ran.out
    assert "1 problem." in ran.out
