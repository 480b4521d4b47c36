"""One JSON line of a log: its fields, each with a complaint when it is not what it should be."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from app.core.faults import describe
from app.errors import Problem

LONGEST_LINE = 4096
LONGEST_TEXT = 200
# The protocol nests two deep; a parser that recurses must not be led further.
MAX_BRACKETS = 16

_HEX = re.compile(r"0x[0-9a-fA-F]{1,16}")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,39}")
_PRINTABLE = re.compile(r"[ -~]*")


@dataclass(frozen=True)
class GuestLine:
    """A line as an object; its methods return a field, or complain and return nothing."""

    file: str
    number: int
    values: dict[str, Any]
    problems: list[Problem]

    def complain(self, key: str, found: Any, expected: str) -> None:
        """Add a problem of one field."""
        self.problems.append(Problem(self.file, key, describe(found), expected, self.number))

    def text(self, key: str, *, empty: bool = False) -> str:
        """Return a text of printable ASCII."""
        value = self.values.get(key)
        fits = isinstance(value, str) and _PRINTABLE.fullmatch(value)
        if not fits or len(value) > LONGEST_TEXT or not (value or empty):  # type: ignore[arg-type]
            self.complain(key, value, f"a text of up to {LONGEST_TEXT} printable characters")
            return ""
        return str(value)

    def word(self, key: str, words: Sequence[str]) -> str:
        """Return one of the words, empty when it is none of them."""
        value = self.values.get(key)
        if value not in words:
            self.complain(key, value, "one of " + ", ".join(words))
            return ""
        return str(value)

    def slug(self, key: str) -> str:
        """Return a word of lower-case letters, digits and dashes."""
        value = self.values.get(key)
        if not isinstance(value, str) or not _SLUG.fullmatch(value):
            self.complain(key, value, "a word of letters, digits and dashes")
            return ""
        return value

    def number_at(self, key: str, least: int, most: int, *, missing: bool = False) -> int | None:
        """Return a whole number within bounds."""
        value = self.values.get(key)
        if missing and value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= most:
            bounds = str(least) if least == most else f"a whole number from {least} to {most}"
            self.complain(key, value, bounds)
            return None
        return value

    def hexadecimal(self, key: str, bits: int, *, missing: bool = False) -> int | None:
        """Return a hexadecimal number of so many bits."""
        value = self.values.get(key)
        return None if missing and value is None else self.as_hexadecimal(key, value, bits)

    def as_hexadecimal(self, key: str, value: Any, bits: int) -> int | None:
        """Return the number that a text stands for."""
        if not isinstance(value, str) or not _HEX.fullmatch(value) or int(value, 16) >> bits:
            self.complain(key, value, f"hexadecimal such as 0x80, at most {bits} bits")
            return None
        return int(value, 16)

    def flag(self, key: str) -> bool | None:
        """Return true or false, None where the field is missing."""
        value = self.values.get(key)
        if value is not None and not isinstance(value, bool):
            self.complain(key, value, "true or false")
            return None
        return value


def read_line(text: bytes, file: str, number: int, problems: list[Problem]) -> GuestLine | None:
    """Return one line as an object; complain and return None where it is none."""
    expected = "a whole JSON line: is it garbled?"
    found = f"{len(text)} bytes"
    if len(text) <= LONGEST_LINE and text.count(b"[") + text.count(b"{") <= MAX_BRACKETS:
        try:
            values = json.loads(text.decode("ascii"), object_pairs_hook=_distinct)
        except ValueError as error:
            # The text of a parser's complaint; never the bytes, which may hold anything.
            found = str(error).splitlines()[0]
        else:
            if isinstance(values, dict):
                return GuestLine(file, number, values, problems)
    problems.append(Problem(file, "", found, expected, number))
    return None


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) != len(pairs):
        raise ValueError("a key that stands there twice")
    return values
