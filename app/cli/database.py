"""How commands reach what is known: the database, an export, or the seed alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

import typer
from sqlalchemy.orm import Session

from app.core.knowledge import Knowledge
from app.curation.seed import check_seed
from app.export.copies import engine_for, refuse_writes
from app.pages import registry
from app.pens.place import Place
from app.settings import Settings
from app.store import queries
from app.store.engine import make_engine, reader_sessions, writer_sessions
from app.store.snapshots import Snapshot, load_snapshot, offline_snapshot

From = Annotated[
    Path | None,
    typer.Option("--from", metavar="FILE", help="Read this SQLite export instead of the database."),
]
At = Annotated[
    str, typer.Option("--at", metavar="VERSION", help="A data version or a date: as it was then.")
]


@dataclass(frozen=True)
class Asked:
    """Which facts the command that runs is about: an export's or the database's, and when."""

    export: Path | None = None
    at: str = ""


NOTHING = Asked()
_asked: ContextVar[Asked] = ContextVar("asked", default=NOTHING)
_OPTIONS = {
    "export": Parameter("export", Parameter.KEYWORD_ONLY, default=None, annotation=From),
    "at": Parameter("at", Parameter.KEYWORD_ONLY, default="", annotation=At),
}


def reads(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command that reads the options ``--from`` and ``--at``; ``reading`` obeys them."""
    own = signature(command, eval_str=True)
    added = [option for name, option in _OPTIONS.items() if name not in own.parameters]

    @wraps(command)
    def run(*args: Any, **options: Any) -> None:
        chosen = {option.name: options.pop(option.name) for option in added}
        token = _asked.set(Asked(**chosen))
        try:
            command(*args, **options)
        finally:
            _asked.reset(token)

    parameters = [*own.parameters.values(), *added]
    run.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
    return run


def settings_of() -> Settings:
    """Return the settings of the command that runs, with its ``--from``."""
    export = _asked.get().export
    return Settings(export_file=export) if export else Settings()


@contextmanager
def reading() -> Iterator[tuple[Session, Snapshot, Place]]:
    """A session that only reads, with the snapshot that the command asks for.

    Raises NotReady when there is none, NotFound for an unknown data version, InvalidCopy
    for a file that is no export.
    """
    settings = settings_of()
    engine = engine_for(settings)
    try:
        with reader_sessions(engine)() as session:
            snapshot = load_snapshot(session, _asked.get().at)
            yield session, snapshot, Place(settings.site, snapshot.name, pinned=snapshot.pinned)
    finally:
        engine.dispose()


def print_page(address: str) -> None:
    """Print the text of the page at an address. Raises as ``reading`` and ``registry.find``."""
    with reading() as (_, snapshot, place):
        typer.echo(registry.find(snapshot, address).text(place), nl=False)


def joined(query: str, **words: str | None) -> str:
    """Return a query with what options add to it."""
    pairs = parse_qsl(query, keep_blank_values=True)
    return urlencode([*pairs, *((key, str(word)) for key, word in words.items() if word)])


def seed_offline() -> Snapshot:
    """Return what the seed alone says, without any database. Raises InvalidSeed."""
    knowledge = Knowledge.of(entry.fact for entry in check_seed(Settings().seed))
    return offline_snapshot(knowledge, datetime.now(UTC))


@contextmanager
def writing() -> Iterator[Session]:
    """A session that commits at the end.

    Raises NotReady for a database without tables, Forbidden when an export is set.
    """
    settings = Settings()
    refuse_writes(settings)
    engine = make_engine(settings.database_url)
    try:
        with writer_sessions(engine).begin() as session:
            queries.require_schema(session)
            yield session
    finally:
        engine.dispose()
