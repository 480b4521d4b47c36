"""Query strings against a vocabulary: what is unknown is refused by name, with the nearest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from urllib.parse import unquote

from app.errors import InvalidFilter

# Keys that mail and social programs append to links; they say nothing about the view.
TRACKING = ("utm_", "fbclid", "gclid", "mc_")
# Once the revision of the manual that a page was to show, and whether measurements that wait for a
# decision were to count: such an address leads to the page.
OLD_KEYS = frozenset({"apm", "pending"})
Pairs = Iterable[tuple[str, str]]
Valid = Mapping[str, Mapping[str, str] | None]
# How many faults of one query are told, and how much of a word.
TOLD, SHOWN = 8, 40
# How alike two words are when one is offered for the other: where few are valid, all can be told.
NEAR, FEW_NEAR, FEW = 0.3, 0.5, 8
# How many values are offered where none is near.
OFFERED = 40
# The most characters of free text: each link of a page repeats it.
LONGEST = 200


def refuse_nul(address: str) -> None:
    """Raise InvalidFilter for an address with a NUL, which PostgreSQL takes in no text."""
    if "\0" in unquote(address):
        raise InvalidFilter("No address here has a NUL (%00) in it.")


def read_choices(
    pairs: Pairs, valid: Valid, one: Iterable[str] = (), kind: str = "key of the filter"
) -> dict[str, tuple[str, ...]]:
    """Read decoded query pairs; repeated keys and comma lists both give several values.

    ``valid`` maps each key to its values in canonical order with their labels, by which they may
    be called too, or to None for free text; keys of ``one`` take one value; ``kind`` is what a key
    is called. Raises InvalidFilter naming unknown keys and values, each with the nearest valid
    one; of very many the first alone.
    """
    chosen: dict[str, list[str]] = {key: [] for key in valid}
    unknown: list[tuple[str, str, tuple[str, ...]]] = []
    for key, text in pairs:
        if key.startswith(TRACKING):
            continue
        what, known, words = kind, tuple(valid), [key]
        if key in valid:
            values = valid[key]
            parts = [" ".join(text.split())] if values is None else text.split(",")
            words = [part.strip() for part in parts if part.strip()]
            if values is None:
                chosen[key] += words
                continue
            words = [slug_of(word, values) for word in words]
            chosen[key] += words
            what, known = f"value of {key!r}", tuple(values)
        unknown += [(word, what, known) for word in words if word not in known]
    problems, hints = _told(unknown)
    problems += _overlong(chosen[key] for key, known in valid.items() if known is None)
    problems += [
        f"{key!r} takes one value, not {len(set(chosen[key]))}."
        for key in one
        if len(set(chosen[key])) > 1
    ]
    if problems:
        raise InvalidFilter(" ".join(problems), hints=tuple(dict.fromkeys(hints)))
    return {
        key: tuple(dict.fromkeys(words) if known is None else (w for w in known if w in words))
        for (key, known), words in zip(valid.items(), chosen.values(), strict=True)
    }


def _overlong(texts: Iterable[list[str]]) -> list[str]:
    """Return what to say of free text that is too long."""
    lengths = [len(" ".join(words)) for words in texts]
    return [f"{n} characters are too many: at most {LONGEST}." for n in lengths if n > LONGEST]


def _told(unknown: list[tuple[str, str, tuple[str, ...]]]) -> tuple[list[str], list[str]]:
    """Return what to say of words that are not known, and the nearest that are."""
    problems, hints = [], []
    for word, what, known in unknown[:TOLD]:
        shown = word if len(word) <= SHOWN else f"{word[:SHOWN]}..."
        few = len(known) < FEW
        begun = [one for one in known if one.startswith(f"{shown.lower()}/")][:1]
        near = begun or get_close_matches(shown.lower(), known, 1, FEW_NEAR if few else NEAR)
        problems.append(f"{shown!r} is not a {what}; {_offer(near, known)}")
        hints += near
    if len(unknown) > TOLD:
        problems.append(f"{len(unknown) - TOLD} more are unknown.")
    return problems, hints


def slug_of(word: str, values: Mapping[str, str]) -> str:
    """Return the value that a word names by its label, blanks as blanks or hyphens.

    The word itself where it is a value or names none: ``not-measured`` is ``unmeasured``, and so
    that nobody has to type it all, ``table-wrong`` is ``table wrong or incomplete``.
    """
    if word in values:
        return word
    asked = _folded(word)
    meant = (
        value
        for value, label in values.items()
        if asked in (_folded(label), _folded(label.partition(" or ")[0]))
    )
    return next(meant, word)


def _folded(text: str) -> str:
    return "-".join(text.lower().replace("-", " ").split())


def _offer(near: list[str], known: tuple[str, ...]) -> str:
    if near:
        return f"did you mean {near[0]!r}?"
    more = ", ..." * (len(known) > OFFERED)
    return f"valid are {', '.join(known[:OFFERED])}{more}." if known else "this page has none."
