"""What a guest sees of an access: silicon on one side, an emulation on the other, and who answers.

Where a hypervisor lets an access through, silicon answers: as it was seen to, else as the manual's
own order has it. Where it intercepts, its emulated local APIC answers, as it was measured. The two
are never mixed: each half has evidence of its own, and what is not known stays so.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from app.core.emulated import NON_ZERO, ZERO, EmulatedAnswer, EmulatedApic, claims_met_by
from app.core.emulator_words import Following
from app.core.facts import Claim, Observation, Sighting
from app.core.guest_words import SEEN_AS, Answerer, Sameness, Sees
from app.core.hypervisors import Version
from app.core.knowledge import Knowledge
from app.core.numbers import parse_hex
from app.core.rulings import is_firm, must_hold
from app.core.views import CellView
from app.core.wanted import can_have
from app.core.words import Action, Behaviour, Evidence, Mode, Verdict

DOCUMENTED, IMPLIED = "documented", "implied"
# The axis of conditions that lie in the processor.
CPUID = "cpuid"
# What an emulation answered, by condition.
AnswersBy = Mapping[str, tuple[EmulatedAnswer, ...]]
# A policy's action, and who answers then.
WHO = {Action.PASS: Answerer.SILICON, Action.INTERCEPT: Answerer.EMULATION}


@dataclass(frozen=True)
class Silicon:
    """What the processor lets a guest see of an access that reaches it.

    By ``observations`` where there are any; by ``claims`` too where one of them is hedged, and
    alone where there is none. No ``sees`` is not known, more
    than one not which. ``grade`` is the strongest of what it rests on.
    """

    sees: tuple[Sees, ...]
    grade: str
    observations: tuple[Observation, ...] = ()
    claims: tuple[Claim, ...] = ()


@dataclass(frozen=True)
class Half:
    """The other half under one version: what its emulation showed, and who of the two answers.

    ``inferred`` where that rests on every policy on record of a hypervisor and not on the one of
    this version. ``same`` compares the two halves; ``guest`` is what the guest sees in the end.
    """

    version: Version
    sees: tuple[Sees, ...]
    answers: tuple[EmulatedAnswer, ...]
    who: Answerer
    inferred: bool
    same: Sameness
    guest: tuple[Sees, ...]


@dataclass(frozen=True)
class Case:
    """One cell under one condition, empty for a plain, well-formed access."""

    cell: CellView
    condition: str
    silicon: Silicon
    halves: tuple[Half, ...]

    @property
    def same(self) -> Sameness:
        """Whether every version does as silicon: the first word of the vocabulary that any has."""
        found = {half.same for half in self.halves}
        return next((word for word in Sameness if word in found), Sameness.NOT_KNOWN)

    @property
    def shown(self) -> tuple[object, ...]:
        """What two cases of a cell have in common where they make one line."""
        return (self.silicon.sees, *((h.sees, h.who, h.guest, h.same) for h in self.halves))


@dataclass(frozen=True)
class Viewpoint:
    """The view of a guest on a CPU family, empty for any, under versions of hypervisors."""

    knowledge: Knowledge
    versions: tuple[Version, ...]
    family: str = ""

    def cases(self, cell: CellView) -> tuple[Case, ...]:
        """Return a cell under each condition that anything is known of.

        None where it is absent, or no machine of the family has the mode.
        """
        family = self.knowledge.families.get(self.family)
        if not self.knowledge.exists(cell.key) or (family and not can_have(family, cell.key.mode)):
            return ()
        told = {v.slug: self._told(cell, v.apic) for v in self.versions}
        found = []
        for condition in self._named(cell, told.values()):
            silicon = self._silicon(cell, condition)
            asked = "" if self._outside(condition) else condition
            halves = (
                self._half(cell, silicon, v, told[v.slug].get(asked, ())) for v in self.versions
            )
            found.append(Case(cell, condition, silicon, tuple(halves)))
        return tuple(found)

    def _told(self, cell: CellView, apic: EmulatedApic | None) -> AnswersBy:
        """Return what an emulation answered, by the case that it is."""
        found: dict[str, tuple[EmulatedAnswer, ...]] = {}
        for answer in apic.answers(cell, self.knowledge.conditions) if apic else ():
            case = self._case(cell, answer)
            found[case] = (*found.get(case, ()), answer)
        return found

    def _named(self, cell: CellView, told: Iterable[AnswersBy]) -> Iterable[str]:
        """Return the conditions of a cell; a plain access is none where a rule tells them apart."""
        ruled = self._ruled(cell, "")
        names = [claim.condition for claim in cell.effective]
        outside = any(map(self._outside, names))
        plain = any("" in answers for answers in told) and not outside
        names += [name for answers in told for name in answers]
        names += [seen.condition for seen in self._heard(cell)]
        if plain or not ruled or not all(claim.condition for claim in ruled):
            return dict.fromkeys(("", *names))
        return dict.fromkeys(filter(None, names))

    def _outside(self, condition: str) -> bool:
        """Whether a condition is about the processor alone, so that no emulation knows of it."""
        known = self.knowledge.conditions.get(condition)
        return known is not None and known.axis == CPUID

    def _case(self, cell: CellView, answer: EmulatedAnswer) -> str:
        """Return the condition of an answer.

        Its values say so where it states none; zero is a plain value where no rule names it.
        """
        stated = answer.condition
        values = [one.value for _, one in answer.seen if one.value]
        if not stated and any(map(parse_hex, values)):
            stated = NON_ZERO if NON_ZERO in {c.condition for c in answer.ruled} else ""
        named = {claim.condition for claim in cell.claims}
        return "" if stated == ZERO and ZERO not in named else stated

    def _heard(self, cell: CellView) -> Iterator[Observation]:
        """Yield what was seen of silicon, on the family or on any; never what was masked."""
        for judgement in cell.judgements.values():
            if self.family in ("", judgement.family):
                yield from (
                    f.observation for f in judgement.findings if f.verdict is not Verdict.MASKED
                )

    def _silicon(self, cell: CellView, condition: str) -> Silicon:
        ruled = self._ruled(cell, condition)
        seen = tuple(o for o in self._heard(cell) if self._covers(cell, o, condition, ruled))
        if seen:
            grades = {o.evidence for o in seen}
            grade = next(str(grade) for grade in Evidence if grade in grades)
            # A hedge says that it is not always so: what the manual rules stays beside it.
            stays = ruled if any(o.hedge for o in seen) else ()
            told = (*(o.outcome for o in seen), *(claim.behaviour for claim in stays))
            return Silicon(_sees(told), grade, seen, stays)
        grade = DOCUMENTED if any(map(is_firm, ruled)) else IMPLIED
        sees = _sees(claim.behaviour for claim in ruled)
        return Silicon(sees, grade if sees else "", (), ruled)

    def _covers(
        self, cell: CellView, seen: Observation, condition: str, ruled: tuple[Claim, ...]
    ) -> bool:
        """Whether a report is about accesses under a condition, by which ``ruled`` decide.

        One that states none speaks of every access that the same rules decide as a plain one, and
        of each that certainly meets the rule that says what it saw.
        """
        if seen.condition:
            return bool(condition) and self.knowledge.conditions.covers(seen.condition, condition)
        met = [
            c for c in ruled if c.condition and must_hold(c, condition, self.knowledge.conditions)
        ]
        always = not any(c.condition for c in ruled) and ruled == self._ruled(cell, "")
        return not condition or always or seen.outcome in {c.behaviour for c in met}

    def _ruled(self, cell: CellView, condition: str) -> tuple[Claim, ...]:
        key = cell.key
        asked = Sighting(
            register=key.register,
            mode=key.mode,
            access=key.access,
            outcome=Behaviour.COMPLETED,
            condition=condition,
        )
        return claims_met_by(cell.claims, asked, self.knowledge.conditions, self.family)

    def _half(
        self,
        cell: CellView,
        silicon: Silicon,
        version: Version,
        answers: tuple[EmulatedAnswer, ...],
    ) -> Half:
        sees = tuple(word for word in Sees if word in {seen_of(a) for a in answers})
        who, inferred = self._answerer(cell, version)
        known = _emulates(cell, version.hypervisor)
        reached = _reached(silicon.sees, sees, emulates=known)
        same = _compare_sees(reached, sees)
        either = sees if same is Sameness.SAME else ()
        guest = {Answerer.SILICON: reached, Answerer.EMULATION: sees}.get(who, either)
        return Half(version, sees, answers, who, inferred, same, guest)

    def _answerer(self, cell: CellView, version: Version) -> tuple[Answerer, bool]:
        """Return who answers, and whether that is inferred from every policy on record."""
        if cell.key.mode is Mode.AVIC:
            # There is no MSR to intercept; what the emulation does shows with AVIC off.
            return Answerer.SILICON, False
        mine = {
            v.policy.slug: v for v in cell.policies if v.policy.hypervisor == version.hypervisor
        }
        known = version.policy.policy
        actions = {mine[known.slug].actions} if known else {v.actions for v in mine.values()}
        if len(actions) != 1 or not (only := next(iter(actions))):
            return Answerer.NOT_KNOWN, False
        if len(only) > 1:
            return Answerer.EITHER, not known
        return WHO.get(only[0], Answerer.EITHER), not known


def _emulates(cell: CellView, hypervisor: str) -> bool:
    """Whether each policy on record of a hypervisor emulates a cell after an exit 402h.

    At an offset of its trap list it takes the access as done.
    """
    mine = [v for v in cell.policies if v.policy.hypervisor == hypervisor]
    return bool(mine) and not any(v.trapped for v in mine)


def seen_of(answer: EmulatedAnswer) -> Sees:
    """Return what the guest saw of an emulation."""
    other = answer.following is Following.OTHER_VALUE
    return Sees.OTHER_VALUE if other else SEEN_AS[answer.outcome]


def _sees(behaviours: Iterable[Behaviour]) -> tuple[Sees, ...]:
    found = {SEEN_AS[word] for word in behaviours if word in SEEN_AS}
    return tuple(word for word in Sees if word in found)


def _reached(
    silicon: tuple[Sees, ...], emulated: tuple[Sees, ...], *, emulates: bool
) -> tuple[Sees, ...]:
    """Return what the guest sees of an access that is let through: an exit leads to emulation."""
    if Sees.EXITS not in silicon:
        return silicon
    if not emulates or not emulated:
        return ()
    found = {*silicon, *emulated} - {Sees.EXITS}
    return tuple(word for word in Sees if word in found)


def _compare_sees(silicon: tuple[Sees, ...], emulated: tuple[Sees, ...]) -> Sameness:
    if not silicon or not emulated:
        return Sameness.NOT_KNOWN
    other = {*emulated} - {*silicon}
    if other == {Sees.COMPLETES} and Sees.IGNORED in silicon:
        # That it had an effect, nobody looked.
        return Sameness.NOT_KNOWN
    if other:
        return Sameness.DIFFERS
    return Sameness.SAME if len(silicon) == 1 else Sameness.NOT_KNOWN
