"""SQLite exports as databases: the site and the command line read one as they read their own."""

from __future__ import annotations

import shutil
import tempfile
import weakref
from pathlib import Path

from sqlalchemy import Engine, create_engine, inspect
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from app.errors import AppError, Forbidden
from app.export.archive import APPLICATION_ID, FORMAT
from app.settings import Settings
from app.store import deriving
from app.store.engine import SQLITE, make_copy_engine, make_engine
from app.store.models import Base, SummaryRow

READ_ONLY = "This is a read-only copy: nothing can be sent, decided or changed here."


class InvalidCopy(AppError):
    """A file that is no export, or one that cannot be read."""

    code = "invalid-copy"

    def __init__(self, path: Path, found: str) -> None:
        super().__init__(
            f"{path} cannot be read as an export: {found}. `vapic export sqlite FILE` makes one."
        )


def engine_for(settings: Settings) -> Engine:
    """Return the engine of what is served: an export if one is set, else the database.

    Raises InvalidCopy, and OSError when the export is missing.
    """
    if settings.export_file is not None:
        return open_copy(settings.export_file)
    return make_engine(settings.database_url)


def refuse_writes(settings: Settings) -> None:
    """Raise Forbidden when a copy is served: it answers questions and nothing else."""
    if settings.export_file is not None:
        raise Forbidden(READ_ONLY)


def open_copy(path: Path) -> Engine:
    """Return an engine that reads an SQLite export; the file is never written.

    Raises InvalidCopy for any other file, OSError for a missing one.
    """
    with path.open("rb") as file:
        start = file.read(len(SQLITE))
    if start.lstrip()[:1] == b"{":
        raise InvalidCopy(path, "it is JSON, and only the SQLite export is read")
    if start != SQLITE:
        raise InvalidCopy(path, "it is no SQLite file")
    engine = make_copy_engine(path)
    try:
        with engine.connect() as connection:
            application, version, state = (
                connection.exec_driver_sql(f"pragma {name}").scalars().first()
                for name in ("application_id", "user_version", "quick_check(1)")
            )
    except DatabaseError as error:
        raise InvalidCopy(path, f"SQLite says: {error.orig}") from None
    if application != APPLICATION_ID:
        raise InvalidCopy(path, "it is an SQLite database, but no export")
    if version != FORMAT:
        raise InvalidCopy(path, f"it is of format {version}, this program reads {FORMAT}")
    if state != "ok":
        raise InvalidCopy(path, f"it is damaged ({str(state).splitlines()[-1]})")
    return engine if inspect(engine).has_table(SummaryRow.__tablename__) else _summed_up(path)


def _summed_up(path: Path) -> Engine:
    """Return an engine of an export that an older release wrote without summaries: of a copy."""
    folder = tempfile.mkdtemp()
    ours = Path(shutil.copy(path, folder))
    maker = create_engine(f"sqlite:///{ours}")
    Base.metadata.create_all(maker)
    with Session(maker) as session:
        deriving.recount(session)
        session.commit()
    maker.dispose()
    engine = make_copy_engine(ours)
    weakref.finalize(engine, shutil.rmtree, folder, ignore_errors=True)
    return engine
