"""Backup, restore, verify: a copy made while serving is whole, and what is wrong is named."""

import hashlib
import re
import resource
import sqlite3
import threading
import time
from contextlib import closing
from pathlib import Path

import httpx2
import pytest

from app.settings import Settings
from app.web.app import create_app
from tests.measured.documents import document
from tests.running import client_of, served

PAGES = ("/index.txt", "/m.txt", "/changes.txt", "/index.json", "/r/ldr.txt")
WRONG_ROOT = """drop index ix_facts_origin; pragma writable_schema=on;
update sqlite_master set rootpage = 2 where name = 'ix_facts_valid'"""


@pytest.fixture(scope="session")
def databases(files):
    """PostgreSQL has tools of its own."""
    return files


def file_of(url):
    return Path(url.removeprefix("sqlite:///"))


def sql(url, statements):
    with closing(sqlite3.connect(file_of(url))) as connection:
        connection.executescript(statements)


@pytest.fixture
def sent(database_url):
    """The digest of a document in the database."""
    with client_of(database_url) as client:
        assert 201 == client.post("/api/v1/measurements", content=document()).status_code
    return hashlib.sha256(document()).hexdigest()


def test_a_backup_made_while_uploads_go_on_is_restored_to_the_same_bytes(
    seeded, database_url, tmp_path, monkeypatch
):
    taken, stop = {}, threading.Event()
    app = create_app(Settings(database_url=database_url, rate_uploads=""))

    def upload(site):
        while not stop.is_set():
            raw = document(notes=f"Document {len(taken)}.")
            answer = httpx2.post(f"{site}/api/v1/measurements", content=raw, timeout=60)
            taken[answer.headers["location"]] = raw

    with served(app) as site:
        uploading = threading.Thread(target=upload, args=(site,))
        uploading.start()
        while len(taken) < 3 and uploading.is_alive():
            time.sleep(0.01)
        before = dict(taken)
        ran = seeded("backup", tmp_path / "kept")
        stop.set()
        uploading.join()
        monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/new/place.db")
        assert 0 == seeded("restore", tmp_path / "kept").code
        with client_of(f"sqlite:///{tmp_path}/new/place.db") as restored:
            newest = re.search(r"20\S+", restored.get("/readyz").text)[0]
            for path in PAGES:
                pinned = f"{path}?at={newest}"
                assert httpx2.get(site + pinned, timeout=60).content == restored.get(pinned).content
            raws = {at: restored.get(f"{at}.raw").content for at in before}

    digest = hashlib.sha256((tmp_path / "kept").read_bytes()).hexdigest()
    assert (0, f"{digest}  {tmp_path / 'kept'}\n") == (ran.code, ran.out)
    assert before == raws
    assert (0, "no fault\n") == (seeded("verify").code, seeded("verify").out)


@pytest.mark.parametrize(
    ("statements", "place"),
    [
        ("update submissions set raw = x'00'", "submissions {slug}: its bytes"),
        ("update submissions set slug = 'abcdefabcdef'", "submissions abcdefabcdef: "),
        ("update facts set body = '{}' where id = 7", r"facts 7 \(\w+ \S+\): its body"),
        ("delete from decisions", "measurement {slug}: is undecided, pending is public"),
        ("update decisions set version_id = 99", "decisions row 1: names what data_versions"),
        ("delete from verdicts where register = 'ldr'", "verdicts: is not what follows"),
        ("delete from records", "records: is not what follows"),
        ("update alembic_version set version_num = '0003'", r"schema: .* 0003, .* \d+: run"),
        (WRONG_ROOT, "pages"),
        ("drop table submissions", "documents: no such table"),
    ],
)  # fmt: skip
def test_what_does_not_hold_is_named_with_its_place(statements, place, sent, seeded, database_url):
    sql(database_url, statements)

    ran = seeded("verify")

    assert 1 == ran.code
    assert re.search(place.format(slug=sent[:12]), ran.out), ran.out
    assert re.search(r"\n\d+ faults?\n$", ran.out)


@pytest.mark.usefixtures("sent")
def test_a_sound_database_has_no_fault_and_is_not_written(seeded, database_url):
    before = file_of(database_url).read_bytes()

    assert "no fault\n" == seeded("verify").out
    assert before == file_of(database_url).read_bytes()


def test_a_backup_replaces_nothing_and_a_restore_keeps_what_it_replaces(
    sent, seeded, database_url, tmp_path
):
    kept, target = tmp_path / "kept", file_of(database_url)
    assert 0 == seeded("backup", kept).code
    assert "exists already" in seeded("backup", kept).err
    assert "--replace" in seeded("restore", kept).err
    assert ". is no file: " in seeded("restore", ".", "--replace").err
    sql(database_url, "delete from submissions; delete from decisions")
    changed = target.read_bytes()
    with client_of(database_url) as client:
        client.get("/m")
        assert "in use: stop the server first" in seeded("restore", kept, "--replace").err

    ran = seeded("restore", kept, "--replace")

    (aside,) = target.parent.glob("*.replaced-*")
    assert 0 == ran.code, ran.err
    assert str(aside) in ran.out
    assert len(changed) == len(aside.read_bytes())
    with client_of(database_url) as client:
        assert document() == client.get(f"/m/{sent[:12]}.raw").content
    assert not list(target.parent.glob("*.partial"))


def test_a_broken_database_is_put_aside_as_it_is(seeded, database_url, tmp_path):
    kept, target = tmp_path / "kept", file_of(database_url)
    seeded("backup", kept)
    for path in (target, target.with_name(f"{target.name}-wal")):
        path.write_bytes(b"no database" * 1000)

    assert 0 == seeded("restore", kept, "--replace").code

    assert kept.read_bytes() == target.read_bytes()
    assert ["", "-wal"] == sorted(
        path.name.partition("Z")[2] for path in target.parent.glob("*.replaced-*")
    )


def overwritten(path):
    raw = bytearray(path.read_bytes())
    raw[40_960:49_152] = b"\xff" * 8192
    path.write_bytes(raw)


def cut(path):
    path.write_bytes(path.read_bytes()[:100_000])


def misled(path):
    sql(f"sqlite:///{path}", "pragma writable_schema=on; update sqlite_master set rootpage = 99999")


def other(path):
    path.write_bytes(b"no database" * 1000)


def used(path):
    path.with_name("kept-wal").write_bytes(b"something")


def emptied(path):
    path.write_bytes(b"")


@pytest.mark.parametrize("damage", [overwritten, cut, other, used, misled, emptied, Path.unlink])
def test_what_is_no_whole_backup_is_not_restored(damage, seeded, database_url, tmp_path):
    kept, before = tmp_path / "kept", file_of(database_url).read_bytes()
    seeded("backup", kept)
    damage(kept)

    ran = seeded("restore", kept, "--replace")

    assert (1, True) == (ran.code, str(kept) in ran.err), ran.err
    assert before == file_of(database_url).read_bytes()
    assert not list(file_of(database_url).parent.glob("*.replaced-*"))


@pytest.mark.parametrize(
    ("damage", "words"),
    [(overwritten, " is damaged:"), (misled, " is damaged:"), (other, " is damaged:"),
     (emptied, "The database has no tables yet: run `vapic migrate`")],
)  # fmt: skip
def test_a_damaged_or_empty_database_is_not_backed_up(
    damage, words, seeded, database_url, tmp_path
):
    damage(file_of(database_url))

    ran = seeded("backup", tmp_path / "kept")

    assert (1, True) == (ran.code, words in ran.err), ran.err
    assert not list(tmp_path.glob("kept*"))


def test_a_disk_that_takes_no_copy_is_a_line_and_leaves_nothing(seeded, tmp_path):
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        told = [seeded("backup", tmp_path / "kept"), seeded("verify")]
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    told.append(seeded("backup", tmp_path / "nowhere" / "kept"))

    assert [(1, 1)] * 3 == [(ran.code, ran.err.count("\n")) for ran in told]
    assert ["cannot be used"] * 2 == [ran.err[20:34] for ran in told[:2]]
    assert "nowhere/kept.partial: No such file or directory\n" in told[2].err
    assert not list(tmp_path.glob("kept*"))


def test_postgresql_is_left_to_its_own_tools(vapic, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", "postgresql+psycopg://me:secret@/explorer?host=/run")

    told = [vapic("backup", "FILE").err, vapic("restore", "FILE").err]

    assert (
        "pg_dump --format=custom --file=FILE 'postgresql://me@/explorer?host=%2Frun'\n" in told[0]
    )
    assert (
        "pg_restore --clean --if-exists --dbname='postgresql://me@/explorer?host=%2Frun' FILE"
        in told[1]
    )
    assert not any("secret" in line for line in told)
