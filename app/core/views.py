"""What pages show of a cell: everything known about it, judged, as one value."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from app.core import facts
from app.core.assumptions import PolicyView, view_policies
from app.core.cells import CellKey, access_method
from app.core.chains import ANY, CheckStep, Given, chain_of_checks
from app.core.judgements import Judgement
from app.core.knowledge import Knowledge
from app.core.rulings import (
    Conditions,
    claims_on,
    effective_claims,
    judge_print,
    level_of,
    open_questions,
    printed_claims,
)
from app.core.summaries import NOTHING
from app.core.verdicts import judge
from app.core.words import Behaviour, Mode, Printed, Scope, Verdict

WORST_FIRST = tuple(Verdict)


@dataclass(frozen=True)
class Glance:
    """What a cell does, in one word, with its conditions.

    ``ordinary`` where it comes from the check that rules most accesses, ``seen`` where somebody
    ran one and saw that.
    """

    behaviour: Behaviour
    conditions: tuple[str, ...]
    ordinary: bool
    seen: bool


@dataclass(frozen=True)
class CellView:
    """One cell with its claims, what rules it, and the judgement per family."""

    key: CellKey
    register: facts.Register
    claims: tuple[facts.Claim, ...]
    judgements: dict[str, Judgement]
    observations: tuple[facts.Observation, ...]
    errata: tuple[facts.Erratum, ...]
    differences: tuple[facts.Difference, ...]
    annotations: tuple[facts.Annotation, ...]
    policies: tuple[PolicyView, ...]
    printed: Printed
    side_effects: tuple[facts.Observation, ...] = ()

    @property
    def name(self) -> str:
        """``LDR x2AVIC write``."""
        return self.key.named(self.register.label)

    @property
    def where(self) -> str:
        """``MMIO 0D0h``, ``RDMSR 80Dh``: how a guest gets at it."""
        avic = self.key.mode is Mode.AVIC
        at = ", ".join(self.register.offsets if avic else self.register.msrs)
        by = access_method(self.key.mode, self.key.access)
        return f"{by} {at}" if at or not avic else "no xAPIC offset"

    @property
    def title(self) -> str:
        """``LDR - Logical Destination Register: x2AVIC write``."""
        return f"{self.register.heading}: {self.key.mode.label} {self.key.access}"

    @property
    def does(self) -> tuple[PolicyView, ...]:
        """The policies that do anything with it, or take an exit of it for something."""
        return tuple(policy for policy in self.policies if policy.actions or policy.reaches)

    @cached_property
    def effective(self) -> tuple[facts.Claim, ...]:
        """The claims that rule, in the order in which they are checked."""
        return effective_claims(self.claims)

    @cached_property
    def table(self) -> tuple[facts.Claim, ...]:
        """Table 15-22 taken literally."""
        return printed_claims(self.claims)

    @cached_property
    def open(self) -> tuple[facts.Claim, ...]:
        """The alternatives that the manual leaves open beside what rules."""
        return open_questions(self.claims)

    @property
    def rules_differ(self) -> bool:
        """Whether the manual's own order differs from what the table prints."""
        return self.printed.differs

    def chain(self, conditions: Conditions, given: Given = ANY) -> tuple[CheckStep, ...]:
        """Return the checks, under x2AVIC; none where the manual is silent: it ranks nothing."""
        return chain_of_checks(self.claims, self.key, conditions, given) if self.claims else ()

    @cached_property
    def verdict(self) -> Verdict:
        """The worst verdict of any family."""
        return min((j.verdict for j in self.judgements.values()), key=WORST_FIRST.index)

    @cached_property
    def measured(self) -> tuple[Judgement, ...]:
        """The judgements that something stands behind."""
        return tuple(j for j in self.judgements.values() if j.findings)

    @cached_property
    def ran(self) -> Scope | None:
        """How narrowly a report of a run names the cell: itself, or a group that holds it."""
        scopes = {o.scope for o in self.observations if o.evidence.ran}
        return next((scope for scope in Scope if scope in scopes), None)

    @cached_property
    def glances(self) -> tuple[Glance, ...]:
        """What rules, the ordinary branch first: what holds always, then what fewest cases meet.

        Not the order of the checks, which ``effective_claims`` has: a check that takes few accesses
        comes first there.
        """
        ruling: dict[tuple[int, Behaviour], list[str]] = {}
        for claim in self.effective:
            ruling.setdefault((-level_of(claim), claim.behaviour), []).append(claim.condition)
        matching = (f.observation for j in self.measured for f in j.findings if f.matched)
        ran = {seen.outcome for seen in matching if seen.evidence.ran}
        ordered = sorted(ruling, key=lambda one: (all(ruling[one]), one[0], len(ruling[one])))
        found: dict[tuple[Behaviour, tuple[str, ...]], Glance] = {}
        for level, word in ordered:
            conditions = tuple(dict.fromkeys(filter(None, ruling[level, word])))
            ordinary = level == ordered[0][0]
            # What two levels say alike is told once.
            found.setdefault(
                (word, conditions), Glance(word, conditions, ordinary, seen=word in ran)
            )
        return tuple(found.values())

    @cached_property
    def reports(self) -> int:
        """Unmasked reports over all families."""
        return sum(j.reports for j in self.judgements.values())

    @property
    def sources(self) -> tuple[str, ...]:
        """The ids of the sources of all that is known of it, hypervisors aside."""
        told = [seen.sources for seen in (*self.observations, *self.side_effects)]
        told += [note.sources for note in self.annotations]
        return (*(c.source for c in self.claims), *(name for ids in told for name in ids))

    @property
    def disagrees(self) -> bool:
        """Whether the table stands corrected here, by the manual or by silicon."""
        return self.rules_differ or any(j.verdict.disagrees for j in self.judgements.values())


CellViews = Mapping[CellKey, CellView]


def view_cells(
    knowledge: Knowledge, only: Collection[CellKey] | None = None
) -> dict[CellKey, CellView]:
    """Return every cell of the table, or those of ``only``, in its order."""
    wanted = (key for key in knowledge.cells if only is None or key in only)
    return {key: _view(knowledge, key, knowledge.conditions) for key in wanted}


def _view(knowledge: Knowledge, key: CellKey, conditions: Conditions) -> CellView:
    register = knowledge.registers[key.register]
    claims = claims_on(register.claims, key)
    seen = knowledge.observations_of.get(key, ())
    return CellView(
        key=key,
        register=register,
        claims=claims,
        judgements={
            f: judge(claims, seen, f, conditions, knowledge.measured.get((key, f), NOTHING))
            for f in knowledge.families
        },
        observations=seen,
        errata=knowledge.errata_of.get(key, ()),
        differences=knowledge.differences_of.get(key, ()),
        annotations=knowledge.annotations_of.get(key, ()),
        policies=view_policies(knowledge, key, claims, seen),
        printed=judge_print(claims, conditions),
        side_effects=knowledge.side_effects_of.get(key, ()),
    )


def view_again(
    cells: CellViews,
    knowledge: Knowledge,
    moved: Collection[tuple[CellKey, str]],
) -> dict[CellKey, CellView]:
    """Return cells of which something else is measured for some families, judged anew for those."""
    conditions, measured = knowledge.conditions, knowledge.measured
    families: dict[CellKey, list[str]] = {}
    for key, family in moved:
        families.setdefault(key, []).append(family)
    found = {}
    for key, view in ((key, cells[key]) for key in families if key in cells):
        seen = knowledge.observations_of.get(key, ())
        judged = {
            f: judge(view.claims, seen, f, conditions, measured.get((key, f), NOTHING))
            for f in families[key]
            if f in view.judgements
        }
        found[key] = replace(
            view,
            judgements={**view.judgements, **judged},
            observations=seen,
            policies=view_policies(knowledge, key, view.claims, seen, view.policies),
            side_effects=knowledge.side_effects_of.get(key, ()),
        )
    return found
