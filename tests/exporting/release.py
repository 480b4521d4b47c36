"""The release before this one: its database, and what it answered.

    .venv/bin/python -m tests.exporting.release

makes both anew, from the seed of this commit and two measurements: at a release, or when an
answer has to change for a reason that the changelog gives. To see how answers differ, run

    .venv/bin/python -m tests.exporting.release FOLDER

on this commit and on the one that ``answers.txt`` names: it writes what the kept database
answers now, a file for each answer, for ``diff -r``.
"""

import asyncio
import hashlib
import lzma
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from starlette.responses import Response

from app.core.words import State
from app.export import exporting
from app.export.site.addresses import CopiedSite
from app.export.site.copying import copy_site
from app.settings import ROOT, Settings
from app.store.engine import reader_sessions, writer_sessions
from app.store.migrate import migrate
from app.store.seeding import load_seed
from app.store.snapshots import load_snapshot
from app.web.app import create_app
from tests.conftest import SEED, SEEDED_AT, engine_of
from tests.running import FIRST, client_of, twin_of
from tests.web.twin_pages import seed_with_measurements

KEPT = ROOT / "tests" / "data" / "release-before"
DATABASE, ANSWERS = KEPT / "database.sql.xz", KEPT / "answers.txt"
COPY = "https://copy.example"
# What is asked for, pinned; {0} is the accepted measurement, {1} the pending one.
PAGES = {
    "txt": """/ /?mode=x2avic&verdict=explained&policy=kvm-6.0,kvm-7.2 /corrected /c /c/zen-4 /d
        /d/1 /errata /errata/1235 /policy /policy/kvm-7.2 /policy/kvm-6.0..kvm-7.2 /docs/sources
        /docs/apm /wanted?family=zen-5 /m /m/{0} /m/{1} /m/{0}/diff/{1} /changes /changes/{at}
        /r/ldr /r/isr /r/ldr/x2avic/write /r/icr/avic/write /r/self-ipi/avic/read /search?q=icr
        /mail?rows=ro,wo /r/ldr/mail /r/ldr/x2avic/write/mail /d/1/mail /since/{first}
        /r/ldr/since/{first}""",
    "json": """/ /corrected /c /c/zen-4 /d/1 /errata/1235 /policy/kvm-7.2 /wanted?family=zen-5
        /m/{0} /changes/{at} /docs/apm /r/ldr /r/ldr/x2avic/write /r/icr/avic/write
        /search?q=icr""",
    "csv": "/ /corrected /c/zen-4 /d /errata /policy/kvm-7.2 /wanted?family=zen-5 /m /changes",
    "md": "/ /corrected /c/zen-4 /d /errata /policy/kvm-7.2 /wanted?family=zen-5 /m /changes",
    "atom": "/changes /r/ldr",
    "": "/m/{0}.raw /api/v1/cells /api/v1/cells/ldr/x2avic/write /api/v1/registers",
}
COPIED = {
    "/",
    "/index",
    "/r/ldr",
    "/r/ldr/x2avic/write",
    "/d",
    "/d/1",
    "/c",
    "/c/zen-4",
    "/errata/1235",
}


def restored(folder):
    """Return the kept database as the release before left it, brought to today's schema."""
    path = folder / "before.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(lzma.decompress(DATABASE.read_bytes()).decode())
    migrate(f"sqlite:///{path}")
    return f"sqlite:///{path}"


def answers(url, folder):
    """Return all that is held: pinned pages, the files of the export, those of a static copy."""
    with engine_of(url) as engine, reader_sessions(engine)() as session:
        snapshot = load_snapshot(session)
        files = {f"export {f.stable}": b"".join(f.make()) for f in exporting.files_of(snapshot)}
    # What SQLite writes depends on its version; what it holds does not.
    files["export vapic.sqlite"] = dumped(files["export vapic.sqlite"], folder)
    return pinned(url, snapshot) | files | copied(url, snapshot.name, folder / "copy")


def pinned(url, snapshot):
    measured = snapshot.records.every()
    slugs = [m.slug for m in sorted(measured, key=lambda m: m.state is not State.ACCEPTED)]
    found = {}
    with client_of(url) as client:
        for extension, paths in PAGES.items():
            for page in paths.format(*slugs, at=snapshot.name, first=FIRST).split():
                path = twin_of(page, extension) if extension else page
                path += f"{'&' if '?' in path else '?'}at={snapshot.name}"
                answer = client.get(path)
                assert 200 == answer.status_code, path
                found[path] = answer.content
    return found


def dumped(raw, folder):
    path = folder / "export.sqlite"
    path.write_bytes(raw)
    with closing(sqlite3.connect(path)) as connection:
        return "\n".join(connection.iterdump()).encode()


def copied(url, version, folder):
    """Return the files of a static copy of a few pages, and the names of its pages."""
    app = create_app(Settings(database_url=url, base_url=COPY))

    async def few(scope, receive, send):
        missing = scope["type"] == "http" and scope["path"].partition(".")[0] not in COPIED
        await (Response(status_code=404) if missing else app)(scope, receive, send)

    asyncio.run(copy_site(few, CopiedSite(COPY, version), folder, lambda *_: None))
    files = {str(p.relative_to(folder)): p for p in sorted(folder.rglob("*")) if p.is_file()}
    # A page may look otherwise in every release.
    return {
        f"copy {name}": b"" if name.endswith(".html") else path.read_bytes()
        for name, path in files.items()
    }


def digests(found):
    return {name: hashlib.sha256(raw).hexdigest()[:16] for name, raw in found.items()}


def kept():
    """Return the digest of each answer of the release before, by its name."""
    lines = ANSWERS.read_text("utf-8").splitlines()
    return dict(reversed(line.split(" ", 1)) for line in lines if line[:1] != "#")


def make(folder):
    """Keep a database of today's seed, with what it answers."""
    url = f"sqlite:///{folder / 'made.db'}"
    migrate(url)
    with engine_of(url) as engine, writer_sessions(engine).begin() as session:
        load_seed(session, SEED, SEEDED_AT)
    seed_with_measurements(url)
    with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as connection:
        DATABASE.write_bytes(lzma.compress("\n".join(connection.iterdump()).encode(), preset=9))
    line = "# Digests of what the database beside this answered at %h, %cs."
    said = ["git", "log", "-1", f"--format={line}"]
    head = subprocess.run(said, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    found = digests(answers(url, folder))
    ANSWERS.write_text(
        head + "".join(f"{digest} {name}\n" for name, digest in found.items()), "utf-8"
    )


def main():
    with TemporaryDirectory() as name:
        folder = Path(name)
        if len(sys.argv) == 1:
            make(folder)
            return
        target = Path(sys.argv[1])
        target.mkdir(parents=True)
        for answer, raw in answers(restored(folder), folder).items():
            (target / answer.strip("/").replace("/", "_")).write_bytes(raw)


if __name__ == "__main__":
    main()
