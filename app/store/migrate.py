"""Bring a database to the newest schema."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config

from app.store import deriving
from app.store.engine import disposing, make_engine, writer_sessions

MIGRATIONS = Path(__file__).resolve().parents[2] / "migrations"


def alembic_config(url: str) -> Config:
    """Return Alembic's configuration for a database URL."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def migrate(url: str) -> None:
    """Upgrade the database at ``url`` to the newest schema; a new one is created.

    What older releases did not derive yet is derived.
    """
    command.upgrade(alembic_config(url), "head")
    with (
        disposing(make_engine(url, create=True)) as engine,
        writer_sessions(engine).begin() as session,
    ):
        deriving.catch_up(session)
