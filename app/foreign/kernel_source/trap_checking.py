"""Somebody's own switch between traps and faults, held against what exits 402h there are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby

from app.core.assumptions import Mark, MarkKind
from app.core.cells import CellKey
from app.core.facts import Claim, Observation
from app.core.knowledge import Knowledge
from app.core.numbers import SLOT, Span, count_noun
from app.core.views import CellView, CellViews
from app.core.words import Access, Behaviour, Mode
from app.foreign.kernel_source.trap_running import FAULT, TRAP, Switch, TakenFor
from app.pages.policy_phrases import evidence_lines
from app.pens.lines import Pieces
from app.pens.parts import Field, Item, Para, Section, Tabular

KINDS = {Behaviour.VMEXIT_TRAP: TRAP, Behaviour.VMEXIT_FAULT: FAULT}
WIDTHS = (24, 15, 16, 17)
HEADS = ("cell", "the exit is a", "taken for a", "verdict")
LEAD = (
    "Held against every exit 402h that the corrected table has: by unmasked reports where there "
    "are any, else by the manual's own order. Cells without such an exit are left out."
)


@dataclass(frozen=True)
class TrapCheck:
    """One cell, or some of its members, and what the function takes its exit 402h for."""

    key: CellKey
    addresses: str
    expected: frozenset[str]
    said: TakenFor
    mark: Mark

    @property
    def agrees(self) -> bool:
        """Whether the exit is of no other kind."""
        return self.expected == {self.said.word}

    @property
    def verdict(self) -> str:
        """``agrees``, ``differs``, or ``absent`` with what the default then makes of it."""
        word = "agrees" if self.agrees else "differs"
        return word if self.said.case else f"absent; {word}"


def checks(switch: Switch, cells: CellViews) -> Iterator[TrapCheck]:
    """Yield each cell in which an exit 402h can come, against a function."""
    for key, view in cells.items():
        if switch.msrs and key.mode is Mode.AVIC:
            continue
        seen, claims = _exits(view)
        words = [KINDS[o.outcome] for o in seen] or [KINDS[c.behaviour] for c in claims]
        if not words:
            continue
        mark = Mark(MarkKind.EXIT_KIND, (), seen, () if seen else claims)
        for addresses, said in _said(switch, key, view):
            yield TrapCheck(key, addresses, frozenset(words), said, mark)


def _exits(view: CellView) -> tuple[tuple[Observation, ...], tuple[Claim, ...]]:
    """Return the reports and the ruling claims of exits 402h in a cell."""
    seen = tuple(
        o for o in view.observations if o.outcome in KINDS and not o.intercepted and not o.partial
    )
    return seen, tuple(c for c in view.effective if c.behaviour in KINDS)


def _said(switch: Switch, key: CellKey, view: CellView) -> Iterator[tuple[str, TakenFor]]:
    """Yield what a function says of the addresses of a cell, those alike together."""
    spans = view.register.msr_spans if switch.msrs else view.register.offset_spans
    step = 1 if switch.msrs else SLOT
    every = [at for span in spans for at in span.addresses(step)]
    write = key.access is Access.WRITE
    rows = [(at, switch.said[at, write]) for at in every if (at, write) in switch.said]
    for _, run in groupby(rows, key=lambda row: (row[1].word, row[1].case)):
        alike = list(run)
        whole = len(alike) == len(every)
        yield "" if whole else f" {Span(alike[0][0], alike[-1][0])}", alike[0][1]


def check_switch(switch: Switch, cells: CellViews, knowledge: Knowledge) -> tuple[Section, bool]:
    """Return a function against the corrected table, and whether it agrees everywhere."""
    rows = list(checks(switch, cells))
    wrong = [row for row in rows if not row.agrees]
    absent = sum(not row.said.case for row in rows)
    kind = "MSRs, so x2AVIC alone" if switch.msrs else "offsets of the page, in both modes"
    told = f"{count_noun(len(rows), 'row')}: {len(rows) - len(wrong)} agree, {len(wrong)} differ"
    return Section("").holding(
        Field("Function", f"{switch.name}, {switch.place}"),
        Field("Asks for", kind),
        Field("Says", f"{told}; {absent} are not named there, so its default is held."),
        Para(LEAD, above=True),
        Section("Cell by cell").holding(
            Tabular("cells", [HEADS], [_row(row, knowledge) for row in rows], WIDTHS),
        ),
        *_sources("What differs, and why", wrong, knowledge),
        *_sources("What agrees, and why", [row for row in rows if row.agrees], knowledge),
    ), not wrong


def _sources(title: str, rows: list[TrapCheck], knowledge: Knowledge) -> Iterator[Section]:
    """Yield what rows rest on, those that rest on the same together."""
    found: dict[tuple[Pieces, ...], list[str]] = {}
    for row in rows:
        found.setdefault(evidence_lines(row.mark, knowledge), []).append(_named(row, knowledge))
    if found:
        yield Section(title).holding(
            Item(", ".join(names)).holding(*map(Para, lines)) for lines, names in found.items()
        )


def _named(row: TrapCheck, knowledge: Knowledge) -> str:
    return f"{knowledge.name_of(row.key)}{row.addresses}"


def _row(row: TrapCheck, knowledge: Knowledge) -> tuple[str, ...]:
    taken = f"{row.said.word}, line {row.said.place.line}"
    return _named(row, knowledge), " or ".join(sorted(row.expected)), taken, row.verdict
