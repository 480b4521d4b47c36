"""Query strings against a vocabulary: what is unknown is refused by name, with the nearest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches

from app.errors import InvalidFilter

# Keys that mail and social programs append to links; they say nothing about the view.
TRACKING = ("utm_", "fbclid", "gclid", "mc_")
# Once the revision of the manual that a page was to show, and whether measurements that wait for a
# decision were to count: such an address leads to the page.
OLD_KEYS = frozenset({"apm", "pending"})
Valid = Mapping[str, Mapping[str, str] | None]


def read_choices(
    pairs: Iterable[tuple[str, str]], valid: Valid, one: Iterable[str] = ()
) -> dict[str, tuple[str, ...]]:
    """Read decoded query pairs; repeated keys and comma lists both give several values.

    ``valid`` maps each key to its values in canonical order, or to None for free text;
    keys of ``one`` take one value. Raises InvalidFilter naming every unknown key and value
    with the nearest valid one.
    """
    chosen: dict[str, list[str]] = {key: [] for key in valid}
    problems: list[str] = []
    hints: list[str] = []
    for key, text in pairs:
        if key.startswith(TRACKING):
            continue
        known = tuple(valid) if key not in valid else tuple(valid[key] or ())
        free = key in valid and valid[key] is None
        values = [" ".join(text.split())] if free else [v.strip() for v in text.split(",")]
        words = [key] if key not in valid else [] if free else [v for v in values if v]
        what = "key of the filter" if key not in valid else f"value of {key!r}"
        for word in (w for w in words if w not in known):
            near = get_close_matches(word.lower(), known, 1, 0.3)
            problems.append(f"{word!r} is not a {what}; {_offer(near, known)}")
            hints += near
        if key in valid:
            chosen[key] += [v for v in values if v]
    problems += [
        f"{key!r} takes one value, not {len(set(chosen[key]))}."
        for key in one
        if len(set(chosen[key])) > 1
    ]
    if problems:
        raise InvalidFilter(" ".join(problems), hints=tuple(dict.fromkeys(hints)))
    return {key: _ordered(values, valid[key]) for key, values in chosen.items()}


def _ordered(values: list[str], known: Mapping[str, str] | None) -> tuple[str, ...]:
    if known is None:
        return tuple(dict.fromkeys(values))
    return tuple(word for word in known if word in values)


def _offer(near: list[str], known: tuple[str, ...]) -> str:
    if near:
        return f"did you mean {near[0]!r}?"
    return f"valid are {', '.join(known)}." if known else "this page has none."
