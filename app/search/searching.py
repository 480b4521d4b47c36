"""The use case of search: exact names first, then full text, or cells under the filter's keys."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from difflib import get_close_matches
from functools import lru_cache
from itertools import islice

from app.core import filters
from app.core.choices import LONGEST
from app.core.views import CellView
from app.core.words import State
from app.curation.aliases import asked_about
from app.errors import InvalidFilter, InvalidQuery
from app.pages import explore
from app.search.documentation import pages, with_names
from app.search.index import Index
from app.search.model import (
    CELL,
    KIND_KEY,
    Hit,
    HitGroup,
    InTable,
    Keys,
    Query,
    SearchEntry,
    SearchResult,
    Term,
    query_keys,
    split_words,
    tidy,
)
from app.search.naming import find_named, own_path
from app.search.search_entries import cell_line, entries, of_measurement
from app.store.snapshots import Snapshot

# How many of each kind are shown: at first, and when that kind is asked for.
FEW, MANY = 5, 200
NEAR = 5
# Between what is compared; parts of what is pasted, and what makes one a name and no plain word.
SIDES = re.compile(r"\s+(?:vs\.?|versus|against|compared (?:to|with))\s+", re.IGNORECASE)
PART = re.compile(r"[\w.#+=-]{3,}")
TELLING = re.compile(r"[\d_=-]")
# What the entry of a name says of itself, in characters.
START = 160

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
    return query_keys(snapshot.vocabulary)


# How many of the newest measurements are searched by word, of those that do not count only their
# line in lists; any is found by its name.
SEARCHED = 100
WHOLE_NAME = 12


def index_of(snapshot: Snapshot, *, pinned: bool = False) -> Index:
    """Return what search looks through: facts, and unless pinned what the release adds."""
    return snapshot.once(f"search {pinned}", lambda: _index(snapshot, pinned=pinned), here=True)


def _index(snapshot: Snapshot, *, pinned: bool) -> Index:
    newest = snapshot.records.page({}, most=SEARCHED)
    counting = [m.slug for m in newest if m.state is State.ACCEPTED]
    whole = {m.slug: m for m in snapshot.records.whole(counting)}
    listed = (whole.get(m.slug, m) for m in newest)
    found = entries(snapshot.knowledge, snapshot.cells, listed)
    return Index(found if pinned else (*with_names(found), *pages()))


def search(snapshot: Snapshot, text: str, *, pinned: bool = False) -> SearchResult:
    """Answer a text; raises InvalidQuery, with the place, for one that cannot be read."""
    return answer(snapshot, read(snapshot, text, pinned=pinned))


def read(snapshot: Snapshot, text: str, *, pinned: bool = False) -> Query:
    """Return the query that a text is, unanswered; raises InvalidQuery, with the place."""
    # The parser weighs megabytes, and most that start never ask it anything.
    from app.search.search_query import parse  # noqa: PLC0415

    try:
        query = parse(text, snapshot.vocabulary)
    except InvalidQuery:
        # A line of a trace has colons; what it names is meant, not a key.
        line = tidy(text).replace('"', "")
        if len(line) > LONGEST - 2 or not find_named(line, snapshot.knowledge):
            raise
        query = Query(terms=(Term(line, phrase=True),))
    return replace(query, pinned=pinned)


def answer(snapshot: Snapshot, query: Query) -> SearchResult:
    """Answer a query; raises InvalidQuery where its keys do not go together."""
    if query.empty:
        return SearchResult(query)
    try:
        found = _answer(snapshot, query)
    except InvalidFilter as error:
        # Each value is valid, and yet they do not go together.
        whole = str(query)
        raise InvalidQuery(whole, (0, len(whole)), repr(whole), error.message) from None
    if found.total:
        return found
    closest = () if query.pairs else _closest(snapshot, query)
    return replace(found, near=_near(snapshot, query), closest=closest)


def _answer(snapshot: Snapshot, query: Query) -> SearchResult:
    return _cells(snapshot, query) if query.pairs else _everything(snapshot, query)


def _everything(snapshot: Snapshot, query: Query) -> SearchResult:
    index = index_of(snapshot, pinned=query.pinned)
    exact = tuple(_exact(snapshot, query))
    alone = {(hit.kind, hit.key) for hit in exact}
    counts = index.count(query.terms)
    most = MANY if len(query.kinds) == 1 else FEW
    groups = []
    # Who asks a question wants the page that answers it.
    asked = {*split_words(query.subject.lower())}
    answers = index.best(query.terms, "page", 1) if asked and "page" in query.kinds else ()
    titles = {*split_words(index.get("page", answers[0].key).title.lower())} if answers else {*()}
    first = "page" if asked & titles else ""
    for kind in sorted((k for k in query.kinds if counts.get(k)), key=lambda k: k != first):
        # What stands at the top is not said twice.
        every = index.best(query.terms, kind, most + len(exact))
        left = tuple(hit for hit in every if (hit.kind, hit.key) not in alone)
        total = counts[kind] - (len(every) - len(left))
        rest = str(replace(query, choices=((KIND_KEY, (kind,)),)))
        groups += [HitGroup(kind, total, left[:most], rest)] if left else []
    return SearchResult(query, exact, tuple(groups))


def _exact(snapshot: Snapshot, query: Query) -> Iterator[Hit]:
    names = dict.fromkeys((query.name, query.subject, asked_about(query.subject or query.name)))
    found = next((hits for name in names if (hits := list(_named(snapshot, query, name)))), [])
    if not found and len(sides := SIDES.split(query.name)) > 1:
        each = [list(_named(snapshot, query, side)) for side in sides]
        found = [hit for hits in each for hit in hits] if all(each) else []
    yield from _whole(query, found)


def _whole(query: Query, found: Iterable[tuple[SearchEntry, str]]) -> Iterator[Hit]:
    """Yield what was named, with the beginning of its text."""
    for entry, path in found:
        title, start = entry.title, entry.body
        if member := path.partition("#")[2]:
            title += f", member {member}"
        if len(start) > START:
            start = start[:START].rpartition(" ")[0] + " ..."
        if entry.kind in query.kinds:
            yield _hit(entry.kind, entry.key, path or entry.path, title, start)


def _named(snapshot: Snapshot, query: Query, text: str) -> Iterator[tuple[SearchEntry, str]]:
    """Return the entries of everything of this name, with its address where that says more."""
    index = index_of(snapshot, pinned=query.pinned)
    for name in find_named(text, snapshot.knowledge) if text else ():
        if not (query.pinned and name.kind == "page"):
            yield index.get(name.kind, name.key), name.path
    begins = own_path(text).lower()
    for slug in snapshot.records.named(begins) if len(begins) >= WHOLE_NAME else ():
        if measurement := snapshot.records.get(slug):
            yield of_measurement(measurement, snapshot.knowledge), ""


def _closest(snapshot: Snapshot, query: Query) -> tuple[Hit, ...]:
    """Return what parts of a query name, then what holds most of its words."""
    parts = (part for term in query.wanted for part in PART.findall(term.text))
    telling = [part for part in dict.fromkeys(parts) if TELLING.search(part)]
    named = [hit for part in telling for hit in _whole(query, _named(snapshot, query, part))]
    index = index_of(snapshot, pinned=query.pinned)
    found: dict[tuple[str, str], Hit] = {}
    for hit in (*named, *index.closest(query.terms, query.kinds, FEW)):
        found.setdefault((hit.kind, hit.key), hit)
    return tuple(found.values())[:FEW]


def _cells(snapshot: Snapshot, query: Query) -> SearchResult:
    """Return cells that the filter's keys admit and that hold the words."""
    chosen = snapshot.vocabulary.read(query.pairs)
    meant = {
        term: {
            n.key for n in find_named(term.text, snapshot.knowledge) if n.kind in ("register", CELL)
        }
        for term in query.terms
    }
    by_keys = explore.filter_table(snapshot, chosen)
    shown = [view for view in by_keys.cells.values() if _holds(view, meant)]
    # A register that was named stands before those that only mention it.
    wanted = {name for term in query.wanted for name in meant[term]}
    shown.sort(key=lambda view: not _is_named(view, wanted))
    hits = tuple(
        _hit(CELL, str(v.key), v.key.url, v.name, cell_line(v, chosen["family"]))
        for v in shown[:MANY]
    )
    groups = (HitGroup(CELL, len(shown), hits, str(query)),) if hits else ()
    # The table that shows what was found; where it has no words for it, the keys alone.
    found = {view.key for view in shown}
    table = explore.filter_table(snapshot, chosen.but(q=(query.name,)))
    if set(table.cells) != found:
        table = by_keys
    where = InTable(table.path, len(table.cells), same=set(table.cells) == found)
    return SearchResult(query, (), groups, where)


def _is_named(view: CellView, names: set[str]) -> bool:
    return not names.isdisjoint((view.key.register, str(view.key)))


def _holds(view: CellView, meant: Mapping[Term, set[str]]) -> bool:
    text = filters.haystack(view)
    return all(
        (term.text.lower() in text or _is_named(view, names)) != term.negated
        for term, names in meant.items()
    )


def _hit(kind: str, key: str, path: str, title: str, snippet: str) -> Hit:
    return Hit(kind, key, path, ((title, False),), ((snippet, False),))


def _near(snapshot: Snapshot, query: Query) -> tuple[str, ...]:
    """Return queries that find something: a word spelled otherwise, or fewer words."""
    index = index_of(snapshot, pinned=query.pinned)
    tried: list[Query] = []
    for term in query.wanted[:NEAR]:
        for word in split_words(term.text.lower())[:NEAR]:
            near = () if index.count((Term(word),)) else _spelled_like(word, index.words)
            for other in near:
                terms = tuple(Term(other) if t == term else t for t in query.terms)
                tried.append(replace(query, terms=terms))
    if len(query.terms) > 1:
        said = tuple(term for term in query.terms if not term.empty) or query.terms
        # All words but one, then each alone.
        rest = [tuple(t for t in said if t is not one) for one in said if len(said) > 1]
        alone = [(t,) for t in query.wanted if len(t.text) > 1 and (t in said)]
        tried += [replace(query, terms=terms) for terms in (*rest, *alone)]
    if query.choices and query.terms:
        tried += [replace(query, choices=()), replace(query, terms=())]
    offers = (str(q) for q in dict.fromkeys(tried) if _answer(snapshot, q).total)
    return tuple(islice(offers, NEAR))


# A page and its text are asked for one after the other.
# Few: each holds all words of its data version, a quarter of a megabyte.
@lru_cache(maxsize=8)
def _spelled_like(word: str, known: frozenset[str]) -> tuple[str, ...]:
    """Return the known words that are spelled most like another, those of its length first."""
    near = get_close_matches(word, known, 2 * NEAR, 0.65)
    return tuple(sorted(near, key=lambda one: abs(len(one) - len(word))))
