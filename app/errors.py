"""What can go wrong, in the words of the people who meet it.

Every error has a stable ``code``; the edges (web, CLI) decide what becomes of it.
Nothing here knows HTTP.
"""

from __future__ import annotations

from dataclasses import dataclass


class AppError(Exception):
    """Base of all expected errors; ``hints`` are near misses worth offering."""

    code = "error"

    def __init__(self, message: str, *, hints: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.hints = hints


class NotFound(AppError):
    """A name, page or version that does not exist."""

    code = "not-found"


class Gone(AppError):
    """What was published once and is not made any more; the message says what to use."""

    code = "gone"


class InvalidFilter(AppError):
    """A query that cannot be understood; refused, never silently ignored."""

    code = "invalid-filter"


class InvalidQuery(AppError):
    """A search that cannot be read.

    ``where`` is (first, behind last) of what is wrong in ``text``, counted from 0; ``hints``
    are whole queries that would do.
    """

    code = "invalid-query"

    def __init__(
        self,
        text: str,
        where: tuple[int, int],
        found: str,
        expected: str,
        hints: tuple[str, ...] = (),
    ) -> None:
        message = f"Character {where[0] + 1}: found {found}, expected {expected}."
        super().__init__(message, hints=hints)
        self.text = text
        self.where = where
        self.found = found
        self.expected = expected


class Conflict(AppError):
    """What is asked does not fit the state of things."""

    code = "conflict"


class Forbidden(AppError):
    """Whoever asks may not do this."""

    code = "forbidden"


class QueueFull(AppError):
    """So much waits for a decision already that nothing more is taken."""

    code = "queue-full"


class SenderFull(AppError):
    """So much of one sender waits for a decision already that nothing more of it is taken."""

    code = "sender-full"


class NotReady(AppError):
    """The database holds nothing to show yet."""

    code = "not-ready"


@dataclass(frozen=True)
class Problem:
    """One fault in one place of a file.

    ``place`` is a path inside the document (``claims[2].page``), ``line`` is 1-based
    or 0 when unknown.
    """

    file: str
    place: str
    found: str
    expected: str
    line: int = 0

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        place = f" {self.place}:" if self.place else ""
        return f"{where}:{place} found {self.found}, expected {self.expected}"


class InvalidSeed(AppError):
    """The seed is wrong; carries every problem, not only the first."""

    code = "invalid-seed"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__(f"the seed has {len(problems)} problem(s)")
        self.problems = problems
