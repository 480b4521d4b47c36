"""A document that is refused: every fault with its place, what was found, what was expected."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

MAX_FAULTS = 1000
LONGEST_FOUND = 60


@dataclass(frozen=True)
class Fault:
    """One fault of a document: an RFC 6901 pointer, what stands there, what should."""

    pointer: str
    found: str
    expected: str
    hint: str = ""

    def __str__(self) -> str:
        # A key may hold anything, and this line goes to terminals.
        place = json.dumps(self.pointer)[1:-1]
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place or '/'}: found {self.found}, expected {self.expected}{hint}"


class BadDocument(Exception):
    """A document that is refused; carries every fault, each once.

    Of more than 1000 faults the first are carried, and then one that says so; ``more``
    tells that whoever raises this stopped looking.
    """

    def __init__(self, faults: tuple[Fault, ...], *, more: bool = False) -> None:
        distinct = tuple(dict.fromkeys(faults))
        listed = distinct[:MAX_FAULTS]
        if more or len(distinct) > MAX_FAULTS:
            found = f"more than {len(listed)} faults"
            listed += (Fault("", found, "a document without faults"),)
        super().__init__("; ".join(map(str, listed)))
        self.faults = listed


def describe(value: Any) -> str:
    """Return a JSON value in a few words."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    # Escaping makes a text longer, never shorter, and an escape is not cut in two.
    text = json.dumps(value[:LONGEST_FOUND] if isinstance(value, str) else value)
    if not isinstance(value, str) or (len(text) <= LONGEST_FOUND and len(value) <= LONGEST_FOUND):
        return text
    part = value[: LONGEST_FOUND - len('"..."')]
    while len(text := f'{json.dumps(part)[:-1]}..."') > LONGEST_FOUND:
        part = part[:-1]
    return text
