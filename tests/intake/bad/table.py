"""How a row says what is wrong: a good document, what is changed in it, and its faults.

A row is a tuple ``(name, pointer, value)``, with a hint behind it where the fault has one. The
value is put where the RFC 6901 pointer says, in a copy of a good document, and the fault is
found there: ``found`` is the value as the format describes it, ``expected`` is said once for
all rows of a group. What does not fit says its patch and its faults in full (``bad``), or its
bytes (``text``).
"""

import copy
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.core.faults import Fault

GOOD = Path(__file__).parents[2] / "data" / "good"
GONE = object()
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Bad:
    """A document that has to be refused, and every fault it is refused for, in order."""

    name: str
    raw: bytes
    faults: tuple[Fault, ...]
    # Of a document that is bad by its letters, a schema sees nothing.
    of_the_text: bool = False


def good(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((GOOD / f"{name}.json").read_text("utf-8"))
    return found


def place(document: Any, pointer: str) -> tuple[Any, Any]:
    """Return what holds the end of a pointer, and the end; a list that is not there is made."""
    *steps, last = (s.replace("~1", "/").replace("~0", "~") for s in pointer.split("/")[1:])
    if last == "0" and isinstance(document, dict):
        where = place(document, pointer.removesuffix("/0"))
        where[0].setdefault(where[1], [None])
    for step in steps:
        document = document[int(step) if isinstance(document, list) else step]
    return document, int(last) if isinstance(document, list) else last


def changed(base: Mapping[str, Any], patch: Mapping[str, Any]) -> dict[str, Any]:
    """Return a copy of a document with other values; ``GONE`` takes the key away."""
    document = copy.deepcopy(dict(base))
    for pointer, value in patch.items():
        holder, last = place(document, pointer)
        if value is GONE:
            del holder[last]
        elif isinstance(holder, list) and last == len(holder):
            holder.append(value)
        else:
            holder[last] = value
    return document


def written(document: object) -> bytes:
    """Return a document as all of these are written; lines and columns of faults count on it."""
    return (json.dumps(document, ensure_ascii=False, indent=1) + "\n").encode()


MINIMAL = good("minimal")
EMULATED = good("emulated")
# Every key of the format but the one that rules out some of the others, and plain notes.
FULL = changed(
    good("every-key"),
    {"/exits_watched": GONE, "/observations/0/note": "A note.", "/notes": MINIMAL["notes"]},
)


def shown(value: object) -> str:
    """Return a short value as a fault describes it."""
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return "an object" if isinstance(value, dict) else json.dumps(value)


def bad(
    name: str, patch: Mapping[str, Any], *faults: Fault, base: Mapping[str, Any] = MINIMAL
) -> Bad:
    """Return a document with one or more changes and all its faults."""
    return Bad(name, written(changed(base, patch)), faults)


def wrong(base: Mapping[str, Any], expected: str, *rows: Row, found: str = "") -> list[Bad]:
    """Return documents with one fault each, of one kind; ``found`` where values are cut."""
    return [
        bad(name, {at: value}, Fault(at, found or shown(value), expected, *hint), base=base)
        for name, at, value, *hint in rows
    ]


def renamed(base: Mapping[str, Any], *renames: tuple[str, str]) -> dict[str, Any]:
    """Return a copy of a document with other names for keys, in their places."""
    document = copy.deepcopy(dict(base))
    for pointer, new in renames:
        holder, last = place(document, pointer)
        pairs = [(new if key == last else key, value) for key, value in holder.items()]
        holder.clear()
        holder.update(pairs)
    return document


def places(value: object, at: str = "") -> Iterator[tuple[str, object]]:
    """Yield every value within a document, with its pointer."""
    items = value.items() if isinstance(value, dict) else ()
    for key, item in enumerate(value) if isinstance(value, list) else items:
        yield f"{at}/{key}", item
        yield from places(item, f"{at}/{key}")


def below(holder: str, keys: str) -> list[str]:
    return [f"{holder}/{key}" for key in keys.split()]


def named(what: str, value: object, *pointers: str) -> list[Row]:
    """Return a row for each place where the same value is put."""
    return [(f"{what}{slug(at)}", at, value) for at in pointers]


def slug(pointer: str) -> str:
    return pointer.replace("observations/0", "observation").replace("/", "-").replace("_", "-")


def missing(*pointers: str) -> list[Bad]:
    """Return documents without a key that is required."""
    return [bad(f"missing{slug(at)}", {at: GONE}, nothing(at), base=FULL) for at in pointers]


def nothing(pointer: str) -> Fault:
    return Fault(pointer, "nothing", "a value: this key is required")


def unknown(pointer: str, near: str = "") -> Fault:
    hint = f"did you mean `{near}`?" if near else ""
    return Fault(pointer, "an unknown key", "a key of the format", hint)


def misspelt(*rows: Row, required: bool) -> list[Bad]:
    """Return documents with a key misspelt: pointer, spelling, and ``True`` if far from the key."""
    found = []
    for pointer, spelling, *far in rows:
        at, _, key = pointer.rpartition("/")
        faults = (unknown(f"{at}/{spelling}", "" if far else key),)
        raw = written(renamed(FULL, (pointer, spelling)))
        gone = (nothing(pointer),) if required else ()
        found.append(Bad(f"misspelt{slug(pointer)}", raw, faults + gone))
    return found


def edited(*swaps: tuple[bytes, bytes]) -> bytes:
    """Return the minimal document, without its last newline, with other bytes in some places."""
    raw = written(MINIMAL).rstrip()
    for old, new in swaps:
        assert 1 == raw.count(old), old
        raw = raw.replace(old, new)
    return raw


def text(name: str, raw: bytes, found: str, expected: str, hint: str = "", *, at: str = "") -> Bad:
    """Return bytes that are no document, and the one fault that says so."""
    return Bad(name, raw, (Fault(at, found, expected, hint),), of_the_text=True)
