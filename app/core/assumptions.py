"""What a hypervisor's policy assumes of a cell, and where the evidence says otherwise.

A policy lets an MSR access through or intercepts it, and it takes an exit 402h for a trap or
for a fault by the register's offset alone. Each kind of mark below holds one of these choices
against unmasked observations of the cell; where there are none, against the claims that rule
it. ``docs/policy`` says the same in prose. Nothing is marked without either.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from app.core import facts
from app.core.cells import CellKey
from app.core.knowledge import Knowledge, action_of
from app.core.numbers import Span
from app.core.rulings import effective_claims
from app.core.words import Action, Behaviour, Evidence, Mode, Word


class MarkKind(Word):
    """In which way a policy and the evidence part, what may be wrong before what only costs."""

    label: str  # A few ASCII words for a narrow column.
    weight: str  # ``differs`` from what the policy expects, or only ``costs`` time.
    meaning: str  # One or two sentences for the legend.

    # fmt: off
    UNSEEN_GP = ("unseen-gp", "#GP, no exit", "differs",
                 ("Let through, and the guest gets #GP with no #VMEXIT: the hypervisor never "
                  "learns of the access."))
    EXIT_KIND = ("exit-kind", "402h of the other kind", "differs",
                 ("An exit 402h of the other kind than the policy takes it for: a fault at an "
                  "offset of the trap list, or a trap at an offset that is not on it."))
    FAULTS_ANYWAY = ("faults-anyway", "exits anyway", "costs",
                     ("Let through, and hardware does not complete it: exit 402h comes before the "
                      "access, and the hypervisor has to emulate the instruction."))
    NEEDLESS_EXIT = ("needless-exit", "exit for nothing", "costs",
                     "Intercepted (exit 7Ch), although hardware would complete it with no exit.")
    # fmt: on


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
        return self.grade() if self.observations else "documented"

    def grade(self, family: str = "") -> Evidence:
        """Return the strongest grade of its observations, of a family or of all."""
        grades = {seen.evidence for seen in self.observations if family in ("", seen.family)}
        return next(grade for grade in Evidence if grade in grades)

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
    """One cell as marks are made from it; ``told`` are its full, unmasked observations."""

    mode: Mode
    ruling: tuple[facts.Claim, ...]
    told: tuple[facts.Observation, ...]
    differences: tuple[facts.Difference, ...]
    first_msr: int


def view_policies(
    knowledge: Knowledge,
    key: CellKey,
    claims: tuple[facts.Claim, ...],
    observations: Iterable[facts.Observation],
    known: Iterable[PolicyView] = (),
) -> tuple[PolicyView, ...]:
    """Return what each policy does with a cell, oldest policy first, with its marks.

    ``claims`` are those of the cell, ``observations`` the accepted ones that touch it; ``known``
    are the same with other observations, of which the marks alone are made anew.
    """
    heard = (o for o in observations if not (o.intercepted or o.outcome is Behaviour.VMEXIT_MSR))
    spans = knowledge.registers[key.register].msr_spans
    cell = _Cell(
        mode=key.mode,
        ruling=effective_claims(claims),
        told=tuple(o for o in heard if not o.partial),
        differences=tuple(d for d in knowledge.differences_of.get(key, ()) if d.stands),
        first_msr=spans[0].first if spans else 0,
    )
    views = known or (_view(knowledge, key, policy) for policy in knowledge.policies.values())
    return tuple(replace(view, marks=_marks(cell, view)) for view in views)


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


def _marks(cell: _Cell, view: PolicyView) -> tuple[Mark, ...]:
    through = tuple(msrs for msrs, action in view.parts if action is not Action.INTERCEPT)
    stopped = tuple(msrs for msrs, action in view.parts if action is Action.INTERCEPT)
    other = Behaviour.VMEXIT_FAULT if view.trapped else Behaviour.VMEXIT_TRAP
    # Each kind with whether it can be, the MSRs that it is about, and what would be seen.
    asked = (
        (MarkKind.UNSEEN_GP, through, through, {Behaviour.GP}),
        (MarkKind.EXIT_KIND, through or cell.mode is Mode.AVIC, through, {other}),
        (MarkKind.FAULTS_ANYWAY, through and not view.trapped, through, {Behaviour.VMEXIT_FAULT}),
        (MarkKind.NEEDLESS_EXIT, stopped, stopped, {Behaviour.ALLOWED, Behaviour.ACCELERATED}),
    )
    found = (_mark(cell, kind, msrs, words) for kind, can_be, msrs, words in asked if can_be)
    return tuple(mark for mark in found if mark)


def _mark(cell: _Cell, kind: MarkKind, msrs: tuple[str, ...], words: set[Behaviour]) -> Mark | None:
    """Return a mark if an observation has one of ``words``, or, with none, if the rules do."""
    claims = _ruled(cell.ruling, kind, words)
    if not claims and not any(o.outcome in words for o in cell.told):
        return None
    spans = [Span.parse(text) for text in msrs]
    # Not those of other members of a vector than these MSRs hold.
    told = [
        o
        for o in cell.told
        if not (o.member and spans) or any(cell.first_msr + int(o.member) in s for s in spans)
    ]
    if seen := tuple(o for o in told if o.outcome in words):
        same = {(o.family, o.condition) for o in seen}
        disputed = any((o.family, o.condition) in same for o in told if o not in seen)
        ids = {o.id for o in seen}
        numbers = tuple(d.number for d in cell.differences if ids & set(d.observations))
        return Mark(kind, msrs, seen, (), numbers, disputed)
    if not claims or any(not o.condition for o in told):
        # Whoever observed the cell saw something else than the manual leads one to expect.
        return None
    # Entries that rest on the manual alone; others speak of some family or report.
    manual = [d for d in cell.differences if not d.observations and not d.families]
    return Mark(kind, msrs, (), claims, tuple(d.number for d in manual))


def _ruled(
    ruling: tuple[facts.Claim, ...], kind: MarkKind, words: set[Behaviour]
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
