"""Files that somebody names: one that is too large is refused before it is read."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from pathlib import Path

from app.core.numbers import count_noun
from app.errors import AppError

MIB = 1024 * 1024
# A trace of some hundred boots, a mailing list's thread, a document with its whole log.
MOST_LOG, MOST_MAIL, MOST_DOCUMENT, MOST_SIGNATURE = 64 * MIB, 16 * MIB, 16 * MIB, MIB


class TooLarge(AppError):
    """A file or a stream that nobody will hold in memory."""

    code = "too-large"


def read_file(path: Path, most: int) -> bytes:
    """Return what a file holds, or standard input for ``-``. Raises TooLarge, and OSError."""
    piped = str(path) == "-"
    if not piped and (size := path.stat().st_size) > most:
        raise _too_large(path, count_noun(size, "byte"), most)
    with nullcontext(sys.stdin.buffer) if piped else path.open("rb") as file:
        raw = file.read(most + 1)
    if len(raw) > most:
        # Nobody who holds the error holds this.
        del raw
        raise _too_large(path, "more", most)
    return raw


def _too_large(path: Path, found: str, most: int) -> TooLarge:
    where = "standard input" if str(path) == "-" else path
    message = f"{where}: found {found}, expected at most {most // MIB} MiB; cut out what counts."
    return TooLarge(message)
