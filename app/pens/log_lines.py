"""The lines of the log: one JSON object or one line of words each, which nobody can forge."""

from __future__ import annotations

import json
import logging
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from app.settings import Log

# The name of the request that is answered right now.
REQUEST: ContextVar[str] = ContextVar("request", default="")


class JsonLines(logging.Formatter):
    """One JSON object a line, in ASCII: what would end a line or move a cursor is escaped."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        return json.dumps(record_fields(record))


class WordLines(logging.Formatter):
    """One line of words: what a stranger could write is quoted as in JSON."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record; those of a traceback stand below it, indented."""
        found = record_fields(record)
        why = found.pop("exception", "")
        line = " ".join(_word(value) for value in found.values())
        return "\n    ".join([line, *map(_tame, why.splitlines())])


def record_fields(record: logging.LogRecord) -> dict[str, Any]:
    """Return what a line says: when, how bad, of which request, then what happened."""
    when = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
    told: dict[str, Any] | None = getattr(record, "told", None)
    found = {"time": when, "level": record.levelname.lower(), "request": REQUEST.get()}
    found |= told or {"logger": record.name, "message": record.getMessage()}
    if record.exc_info:
        found["exception"] = logging.Formatter().formatException(record.exc_info)
    return found


def _tame(text: str) -> str:
    return json.dumps(text)[1:-1].replace('\\"', '"').replace("\\\\", "\\")


def _word(value: object) -> str:
    text = str(value)
    plain = text.isascii() and text.isprintable() and '"' not in text and " " not in text
    return text if plain and text else json.dumps(text)


def configuration(log: Log) -> dict[str, Any]:
    """Return what ``logging`` and the server are told: everything to standard error."""
    lines = JsonLines if log is Log.JSON else WordLines
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"lines": {"()": lines}},
        "handlers": {"lines": {"class": "logging.StreamHandler", "formatter": "lines"}},
        # The server's own line of each request would say its query and its sender.
        "loggers": {"app.requests": {"level": "INFO"}, "uvicorn.access": {"propagate": False}},
        "root": {"handlers": ["lines"], "level": "WARNING"},
    }
