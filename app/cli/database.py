"""How commands reach what is known: the database, an export, or the seed alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

import typer
from sqlalchemy.orm import Session

from app.cli.saying import say
from app.core.knowledge import Knowledge
from app.core.words import Access, Mode
from app.curation.seed import check_seed
from app.export.copies import engine_for, refuse_writes
from app.pages import registry
from app.pens.place import Place
from app.settings import Settings
from app.store import queries
from app.store.engine import disposing, make_engine, reader_sessions, writer_sessions
from app.store.snapshots import Snapshot, load_snapshot, offline_snapshot

# Options of several commands.
OnlyMode = Annotated[Mode | None, typer.Option("--mode", help="Only this mode.")]
OnlyAccess = Annotated[Access | None, typer.Option("--access", help="Only this access.")]
FilterOption = Annotated[
    str, typer.Option("--filter", help='As in the URL: "mode=x2avic&verdict=table-wrong".')
]
FromOption = Annotated[
    Path | None,
    typer.Option("--from", metavar="FILE", help="Read this SQLite export instead of the database."),
]
AtOption = Annotated[
    str, typer.Option("--at", metavar="VERSION", help="A data version or a date: as it was then.")
]


@dataclass(frozen=True)
class Opened:
    """What a command reads: a session, the snapshot that it asks for, and where that is."""

    session: Session
    snapshot: Snapshot
    place: Place

    def print_page(self, address: str) -> None:
        """Print the text of the page at an address. Raises NotFound, InvalidFilter."""
        say(registry.find_page(self.snapshot, address).text(self.place), nl=False)


def reads(command: Callable[..., None]) -> Callable[..., None]:
    """Open what a command reads, and give it the options ``--from`` and ``--at``.

    The command takes what is opened as its first argument.
    """

    @wraps(command)
    def run(*args: Any, export: Path | None, at: str, **options: Any) -> None:
        with reading(export, at) as opened:
            command(opened, *args, **options)

    own = signature(command, eval_str=True)
    _, *parameters = own.parameters.values()
    parameters += [
        Parameter("export", Parameter.KEYWORD_ONLY, default=None, annotation=FromOption),
        Parameter("at", Parameter.KEYWORD_ONLY, default="", annotation=AtOption),
    ]
    run.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    return run


@contextmanager
def reading(export: Path | None = None, at: str = "") -> Iterator[Opened]:
    """Open the database, or an export, for a command that only reads.

    Raises NotReady when there is no data version, NotFound for an unknown one, InvalidCopy
    for a file that is no export.
    """
    settings = Settings(export_file=export) if export else Settings()
    with disposing(engine_for(settings)) as engine, reader_sessions(engine)() as session:
        snapshot = load_snapshot(session, at)
        place = Place(settings.site, snapshot.name, pinned=snapshot.pinned)
        yield Opened(session, snapshot, place)


@contextmanager
def writing() -> Iterator[Session]:
    """A session that commits at the end.

    Raises NotReady for a database without tables, Forbidden when an export is set.
    """
    settings = Settings()
    refuse_writes(settings)
    with (
        disposing(make_engine(settings.database_url)) as engine,
        writer_sessions(engine).begin() as session,
    ):
        queries.require_schema(session)
        yield session


def seed_offline() -> Snapshot:
    """Return what the seed alone says, without any database. Raises InvalidSeed."""
    knowledge = Knowledge.of(entry.fact for entry in check_seed(Settings().seed))
    return offline_snapshot(knowledge, datetime.now(UTC))


def joined(query: str, **words: str | None) -> str:
    """Return a query with what options add to it."""
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode([*pairs, *((key, str(word)) for key, word in words.items() if word)])
