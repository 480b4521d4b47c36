"""The command line. Each command is a few lines around a use case."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app import __version__
from app.cli import correlate, importing, ledger, mail, measure, pages, probe, review
from app.cli.database import writing
from app.cli.export import exports
from app.core.knowledge import Knowledge
from app.core.numbers import counted
from app.curation.seed import check_seed
from app.errors import AppError, Conflict, InvalidSeed
from app.export.copies import open_copy
from app.intake.kept import check_kept, load_kept
from app.probing import packing
from app.probing.guest_build import BuildFailed
from app.settings import Settings
from app.store import seeding
from app.store.migrate import migrate as run_migrations

app = typer.Typer(
    name="vapic",
    help="vAPIC Explorer: AMD's Table 15-22 against what silicon does.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)
Folder = Annotated[Path | None, typer.Argument(help="Folder of the seed.")]


def main() -> None:
    """Run the command line; expected errors end in one line each, never in a traceback."""
    try:
        app()
    except (AppError, SQLAlchemyError, OSError) as error:
        for line in _told(error):
            typer.echo(line, err=True)
        sys.exit(1)


def _told(error: AppError | SQLAlchemyError | OSError) -> Iterator[str]:
    match error:
        case InvalidSeed():
            yield from map(str, error.problems)
            yield f"{len(error.problems)} problem(s)."
        case AppError():
            yield f"vapic: {error.message}"
            if error.hints:
                yield f"Did you mean: {', '.join(error.hints)}"
        case DBAPIError():
            yield f"vapic: the database cannot be used: {error.orig}"
        case SQLAlchemyError():
            yield f"vapic: DATABASE_URL cannot be used: {error}"
        case OSError():
            yield f"vapic: {error.filename or ''}: {error.strerror or error}"


@app.command()
def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; HOST is the default.")] = "",
    port: Annotated[int, typer.Option(help="Port to listen on; PORT is the default.")] = 0,
    *,
    prepare: Annotated[
        bool, typer.Option("--prepare", help="Migrate and load the seed first.")
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option("--from", metavar="FILE", help="Serve this SQLite export, read-only."),
    ] = None,
) -> None:
    """Serve the explorer."""
    # The server builds its settings itself, from the environment: pages print HOST and PORT.
    if host:
        os.environ["HOST"] = host
    if port:
        os.environ["PORT"] = str(port)
    settings = Settings(export_file=export) if export else Settings()
    if settings.export_file and prepare:
        raise Conflict("--prepare is for the database; an export is served as it is.")
    if settings.export_file:
        # What is wrong with it is told here, in one line.
        open_copy(settings.export_file).dispose()
    elif prepare:
        _prepare(settings)
    if export:
        os.environ["VAPIC_EXPORT_FILE"] = str(export.resolve())
    typer.echo(f"vAPIC Explorer on http://{settings.host}:{settings.port}")
    uvicorn.run(
        "app.web.app:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        log_level="warning",
        # Who asks is for web/limits.py to say: it trusts a proxy only when it is told to.
        proxy_headers=False,
        server_header=False,
    )


def _prepare(settings: Settings) -> None:
    """Migrate, load the seed, and make the probe to give away, where there is a compiler."""
    migrate()
    seed()
    file = settings.probe_file
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        packing.pack(file)
    except (BuildFailed, OSError) as error:
        if not file.exists():
            typer.echo(f"/vapic-probe.pyz will be missing: {error}")


@app.command()
def migrate() -> None:
    """Create the database, or bring it to the newest schema."""
    run_migrations(Settings().database_url)


@app.command()
def seed(folder: Folder = None) -> None:
    """Load the curated knowledge.

    The same seed again changes nothing.
    """
    with writing() as session:
        now, place = datetime.now(UTC), folder or Settings().seed
        loaded = seeding.load_seed(session, place, now)
        kept = load_kept(session, place, now)
    made = f"data version {loaded.version.name}" if loaded.version else "nothing changed"
    typer.echo(f"{loaded.facts} facts: {made}")
    if kept:
        typer.echo(f"{counted(kept, 'measurement')} of the seed taken")


@app.command()
def lint(folder: Folder = None) -> None:
    """Check the seed; names file, line and place of each problem."""
    place = folder or Settings().seed
    entries = check_seed(place)
    known = Knowledge.of(entry.fact for entry in entries)
    kept = check_kept(place, known, datetime.now(UTC))
    told = f", {counted(len(kept), 'measurement')}" if kept else ""
    typer.echo(f"{len(entries)} facts{told}, no problem")


for command in (pages.show, pages.corrected, pages.coverage, pages.diff):
    app.command()(command)
app.command("check-mail")(mail.check_mail)
app.add_typer(exports, name="export", help="Write everything that is public as files.")
for command in (mail.cite, correlate.correlate, measure.check, measure.submit):
    app.command()(command)
app.add_typer(importing.imports, name="import", help="Documents from other tools and tables.")
app.command()(pages.policy)
app.add_typer(probe.probe, name="probe", help="Measure this machine with a tiny guest.")
app.command(context_settings=pages.CONTEXT)(pages.search)
app.add_typer(
    ledger.differences, name="difference", help="Read the ledger, and draft entries for it."
)
app.add_typer(review.tokens, name="token", help="Make, list and revoke tokens.")
app.add_typer(review.reviews, name="review", help="Decide which measurements count.")


@app.command()
def rebuild() -> None:
    """Derive the stored judgements anew.

    Says whether that changed anything.
    """
    with writing() as session:
        typer.echo("rebuilt, and changed" if seeding.rebuild(session) else "nothing to change")


@app.command()
def version() -> None:
    """Print the version of the explorer."""
    typer.echo(__version__)
