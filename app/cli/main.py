"""The command line. Each command is a few lines around a use case."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
import uvicorn
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app import __version__
from app.cli import (
    cite,
    correlate,
    guest,
    importing,
    ledger,
    measure,
    policy,
    probe,
    review,
    search,
)
from app.cli.database import joined, print_page, reading, reads, writing
from app.cli.diff import diff
from app.cli.export import exports
from app.cli.quoting import check_mail
from app.core.views import CellView
from app.core.words import Access, Mode
from app.curation.seed import check_seed
from app.errors import AppError, Conflict, InvalidFilter, InvalidSeed
from app.export.copies import open_copy
from app.pages import cell_text, explore
from app.pens.place import Place
from app.pens.sheet import sheet_text
from app.settings import Settings
from app.store import seeding
from app.store.migrate import migrate as run_migrations
from app.store.snapshots import Snapshot

app = typer.Typer(
    name="vapic",
    help="vAPIC Explorer: AMD's Table 15-22 against what silicon does.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    add_completion=False,
)


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
    settings = Settings(export_file=export) if export else Settings()
    if settings.export_file and prepare:
        raise Conflict("--prepare is for the database; an export is served as it is.")
    if settings.export_file:
        # What is wrong with it is told here, in one line.
        open_copy(settings.export_file).dispose()
    elif prepare:
        migrate()
        seed()
    host, port = host or settings.host, port or settings.port
    if export:
        # The server builds its settings itself, from the environment.
        os.environ["VAPIC_EXPORT_FILE"] = str(export.resolve())
    typer.echo(f"vAPIC Explorer on http://{host}:{port}")
    uvicorn.run(
        "app.web.app:create_app",
        factory=True,
        host=host,
        port=port,
        log_level="warning",
        # Who asks is for web/limits.py to say: it trusts a proxy only when it is told to.
        proxy_headers=False,
        server_header=False,
    )


@app.command()
def migrate() -> None:
    """Create the database, or bring it to the newest schema."""
    run_migrations(Settings().database_url)


@app.command()
def seed(
    folder: Annotated[Path | None, typer.Argument(help="Folder of the seed.")] = None,
) -> None:
    """Load the curated knowledge.

    The same seed again changes nothing.
    """
    with writing() as session:
        loaded = seeding.load_seed(session, folder or Settings().seed, datetime.now(UTC))
    made = f"data version {loaded.version.name}" if loaded.version else "nothing changed"
    typer.echo(f"{loaded.facts} facts: {made}")


@app.command()
def lint(
    folder: Annotated[Path | None, typer.Argument(help="Folder of the seed.")] = None,
) -> None:
    """Check the seed; names file, line and place of each problem."""
    typer.echo(f"{len(check_seed(folder or Settings().seed))} facts, no problem")


@dataclass(frozen=True)
class Chosen:
    """What `show` narrows a register to; empty means all of it."""

    mode: Mode | None
    access: Access | None
    family: str


@app.command()
@reads
def show(
    name: Annotated[str, typer.Argument(help="Register: slug, macro, offset or MSR.")] = "",
    mode: Annotated[Mode | None, typer.Option(help="Only this mode.")] = None,
    access: Annotated[Access | None, typer.Option(help="Only this access.")] = None,
    family: Annotated[str, typer.Option(help="Only this family's evidence.")] = "",
    query: Annotated[
        str, typer.Option("--filter", help='As in the URL: "mode=x2avic&verdict=explained".')
    ] = "",
) -> None:
    """Print a register, its cells or the table."""
    if name and query:
        raise InvalidFilter("--filter is for the table; leave the register out.")
    if not name:
        print_page(f"/?{joined(query, mode=mode, access=access, family=family)}")
        return
    with reading() as (_, snapshot, place):
        typer.echo(_named(snapshot, place, name, Chosen(mode, access, family)), nl=False)


def _named(snapshot: Snapshot, place: Place, name: str, chosen: Chosen) -> str:
    register = explore.find_register(snapshot, name).register
    cells = tuple(
        _only(view, chosen.family and explore.find_family(snapshot, chosen.family).slug)
        for view in explore.register_cells(snapshot, register)
        if chosen.mode in (None, view.key.mode) and chosen.access in (None, view.key.access)
    )
    knowledge = snapshot.knowledge
    if chosen.mode is None and chosen.access is None:
        notes = explore.register_annotations(snapshot, register)
        sheets = [cell_text.register_sheet(register, cells, notes, knowledge)]
    else:
        sheets = [cell_text.cell_sheet(view, knowledge) for view in cells]
    return "\n\n".join(sheet_text(sheet, place) for sheet in sheets)


def _only(view: CellView, family: str) -> CellView:
    judgements = {f: j for f, j in view.judgements.items() if not family or f == family}
    return replace(view, judgements=judgements)


@app.command()
@reads
def corrected() -> None:
    """Print Table 15-22 as it should read."""
    print_page("/corrected")


@app.command()
@reads
def coverage() -> None:
    """Print which family has which evidence."""
    print_page("/c")


app.command()(reads(diff))
app.command("check-mail")(reads(check_mail))
app.add_typer(exports, name="export", help="Write everything that is public as files.")
app.command()(reads(cite.cite))
app.command()(correlate.correlate)
app.command()(measure.check)
app.command()(measure.submit)
app.add_typer(importing.imports, name="import", help="Documents from other tools and tables.")
app.command()(reads(policy.policy))
app.add_typer(probe.probe, name="probe", help="Measure this machine with a tiny guest.")
probe.probe.command()(guest.build)
probe.probe.command()(guest.table)
app.command(context_settings=search.CONTEXT)(reads(search.search))
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
