"""The commands that serve, make, load and rebuild the database."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from sqlalchemy.exc import DBAPIError
from uvicorn.importer import import_from_string

from app.cli.database import writing
from app.cli.told import told
from app.core.knowledge import Knowledge
from app.core.numbers import counted
from app.curation.seed import check_seed
from app.errors import Conflict, NotReady
from app.export.copies import engine_for, open_copy
from app.intake.kept import check_kept, load_kept
from app.pens.log_lines import configuration
from app.probing import packing
from app.probing.guest_build import BuildFailed
from app.settings import Settings
from app.store import queries, seeding
from app.store.engine import reader_sessions
from app.store.migrate import migrate as run_migrations

Folder = Annotated[Path | None, typer.Argument(help="Folder of the seed.")]


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on; HOST is the default.")] = "",
    port: Annotated[int | None, typer.Option(help="Port; PORT is the default.")] = None,
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
    _need_address(settings)
    if settings.export_file and prepare:
        raise Conflict("--prepare is for the database; an export is served as it is.")
    if settings.export_file:
        # What is wrong with it is told here, in one line.
        open_copy(settings.export_file).dispose()
    elif prepare:
        _prepare(settings)
    if export:
        os.environ["VAPIC_EXPORT_FILE"] = str(export.resolve())
    _say_if_unready(settings)
    typer.echo(f"vAPIC Explorer on http://{settings.host}:{settings.port}")
    uvicorn.run(
        "app.web.app:create_app",
        factory=True,
        host=settings.host,
        port=settings.port,
        log_config=configuration(settings.log),
        **import_from_string("app.web.connections:served_by")(settings),
    )


def _need_address(settings: Settings) -> None:
    """End where others can reach what is served and nobody said by which address."""
    if not settings.loopback and not settings.base_url:
        # A usage error, as a supervisor can tell by the status.
        typer.echo(
            f"vapic: {settings.host} is more than this machine: set VAPIC_BASE_URL to the address "
            "that people use, such as https://vapic.example.org",
            err=True,
        )
        raise typer.Exit(2)


def _say_if_unready(settings: Settings) -> None:
    """Say what is in the way of showing pages, before anybody asks for one and gets a 503."""
    engine = engine_for(settings)
    try:
        with reader_sessions(engine)() as session:
            queries.require_schema(session)
            queries.find_version(session)
    except (NotReady, DBAPIError) as error:
        typer.echo("\n".join(told(error)), err=True)
        typer.echo("Pages answer 503 until the database can be read.", err=True)
    finally:
        engine.dispose()


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


def migrate() -> None:
    """Create the database, or bring it to the newest schema."""
    run_migrations(Settings().database_url)


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


def lint(folder: Folder = None) -> None:
    """Check the seed; names file, line and place of each problem."""
    place = folder or Settings().seed
    entries = check_seed(place)
    known = Knowledge.of(entry.fact for entry in entries)
    kept = check_kept(place, known, datetime.now(UTC))
    also = f", {counted(len(kept), 'measurement')}" if kept else ""
    typer.echo(f"{len(entries)} facts{also}, no problem")


def rebuild() -> None:
    """Derive the stored judgements anew.

    Says whether that changed anything.
    """
    with writing() as session:
        typer.echo("rebuilt, and changed" if seeding.rebuild(session) else "nothing to change")
