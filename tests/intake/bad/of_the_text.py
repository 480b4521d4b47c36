"""Bytes that are no JSON, or JSON that says a thing twice, too deep or in no number or letter.

Which they are, and where, is in ``tests/intake/test_strict_json.py``; here is one of each sort.
"""

import json

from app.core.faults import Fault
from tests.intake.bad.table import MINIMAL, Bad, edited, text, written

COMMAND = b"example-guest --register"
FORMAT = b'"format": 1,'
MODEL = b'"model": 17'
DEEP = json.dumps(MINIMAL)[:-1] + ', "x-deep": ' + "[" * 32 + "1" + "]" * 32 + "}\n"
TWICE = ("the key twice", "each key once")
NO_NUMBER = "JSON, which has no such number"
EXAMPLE = "/docs/format has an example"
HALF = ("half of a surrogate pair", "Unicode: a surrogate stands beside its other half")
ENDED = ("a comma, or the end of the object or list", "is it cut off?")


def number(digits: str, found: str, expected: str) -> Bad:
    raw = edited((MODEL, b'"model": ' + digits.encode())) + b"\n"
    return text(f"number-{digits[:9]}", raw, found, expected, at="/cpu/model")


TEXTS = [
    text("empty", b"", "an empty document", "JSON", EXAMPLE),
    text("byte-order-mark", b"\xef\xbb\xbf" + edited(), "a byte order mark", "UTF-8 without one"),
    text(
        "html",
        b"<!doctype html>\n<title>502</title>\n",
        *('"<" at line 1, column 1', "a value"),
        "This is a page (HTML): give the file that it leads to, by its raw link.",
    ),
    text(
        "another-tools-json",
        written({"lscpu": [], "model": 7, "family": 25, "b": 0, "c": 0}),
        'an object with other keys: "lscpu", "model", "family" ...',
        *("a measurement document", EXAMPLE),
    ),
    text(
        "an-archive",
        b"\x1f\x8b\x08\0",
        *("byte 8Bh at offset 1", "UTF-8"),
        "This is a gzip archive: `zcat FILE` unpacks it; a .tar.gz `tar xf FILE`.",
    ),
    text(
        "a-trace",
        b"# tracer: nop\n",
        *('"#" at line 1, column 1', "a value"),
        "This is a trace of the host: `vapic correlate GUEST TRACE` takes it, behind the guest's "
        "serial log.",
    ),
    text("missing-brace", edited((b"\n}", b"\n")), "the end at line 31, column 1", *ENDED),
    text("two", 2 * written(MINIMAL), '"{" at line 32, column 1', "the end of the document"),
    text("key-twice", edited((FORMAT, FORMAT + b"\n " + FORMAT)), *TWICE, at="/format"),
    text(
        "private-key-twice",
        edited((FORMAT, FORMAT + b'\n "x-a": 1,\n "x-a": 2,')),
        *TWICE,
        at="/x-a",
    ),
    text("33-levels", DEEP.encode(), "more than 32 levels of nesting", "a flat document"),
    number("NaN", "NaN", NO_NUMBER),
    number("1e999", "the number 1e999", "a number within the range of a double"),
    number("9" * 300, "a number of 300 characters", "at most 40"),
    text(
        "nan-in-a-private-key",
        edited((b"\n}", b',\n "x-load": NaN\n}\n')),
        *("NaN", NO_NUMBER),
        at="/x-load",
    ),
    text(
        "surrogate",
        edited((COMMAND, COMMAND.replace(b" ", rb"\ud800"))),
        *HALF,
        at="/guest/command",
    ),
    text(
        "surrogate-in-a-key",
        edited((FORMAT, FORMAT + rb' "x-\udfff": 1,')),
        *HALF,
        at="/x-\ufffd",
    ),
]

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

ALL = [*TEXTS, *NO_OBJECT]
