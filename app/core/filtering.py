"""A filter is a tuple of keys: address, rule, sentence, chips and form loop over them.

The same words serve the form, the URL, the API and the CLI. Equal filters have equal
query strings: defaults left out, keys and values in one order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property, lru_cache
from typing import Any, Generic, TypeVar
from urllib.parse import quote_plus

from app.core.choices import read_choices
from app.core.knowledge import Knowledge
from app.errors import InvalidFilter

T = TypeVar("T")
C = TypeVar("C")
Labels = Mapping[str, str]
Chosen = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Control:
    """How a form asks for a key: ``select`` or ``boxes``.

    ``every`` is what a select calls no choice; what is ``more`` may be folded away. ``short``
    are shorter labels for some values.
    """

    kind: str
    label: str
    every: str = ""
    more: bool = False
    short: Labels = field(default_factory=dict)


@dataclass(frozen=True)
class Key(Generic[T, C]):
    """One key: its valid values with their labels, its rule, and its words.

    ``values`` is None for free text. ``found`` returns the values that a thing has; it passes
    where one of them is chosen, and it is asked only where something is. A key without it
    narrows nothing, and its words end the sentence. ``reads`` are the other keys whose choice
    its rule asks for. ``words`` are a pattern for the labels,
    said where something is chosen, or a function; ``apart`` are sentences that follow.
    ``most`` is how many values it takes, 1 or 2, and 0 for any number. ``chip`` is its name on
    a chip, ``api`` its line in the API's description.
    """

    name: str
    values: Callable[[Knowledge], Labels] | None = None
    found: Callable[[Filter[T, C], T, C], Iterable[str]] | None = None
    words: str | Callable[[Filter[T, C], Vocabulary[T, C]], str] = ""
    apart: Callable[[Filter[T, C], Vocabulary[T, C]], Iterable[str]] = lambda *_: ()
    most: int = 0
    reads: tuple[str, ...] = ()
    default: str = ""
    chip: str = ""
    control: Control | None = None
    api: str = ""


# Every link of a table has some of the same few.
@lru_cache(1000)
def _pair(name: str, value: str) -> str:
    return f"{name}={quote_plus(value, safe=',/')}"


@dataclass(frozen=True)
class Filter(Generic[T, C]):
    """What is chosen of each key, in one order and without defaults; nothing means all.

    Values of one key are alternatives, keys add up.
    """

    keys: tuple[Key[T, C], ...]
    chosen: Chosen = field(default_factory=dict)

    def __getitem__(self, name: str) -> tuple[str, ...]:
        return self.chosen.get(name, ())

    def text(self, name: str) -> str:
        """Return the one value of a key, or its default."""
        return next(iter(self[name] or [key.default for key in self.keys if key.name == name]))

    def but(self, **chosen: tuple[str, ...]) -> Filter[T, C]:
        """Return the filter with other choices for some keys."""
        both = {**self.chosen, **chosen}
        some = {k.name: v for k in self.keys if (v := both.get(k.name)) and v != (k.default,)}
        return Filter(self.keys, some)

    def without(self, name: str, value: str) -> Filter[T, C]:
        """Return the filter without one value of a key."""
        return self.but(**{name: tuple(other for other in self[name] if other != value)})

    def only(self, *names: str) -> Filter[T, C]:
        """Return the filter with nothing chosen but of some keys."""
        return replace(self, chosen={k: v for k, v in self.chosen.items() if k in names})

    def query(self) -> str:
        """Return the canonical query string, empty for the default view."""
        return self._query

    @cached_property
    def _query(self) -> str:
        return "&".join(_pair(name, ",".join(values)) for name, values in self.chosen.items())

    def at(self, path: str) -> str:
        """Return the canonical address of a page under this filter."""
        return f"{path}?{self._query}" if self._query else path

    @property
    def active(self) -> bool:
        """Whether anything is left out."""
        return any(self[key.name] and key.found for key in self.keys)

    def admits(self, thing: T, known: C) -> bool:
        """Whether a thing passes; ``known`` is what the rules ask beside it."""
        return all(self.passes(key, thing, known) for key in self.asked)

    def passes(self, key: Key[T, C], thing: T, known: C) -> bool:
        """Whether a thing passes one key, of which something is chosen."""
        chosen = self[key.name]
        return key.found is not None and any(v in chosen for v in key.found(self, thing, known))

    @cached_property
    def asked(self) -> tuple[Key[T, C], ...]:
        """The keys that narrow, and of which something is chosen."""
        return tuple(key for key in self.keys if key.found and key.name in self.chosen)


@dataclass(frozen=True)
class Chip(Generic[T, C]):
    """A value that is chosen, by its label and that of its key, and the filter ``without`` it."""

    key: str
    label: str
    without: Filter[T, C]


class Passing(Generic[T, C]):
    """Which of some things pass a filter, as bits of a number, the first thing's the lowest.

    What passes one choice of a key is found out once, for there are few; not what passes two at
    a time, or free text.
    """

    def __init__(self, things: Sequence[T], known: C) -> None:
        self._things = things
        self._known = known
        self._found: dict[tuple[object, ...], int] = {}
        self.every = (1 << len(things)) - 1

    def of(self, wanted: Filter[T, C]) -> int:
        """Return the bits of the things that pass."""
        return self._pass_all(wanted, wanted.asked)

    def with_each(
        self, wanted: Filter[T, C], name: str, values: Iterable[str]
    ) -> Iterator[tuple[str, int, Filter[T, C]]]:
        """Yield each value that lets any pass alone of its key, how many, and that filter."""
        moved = [k for k in wanted.keys if k.name == name or (name in k.reads and wanted[k.name])]
        among = self._pass_all(wanted, [key for key in wanted.asked if key not in moved])
        for value in values:
            chosen = {**wanted.chosen, name: (value,)}
            bits = among
            for key in moved:
                bits &= self._pass_one(key, wanted, chosen)
            if bits:
                yield value, bits.bit_count(), wanted.but(**chosen)

    def _pass_all(self, wanted: Filter[T, C], keys: Iterable[Key[T, C]]) -> int:
        bits = self.every
        for key in keys:
            bits &= self._pass_one(key, wanted, wanted.chosen)
        return bits

    def _pass_one(self, key: Key[T, C], wanted: Filter[T, C], chosen: Chosen) -> int:
        """Return what passes one key of a filter if that is chosen."""
        choices = [chosen.get(name, ()) for name in (key.name, *key.reads)]
        asked = (key.name, *choices)
        bits = self._found.get(asked)
        if bits is None:
            each, wanted = enumerate(self._things), wanted.but(**chosen)
            bits = sum(1 << i for i, it in each if wanted.passes(key, it, self._known))
            if key.values and not any(values[1:] for values in choices):
                self._found[asked] = bits
        return bits


@dataclass(frozen=True)
class Vocabulary(Generic[T, C]):
    """The keys of a filter with the valid values that what is known gives them."""

    keys: tuple[Key[T, C], ...]
    knowledge: Knowledge

    @cached_property
    def values(self) -> Mapping[str, Labels]:
        """The valid values of each key but free text, with their labels, in canonical order."""
        return {key.name: key.values(self.knowledge) for key in self.keys if key.values}

    def read(self, pairs: Iterable[tuple[str, str]]) -> Filter[T, C]:
        """Read decoded query pairs.

        Raises InvalidFilter naming every unknown key and value with the nearest valid one.
        """
        valid = {key.name: self.values.get(key.name) for key in self.keys}
        chosen = read_choices(pairs, valid, [key.name for key in self.keys if key.most == 1])
        for key in self.keys:
            if key.most and len(chosen[key.name]) > key.most:
                found = ",".join(chosen[key.name][-key.most :])
                raise InvalidFilter(f"{key.name!r} takes one value or two.", hints=(found,))
        return Filter(self.keys).but(**chosen)

    def _label(self, name: str, value: str) -> str:
        return self.values.get(name, {}).get(value, value)

    def words(self, wanted: Filter[T, C], name: str) -> str:
        """Return what is chosen of a key as alternatives, empty where nothing is."""
        return " or ".join(self._label(name, value) for value in wanted[name])

    def chips(self, wanted: Filter[T, C]) -> tuple[Chip[T, C], ...]:
        """Return a chip for each value that is chosen."""
        return tuple(
            Chip(key.chip or key.name, self._label(key.name, v), wanted.without(key.name, v))
            for key in self.keys
            for v in wanted[key.name]
        )

    def sentence(self, wanted: Filter[T, C], head: str, lead: str = " ", join: str = " ") -> str:
        """Say the filter in one English sentence that begins with ``head``."""
        said = [(key, self._said(wanted, key)) for key in self.keys]
        parts = join.join(text for key, text in said if text and key.found)
        ends = "".join(text for key, text in said if not key.found)
        apart = (text for key in self.keys for text in key.apart(wanted, self))
        whole = head + (lead + parts if parts else "") + ends
        return ". ".join((whole.removesuffix(","), *apart)) + "."

    def _said(self, wanted: Filter[T, C], key: Key[T, C]) -> str:
        if not isinstance(key.words, str):
            return key.words(wanted, self)
        return key.words.format(self.words(wanted, key.name)) if wanted[key.name] else ""


def free_text(haystack: Callable[[T, C], str], api: str = "") -> Key[T, C]:
    """Return the key ``q``: words that must all occur in the text of a thing."""

    def found(wanted: Filter[T, C], thing: T, known: C) -> Iterable[str]:
        text = haystack(thing, known)
        return wanted["q"] if all(w in text for w in wanted.text("q").lower().split()) else ()

    return Key("q", found=found, words='matching "{}"', most=1, chip="text", api=api)


def ordering(sorts: Labels, control: Control, api: str = "") -> Key[Any, Any]:
    """Return the key ``sort``; the first order is the default, a minus in front turns it."""

    def words(wanted: Filter[Any, Any], vocabulary: Vocabulary[Any, Any]) -> str:
        backwards = ", backwards" * wanted.text("sort").startswith("-")
        return f", by {vocabulary.words(wanted, 'sort')}{backwards}" if wanted["sort"] else ""

    values = {k: v for name, v in sorts.items() for k in (name, f"-{name}")}
    first = next(iter(sorts))
    return Key(
        "sort", lambda _: values, words=words, most=1, default=first, control=control, api=api
    )
