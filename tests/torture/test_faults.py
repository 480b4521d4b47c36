"""What a disk, a file, a clock or a person does wrong while the site is served."""

import os
import shutil
import sqlite3
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from alembic import command

from app.intake import submitting
from app.intake.submitting import Incoming
from app.store import queries
from app.store.backups import rehearsal_session
from app.store.migrate import alembic_config, migrate
from app.store.verifying import faults
from tests.conftest import SEED
from tests.measured.documents import document
from tests.running import TEXT, client_of

FREE = {"rate_uploads": "", "page_cache_bytes": 0}
MiB = 1024 * 1024


def file_of(url):
    return Path(url.removeprefix("sqlite:///"))


def send(client, name, size=0):
    """Submit a document that no other name has, of so many bytes."""
    raw = document(notes=name, **{"x-filler": "." * size})
    return client.post("/api/v1/measurements", content=raw)


def wrong(url, *, derived=False):
    """Return what `vapic verify` would say."""
    with rehearsal_session(url) as session:
        return [str(fault) for fault in faults(session, derived=derived)]


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 8 MB; a call changes how it is mounted."""
    disk = tmp_path / "disk"
    disk.mkdir()

    def mount(*options):
        return subprocess.run(["mount", *options, disk], check=False, capture_output=True)

    if os.geteuid() or mount("-t", "tmpfs", "-o", "size=8m", "none").returncode:
        pytest.skip("only who may mount can fill a disk")
    yield disk, mount
    subprocess.run(["umount", disk], check=True)


def test_a_full_disk_refuses_what_does_not_fit_and_keeps_what_was_taken(
    migrated_template, small_disk, caplog
):
    disk, mount = small_disk
    url = f"sqlite:///{shutil.copyfile(migrated_template, disk / 'kept.db')}"
    with client_of(url, **FREE) as client:
        answers = [send(client, str(n), MiB // 2) for n in range(12)]
        taken = [answer.json() for answer in answers if answer.status_code == 201]
        page = client.get("/m.txt")
        mount("-o", "remount,size=64m")
        later = send(client, "later")
        raws = [client.get(f"/m/{each['id']}.raw") for each in taken]

    assert {201, 503} == {answer.status_code for answer in answers}
    assert "nothing that is sent is taken. The disk is full" in answers[-1].text
    assert "disk is full" in caplog.text
    assert (200, 201) == (page.status_code, later.status_code)
    assert {200} == {raw.status_code for raw in raws}
    assert [] == wrong(url)


def test_a_read_only_disk_serves_nothing_or_all_and_takes_nothing(migrated_template, small_disk):
    disk, mount = small_disk
    url = f"sqlite:///{shutil.copyfile(migrated_template, disk / 'kept.db')}"
    assert mount("-o", "remount,ro").returncode == 0
    with client_of(url, **FREE) as client:
        answers = client.get("/readyz"), send(client, "never")
    mount("-o", "remount,rw")

    assert [503, 503] == [answer.status_code for answer in answers]
    assert "atabase" in answers[0].text
    assert [] == wrong(url)


def test_bytes_that_changed_in_a_page_are_never_handed_out(database_url):
    path = file_of(database_url)
    with client_of(database_url, **FREE) as client:
        slug = send(client, "QQQQ", 20_000).json()["id"]
        with closing(sqlite3.connect(path)) as connection:
            connection.execute("pragma wal_checkpoint(truncate)")
    raw = path.read_bytes()
    at = raw.index(b"." * 4000)
    path.write_bytes(raw[:at] + b"!" * 16 + raw[at + 16 :])
    with client_of(database_url, **FREE) as client:
        answer = client.get(f"/m/{slug}.raw")

    assert (503, True) == (answer.status_code, "vapic verify" in answer.text)
    assert any(slug in fault for fault in wrong(database_url))


def test_a_faulty_seed_is_refused_while_the_site_goes_on(seeded, seed_copy, database_url):
    seed_copy.edit("sources/emulations.yaml", "kind: data", "kind: dat")
    with client_of(database_url, **FREE) as client:
        before = client.get("/readyz").text
        ran = seeded("seed", seed_copy.folder)
        after = client.get("/readyz").text
        taken = send(client, "a").status_code

    assert (1, True) == (ran.code, "emulations.yaml:" in ran.err)
    assert (before, 201) == (after, taken)


def test_two_servers_on_one_file_take_turns_and_lose_nothing(database_url):
    with client_of(database_url, **FREE) as one, client_of(database_url, **FREE) as other:
        answers = [send(each, f"{n} {id(each)}") for n in range(2) for each in (one, other)]
        slugs = [answer.json()["id"] for answer in answers]
        found = [
            [each.get(f"/m/{slug}.raw").status_code for slug in slugs] for each in (one, other)
        ]

    assert [[200] * 4] * 2 == found
    assert [] == wrong(database_url)


def test_a_clock_that_is_set_back_keeps_versions_in_order(writer, database_url, knowledge):
    moments = [datetime(2026, 11, day, tzinfo=UTC) for day in (25, 23, 26)]
    for now in moments:
        raw = document(notes=str(now))
        measurement = submitting.prepare(raw, knowledge, now)
        with writer.begin() as session:
            submitting.submit(session, Incoming(raw, measurement), now)
    with writer.begin() as session:
        names = [version.name for version in queries.list_versions(session)]

    assert ["2026-11-22.1", "2026-11-25.1", "2026-11-25.2", "2026-11-26.1"] == names
    with client_of(database_url) as client:
        assert "2026-11-25.2" in client.get("/m.txt?at=2026-11-25").text


def test_a_migration_that_stopped_half_way_is_named_and_goes_on(seeded, database_url):
    with client_of(database_url) as client:
        send(client, "a")
    command.downgrade(alembic_config(database_url), "0003")
    command.upgrade(alembic_config(database_url), "0004")

    told = [seeded("seed", SEED).err, seeded("verify").out]
    with client_of(database_url) as client:
        answer = client.get("/readyz", headers=TEXT)
    migrate(database_url)

    assert all("schema 0004" in text and "run `vapic migrate`" in text for text in told)
    assert (503, True) == (answer.status_code, "run `vapic migrate`" in answer.text)
    assert [] == wrong(database_url, derived=True)


@pytest.mark.parametrize("schema", ["0004", "0007"])
def test_with_facts_that_an_older_schema_cannot_hold_goes_what_followed_from_them(
    database_url, schema
):
    command.downgrade(alembic_config(database_url), schema)
    migrate(database_url)

    assert [] == wrong(database_url, derived=True)
