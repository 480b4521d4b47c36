"""What a command says of what went wrong: a line each, and what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app.errors import AppError, InvalidSeed
from app.settings import Settings

DAMAGED = "The file is damaged: `vapic verify` says where, and `vapic restore` puts a backup back."
# What to do about it, by the beginning of SQLite's name of it.
TODO = {
    "BUSY": "Another program locks everybody out: end it, or wait until it is done.",
    "CORRUPT": DAMAGED,
    "NOTADB": DAMAGED,
    "IOERR": "The disk fails, or the file is gone: look at both, then `vapic verify`.",
    "FULL": "The disk is full: make room, then try again.",
    "CANTOPEN": "The file or its folder may not be opened: give both to whoever runs this.",
    "READONLY": "The file or its folder may not be written: give both to whoever runs this.",
}


def told(error: Exception) -> Iterator[str]:
    """Yield what to say of an error that is expected, nothing of any other."""
    match error:
        case InvalidSeed():
            yield from map(str, error.problems)
            yield f"{len(error.problems)} problem(s)."
        case AppError():
            yield f"vapic: {error.message}"
            if error.hints:
                yield f"Did you mean: {', '.join(error.hints)}"
        case ValidationError() if error.title == Settings.__name__:
            yield from (f"vapic: {fault['loc'][0]}: {fault['msg']}" for fault in error.errors())
        case DBAPIError() | sqlite3.Error():
            cause = getattr(error, "orig", error)
            name = getattr(cause, "sqlite_errorname", "").removeprefix("SQLITE_")
            todo = TODO.get(name.partition("_")[0], "")
            # PostgreSQL says it in several lines.
            said = " ".join(str(cause).split()).rstrip(".?")
            yield f"vapic: the database cannot be used: {said}. {todo}".rstrip()
        case SQLAlchemyError():
            yield f"vapic: DATABASE_URL cannot be used: {error}"
        case OSError():
            yield f"vapic: {error.filename or ''}: {error.strerror or error}"
