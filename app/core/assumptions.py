"""What a hypervisor's policy assumes of a cell, and where the evidence says otherwise.

A policy lets an MSR access through or intercepts it, and it takes an exit 402h for a trap or
for a fault by the register's offset alone. Each kind of mark below holds one of these choices
against unmasked observations of the cell; where there are none, against the claims that rule
it. ``docs/policy`` says the same in prose. Nothing is marked without either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

from app.core import facts
from app.core.cells import CellKey
from app.core.knowledge import Knowledge, action_of
from app.core.numbers import Span
from app.core.rulings import effective
from app.core.words import Action, Behaviour, Evidence, Mode

COMPLETES = frozenset({Behaviour.ALLOWED, Behaviour.ACCELERATED})


class MarkKind(StrEnum):
    """In which way a policy and the evidence part, what may be wrong before what only costs."""

    UNSEEN_GP = "unseen-gp"
    EXIT_KIND = "exit-kind"
    FAULTS_ANYWAY = "faults-anyway"
    NEEDLESS_EXIT = "needless-exit"

    @property
    def label(self) -> str:
        """A few ASCII words for a narrow column."""
        return _KINDS[self].label

    @property
    def meaning(self) -> str:
        """One or two sentences for the legend."""
        return _KINDS[self].meaning

    @property
    def weight(self) -> str:
        """``differs`` from what the policy expects, or only ``costs`` time."""
        return "costs" if self in (MarkKind.FAULTS_ANYWAY, MarkKind.NEEDLESS_EXIT) else "differs"


@dataclass(frozen=True)
class _KindWords:
    label: str
    meaning: str


_K = _KindWords
_KINDS = {
    MarkKind.UNSEEN_GP: _K(
        "#GP, no exit",
        "Let through, and the guest gets #GP with no #VMEXIT: the hypervisor never learns of "
        "the access.",
    ),
    MarkKind.EXIT_KIND: _K(
        "402h of the other kind",
        "An exit 402h of the other kind than the policy takes it for: a fault at an offset of "
        "the trap list, or a trap at an offset that is not on it.",
    ),
    MarkKind.FAULTS_ANYWAY: _K(
        "exits anyway",
        "Let through, and hardware does not complete it: exit 402h comes before the access, "
        "and the hypervisor has to emulate the instruction.",
    ),
    MarkKind.NEEDLESS_EXIT: _K(
        "exit for nothing",
        "Intercepted (exit 7Ch), although hardware would complete it with no exit.",
    ),
}


@dataclass(frozen=True)
class Mark:
    """One place where a policy and the evidence part.

    It rests on ``observations``, or, where nobody observed the cell, on ``claims``. ``msrs``
    are the policy's ranges that it is about (none under AVIC), ``differences`` the numbers of
    ledger entries that stand, on the same evidence; ``disputed`` when a report of the same
    family and condition saw something else.
    """

    kind: MarkKind
    msrs: tuple[str, ...]
    observations: tuple[facts.Observation, ...] = ()
    claims: tuple[facts.Claim, ...] = ()
    differences: tuple[int, ...] = ()
    disputed: bool = False

    @property
    def basis(self) -> str:
        """The strongest grade of evidence, or ``documented``."""
        grades = {seen.evidence for seen in self.observations}
        return next((str(grade) for grade in Evidence if grade in grades), "documented")

    @property
    def families(self) -> tuple[str, ...]:
        """The families it was observed on, in the order of the reports."""
        return tuple(dict.fromkeys(seen.family for seen in self.observations))

    @property
    def conditions(self) -> tuple[str, ...]:
        """The conditions under which it holds, empty when for every access."""
        stated = [seen.condition for seen in self.observations]
        stated += [claim.condition for claim in self.claims]
        return () if "" in stated else tuple(dict.fromkeys(stated))


@dataclass(frozen=True)
class PolicyView:
    """What one policy does with a cell: distinct actions over its MSRs, notes, and marks.

    ``trapped`` when the cell's offset is on the policy's trap list; ``reaches`` when an access
    gets as far as AVIC, so that an exit 402h can follow.
    """

    policy: facts.Policy
    actions: tuple[Action, ...]
    parts: tuple[tuple[str, Action], ...]
    notes: tuple[str, ...]
    trapped: bool
    reaches: bool
    marks: tuple[Mark, ...] = ()

    @property
    def summary(self) -> str:
        """``intercept``; where members differ, each range with its action."""
        if len(self.actions) == 1:
            return str(self.actions[0])
        return ", ".join(f"{msrs} {action}" for msrs, action in self.parts)

    @property
    def takes(self) -> str:
        """What the policy takes an exit 402h of the cell for."""
        return "trap" if self.trapped else "fault"


@dataclass(frozen=True)
class _Cell:
    """One cell as a mark is made from it; ``told`` are its full, unmasked observations."""

    key: CellKey
    ruling: tuple[facts.Claim, ...]
    told: tuple[facts.Observation, ...]
    differences: tuple[facts.Difference, ...]
    first_msr: int
    view: PolicyView

    def msrs(self, *, intercepted: bool) -> tuple[str, ...]:
        return tuple(
            msrs for msrs, action in self.view.parts if (action is Action.INTERCEPT) == intercepted
        )

    def about(self, msrs: tuple[str, ...]) -> tuple[facts.Observation, ...]:
        """Return the observations that are not of other members than these MSRs hold."""
        return tuple(o for o in self.told if not o.member or not msrs or self._holds(msrs, o))

    def _holds(self, msrs: tuple[str, ...], seen: facts.Observation) -> bool:
        return any(self.first_msr + int(seen.member) in Span.parse(text) for text in msrs)


def view_policies(
    knowledge: Knowledge,
    key: CellKey,
    claims: tuple[facts.Claim, ...],
    observations: Iterable[facts.Observation],
) -> tuple[PolicyView, ...]:
    """Return what each policy does with a cell, oldest policy first, with its marks.

    ``claims`` are those of the cell, ``observations`` the accepted ones that touch it.
    """
    told = tuple(o for o in observations if not _masked(o) and not o.partial)
    spans = knowledge.registers[key.register].msr_spans
    standing = tuple(d for d in knowledge.differences_of.get(key, ()) if d.stands)
    found = []
    for policy in knowledge.policies.values():
        view = _view(knowledge, key, policy)
        cell = _Cell(
            key=key,
            ruling=effective(claims),
            told=told,
            differences=standing,
            first_msr=spans[0].first if spans else 0,
            view=view,
        )
        found.append(replace(view, marks=_marks(cell)))
    return tuple(found)


def _view(knowledge: Knowledge, key: CellKey, policy: facts.Policy) -> PolicyView:
    entries = knowledge.actions(key, policy)
    spans = knowledge.registers[key.register].msr_spans
    # An entry may hold the MSRs of other registers too; a cell speaks of its own.
    parts = tuple(
        (str(Span(max(s.first, mine.first), min(s.last, mine.last))), action_of(entry, key))
        for entry in entries
        for mine in (Span.parse(entry.msrs),)
        for s in spans
        if s.overlaps(mine)
    )
    by_mmio = key.mode is Mode.AVIC and bool(knowledge.registers[key.register].offsets)
    return PolicyView(
        policy=policy,
        actions=tuple(dict.fromkeys(action for _, action in parts)),
        parts=parts,
        notes=tuple(entry.note for entry in entries if entry.note),
        trapped=knowledge.trapped(key, policy),
        reaches=by_mmio or any(action is not Action.INTERCEPT for _, action in parts),
    )


def _masked(seen: facts.Observation) -> bool:
    return seen.intercepted or seen.outcome is Behaviour.VMEXIT_MSR


def _marks(cell: _Cell) -> tuple[Mark, ...]:
    through = cell.msrs(intercepted=False)
    stopped = cell.msrs(intercepted=True)
    found: list[Mark | None] = []
    if through:
        found.append(_mark(cell, MarkKind.UNSEEN_GP, through, {Behaviour.GP}))
    if through or cell.key.mode is Mode.AVIC:
        other = Behaviour.VMEXIT_FAULT if cell.view.trapped else Behaviour.VMEXIT_TRAP
        found.append(_mark(cell, MarkKind.EXIT_KIND, through, {other}))
    if through and not cell.view.trapped:
        found.append(_mark(cell, MarkKind.FAULTS_ANYWAY, through, {Behaviour.VMEXIT_FAULT}))
    if stopped:
        found.append(_mark(cell, MarkKind.NEEDLESS_EXIT, stopped, COMPLETES))
    return tuple(mark for mark in found if mark)


def _mark(
    cell: _Cell, kind: MarkKind, msrs: tuple[str, ...], words: Iterable[Behaviour]
) -> Mark | None:
    """Return a mark if an observation has one of ``words``, or, with none, if the rules do."""
    told = cell.about(msrs)
    seen = tuple(o for o in told if o.outcome in words)
    if seen:
        same = {(o.family, o.condition) for o in seen}
        disputed = any((o.family, o.condition) in same for o in told if o not in seen)
        ids = {o.id for o in seen}
        numbers = tuple(d.number for d in cell.differences if ids & set(d.observations))
        return Mark(kind, msrs, seen, (), numbers, disputed)
    claims = _ruled(cell.ruling, kind, words)
    if not claims or any(not o.condition for o in told):
        # Whoever observed the cell saw something else than the manual leads one to expect.
        return None
    # Entries that rest on the manual alone; others speak of some family or report.
    manual = [d for d in cell.differences if not d.observations and not d.families]
    return Mark(kind, msrs, (), claims, tuple(d.number for d in manual))


def _ruled(
    ruling: tuple[facts.Claim, ...], kind: MarkKind, words: Iterable[Behaviour]
) -> tuple[facts.Claim, ...]:
    """Return the ruling claims that a mark may rest on.

    For the kind of an exit, any branch: the exit comes in that branch only. For the rest,
    what holds for every access that the x2APIC access check does not refuse: a rule about
    reserved bits would mark almost every write.
    """
    said = tuple(claim for claim in ruling if claim.behaviour in words)
    if kind is MarkKind.EXIT_KIND:
        return said
    if kind is MarkKind.NEEDLESS_EXIT:
        legal = tuple(c for c in ruling if c.behaviour is not Behaviour.GP)
        return said if said == legal and not any(c.condition for c in said) else ()
    return tuple(claim for claim in said if not claim.condition)
