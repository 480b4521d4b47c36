"""What a command says of what went wrong: a line each, and what to do."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

import typer
from pydantic import ValidationError
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from app.core.numbers import count_noun
from app.errors import AppError, InvalidSeed
from app.settings import Settings
from app.store import ailing


def failure_lines(error: Exception) -> Iterator[str]:
    """Yield what to say of an error that is expected, nothing of any other."""
    match error:
        case InvalidSeed():
            yield from map(str, error.problems)
            yield f"{count_noun(len(error.problems), 'problem')}."
        case AppError():
            yield f"vapic: {error.message}"
            if error.hints:
                yield f"Did you mean: {', '.join(error.hints)}"
        case ValidationError() if error.title == Settings.__name__:
            yield from (f"vapic: {fault['loc'][0]}: {_in_words(fault)}" for fault in error.errors())
        case DBAPIError() | sqlite3.Error():
            said, cure = ailing.said_of(error), ailing.remedy(error)
            yield f"vapic: the database cannot be used: {said}. {cure}".rstrip()
        case SQLAlchemyError():
            yield f"vapic: DATABASE_URL cannot be used: {error}"
        case OSError():
            yield f"vapic: {error.filename or ''}: {error.strerror or error}"


def refusal_of(error: typer.BadParameter) -> str:
    """Return why a value was not taken: what was found, and what was expected."""
    cause = error.__cause__
    return _in_words(cause.errors()[0]) if isinstance(cause, ValidationError) else error.message


def _in_words(fault: Any) -> str:
    """Return one of pydantic's complaints in our words."""
    said = fault["msg"].removeprefix("Value error, ").partition(", unable to")[0]
    return str(said).replace("Input should be", f"found {fault['input']!r}, expected")
