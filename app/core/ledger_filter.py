"""The filter of the ledger: its keys, its order and its sentence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from app.core import filtering, names
from app.core.cells import CellKey
from app.core.facts import Register
from app.core.filtering import Control, Filter, Key
from app.core.knowledge import Knowledge
from app.core.ledger import LedgerEntry, Unfiled, entry_of, list_unfiled
from app.core.views import CellViews
from app.core.words import Access, DifferenceState, Evidence, Mode

# A state that no entry has: cells that disagree and that no entry covers.
UNFILED = "unfiled"
NONE = "none"
SORTS = {"number": "number", "date": "last event"}
Registers: TypeAlias = Mapping[str, Register]
LedgerRow: TypeAlias = LedgerEntry | Unfiled
LedgerFilter: TypeAlias = Filter[LedgerRow, Registers]
LedgerVocabulary: TypeAlias = filtering.Vocabulary[LedgerRow, Registers]


def _state(_: LedgerFilter, row: LedgerRow, __: Registers) -> Iterable[str]:
    return (UNFILED if isinstance(row, Unfiled) else row.difference.state,)


def _cells(wanted: LedgerFilter, row: LedgerRow) -> Iterable[CellKey]:
    """Return the cells that have what is asked of mode, access and register together."""
    asked = [(name, wanted[name]) for name in ("mode", "access", "register") if wanted[name]]
    return (key for key in row.keys if all(getattr(key, name) in some for name, some in asked))


def _families(_: LedgerFilter, row: LedgerRow, __: Registers) -> Iterable[str]:
    return (row.families if isinstance(row, Unfiled) else row.difference.families) or (NONE,)


def _evidence(_: LedgerFilter, row: LedgerRow, __: Registers) -> Iterable[str]:
    """Return the grades of its reports and of the measurements on its cells."""
    if isinstance(row, Unfiled):
        return [finding.observation.evidence for finding in row.findings] or (NONE,)
    return row.evidence or (NONE,)


def _stated(wanted: LedgerFilter, _: LedgerVocabulary) -> str:
    asked = (DifferenceState(state) for state in wanted["state"] if state != UNFILED)
    states = " or ".join(state.label for state in asked)
    unfiled_too = ", and what is unfiled," * (UNFILED in wanted["state"])
    return f"that are {states}{unfiled_too}" if states else ""


def _about_cells(wanted: LedgerFilter, vocabulary: LedgerVocabulary) -> str:
    if not any(wanted[key] for key in ("mode", "access", "register")):
        return ""
    where = ("on", vocabulary.words(wanted, "mode"), vocabulary.words(wanted, "access"), "cells")
    return " ".join(filter(None, where))


def _named(known: Knowledge) -> Mapping[str, str]:
    every = known.registers.values()
    return {r.slug: r.name if r.abbreviation == "-" else r.abbreviation for r in every}


def haystack(entry: LedgerRow, registers: Registers) -> str:
    """Return the text that a search of the ledger looks through, in lower case."""
    words = [*map(str, entry.keys)]
    for register in (registers[slug] for slug in dict.fromkeys(k.register for k in entry.keys)):
        words += names.words_of(register)
    if isinstance(entry, LedgerEntry):
        d = entry.difference
        words += [f"d-{d.number}", d.title, d.text, d.table_says, d.instead, d.inference]
        words += [event.text for event in d.life]
        words += [w for s in entry.sources for w in (s.id, s.title, s.author, s.commit)]
        words += [*(s.message_id for s in entry.sources), *d.errata]
    return " ".join(words).lower()


KEYS: tuple[Key[LedgerRow, Registers], ...] = (
    Key("state", lambda _: {str(s): s.label for s in DifferenceState} | {UNFILED: UNFILED},
        _state, _stated, control=Control("boxes", "State")),
    Key("mode", lambda _: {str(m): m.label for m in Mode},
        lambda wanted, row, _: (key.mode for key in _cells(wanted, row)),
        control=Control("select", "Mode", "both")),
    Key("access", lambda _: {str(a): str(a) for a in Access},
        lambda wanted, row, _: (key.access for key in _cells(wanted, row)), _about_cells,
        control=Control("select", "Access", "both")),
    Key("register", _named,
        lambda wanted, row, _: (key.register for key in _cells(wanted, row)), "of {}",
        control=Control("select", "Register", "all")),
    Key("family",
        lambda known: {f.slug: f.name for f in known.families.values()} | {NONE: "no family"},
        _families, "that name {}", control=Control("select", "Family", "any")),
    Key("evidence", lambda _: {str(e): str(e) for e in Evidence} | {NONE: "no report"},
        _evidence, "backed by {}", control=Control("select", "Evidence", "any")),
    filtering.free_text(haystack),
    filtering.ordering(SORTS, Control("select", "Order")),
)  # fmt: skip
WHOLE_LEDGER: LedgerFilter = Filter(KEYS)


@dataclass(frozen=True)
class LedgerView:
    """The ledger under a filter, with what it does not cover.

    ``counts`` are (state, number, the filter of it), over the whole ledger.
    """

    wanted: LedgerFilter
    entries: tuple[LedgerEntry, ...]
    unfiled: tuple[Unfiled, ...]
    sentence: str
    counts: tuple[tuple[str, int, LedgerFilter], ...]
    vocabulary: LedgerVocabulary

    @property
    def path(self) -> str:
        """The canonical address of this view."""
        return self.wanted.at("/d")

    @property
    def asks_for_unfiled(self) -> bool:
        """Whether the filter leaves room for what is unfiled."""
        return not self.wanted["state"] or UNFILED in self.wanted["state"]


def view_ledger(knowledge: Knowledge, cells: CellViews, wanted: LedgerFilter) -> LedgerView:
    """Return the ledger as a filter wants it; ``cells`` are judged ones."""
    vocabulary = vocabulary_of(knowledge)
    every = [entry_of(d, knowledge, cells) for d in knowledge.differences.values()]
    shown = [entry for entry in every if wanted.admits(entry, knowledge.registers)]
    order = wanted.text("sort")
    if order.removeprefix("-") == "date":
        shown.sort(key=lambda e: e.difference.life[-1].date, reverse=order.startswith("-"))
    elif order.startswith("-"):
        shown.reverse()
    noun = "difference" if len(every) == 1 else "differences"
    head = f"{len(shown)} of {len(every)} {noun}" if wanted.active else f"{len(every)} {noun}"
    if wanted["state"] == (UNFILED,):
        head = "Only disagreements without a number"
    gaps = list_unfiled(cells)
    states = [str(entry.difference.state) for entry in every] + [UNFILED] * len(gaps)
    return LedgerView(
        wanted=wanted,
        entries=tuple(shown),
        unfiled=tuple(g for g in gaps if wanted.admits(g, knowledge.registers)),
        sentence=vocabulary.sentence(wanted, head),
        counts=tuple(
            (label, states.count(s), WHOLE_LEDGER.but(state=(s,)))
            for s, label in vocabulary.values["state"].items()
        ),
        vocabulary=vocabulary,
    )


def vocabulary_of(knowledge: Knowledge) -> LedgerVocabulary:
    """Return the valid words of the ledger's filter."""
    return filtering.Vocabulary(KEYS, knowledge)
