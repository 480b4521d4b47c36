"""What search is about: entries to find, queries and answers as values, names of one entry."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote_plus

from app.core import inhibits
from app.core.facts import Source
from app.core.filters import Vocabulary
from app.core.knowledge import Knowledge
from app.core.words import Access, Mode
from app.curation import aliases
from app.errors import NotFound

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
# Fewer digits of a commit are a number like any other.
SHORTEST_COMMIT = 7

# Words of questions, which need not occur where the answer stands.
_EMPTY = (
    "a an and any are as at be been by can could did do does doesn don for from get has have how "
    "i if in into is isn it its know me mean means my no not of on or our s see should so t than "
    "that the their them then there these they this to us was we what when where whether which "
    "who whose why will with would you your"
)
EMPTY = frozenset(_EMPTY.split())
_WORD = re.compile(r"[^\W_]+")
_HEX = re.compile(r"(?:0x0*([0-9a-f]{1,4})|0*([0-9a-f]{1,4})h)", re.IGNORECASE)
_DIFFERENCE = re.compile(r"d(?:-|/)(\d+)", re.IGNORECASE)
# A commit has forty digits, the digest of a measurement sixty-four.
_DIGEST = re.compile(rf"[0-9a-f]{{{SHORTEST_COMMIT},64}}", re.IGNORECASE)
_ADDRESS = re.compile(r"https?://[^/]+(?P<path>/.*)?", re.IGNORECASE)


def keys_of(vocabulary: Vocabulary) -> Keys:
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
    """The answer to a query."""

    query: Query
    exact: tuple[Hit, ...] = ()
    groups: tuple[HitGroup, ...] = ()
    table: InTable | None = None
    near: tuple[str, ...] = ()

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


@dataclass(frozen=True)
class Named:
    """What a name means: the entry's kind and key, and its address (with a member's anchor)."""

    kind: str
    key: str
    path: str = ""


def named(text: str, knowledge: Knowledge) -> tuple[Named, ...]:
    """Return everything that has exactly this name, usually one thing or nothing.

    Names are those of registers, cells (``ldr/x2avic/write``), differences (``D-3``), errata ...;
    of sources their id, Message-ID, address or commit.
    """
    ours = path_of(text)
    folded, slug = ours.lower().removeprefix("erratum "), _slug(ours)
    note = called.to.partition("#note-")[2] if (called := aliases.find(ours)) else ""
    found = [*_of_cells(ours, knowledge)] if not note else []
    if (match := _DIFFERENCE.fullmatch(ours)) and match[1] in knowledge.differences:
        found.append(Named("difference", match[1]))
    of_others = {
        "difference": (slug for slug in knowledge.departures if slug == folded.removeprefix("e/")),
        "erratum": (
            e.slug for e in knowledge.errata.values() if folded in (e.slug, e.number, *e.aliases)
        ),
        "family": (family for family in (aliases.asked_family(ours, knowledge),) if family),
        "policy": (p for p in knowledge.policies if _slug(p) == slug),
        "annotation": (a for a in knowledge.annotations if a in (folded, note)),
        "page": (c.key for c in (called,) if c and (c.title or "/docs" in c.to)),
        "inhibit": (r for r in (aliases.reason_slug(ours, knowledge),) if r),
        "source": (s.id for s in knowledge.sources.values() if _is_source(text, s)),
    }
    found += [Named(kind, key) for kind, keys in of_others.items() for key in keys]
    if mask := inhibits.printed_mask(ours):
        found.append(Named("page", "/inhibit", f"/inhibit/{mask}"))
    return tuple({(n.kind, n.key): n for n in found}.values())


def path_of(text: str) -> str:
    """Return the tail of one of our own addresses, and any other text as it is."""
    match = _ADDRESS.fullmatch(text)
    path = (match["path"] or "").partition("?")[0] if match else text
    for prefix in ("/r/", "/errata/", "/c/", "/m/", "/policy/", "/inhibit/", "/"):
        if path.startswith(prefix):
            return path.removeprefix(prefix)
    return path


def _of_cells(text: str, knowledge: Knowledge) -> Iterator[Named]:
    name, *rest = text.replace("/", " ").split() or [""]
    mode_access = "/".join(rest).lower()
    whole = mode_access in {f"{mode}/{access}" for mode in Mode for access in Access}
    try:
        found = aliases.find_register(name if whole else text, knowledge.registers)
    except NotFound:
        return
    if whole:
        yield Named("cell", f"{found.register.slug}/{mode_access}")
    else:
        yield Named("register", found.register.slug, found.path)


def _slug(text: str) -> str:
    return "-".join(split_words(text)).lower()


def _is_source(text: str, source: Source) -> bool:
    # Lists and repositories have many addresses that end in the same Message-ID or commit.
    last = text.removeprefix("<").removesuffix(">").rstrip("/").rpartition("/")[2]
    commit = source.commit.lower()
    if commit and _DIGEST.fullmatch(last):
        # The seed holds twelve digits or more; somebody may paste all forty.
        return commit.startswith(last.lower()) or last.lower().startswith(commit)
    same_page = bool(source.url) and text.rstrip("/") == source.url.rstrip("/")
    return same_page or (bool(last) and last in (source.id, source.message_id))


def every_word(entries: Iterable[SearchEntry]) -> frozenset[str]:
    """Return every word that can be found, in lower case, for near misses."""
    texts = (part for e in entries for part in (e.title, e.names, e.body))
    return frozenset(word.lower() for text in texts for word in split_words(text))
