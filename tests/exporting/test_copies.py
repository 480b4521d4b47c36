"""A site and a command line that read an export instead of the database."""

import asyncio
import sqlite3
import tempfile
from contextlib import closing

import pytest
from starlette.requests import ClientDisconnect
from starlette.testclient import TestClient

from app.export import export_json, exporting
from app.export.copies import READ_ONLY
from app.settings import Settings
from app.store.engine import reader_sessions
from app.store.snapshots import load_snapshot
from app.web.app import create_app
from app.web.exports import Download
from tests.conftest import engine_of
from tests.reviewables import make_document

HERE = "http://127.0.0.1:8000"
PUBLIC = "https://vapic.example"
PAGES = (
    *("/index.txt", "/index.txt?mode=x2avic&only=disagreements", "/corrected.csv", "/r/ldr.json"),
    *("/r/ldr/x2avic/write.txt", "/r/ldr/x2avic/write.json?at={older}", "/d/1.txt?at={older}"),
    *("/changes.txt", "/changes.atom", "/wanted.atom", "/m.txt?state=accepted"),
    *("/search.txt?q=ldr", "/export.txt", "/export.json?at={older}", "/since/{older}.txt"),
    "/api/v1/cells?mode=x2avic",
)
COMMANDS = (
    ("show", "ldr"),
    ("show", "--filter", "mode=x2avic&verdict=explained"),
    ("show", "ldr", "--at", "2026-11-22.1"),
    ("cite", "ldr/x2avic/write"),
    ("cite", "ro", "wo", "--mode", "x2avic"),
    ("corrected",),
    ("coverage",),
    ("diff", "2026-11-22.1"),
    ("diff", "2026-11-22.1", "ldr/x2avic/write"),
    ("diff", "2026-11-22.1", "2026-11-22", "D-1"),
    ("search", "ldr"),
    ("policy", "kvm-7.2"),
    ("difference", "show", "1"),
    ("export",),
)


def client_of(**settings):
    return TestClient(create_app(Settings(**settings)), base_url=HERE, follow_redirects=False)


@pytest.fixture(scope="module")
def original(lived):
    with client_of(database_url=lived.url) as client:
        yield client


@pytest.fixture(scope="module")
def copied(copy_file):
    with client_of(export_file=copy_file) as client:
        yield client


@pytest.mark.parametrize("path", PAGES)
def test_a_copy_answers_as_the_site_does(path, original, copied, lived):
    path = path.format(older=lived.older)
    answer = copied.get(path)
    assert 200 == answer.status_code
    assert original.get(path).content == answer.content


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/upload", {}),
        ("POST", "/upload", {"data": {"text": "{}", "action": "submit"}}),
        ("POST", "/upload", {"data": {"text": "{}", "action": "check"}}),
        ("GET", "/review", {}),
        ("POST", "/review/login", {"data": {"token": "x"}}),
        ("GET", "/review/0123456789ab", {}),
        ("POST", "/m/{slug}/withdraw", {"data": {"secret": "x"}}),
        ("POST", "/api/v1/measurements", {"content": make_document()}),
    ],
)
def test_a_copy_refuses_what_would_change_it(method, path, body, copied, lived):
    path = path.format(slug=lived.slugs[0])
    for accept in ("text/html", "text/plain", "application/json"):
        answer = copied.request(method, path, headers={"accept": accept}, **body)
        assert 403 == answer.status_code
        assert READ_ONLY in " ".join(answer.text.split())


def test_a_copy_says_that_it_is_one_and_the_site_does_not(original, copied):
    assert "Read-only copy." in copied.get("/d", headers={"accept": "text/html"}).text
    assert "Read-only copy." not in original.get("/d", headers={"accept": "text/html"}).text


def test_a_copy_has_the_raw_bytes_but_those_with_a_contact_that_is_withheld(
    original, copied, lived
):
    for slug in lived.slugs[:-1]:
        assert original.get(f"/m/{slug}.raw").content == copied.get(f"/m/{slug}.raw").content
    answer = copied.get(f"/m/{lived.withheld}.raw")
    assert (403, True) == (answer.status_code, "withheld" in answer.text)


def test_a_copy_is_never_written_and_no_file_appears_beside_it(copied, copy_file, lived):
    copied.get("/")
    copied.post("/api/v1/measurements", content=make_document(notes="again"))
    assert lived.sqlite == copy_file.read_bytes()
    assert ["all.sqlite"] == [path.name for path in copy_file.parent.iterdir()]


@pytest.mark.parametrize("args", COMMANDS, ids=" ".join)
def test_commands_read_a_copy_as_they_read_the_database(args, lived, copy_file, vapic, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", lived.url)
    # Without it, what is cited says that only this machine can open its links.
    monkeypatch.setenv("VAPIC_BASE_URL", "https://vapic.example.org")
    expected = vapic(*args)
    monkeypatch.setenv("DATABASE_URL", "sqlite:////nowhere/at/all.db")
    assert (0, "") == (expected.code, expected.err)
    assert expected == vapic(*args, "--from", copy_file)


def test_the_environment_says_the_same(copy_file, vapic, monkeypatch):
    expected = vapic("show", "ldr", "--from", copy_file)
    monkeypatch.setenv("VAPIC_EXPORT_FILE", str(copy_file))
    assert expected == vapic("show", "ldr")
    refused = vapic("seed")
    assert (1, "", f"vapic: {READ_ONLY}\n") == (refused.code, refused.out, refused.err)


WRONG = {
    "notes.txt": (b"hello", "it is no SQLite file"),
    "empty": (b"", "it is no SQLite file"),
    "all.json": (b'{"$schema": "/schema/export-1.json"', "it is JSON, and only the SQLite export"),
    "cut.sqlite": (b"SQLite format 3\x00", "SQLite says"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_told_in_one_line(name, vapic, tmp_path):
    content, expected = WRONG[name]
    (tmp_path / name).write_bytes(content)
    for args in (("show", "ldr"), ("serve",)):
        ran = vapic(*args, "--from", tmp_path / name)
        assert (1, "", 1) == (ran.code, ran.out, ran.err.count("\n"))
        assert f"{name} cannot be read as an export: " in ran.err
        assert expected in ran.err
        assert "`vapic export sqlite FILE` makes one." in ran.err


def test_a_working_database_a_damaged_copy_and_a_missing_file_are_told_apart(
    lived, copy_file, vapic, tmp_path
):
    damaged = tmp_path / "damaged.sqlite"
    damaged.write_bytes(lived.sqlite[: len(lived.sqlite) // 2])
    assert "but no export" in vapic("show", "--from", lived.path).err
    assert "malformed" in vapic("show", "--from", damaged).err
    assert "No such file" in vapic("show", "--from", tmp_path / "none").err
    assert "--prepare is for" in vapic("serve", "--prepare", "--from", copy_file).err


def test_files_are_written_whole_by_the_command_line(lived, vapic, tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", lived.url)
    assert 0 == vapic("export", "sqlite", tmp_path / "a.sqlite").code
    assert 0 == vapic("export", tmp_path / "a.json").code
    assert 0 == vapic("export", "jsonl", tmp_path / "a.jsonl").code
    assert 0 == vapic("export", "json", tmp_path / "old.json", "--at", lived.older).code
    assert 0 == vapic("export", "csv", tmp_path / "csv").code
    assert lived.sqlite == (tmp_path / "a.sqlite").read_bytes()
    assert lived.json == (tmp_path / "a.json").read_bytes()
    assert (tmp_path / "a.jsonl").read_bytes().startswith(b'{"$schema":"/schema/export-1.json"')
    assert lived.older_json == (tmp_path / "old.json").read_bytes()
    assert (tmp_path / "csv" / "vapic-cells.csv").read_bytes().startswith(b"cell,offset,msr,")
    assert [] == list(tmp_path.rglob("*.partial"))


def test_a_name_with_a_version_means_the_same_bytes_and_others_lead_to_it(original, lived):
    for file in original.get("/export.json").json()["files"]:
        path = file["url"].removeprefix(HERE)
        assert path == original.get(f"/export/{file['file']}").headers["location"]
    path = original.get("/export/vapic.sqlite").headers["location"]
    answer = original.get(path)
    assert lived.sqlite == answer.content
    assert "no-cache" == answer.headers["cache-control"]
    tag = answer.headers["etag"]
    assert tag.startswith('"vapic-2026-11-23.')
    again = original.get(path, headers={"if-none-match": f"W/{tag}"})
    assert (304, b"", tag) == (again.status_code, again.content, again.headers["etag"])
    plain = original.get(path, headers={"accept-encoding": "identity"})
    assert plain.headers["etag"] != tag
    assert lived.sqlite == plain.content


def test_who_asks_for_the_head_of_a_file_makes_none(original, monkeypatch):
    path = original.get("/export/vapic.json").headers["location"]
    whole = original.get(path, headers={"accept-encoding": "identity"})
    monkeypatch.setattr(export_json, "to_json", None)
    answer = original.head(path, headers={"accept-encoding": "identity"})
    assert (200, b"") == (answer.status_code, answer.content)
    assert whole.headers["etag"] == answer.headers["etag"]
    assert f"{len(whole.content)}" == answer.headers["content-length"], "it is kept"
    other = original.head(original.get("/export/vapic.jsonl").headers["location"])
    assert "content-length" not in other.headers, "nobody made it yet"


def test_a_download_that_stops_in_the_middle_leaves_nothing(lived, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    held = []

    async def send(message):
        if message["type"] == "http.response.body":
            held.extend(tmp_path.iterdir())
            raise OSError

    with engine_of(lived.url) as engine:
        with reader_sessions(engine)() as session:
            found = exporting.file_of(load_snapshot(session), "vapic.sqlite")
        download = Download(found.make(), 200)
        scope = {"type": "http", "asgi": {"spec_version": "2.4"}}
        with pytest.raises(ClientDisconnect):
            asyncio.run(download(scope, None, send))
    assert ([], 1) == (list(tmp_path.iterdir()), len(held))


def test_an_older_export_has_its_own_name_and_an_unknown_version_has_none(original, lived):
    listed = original.get(f"/export.json?at={lived.older}").json()["files"]
    path = listed[0]["url"].removeprefix(HERE)
    assert lived.older in path
    assert lived.older_json == original.get(path).content
    assert 404 == original.get("/export/vapic-2020-01-01.1.json").status_code
    assert 404 == original.get("/export/nothing.json").status_code
    assert "/export" == original.get("/export/").headers["location"]


def test_a_name_with_a_hash_as_it_was_given_once_leads_to_the_file(original, lived):
    for name in ("vapic-{}-0123456789ab.json", "vapic-cells-{}-0123456789ab.csv"):
        found = original.get(f"/export/{name.format(lived.older)}")
        plain = name.format(lived.older).replace("-0123456789ab", "")
        assert (308, f"/export/{plain}") == (found.status_code, found.headers["location"])
    assert 404 == original.get(f"/export/none-{lived.older}-0123456789ab.json").status_code


@pytest.fixture
def small_url(lived, tmp_path):
    """A database with one register and no ledger: its site is quick to copy."""
    url = lived.copy(tmp_path)
    with closing(sqlite3.connect(tmp_path / "lived.db")) as connection, connection:
        connection.execute(
            "delete from facts where (kind = 'register' and key != 'ldr') "
            "or kind in ('erratum', 'difference', 'annotation', 'policy', 'measurement') "
        )
    return url


def test_two_copies_of_one_version_are_the_same_files(small_url, vapic, tmp_path, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", small_url)
    for name in ("one", "two"):
        ran = vapic("export", "site", tmp_path / name, "--site", PUBLIC)
        assert (0, f"links to {PUBLIC}\n") == (ran.code, ran.err[-len(f"links to {PUBLIC}\n") :])
    one, two = (
        {p.relative_to(tmp_path / n): p.read_bytes() for p in (tmp_path / n).rglob("*.*")}
        for n in ("one", "two")
    )
    assert one == two
    assert f"{len(one) - 1} files of data version" in ran.out
    wrong = vapic("export", "site", tmp_path / "three", "--site", "vapic.example")
    assert (1, True) == (wrong.code, "begins with https://" in wrong.err)
