"""How commands reach the database: one engine for one command."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.orm import Session

from app.db import queries
from app.db.engine import make_engine, reader_sessions, writer_sessions
from app.formats.cell_text import Place
from app.settings import Settings
from app.snapshots import Snapshot, load_snapshot


@contextmanager
def reading() -> Iterator[tuple[Session, Snapshot, Place]]:
    """A session that only reads, with the newest snapshot. Raises NotReady when there is none."""
    settings = Settings()
    engine = make_engine(settings.database_url)
    try:
        with reader_sessions(engine)() as session:
            snapshot = load_snapshot(session)
            yield session, snapshot, Place(settings.site, snapshot.name)
    finally:
        engine.dispose()


@contextmanager
def writing() -> Iterator[Session]:
    """A session that commits at the end. Raises NotReady for a database without tables."""
    engine = make_engine(Settings().database_url)
    try:
        with writer_sessions(engine).begin() as session:
            queries.require_schema(session)
            yield session
    finally:
        engine.dispose()
