"""The JSON of an error: one shape at every door."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.pages.api_models import Out


class ErrorDetail(Out):
    """What went wrong; one shape at every door."""

    code: str
    message: str
    hints: list[str]


class ProblemOut(Out):
    """One problem of what was sent: where, what stands there, what should."""

    pointer: str
    found: str
    expected: str
    hint: str


class ErrorOut(Out):
    """The body of every JSON error; ``problems`` only where something was sent."""

    error: ErrorDetail
    problems: list[ProblemOut] | None = None


def error_out(code: str, message: str, hints: Iterable[str] = ()) -> dict[str, Any]:
    """Return the body of a JSON error."""
    detail = ErrorDetail(code=code, message=message, hints=list(hints))
    return ErrorOut(error=detail).model_dump(mode="json", exclude_none=True)
