"""A policy as a table of MSRs, and two of them side by side."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations, pairwise

from app.core.assumptions import Mark, MarkKind
from app.core.cells import CellKey
from app.core.facts import MsrPolicy, Policy, Register
from app.core.knowledge import Knowledge
from app.core.numbers import Span
from app.core.views import CellViews
from app.core.words import Mode


@dataclass(frozen=True)
class MsrRow:
    """MSRs of one register that every policy shown treats alike, with what each does.

    ``entries`` has one place for each policy, None where it says nothing of these MSRs.
    """

    span: Span
    register: Register
    entries: tuple[MsrPolicy | None, ...]

    @property
    def differs(self) -> bool:
        """Whether the policies do not all do the same here."""
        return len({(e.read, e.write) if e else None for e in self.entries}) > 1


@dataclass(frozen=True)
class TrapRow:
    """One offset of a trap list, and which of the policies shown have it."""

    offset: str
    register: Register | None
    listed: tuple[bool, ...]

    @property
    def differs(self) -> bool:
        """Whether only some of the policies list it."""
        return len(set(self.listed)) > 1


@dataclass(frozen=True)
class MarkRow:
    """A mark on a cell, and which of the policies shown have one of its kind there."""

    key: CellKey
    mark: Mark
    held: tuple[bool, ...]

    @property
    def differs(self) -> bool:
        """Whether only some of the policies have it."""
        return len(set(self.held)) > 1


@dataclass(frozen=True)
class PolicyTable:
    """One policy in full, or several side by side, in the order that was asked for."""

    policies: tuple[Policy, ...]
    msrs: tuple[MsrRow, ...]
    traps: tuple[TrapRow, ...]
    marks: tuple[MarkRow, ...]

    def only(self, *, differing: bool) -> PolicyTable:
        """Return the rows that differ alone, or those that do not."""
        return PolicyTable(
            self.policies,
            tuple(row for row in self.msrs if row.differs == differing),
            tuple(row for row in self.traps if row.differs == differing),
            tuple(row for row in self.marks if row.differs == differing),
        )

    @property
    def path(self) -> str:
        """The address of this view."""
        return "/policy/" + "..".join(policy.slug for policy in self.policies)


def policy_table(
    policies: tuple[Policy, ...], knowledge: Knowledge, cells: CellViews
) -> PolicyTable:
    """Return policies as one table, in the order given."""
    return PolicyTable(
        policies,
        tuple(_msr_rows(policies, knowledge)),
        tuple(_trap_rows(policies, knowledge)),
        tuple(_mark_rows(policies, cells)),
    )


def _msr_rows(policies: tuple[Policy, ...], knowledge: Knowledge) -> Iterable[MsrRow]:
    """Cut the MSRs wherever a register or an entry of any policy begins or ends."""
    entries = [[(Span.parse(e.msrs), e) for e in policy.msrs] for policy in policies]
    owners = [(s, r) for r in knowledge.registers.values() for s in r.msr_spans]
    spans = [s for s, _ in owners] + [s for mine in entries for s, _ in mine]
    cuts = sorted({edge for span in spans for edge in (span.first, span.last + 1)})
    for first, after in pairwise(cuts):
        register = next((r for s, r in owners if first in s), None)
        here = tuple(next((e for s, e in mine if first in s), None) for mine in entries)
        if register and any(here):
            yield MsrRow(Span(first, after - 1), register, here)


def _trap_rows(policies: tuple[Policy, ...], knowledge: Knowledge) -> Iterable[TrapRow]:
    lists = [[Span.parse(text) for text in policy.trap_offsets] for policy in policies]
    owners = [(s, r) for r in knowledge.registers.values() for s in r.offset_spans]
    for span in sorted({span for mine in lists for span in mine}):
        register = next((r for s, r in owners if span.first in s), None)
        yield TrapRow(str(span), register, tuple(span in mine for mine in lists))


def _mark_rows(policies: tuple[Policy, ...], cells: CellViews) -> Iterable[MarkRow]:
    """Yield the marks of the policies, what may be wrong before what only costs."""
    slugs = [policy.slug for policy in policies]
    found: list[MarkRow] = []
    for key, cell in cells.items():
        marks = {v.policy.slug: {m.kind: m for m in v.marks} for v in cell.policies}
        mine = [marks[slug] for slug in slugs]
        for kind in (k for k in MarkKind if any(k in each for each in mine)):
            mark = next(each[kind] for each in mine if kind in each)
            found.append(MarkRow(key, mark, tuple(kind in each for each in mine)))
    return sorted(found, key=lambda row: list(MarkKind).index(row.mark.kind))


def marks_of(row: MsrRow, table: PolicyTable) -> tuple[MarkRow, ...]:
    """Return the marks about the MSRs of a row."""
    return tuple(
        mark
        for mark in table.marks
        if mark.key.register == row.register.slug
        and mark.key.mode is Mode.X2AVIC
        and any(Span.parse(text).overlaps(row.span) for text in mark.mark.msrs)
    )


def pairs(knowledge: Knowledge, *policies: Policy) -> tuple[tuple[str, str], ...]:
    """Return the pairs worth comparing: of one policy with every other, else of neighbours.

    Both are of one hypervisor, the older one first. Beside two there is nothing to offer but
    their other order.
    """
    if len(policies) > 1:
        return ((policies[1].slug, policies[0].slug),)
    apart = [[policy.slug for policy in mine] for mine in knowledge.hypervisors.values()]
    if policies:
        every = (pair for slugs in apart for pair in combinations(slugs, 2))
        return tuple(pair for pair in every if policies[0].slug in pair)
    return tuple(pair for slugs in apart for pair in pairwise(slugs))
