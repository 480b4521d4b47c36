"""The faults of a document's form, in our words: what was found, what was expected."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel

from app.core.faults import LONGEST_FOUND, Fault, describe
from app.intake import format1
from app.intake.strict_json import escape

# How alike two keys, or two words, are when one is taken for a typo of the other.
NEAR_KEY = 0.65
NEAR_WORD = 0.52

# What each pattern of the format means, for people.
PATTERNS = {
    r"^0x": "hexadecimal such as 0x402, at most 16 digits",
    r"^[1-9][0-9]{3}-": "a moment such as 2026-11-22T10:13:27+01:00, with its offset",
    r"^(0|[1-9][0-9]{0,2})": "a version such as 6.12.117+deb13-cloud-amd64",
    r"^[a-z][a-z0-9_]": "a short word such as kvm_amd",
    r"^[A-Za-z0-9_.-]": "a parameter such as kvm_amd.avic=1",
    r"^(https://": "an https:// address or a Message-ID without angle brackets",
    r"^[^\x00": "text without control characters and changes of direction",
}
# pydantic's kinds of complaint, and those of the format; braces are filled from the context.
EXPECTED = {
    "null": "a value; where there is none, leave the key out",
    "no_such_day": "a day that exists",
    "string_type": "a string",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "model_type": "an object",
    "string_too_short": "a text that is not empty",
    "string_too_long": "at most {max_length} characters",
    "too_long": "at most {max_length} items",
    "too_short": "at least {min_length} item",
    "less_than_equal": "a number up to {le}",
    "greater_than_equal": "a number from {ge}",
}
PARTS: Mapping[str, type[BaseModel]] = {
    "tool": format1.Tool,
    "cpu": format1.CpuPart,
    "features": format1.Features,
    "hypervisor": format1.Hypervisor,
    "host": format1.HostPart,
    "emulation": format1.EmulationPart,
    "guest": format1.Guest,
    "observations": format1.ObservationPart,
    "exit": format1.ExitPart,
    "submitter": format1.Submitter,
}
HEXADECIMAL = frozenset(
    name
    for part in PARTS.values()
    for name, field in part.model_fields.items()
    if "^0x" in repr(field)
)


def meaning_of(pattern: str) -> str:
    """Return what a text has to be to match a pattern of the format."""
    return next(text for start, text in PATTERNS.items() if pattern.startswith(start))


def fault_of(detail: Any) -> Fault:
    """Return one of pydantic's complaints about a document as a fault."""
    path, kind, context = detail["loc"], detail["type"], detail.get("ctx", {})
    pointer = "".join(f"/{escape(str(step))}" for step in path)
    if kind == "missing":
        return Fault(pointer, "nothing", "a value: this key is required")
    if kind == "extra_forbidden":
        hint = _near(path[-1], _keys(path[:-1]), NEAR_KEY)
        return Fault(pointer, "an unknown key", "a key of the format", hint)
    found = describe(detail["input"])
    if path == ("format",):
        return Fault(pointer, found, "1, the only format there is")
    if kind in ("enum", "literal_error"):
        words = re.findall(r"'([^']*)'", context["expected"])
        hint = _near(detail["input"], words, NEAR_WORD)
        return Fault(pointer, found, "one of " + ", ".join(words), hint)
    if kind == "string_pattern_mismatch":
        return Fault(pointer, found, meaning_of(context["pattern"]))
    expected = EXPECTED.get(kind, detail["msg"]).format(**context)
    if kind == "string_type" and path[-1] in HEXADECIMAL:
        expected += f", {PATTERNS['^0x']}"
    return Fault(pointer, found, expected)


def _near(word: Any, words: list[str], cutoff: float) -> str:
    if not isinstance(word, str) or len(word) > LONGEST_FOUND:
        return ""
    near = get_close_matches(word.lower(), words, 1, cutoff)
    return f"did you mean `{near[0]}`?" if near else ""


def _keys(path: tuple[str | int, ...]) -> list[str]:
    """Return the keys that the format knows at a place."""
    model: type[BaseModel] = format1.DocumentPart
    for step in path:
        if isinstance(step, str):
            model = PARTS[step]
    return [field.alias or name for name, field in model.model_fields.items()]
