"""What SQLite says is wrong with a database, and what whoever runs it has to do about that."""

from __future__ import annotations

import sqlite3

from sqlalchemy.exc import DBAPIError

DAMAGED = "The file is damaged: `vapic verify` says where, and `vapic restore` puts a backup back."
# By the beginning of SQLite's name of it.
TODO = {
    "BUSY": "Another program locks everybody out: end it, or wait until it is done.",
    "CORRUPT": DAMAGED,
    "NOTADB": DAMAGED,
    "IOERR": "The disk fails, or the file is gone: look at both, then `vapic verify`.",
    "FULL": "The disk is full: make room, then try again.",
    "CANTOPEN": "The file or its folder may not be opened: give both to whoever runs this.",
    "READONLY": "The file or its folder may not be written: give both to whoever runs this.",
}


def said_of(error: DBAPIError | sqlite3.Error) -> str:
    """Return what a database said, in a line; PostgreSQL says it in several."""
    return " ".join(str(getattr(error, "orig", error)).split()).rstrip(".?")


def remedy(error: DBAPIError | sqlite3.Error) -> str:
    """Return what has to be done about it, empty where SQLite has no name for it."""
    name = getattr(getattr(error, "orig", error), "sqlite_errorname", "")
    return TODO.get(name.removeprefix("SQLITE_").partition("_")[0], "")


def is_passing(error: DBAPIError) -> bool:
    """Whether it may be over by itself: nobody has to do anything but come again."""
    return remedy(error) in ("", TODO["BUSY"])
