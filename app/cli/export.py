"""`vapic export`: everything that is public, as files."""

from __future__ import annotations

import asyncio
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from uvicorn.importer import import_from_string

from app.cli import handout
from app.cli.database import Opened, reads
from app.cli.groups import meaning
from app.cli.saying import say
from app.core.numbers import count_noun
from app.errors import Conflict
from app.export import exporting
from app.export.exporting import ExportFile
from app.export.git.writing import Files, SiteFiles, write_mirror
from app.export.site.addresses import CopiedSite
from app.export.site.copying import copy_site
from app.mail import citing
from app.pages import registry
from app.pens.place import Place
from app.settings import Settings
from app.store.queries import list_versions
from app.store.snapshots import Snapshot, load_snapshot

# What only the site can answer, as it answers a copy: refused, not missing.
EXPECTED = 403


# `vapic export` and `vapic export FILE` write JSON.
exports = typer.Typer(cls=meaning("json"), rich_markup_mode=None)


OutputArgument = Annotated[
    Path | None, typer.Argument(help="File to write; default: standard output.")
]


@exports.command("json")
@reads
def export_json(opened: Opened, output: OutputArgument = None) -> None:
    """Write everything that is public as one JSON document."""
    _write(output, exporting.file_of(opened.snapshot, "vapic.json"))


@exports.command("jsonl")
@reads
def export_jsonl(opened: Opened, output: OutputArgument = None) -> None:
    """Write the same as JSON in lines, one for each item of its lists."""
    _write(output, exporting.file_of(opened.snapshot, "vapic.jsonl"))


@exports.command("sqlite")
@reads
def export_sqlite(
    opened: Opened, output: Annotated[Path, typer.Argument(help="File to write.")]
) -> None:
    """Write everything that is public as an SQLite database, for `vapic serve --from`."""
    _write(output, exporting.file_of(opened.snapshot, "vapic.sqlite"))


@exports.command("csv")
@reads
def export_csv(
    opened: Opened, folder: Annotated[Path, typer.Argument(help="Folder to write to.")]
) -> None:
    """Write cells, judgements, claims, observations and more, one CSV file each."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in exporting.files_of(opened.snapshot):
        if file.stable.endswith(".csv"):
            _write(folder / file.stable, file)


@exports.command("site")
@reads
def export_site(
    opened: Opened,
    folder: Annotated[Path, typer.Argument(help="Folder to write; an earlier copy is replaced.")],
    site: Annotated[
        str, typer.Option(help="Address of the live site, for pins; VAPIC_BASE_URL by default.")
    ] = "",
) -> None:
    """Write the whole site as static files.

    They work from any web server, and from none.
    """
    version, address = opened.snapshot.name, (site or opened.place.site).rstrip("/")
    if not address.startswith(("http://", "https://")):
        raise Conflict(f"{site!r} is not an address that begins with https:// or http://.")
    with tempfile.TemporaryDirectory(prefix="vapic-") as scratch, _bar() as progress:
        # A copy of its own: whatever is written meanwhile, the pages are of one version.
        copy = Path(scratch) / "copy.sqlite"
        _write(copy, exporting.file_of(opened.snapshot, "vapic.sqlite"))
        opened.session.close()
        make = import_from_string("app.web.app:create_app")
        application = make(Settings(export_file=copy, base_url=address))
        copied = asyncio.run(copy_site(application, CopiedSite(address, version), folder, progress))
    for path, status in copied.left.items():
        if status != EXPECTED:
            say(f"vapic: {path} answered {status}; links lead to the site", err=True)
    say(f"{len(copied.files)} files of data version {version} in {folder}")
    say(f"What only a server can answer links to {address}", err=True)


@exports.command("git")
@reads
def export_git(
    opened: Opened,
    folder: Annotated[Path, typer.Argument(help="Mirror to make, or to add to.")],
    sign_key: Annotated[
        Path | None, typer.Option(metavar="FILE", help="SSH key that signs commits and tags.")
    ] = None,
) -> None:
    """Keep every data version's cells as a git repository: a commit and a tag each.

    Again, it adds what is new, and refuses a repository in which a byte was changed.
    """
    site, last = opened.place.site, opened.snapshot.version.id
    known = sorted((v for v in list_versions(opened.session) if v.id <= last), key=lambda v: v.id)

    def load(name: str) -> Snapshot:
        return load_snapshot(opened.session, name, near=opened.snapshot)

    def said(snapshot: Snapshot) -> Files:
        return dict(_cells_of(snapshot, site))

    made = write_mirror(folder, [v.name for v in known], load, SiteFiles(site, said), sign_key)
    added = f"added {', '.join(made)}" if made else "nothing is new"
    say(f"{folder} holds {count_noun(len(known), 'data version')}; {added}")


def _cells_of(snapshot: Snapshot, site: str) -> Iterator[tuple[str, bytes]]:
    """Yield the pinned text of each cell and its block, by path."""
    place = Place(site, snapshot.name, pinned=True)
    for key in snapshot.cells:
        path = key.url.removeprefix("/")
        yield f"{path}.txt", registry.find_page(snapshot, key.url).text(place).encode()
        yield f"{path}/mail.txt", citing.find_citation(snapshot, key.url, site).block().encode()


for name, command in handout.COMMANDS.items():
    exports.command(name)(command)


@contextmanager
def _bar() -> Iterator[Callable[[int, int], None]]:
    """A progress bar where somebody sees it."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    with typer.progressbar(length=1, label="Pages", file=sys.stderr) as bar:

        def show(done: int, known: int) -> None:
            bar.length = known
            bar.update(done - bar.pos)

        yield show


def _write(path: Path | None, made: ExportFile) -> None:
    """Write a file whole or not at all; standard output, a pipe or a terminal as it comes."""
    if path is None:
        sys.stdout.buffer.writelines(made.make())
        return
    if path.exists() and not path.is_file():
        with path.open("wb") as file:
            file.writelines(made.make())
        return
    partial = path.with_name(f"{path.name}.partial")
    try:
        with partial.open("wb") as file:
            file.writelines(made.make())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)
