"""What a command says of what went wrong: a line each, and what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app.errors import AppError, InvalidSeed
from app.settings import Settings
from app.store import ailing


def failure_lines(error: Exception) -> Iterator[str]:
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
            said, cure = ailing.said_of(error), ailing.remedy(error)
            yield f"vapic: the database cannot be used: {said}. {cure}".rstrip()
        case SQLAlchemyError():
            yield f"vapic: DATABASE_URL cannot be used: {error}"
        case OSError():
            yield f"vapic: {error.filename or ''}: {error.strerror or error}"
