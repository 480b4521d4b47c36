"""The use case of search: exact names first, then full text, or cells under the filter's keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from itertools import islice

from app.core import filters
from app.core.cells import CellKey
from app.core.filters import CellFilter
from app.core.views import CellView
from app.errors import InvalidFilter, InvalidQuery
from app.pages import explore
from app.search.found import Hit, HitGroup, InTable, Parts, SearchResult
from app.search.index import MARKS, Index
from app.search.model import (
    CELL,
    KIND_KEY,
    Named,
    Query,
    SearchEntry,
    Term,
    every_word,
    named,
    split_words,
)
from app.search.search_entries import cell_line, cell_title, entries
from app.search.search_query import Keys, keys_of, parse
from app.store.snapshots import Snapshot

# How many of each kind are shown: at first, and when that kind is asked for.
FEW, MANY = 5, 200
NEAR = 5

# Queries that the empty page offers, with what they are good for.
EXAMPLES = (
    ("icr", "a register by any of its names"),
    ("0x830", "or by its MSR or offset, also 830h or 300h"),
    ("D-3", "a difference of the ledger"),
    ("1235", "an erratum by its number"),
    ("5a7c7d148e48", "a commit by its hash, a mail by its Message-ID or address"),
    ("ldr/x2avic/write", "one cell"),
    ("bit 18", "words that must all occur, in any order"),
    ('"read-only" intercept', "a phrase stays together"),
    ("doorbell -icr", "without a word"),
    ("kind:erratum ipi", "only things of one kind"),
    ("mode:x2avic access:write verdict:explained", "cells, by the table's filter"),
    ("family:zen-4 verdict:contradicts,explained", "a comma means or"),
    ("mode:x2avic ldr", "cells by filter and word"),
)


def keys(snapshot: Snapshot) -> Keys:
    """Return the keys of a query with their values."""
    return keys_of(snapshot.vocabulary)


def index_of(snapshot: Snapshot) -> Index:
    """Return what search looks through in a snapshot."""
    return snapshot.once("search", lambda: Index(entries(snapshot.knowledge, snapshot.cells)))


def search(snapshot: Snapshot, text: str) -> SearchResult:
    """Answer a query; raises InvalidQuery, with the place, for one that cannot be read."""
    query = parse(text, snapshot.vocabulary)
    if query.empty:
        return SearchResult(query)
    try:
        found = _answer(snapshot, query)
    except InvalidFilter as error:
        # Each value is valid, and yet they do not go together.
        whole = str(query)
        raise InvalidQuery(whole, (0, len(whole)), repr(whole), error.message) from None
    return found if found.total else replace(found, near=_near(snapshot, query))


def _answer(snapshot: Snapshot, query: Query) -> SearchResult:
    return _cells(snapshot, query) if query.pairs else _everything(snapshot, query)


def _everything(snapshot: Snapshot, query: Query) -> SearchResult:
    index = index_of(snapshot)
    exact = tuple(_exact(snapshot, query))
    alone = {(hit.kind, hit.key) for hit in exact}
    counts = index.count(query.terms)
    most = MANY if len(query.kinds) == 1 else FEW
    groups = []
    for kind in (kind for kind in query.kinds if counts.get(kind)):
        # What stands at the top is not said twice.
        matches = index.best(query.terms, kind, most + len(exact))
        every = [(index.entries[m.position], m) for m in matches]
        left = [(e, m) for e, m in every if (e.kind, e.key) not in alone]
        total = counts[kind] - (len(every) - len(left))
        hits = tuple(_hit(e, _parts(m.title), _parts(m.snippet)) for e, m in left[:most])
        rest = str(replace(query, choices=((KIND_KEY, (kind,)),)))
        groups += [HitGroup(kind, total, hits, rest)] if hits else []
    return SearchResult(query, exact, tuple(groups))


def _exact(snapshot: Snapshot, query: Query) -> Iterator[Hit]:
    if not query.name:
        return
    for name in named(query.name, snapshot.knowledge):
        entry = index_of(snapshot).get(name.kind, name.key)
        if name.kind in query.kinds:
            yield _hit(entry, _parts(_title(entry, name)), _parts(_first(entry.body)), name.path)


def _title(entry: SearchEntry, name: Named) -> str:
    """Return the title; a vector register says which of its members was named."""
    member = name.path.partition("#")[2]
    return f"{entry.title}, member {member}" if member else entry.title


# What a name's own entry says of itself, in characters.
_START = 160


def _first(text: str) -> str:
    if len(text) <= _START:
        return text
    return text[:_START].rpartition(" ")[0] + " ..."


def _hit(entry: SearchEntry, title: Parts, snippet: Parts, path: str = "") -> Hit:
    return Hit(entry.kind, entry.key, path or entry.path, title, snippet)


def _parts(text: str) -> Parts:
    """Return a text with MARKS as parts."""
    found: list[tuple[str, bool]] = []
    for piece in text.split(MARKS[0]):
        marked, closed, plain = piece.partition(MARKS[1])
        found += [(marked, True), (plain, False)] if closed else [(marked, False)]
    return tuple((part, hit) for part, hit in found if part)


def _cells(snapshot: Snapshot, query: Query) -> SearchResult:
    """Return cells that the filter's keys admit and that hold the words."""
    chosen = explore.read_filter(snapshot, query.pairs)
    by_keys = explore.table(snapshot, chosen)
    meant = {term: _means(snapshot, term) for term in query.terms}
    shown = [v for v in by_keys.cells.values() if _holds(v, meant)]
    # A register that was named stands before those that only mention it.
    wanted = frozenset(name for term in query.wanted for name in meant[term])
    shown.sort(key=lambda view: not _is_named(view, wanted))
    hits = tuple(_cell_hit(view, chosen["family"]) for view in shown[:MANY])
    groups = (HitGroup(CELL, len(shown), hits, str(query)),) if hits else ()
    return SearchResult(
        query, (), groups, _in_table(snapshot, query, chosen, {v.key for v in shown})
    )


def _means(snapshot: Snapshot, term: Term) -> frozenset[str]:
    return frozenset(n.key for n in named(term.text, snapshot.knowledge) if n.kind in _IN_TABLE)


_IN_TABLE = ("register", CELL)


def _is_named(view: CellView, names: frozenset[str]) -> bool:
    return not names.isdisjoint((view.key.register, str(view.key)))


def _holds(view: CellView, meant: Mapping[Term, frozenset[str]]) -> bool:
    text = filters.haystack(view)
    return all(
        (term.text.lower() in text or _is_named(view, names)) != term.negated
        for term, names in meant.items()
    )


def _cell_hit(view: CellView, families: tuple[str, ...]) -> Hit:
    title, line = cell_title(view), cell_line(view, families)
    return Hit(CELL, str(view.key), view.key.url, ((title, False),), ((line, False),))


def _in_table(snapshot: Snapshot, query: Query, chosen: CellFilter, found: set[CellKey]) -> InTable:
    """Return the table that shows what was found; where it has no words for it, the keys alone."""
    words = chosen.but(q=(query.name,))
    table = explore.table(snapshot, words)
    if set(table.cells) == found:
        return InTable(table.path, len(table.cells), same=True)
    table = explore.table(snapshot, chosen)
    return InTable(table.path, len(table.cells), same=set(table.cells) == found)


def _near(snapshot: Snapshot, query: Query) -> tuple[str, ...]:
    """Return queries that find something: a word spelled otherwise, or fewer words."""
    index = index_of(snapshot)
    known = every_word(index.entries)
    tried: list[Query] = []
    for term in query.wanted[:NEAR]:
        for word in split_words(term.text.lower())[:NEAR]:
            if not index.count((Term(word),)):
                near = get_close_matches(word, known, 3, 0.65)
                tried += [_instead(query, term, Term(other)) for other in near]
    if len(query.terms) > 1:
        tried += [replace(query, terms=(term,)) for term in query.wanted if len(term.text) > 1]
    if query.choices and query.terms:
        tried += [replace(query, choices=()), replace(query, terms=())]
    offers = (str(q) for q in dict.fromkeys(tried) if _answer(snapshot, q).total)
    return tuple(islice(offers, NEAR))


def _instead(query: Query, term: Term, other: Term) -> Query:
    return replace(query, terms=tuple(other if t == term else t for t in query.terms))
