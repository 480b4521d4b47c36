"""What search is about: entries to find, queries and answers as values."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote_plus

from app.core.filters import CellVocabulary

# Kind: its plural, in the order in which groups of results stand on the page.
KINDS = {
    "register": "Registers",
    "cell": "Cells",
    "difference": "Differences",
    "erratum": "Errata and quirks",
    "annotation": "Annotations",
    "page": "Pages of the documentation",
    "measurement": "Measurements",
    "family": "Families",
    "policy": "Policies",
    "inhibit": "Reasons to keep AVIC off",
    "source": "Sources",
}
# What a query may choose: keys, and the values of each with what they are called.
Keys = Mapping[str, Mapping[str, str]]
# A text in parts; those that are True were looked for.
Parts = tuple[tuple[str, bool], ...]
KIND_KEY = "kind"
# The text itself, and the order of the table, which a search has of its own.
NO_KEYS = ("view", "q", "sort")
CELL = "cell"

# Words of questions, which need not occur where the answer stands.
_EMPTY = (
    "a an and any apm are as at be been between by can chapter compared could did do does doesn "
    "don for from get has have how i if in into is isn it its know me mean means my no not of "
    "on or our s section see should so t than that the their them then there these they this to "
    "us versus vol volume vs was we what when where whether which who whose why will with would "
    "you your"
)
EMPTY = frozenset(_EMPTY.split())
_WORD = re.compile(r"[^\W_]+")
_HEX = re.compile(r"(?:0x0*([0-9a-f]{1,4})|0*([0-9a-f]{1,4})h)", re.IGNORECASE)


def query_keys(vocabulary: CellVocabulary) -> Keys:
    """Return the keys of a query with their values: those of the table's filter, and ``kind``."""
    kept = {key: values for key, values in vocabulary.values.items() if key not in NO_KEYS}
    return {**kept, KIND_KEY: KINDS}


@dataclass(frozen=True)
class SearchEntry:
    """One thing that can be found; ``names`` count for more than words of the ``body``."""

    kind: str
    key: str
    path: str
    title: str
    names: str
    body: str


@dataclass(frozen=True)
class Term:
    """A word, or a phrase when it was quoted; ``negated`` when it must not occur."""

    text: str
    phrase: bool = False
    negated: bool = False

    @property
    def empty(self) -> bool:
        """Whether it says nothing by itself."""
        return not (self.phrase or self.negated) and {*split_words(self.text.lower())} <= EMPTY

    def __str__(self) -> str:
        return ("-" if self.negated else "") + (f'"{self.text}"' if self.phrase else self.text)


@dataclass(frozen=True)
class Query:
    """A query that was understood: the filter's choices in canonical order, then the terms.

    A ``pinned`` one asks what was public then: nothing that belongs to the release answers.
    """

    choices: tuple[tuple[str, tuple[str, ...]], ...] = ()
    terms: tuple[Term, ...] = ()
    pinned: bool = False

    def __str__(self) -> str:
        chosen = (f"{key}:{','.join(values)}" for key, values in self.choices)
        return " ".join((*chosen, *map(str, self.terms)))

    @property
    def empty(self) -> bool:
        """Whether nothing is asked."""
        return not (self.choices or self.terms)

    @property
    def kinds(self) -> tuple[str, ...]:
        """The kinds that are asked for, all of them when none is."""
        return dict(self.choices).get(KIND_KEY, tuple(KINDS))

    @property
    def pairs(self) -> tuple[tuple[str, str], ...]:
        """The choices that are the table's filter, as pairs of a query string."""
        return tuple((k, ",".join(values)) for k, values in self.choices if k != KIND_KEY)

    @property
    def wanted(self) -> tuple[Term, ...]:
        """The terms that must occur."""
        return tuple(term for term in self.terms if not term.negated)

    @property
    def name(self) -> str:
        """The terms as one name; empty when something is excluded."""
        excluded = len(self.wanted) != len(self.terms)
        return "" if excluded else " ".join(term.text for term in self.terms)

    @property
    def subject(self) -> str:
        """The same of a question without its empty words."""
        bare = tuple(term for term in self.terms if not term.empty)
        return replace(self, terms=bare).name if len(bare) < len(self.terms) else ""


@dataclass(frozen=True)
class Hit:
    """One result."""

    kind: str
    key: str
    path: str
    title: Parts
    snippet: Parts


@dataclass(frozen=True)
class HitGroup:
    """The results of one kind: the best of ``total``; ``rest`` is the query for all of them."""

    kind: str
    total: int
    hits: tuple[Hit, ...]
    rest: str

    @property
    def label(self) -> str:
        """The kind in the plural."""
        return KINDS[self.kind]


@dataclass(frozen=True)
class InTable:
    """The table under the same keys; ``same`` when it shows exactly the cells that were found."""

    path: str
    cells: int
    same: bool


@dataclass(frozen=True)
class SearchResult:
    """The answer to a query; ``closest`` is what answers most of it, where nothing answers all."""

    query: Query
    exact: tuple[Hit, ...] = ()
    groups: tuple[HitGroup, ...] = ()
    table: InTable | None = None
    near: tuple[str, ...] = ()
    closest: tuple[Hit, ...] = ()

    @property
    def total(self) -> int:
        """How many things were found."""
        return len(self.exact) + sum(group.total for group in self.groups)


def tidy(text: str) -> str:
    """Return a query with single spaces, and without anything that cannot be seen."""
    composed = unicodedata.normalize("NFC", text)
    return " ".join("".join(c if c.isprintable() else " " for c in composed).split())


def address_of_query(query: str) -> str:
    """Return the canonical address of a query's answer."""
    return f"/search?q={quote_plus(query, safe=':,/@')}" if query else "/search"


def split_words(text: str) -> tuple[str, ...]:
    """Return the letters and digits of a text, word by word: what the index knows of it."""
    return tuple(_WORD.findall(unicodedata.normalize("NFKC", text)))


def spellings(word: str) -> tuple[str, ...]:
    """Return the ways to write a hexadecimal number (``0x80d``, ``80Dh``), else the word."""
    if not (match := _HEX.fullmatch(word)):
        return (word,)
    digits = (match[1] or match[2]).lower()
    return tuple(dict.fromkeys((f"0x{digits}", f"{digits}h", f"0{digits}h", f"{digits:0>3}h")))
