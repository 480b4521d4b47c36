"""JSON from strangers: bounded, exact, and every complaint with its place.

The standard parser accepts NaN, keeps the last of two equal keys and recurses without a
bound; a measurement must not lose anything that way.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from app.core.faults import MAX_FAULTS, BadDocument, Fault

MAX_DEPTH = 32
MAX_NUMBER_CHARS = 40
# Every place below a key names it.
MAX_KEY_CHARS = 200
TWICE = "the key twice"
# A string, to its end or to that of the text.
STRING = re.compile(r'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)


@dataclass(frozen=True)
class _Unfit:
    """A number that JSON or this reader does not take; its place is known later."""

    found: str
    expected: str


class _Pairs(list[tuple[str, Any]]):
    """An object as its pairs, so that a key given twice is not lost."""


def scan_json(raw: bytes) -> tuple[Any, tuple[Fault, ...]]:
    """Return the value of a UTF-8 JSON text, and what is wrong in single places of it.

    Those are NaN and Infinity, endless numbers, text that is not Unicode, and keys that
    are given twice; the value has a stand-in there. Raises BadDocument where there is no
    value at all: bytes that are not UTF-8, nesting beyond 32 levels, keys of more than 200
    characters, anything that is not JSON (RFC 8259).
    """
    text = _decode(raw)
    _check_depth(text)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_Pairs,
            parse_constant=lambda name: _Unfit(name, "JSON, which has no such number"),
            parse_int=lambda digits: _number(digits, int),
            parse_float=lambda digits: _number(digits, float),
        )
    except json.JSONDecodeError as error:
        raise BadDocument((_syntax_fault(error),)) from None
    faults: dict[tuple[str, ...], Fault] = {}

    place: list[str] = []

    def tell(found: str, expected: str) -> None:
        # Each once, known by its steps; of too many, one more than is listed is enough.
        told = (*place, found, expected)
        if len(faults) <= MAX_FAULTS and told not in faults:
            faults[told] = Fault("".join(place), found, expected)

    return _plain(value, place, tell), tuple(faults.values())


def escape(key: str) -> str:
    """Return a key as a step of an RFC 6901 pointer."""
    return key.replace("~", "~0").replace("/", "~1")


def steps(pointer: str) -> tuple[str, ...]:
    """Return the keys that an RFC 6901 pointer leads through."""
    return tuple(s.replace("~1", "/").replace("~0", "~") for s in pointer.split("/")[1:])


def _decode(raw: bytes) -> str:
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        found = f"byte {raw[error.start]:02X}h at offset {error.start}"
        utf16 = raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        hint = "this is UTF-16: iconv -f UTF-16 -t UTF-8 makes it UTF-8" if utf16 else ""
        raise BadDocument((Fault("", found, "UTF-8", hint),)) from None
    if text.startswith("\N{ZERO WIDTH NO-BREAK SPACE}"):
        raise BadDocument((Fault("", "a byte order mark", "UTF-8 without one"),))
    if not text.strip(" \t\r\n"):
        raise BadDocument((Fault("", "an empty document", "JSON"),))
    return text


def _check_depth(text: str) -> None:
    depth = 0
    for bracket in re.findall(r"[][{}]", STRING.sub("", text)):
        depth += 1 if bracket in "[{" else -1
        if depth > MAX_DEPTH:
            fault = Fault("", f"more than {MAX_DEPTH} levels of nesting", "a flat document")
            raise BadDocument((fault,))


# The parser's complaints in our words: what should stand there.
_SYNTAX = {
    "Expecting value": "a value",
    "Expecting property name enclosed in double quotes": "a key in double quotes",
    "Illegal trailing comma before end of object": "a key in double quotes",
    "Illegal trailing comma before end of array": "a value",
    "Expecting ':' delimiter": "a colon",
    "Expecting ',' delimiter": "a comma, or the end of the object or list",
    "Extra data": "the end of the document",
    "Unterminated string starting at": "a string that ends",
    "Invalid control character at": r"an escape such as \n",
    r"Invalid \escape": r"an escape of JSON, such as \n or \u00e9",
    r"Invalid \uXXXX escape": r"four hexadecimal digits after \u",
}


def _syntax_fault(error: json.JSONDecodeError) -> Fault:
    text, at = error.doc, error.pos
    if error.msg.startswith("Illegal trailing comma"):
        # Newer parsers point at the comma, older ones at what follows it.
        at += 1
    if not error.msg.startswith(("Invalid control", "Unterminated")):
        at += len(text[at:]) - len(text[at:].lstrip(" \t\r\n"))
    line = text.count("\n", 0, at) + 1
    column = at - text.rfind("\n", 0, at)
    what = json.dumps(text[at]) if at < len(text) else "the end"
    expected = _SYNTAX.get(error.msg.rstrip(": "), "JSON")
    hint = ""
    match text[at : at + 1]:
        case "":
            hint = "is it cut off?"
        case "'":
            hint = "JSON has double quotes only"
        case "/" | "#":
            hint = "JSON has no comments"
        case "]" | "}" if text[:at].rstrip(" \t\r\n").endswith(","):
            hint = "the comma before it is one too many"
    return Fault("", f"{what} at line {line}, column {column}", expected, hint)


def _number(digits: str, read: Callable[[str], float]) -> float | _Unfit:
    if len(digits) > MAX_NUMBER_CHARS:
        return _Unfit(f"a number of {len(digits)} characters", f"at most {MAX_NUMBER_CHARS}")
    value = read(digits)
    if math.isinf(value):
        return _Unfit(f"the number {digits}", "a number within the range of a double")
    return value


def _plain(value: Any, place: list[str], tell: Callable[[str, str], None]) -> Any:
    """Return a value without stand-ins of ours; what is wrong in it is told.

    ``place`` has the steps to it meanwhile, which are joined for a fault alone. Raises
    BadDocument for a key that is too long.
    """
    match value:
        case _Pairs():
            found: dict[str, Any] = {}
            for name, item in value:
                if len(name) > MAX_KEY_CHARS:
                    told = f"a key of {len(name)} characters", f"at most {MAX_KEY_CHARS}"
                    raise BadDocument((Fault("".join(place), *told),))
                place.append(f"/{escape(_readable(name))}")
                key = _plain(name, place, tell)
                if key in found:
                    tell(TWICE, "each key once")
                found[key] = _plain(item, place, tell)
                place.pop()
            return found
        case list():
            items = []
            for i, item in enumerate(value):
                place.append(f"/{i}")
                items.append(_plain(item, place, tell))
                place.pop()
            return items
        case _Unfit():
            tell(value.found, value.expected)
            return None
        case str() if (readable := _readable(value)) != value:
            tell("half of a surrogate pair", "Unicode: a surrogate stands beside its other half")
            return readable
        case _:
            return value


def _readable(text: str) -> str:
    """Return a text with a replacement character for every lone surrogate."""
    if text.isascii():
        return text
    return "".join("\N{REPLACEMENT CHARACTER}" if "\ud800" <= c <= "\udfff" else c for c in text)
