"""The filter of the ledger: a query string, a value, a predicate and an English sentence.

Same rules as the table's filter: equal filters have equal query strings, defaults left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import quote_plus

from app.core.cells import CellKey
from app.core.choices import read_choices
from app.core.facts import Register
from app.core.knowledge import Knowledge
from app.core.ledger import LedgerEntry, Unfiled, entry_of, unfiled
from app.core.views import CellView
from app.core.words import Access, DifferenceState, Evidence, Mode

STATES = {
    DifferenceState.SEEN: "Somebody saw it, or ran into it.",
    DifferenceState.REPRODUCED: "Somebody saw it again, elsewhere.",
    DifferenceState.REPORTED: "Somebody said so in public: on a list, in a commit, to the vendor.",
    DifferenceState.DOCUMENTED: "A document of the vendor says it, in the revision that is named.",
    DifferenceState.RETRACTED: "It was taken back, for the reason that stands beside it.",
}
# A state that no entry has: cells that disagree and that no entry covers.
UNFILED = "unfiled"
NONE = "none"
SORTS = {"number": "number", "date": "last event"}
MANY = ("state", "mode", "access", "register", "family", "evidence")
SINGLE = ("q", "sort")
KEYS = (*MANY, *SINGLE)
Values = Mapping[str, Mapping[str, str]]


@dataclass(frozen=True)
class LedgerFilter:
    """Which differences to show, and in which order; every field empty means all of them.

    Values of one key are alternatives, keys add up.
    """

    state: tuple[str, ...] = ()
    mode: tuple[str, ...] = ()
    access: tuple[str, ...] = ()
    register: tuple[str, ...] = ()
    family: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    q: str = ""
    sort: str = "number"

    def query(self) -> str:
        """Return the canonical query string, empty for the whole ledger."""
        parts = [(key, ",".join(getattr(self, key))) for key in MANY] + [("q", self.q)]
        parts += [("sort", self.sort)] if self.sort != "number" else []
        return "&".join(f"{key}={quote_plus(value, safe=',')}" for key, value in parts if value)

    @property
    def active(self) -> bool:
        """Whether anything is left out."""
        return replace(self, sort="number") != LedgerFilter()

    def without(self, key: str, value: str = "") -> LedgerFilter:
        """Return the filter with one value, or a whole key, taken out."""
        if value and key in MANY:
            left = tuple(v for v in getattr(self, key) if v != value)
            return replace(self, **{key: left})  # type: ignore[arg-type]
        return replace(self, **{key: getattr(LedgerFilter(), key)})

    def admits(self, entry: LedgerEntry, registers: Mapping[str, Register]) -> bool:
        """Whether a difference passes.

        A family asks for what names it; ``none`` for what names no family. The grade of
        evidence is that of its reports and of the measurements on its cells.
        """
        difference = entry.difference
        return (
            (not self.state or difference.state in self.state)
            and self._admits_cells(entry.keys)
            and _any_of(self.family, difference.families)
            and _any_of(self.evidence, entry.evidence)
            and self._admits_text(haystack(entry, registers))
        )

    def admits_unfiled(self, group: Unfiled, registers: Mapping[str, Register]) -> bool:
        """Whether cells that no difference covers pass; their state is ``unfiled``."""
        grades = tuple(finding.observation.evidence for finding in group.findings)
        words = (*map(str, group.keys), *_names(group.keys, registers))
        return (
            (not self.state or UNFILED in self.state)
            and self._admits_cells(group.keys)
            and _any_of(self.family, group.families)
            and _any_of(self.evidence, grades)
            and self._admits_text(" ".join(words).lower())
        )

    def _admits_cells(self, keys: Iterable[CellKey]) -> bool:
        return any(
            (not self.mode or key.mode in self.mode)
            and (not self.access or key.access in self.access)
            and (not self.register or key.register in self.register)
            for key in keys
        )

    def _admits_text(self, text: str) -> bool:
        return all(word in text for word in self.q.lower().split())


@dataclass(frozen=True)
class LedgerView:
    """The ledger under a filter, with what it does not cover.

    ``counts`` are (state, number, the filter narrowed to it), over the whole ledger.
    """

    wanted: LedgerFilter
    entries: tuple[LedgerEntry, ...]
    unfiled: tuple[Unfiled, ...]
    sentence: str
    counts: tuple[tuple[str, int, LedgerFilter], ...]
    values: Values

    @property
    def path(self) -> str:
        """The canonical address of this view."""
        query = self.wanted.query()
        return f"/d?{query}" if query else "/d"

    @property
    def asks_for_unfiled(self) -> bool:
        """Whether the filter leaves room for what is unfiled."""
        return not self.wanted.state or UNFILED in self.wanted.state


def view_ledger(
    knowledge: Knowledge, cells: Mapping[CellKey, CellView], wanted: LedgerFilter
) -> LedgerView:
    """Return the ledger as a filter wants it; ``cells`` are judged ones."""
    values = vocabulary(knowledge)
    every = [entry_of(d, knowledge, cells) for d in knowledge.differences.values()]
    shown = [entry for entry in every if wanted.admits(entry, knowledge.registers)]
    gaps = unfiled(cells)
    states = [str(entry.difference.state) for entry in every]
    counts = {state: states.count(state) for state in values["state"]} | {UNFILED: len(gaps)}
    return LedgerView(
        wanted=wanted,
        entries=arrange(shown, wanted.sort),
        unfiled=tuple(g for g in gaps if wanted.admits_unfiled(g, knowledge.registers)),
        sentence=sentence(wanted, values, len(shown), len(every)),
        counts=tuple((s, n, replace(wanted, state=(s,))) for s, n in counts.items()),
        values=values,
    )


def vocabulary(knowledge: Knowledge) -> Values:
    """Return the valid values of each key with their labels, in canonical order."""
    families = {f.slug: f.name for f in knowledge.families.values()}
    return {
        "state": {**{str(s): str(s) for s in DifferenceState}, UNFILED: UNFILED},
        "mode": {str(m): m.label for m in Mode},
        "access": {str(a): str(a) for a in Access},
        "register": {
            r.slug: r.name if r.abbreviation == "-" else r.abbreviation
            for r in knowledge.registers.values()
        },
        "family": {**families, NONE: "no family"},
        "evidence": {**{str(e): str(e) for e in Evidence}, NONE: "no report"},
        "sort": {k: v for name, v in SORTS.items() for k in (name, f"-{name}")},
    }


def parse(pairs: Iterable[tuple[str, str]], values: Values) -> LedgerFilter:
    """Read decoded query pairs.

    Raises InvalidFilter naming every unknown key and value with the nearest valid one.
    """
    chosen = read_choices(pairs, {key: values.get(key) for key in KEYS}, SINGLE)
    return LedgerFilter(
        **{key: chosen[key] for key in MANY},  # type: ignore[arg-type]
        **{key: chosen[key][0] for key in SINGLE if chosen[key]},  # type: ignore[arg-type]
    )


def arrange(entries: Iterable[LedgerEntry], sort: str) -> tuple[LedgerEntry, ...]:
    """Return entries in the asked order; ties keep the order of their numbers."""
    by_number = sorted(entries, key=lambda e: e.difference.number)
    backwards = sort.startswith("-")
    if sort.removeprefix("-") == "date":
        return tuple(sorted(by_number, key=lambda e: e.difference.life[-1].date, reverse=backwards))
    return tuple(reversed(by_number) if backwards else by_number)


def haystack(entry: LedgerEntry, registers: Mapping[str, Register]) -> str:
    """Return the text that a search of the ledger looks through, in lower case."""
    d = entry.difference
    words = [f"d-{d.number}", d.title, d.text, d.table_says, d.instead, d.inference]
    words += [event.text for event in d.life]
    words += [part for s in entry.sources for part in (s.id, s.title, s.author, s.commit)]
    words += [s.message_id for s in entry.sources]
    words += [*map(str, entry.keys), *_names(entry.keys, registers), *d.errata]
    return " ".join(words).lower()


def _names(keys: Iterable[CellKey], registers: Mapping[str, Register]) -> list[str]:
    found = [registers[slug] for slug in dict.fromkeys(key.register for key in keys)]
    return [
        word
        for r in found
        for word in (r.name, r.abbreviation, r.macro, *r.aliases, *r.offsets, *r.msrs)
    ]


def _any_of(wanted: tuple[str, ...], found: Iterable[str]) -> bool:
    """Whether one of ``wanted`` is found; ``none`` is found where nothing is."""
    present = set(found) or {NONE}
    return not wanted or any(word in present for word in wanted)


def sentence(wanted: LedgerFilter, values: Values, shown: int, total: int) -> str:
    """Say the filter in one English sentence, with the counts."""

    def words(key: str) -> str:
        return " or ".join(values[key][v] for v in getattr(wanted, key))

    noun = "difference" if total == 1 else "differences"
    parts = [f"{shown} of {total} {noun}"] if wanted.active else [f"{total} {noun}"]
    if wanted.state == (UNFILED,):
        parts = ["Only disagreements without a number"]
    elif wanted.state:
        stated = " or ".join(state for state in wanted.state if state != UNFILED)
        parts.append(f"that are {stated}{', and what is unfiled,' * (UNFILED in wanted.state)}")
    where = " ".join(words(key) for key in ("mode", "access") if getattr(wanted, key))
    if where or wanted.register:
        parts.append(f"on {where + ' ' if where else ''}cells")
    if wanted.register:
        parts.append(f"of {words('register')}")
    if wanted.family:
        parts.append(f"that name {words('family')}")
    if wanted.evidence:
        parts.append(f"backed by {words('evidence')}")
    if wanted.q:
        parts.append(f'matching "{wanted.q}"')
    sort = wanted.sort.removeprefix("-")
    backwards = ", backwards" if wanted.sort.startswith("-") else ""
    ordered = f", by {SORTS[sort]}{backwards}" if wanted.sort != "number" else ""
    return (" ".join(parts) + ordered).removesuffix(",") + "."


def chips(wanted: LedgerFilter, values: Values) -> tuple[tuple[str, str, LedgerFilter], ...]:
    """Return (key, label, the filter without it) for each value that is chosen."""
    found = [
        (key, values[key][value], wanted.without(key, value))
        for key in MANY
        for value in getattr(wanted, key)
    ]
    if wanted.q:
        found.append(("text", wanted.q, wanted.without("q")))
    if wanted.sort != "number":
        found.append(("sort", values["sort"][wanted.sort], wanted.without("sort")))
    return tuple(found)
