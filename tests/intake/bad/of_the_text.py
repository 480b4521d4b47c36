"""Bytes that are no JSON, or JSON that says a thing twice, too deep or in no number or letter."""

import json

from app.core.faults import Fault
from tests.intake.bad.table import MINIMAL, Bad, edited, text, written

COMMAND = b"example-guest --register"
FORMAT = b'"format": 1,'
KEY = "a key in double quotes"
MODEL = b'"model": 17'
TOO_DEEP = ("more than 32 levels of nesting", "a flat document")
TWICE = ("the key twice", "each key once")
NO_NUMBER = "JSON, which has no such number"
HALF = ("half of a surrogate pair", "Unicode: a surrogate stands beside its other half")
ONE_TOO_MANY = "the comma before it is one too many"
DEEP = json.dumps(MINIMAL)[:-1] + ', "x-deep": ' + "[" * 32 + "1" + "]" * 32 + "}\n"


def number(name: str, digits: str, found: str, expected: str) -> Bad:
    raw = edited((MODEL, b'"model": ' + digits.encode())) + b"\n"
    return text(f"number-{name}", raw, found, expected, at="/cpu/model")


BYTES = [
    text("empty", b"", "an empty document", "JSON"),
    text("blank", b" \r\n\t\n", "an empty document", "JSON"),
    text("byte-order-mark", b"\xef\xbb\xbf" + edited(), "a byte order mark", "UTF-8 without one"),
    text(
        "utf-16", b"\xff\xfe" + edited().decode().encode("utf-16-le"),
        "byte FFh at offset 0", "UTF-8",
    ),
    text(
        "not-utf-8", edited((b'"example-guest"', b'"caf\xe9"')), "byte E9h at offset 286", "UTF-8"
    ),
]  # fmt: skip

SYNTAX = [
    text(
        "html", b"<!doctype html>\n<title>502 Bad Gateway</title>\n",
        '"<" at line 1, column 1', "a value",
    ),
    text(
        "comment", edited((FORMAT, b"// which format\n " + FORMAT)),
        '"/" at line 2, column 2', KEY, "JSON has no comments",
    ),
    text(
        "single-quotes", edited().replace(b'"', b"'"),
        '"\'" at line 2, column 2', KEY, "JSON has double quotes only",
    ),
    text("unquoted-key", edited((FORMAT, b"format: 1,")), '"f" at line 2, column 2', KEY),
    text("missing-colon", edited((FORMAT, b'"format" 1,')), '"1" at line 2, column 11', "a colon"),
    text(
        "missing-comma", edited((FORMAT, b'"format": 1')),
        '"\\"" at line 3, column 2', "a comma, or the end of the object or list",
    ),
    text(
        "missing-brace", edited((b"\n}", b"\n")), "the end at line 31, column 1",
        "a comma, or the end of the object or list", "is it cut off?",
    ),
    text(
        "trailing-comma-list", edited((b"  }\n ]", b"  },\n ]")),
        '"]" at line 29, column 2', "a value", ONE_TOO_MANY,
    ),
    text(
        "trailing-comma-object", edited((b'"version": "1"', b'"version": "1",')),
        '"}" at line 6, column 2', KEY, ONE_TOO_MANY,
    ),
    text(
        "truncated", edited().partition(b'": {\n  "name": "example-guest"')[0] + b"\n",
        '"\\n" at line 18, column 8', "an escape such as \\n",
    ),
    text(
        "truncated-in-a-string", edited().partition(b"-tool")[0],
        '"\\"" at line 4, column 11', "a string that ends",
    ),
    text(
        "two-documents", 2 * written(MINIMAL),
        '"{" at line 32, column 1', "the end of the document",
    ),
    text(
        "python-true", edited((b'"gp"', b'"gp", "intercepted": True')),
        '"T" at line 27, column 36', "a value",
    ),
    text(
        "raw-newline-in-a-string", edited((COMMAND, COMMAND.replace(b" ", b"\n"))),
        '"\\n" at line 20, column 28', "an escape such as \\n",
    ),
    text(
        "short-unicode-escape", edited((COMMAND, COMMAND.replace(b" ", rb"\u20 "))),
        '"u" at line 20, column 29', "four hexadecimal digits after \\u",
    ),
    text(
        "unknown-escape", edited((COMMAND, COMMAND.replace(b" ", rb"\x20"))),
        '"\\\\" at line 20, column 28', "an escape of JSON, such as \\n or \\u00e9",
    ),
]  # fmt: skip

TWICE_OR_TOO_DEEP = [
    text("duplicate-key", edited((FORMAT, FORMAT + b"\n " + FORMAT)), *TWICE, at="/format"),
    text(
        "duplicate-key-thrice", edited((FORMAT, b"\n ".join([FORMAT] * 3))), *TWICE, at="/format"
    ),
    text(
        "duplicate-key-by-escape", edited((FORMAT, FORMAT + b'\n "\\u0066ormat": 1,')),
        *TWICE, at="/format",
    ),
    text(
        "duplicate-key-nested", edited((b'"x2avic",', b'"x2avic",\n   "mode": "avic",')),
        *TWICE, at="/observations/0/mode",
    ),
    text(
        "duplicate-private-key", edited((FORMAT, FORMAT + b'\n "x-a": 1,\n "x-a": 2,')),
        *TWICE, at="/x-a",
    ),
    text("nested-33-levels", DEEP.encode(), *TOO_DEEP),
    text("nested-brackets", b"[" * 10_000 + b"\n", *TOO_DEEP),
]  # fmt: skip

NUMBERS_AND_LETTERS = [
    number("nan", "NaN", "NaN", NO_NUMBER),
    number("infinity", "Infinity", "Infinity", NO_NUMBER),
    number("minus-infinity", "-Infinity", "-Infinity", NO_NUMBER),
    number("1e999", "1e999", "the number 1e999", "a number within the range of a double"),
    number("of-300-digits", "9" * 300, "a number of 300 characters", "at most 40"),
    number("of-300-decimals", "0." + "3" * 300, "a number of 302 characters", "at most 40"),
    text(
        "number-nan-in-a-private-key", edited((b"\n}", b',\n "x-load": NaN\n}\n')),
        "NaN", NO_NUMBER, at="/x-load",
    ),
    text(
        "lone-surrogate", edited((COMMAND, COMMAND.replace(b" ", rb"\ud800"))),
        *HALF, at="/guest/command",
    ),
    text(
        "lone-surrogate-in-a-key", edited((FORMAT, FORMAT + rb' "x-\udfff": 1,')),
        *HALF, at="/x-\ufffd",
    ),
]  # fmt: skip

NO_OBJECT = [
    Bad(name, written(value), (Fault("", found, "an object"),))
    for name, value, found in [
        ("array", [MINIMAL], "a list of 1"),
        ("boolean", True, "true"),
        ("null", None, "null"),
        ("scalar", 42, "42"),
        ("string", "ldr", '"ldr"'),
    ]
]

ALL = [*BYTES, *SYNTAX, *TWICE_OR_TOO_DEEP, *NUMBERS_AND_LETTERS, *NO_OBJECT]
