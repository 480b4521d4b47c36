"""The search index: SQLite's FTS5 in memory, whatever database holds the facts.

One index holds the few hundred entries of one snapshot and never changes. What people type
reaches FTS5 only as quoted words of letters and digits, so nothing can be a syntax error.
"""

from __future__ import annotations

import sqlite3
import threading
import unicodedata
import weakref
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from functools import cached_property
from typing import Any, NamedTuple

from app.search.model import Hit, Parts, SearchEntry, Term, spellings, split_words

# Around a word that was found; no entry can hold them.
MARKS = ("\x02", "\x03")
_CLEAN = dict.fromkeys(range(0x20), " ")
# The last word of a query may be the beginning of one, from this many letters.
PREFIX_FROM = 2

_TABLE = """
CREATE VIRTUAL TABLE entries USING fts5(
  kind UNINDEXED, title, names, body, tokenize = 'porter unicode61 remove_diacritics 2'
)
"""
_INSERT = "INSERT INTO entries(rowid, kind, title, names, body) VALUES (?, ?, ?, ?, ?)"
_COUNT = "SELECT kind, count(*) FROM entries WHERE entries MATCH ? GROUP BY kind"
# Words side by side come before the same words apart; titles and names outweigh bodies.
_BEST = """
SELECT rowid, highlight(entries, 1, char(2), char(3)),
  snippet(entries, 3, char(2), char(3), '...', 28)
FROM entries WHERE entries MATCH ? AND kind = ?
ORDER BY rowid IN (SELECT rowid FROM entries WHERE entries MATCH ?) DESC,
  bm25(entries, 0.0, 8.0, 6.0, 1.0), rowid
LIMIT ?
"""
_HOLDS = "SELECT rowid FROM entries WHERE entries MATCH ?"
_ONE = _BEST.partition("FROM")[0] + "FROM entries WHERE entries MATCH ? AND rowid = ?"
_COUNT_WITHOUT = """
SELECT kind, count(*) FROM entries
WHERE rowid NOT IN (SELECT rowid FROM entries WHERE entries MATCH ?) GROUP BY kind
"""
_WITHOUT = """
SELECT rowid, title, body FROM entries
WHERE kind = ? AND rowid NOT IN (SELECT rowid FROM entries WHERE entries MATCH ?)
ORDER BY rowid LIMIT ?
"""
# Matches nothing, and is no error: the empty phrase.
_NOTHING = '""'


class Index:
    """Entries that can be searched from any thread."""

    def __init__(self, entries: Iterable[SearchEntry]) -> None:
        self.entries = tuple(entries)
        self._by_key = {(e.kind, e.key): e for e in self.entries}
        self._lock = threading.Lock()
        # Any thread may be the one that asks, one at a time, or the one that lets go.
        self._connection = sqlite3.connect(":memory:", check_same_thread=False)
        weakref.finalize(self, self._connection.close)
        self._connection.execute(_TABLE)
        self._connection.executemany(
            _INSERT,
            (
                (n, e.kind, *(text.translate(_CLEAN) for text in (e.title, e.names, e.body)))
                for n, e in enumerate(self.entries)
            ),
        )

    @cached_property
    def words(self) -> frozenset[str]:
        """Every word that can be found, in lower case, for near misses."""
        texts = (part for e in self.entries for part in (e.title, e.names, e.body))
        return frozenset(word.lower() for text in texts for word in split_words(text))

    def get(self, kind: str, key: str) -> SearchEntry:
        """Return the entry of something that the snapshot holds."""
        return self._by_key[kind, key]

    def count(self, terms: Iterable[Term]) -> Mapping[str, int]:
        """Return how many entries of each kind match every term."""
        asked = _ask(tuple(terms))
        if asked.match:
            return dict(self._fetch(_COUNT, asked.match))
        return dict(self._fetch(_COUNT_WITHOUT, asked.without))

    def best(self, terms: Iterable[Term], kind: str, limit: int) -> tuple[Hit, ...]:
        """Return the best matches of one kind; without terms its first entries."""
        asked = _ask(tuple(terms))
        if asked.match:
            rows = self._fetch(_BEST, asked.match, kind, asked.together, limit)
        else:
            rows = self._fetch(_WITHOUT, kind, asked.without, limit)
        found = ((self.entries[row[0]], _parts(row[1]), _parts(row[2])) for row in rows)
        return tuple(Hit(kind, e.key, e.path, title, snippet) for e, title, snippet in found)

    def closest(self, terms: Iterable[Term], kinds: Collection[str], limit: int) -> tuple[Hit, ...]:
        """Return the entries that hold at least half of what is wanted, rare words first."""
        asked = [t for t in terms if not (t.negated or t.empty) and split_words(t.text)]
        parts = [part for term in asked for part in self._parts(term)]
        score, holds = Counter[int](), Counter[int]()
        for part in dict.fromkeys(parts):
            rows = [row for (row,) in self._fetch(_HOLDS, part)]
            named = [row for (row,) in self._fetch(_HOLDS, f"{{title names}} : {part}")]
            holds.update(rows)
            for row in (*rows, *named):
                score[row] += len(self.entries) // len(rows)
        enough = max(2, (len({*parts}) + 1) // 2)
        best = sorted(
            (row for row in score if holds[row] >= enough and self.entries[row].kind in kinds),
            key=lambda row: (-score[row], row),
        )
        some = " OR ".join(dict.fromkeys(parts))
        shown = ((self.entries[row], *self._fetch(_ONE, some, row)[0][1:]) for row in best[:limit])
        return tuple(
            Hit(e.kind, e.key, e.path, _parts(title), _parts(text)) for e, title, text in shown
        )

    def _parts(self, term: Term) -> list[str]:
        """Return a term as it is looked for, its words one by one where nothing holds it whole."""
        whole = _expression(term)
        if self._fetch(_HOLDS, whole):
            return [whole]
        words = (Term(word) for word in split_words(term.text))
        return [_expression(word) for word in words if not word.empty]

    def _fetch(self, statement: str, *values: object) -> list[Any]:
        with self._lock:
            return self._connection.execute(statement, values).fetchall()


def _parts(text: str) -> Parts:
    """Return a text with MARKS as parts."""
    found: list[tuple[str, bool]] = []
    for piece in text.split(MARKS[0]):
        marked, closed, plain = piece.partition(MARKS[1])
        found += [(marked, True), (plain, False)] if closed else [(marked, False)]
    return tuple((part, hit) for part, hit in found if part)


class _Asked(NamedTuple):
    """Terms in the words of FTS5: what must match, empty when nothing is wanted by word.

    ``together`` is all of it side by side, ``without`` what must not match.
    """

    match: str
    together: str
    without: str


def _ask(terms: tuple[Term, ...]) -> _Asked:
    """Return terms in the words of FTS5, which cannot fail."""
    wanted = [term for term in terms if not term.negated]
    # Of nothing but empty words all count.
    wanted = [term for term in wanted if not term.empty] or wanted
    parts = [_expression(t, last=t is terms[-1]) for t in wanted if split_words(t.text)]
    barred = [_expression(t) for t in terms if t.negated and split_words(t.text)]
    without = " OR ".join(barred) or _NOTHING
    if not parts and (wanted or (terms and not barred)):
        return _Asked(_NOTHING, _NOTHING, without)
    # What is said again, if with accents, wants nothing more; each would cost more than the last.
    match = " AND ".join({_bare(part): part for part in parts}.values())
    if match and barred:
        match = f"({match}) NOT ({without})"
    words = " ".join(word for term in wanted for word in split_words(term.text))
    return _Asked(match, f'"{words}"', without)


def _bare(part: str) -> str:
    """Return an expression as FTS5 compares it, stems aside: in lower case, without accents."""
    letters = unicodedata.normalize("NFD", part.lower())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def _expression(term: Term, *, last: bool = False) -> str:
    words = split_words(term.text)
    choices = spellings(words[0]) if len(words) == 1 and not term.phrase else (" ".join(words),)
    begun = last and not term.phrase and len(words[-1]) >= PREFIX_FROM
    star = " *" * (begun and not words[-1].isdecimal())
    return "(" + " OR ".join(f'"{choice}"{star}' for choice in choices) + ")"
