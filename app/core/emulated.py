"""What emulated local APICs answered, held against the manual's rules as a guest sees them.

Nothing here is evidence about a processor: an emulation has answers, verdicts and counts of its
own, and no judgement on a CPU family is made of them (``app.core.verdicts`` never sees one).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from app.core.cells import CellKey
from app.core.emulator_words import Following
from app.core.facts import Claim, Emulation, Measurement, Sighting
from app.core.numbers import parse_hex
from app.core.rulings import Conditions, claims_met, is_firm, must_hold
from app.core.views import CellView
from app.core.words import Access, Behaviour

# What a guest sees of a behaviour that the manual names, where that is not that it completes.
# After an exit the hypervisor answers; that the access is legal, chapter 16 has said before.
FAULTS = frozenset({Behaviour.GP, Behaviour.PF})
UNSAID = frozenset({Behaviour.UNDEFINED, Behaviour.ABSENT})
# A write of which the manual says that it reaches the register.
STORED = frozenset({Behaviour.ALLOWED, Behaviour.ACCELERATED, Behaviour.VMEXIT_TRAP})
ZERO, NON_ZERO = "zero", "non-zero"


@dataclass(frozen=True)
class EmulatedAnswer:
    """What one emulation answered to accesses of one cell that no rule tells apart.

    ``outcome`` is what the guest saw: ``completed``, ``gp`` or ``pf``. ``condition`` is a slug of
    the seed or the guest's own word, empty for a plain access. ``ruled`` are the claims that it
    was held against, ``firm`` whether the manual says any of them in so many words. ``items``
    counts observations of documents, ``times`` how often they were seen; ``seen`` are those
    observations with the name of their measurement.
    """

    outcome: Behaviour
    condition: str
    member: int | None
    following: Following
    ruled: tuple[Claim, ...]
    seen: tuple[tuple[str, Sighting], ...]

    @property
    def firm(self) -> bool:
        """Whether the manual says so explicitly, so that no reading of it is in between."""
        return any(map(is_firm, self.ruled))

    @property
    def items(self) -> int:
        """How many observations of documents."""
        return len(self.seen)

    @property
    def times(self) -> int:
        """How often it was seen in all."""
        return sum(one.count for _, one in self.seen)

    @property
    def documents(self) -> tuple[str, ...]:
        """The names of the measurements that itemise it."""
        return tuple(dict.fromkeys(name for name, _ in self.seen))


@dataclass(frozen=True)
class EmulatedApic:
    """One emulation with the accepted measurements of it, newest first.

    ``total`` counts them all, of which the newest are read.
    """

    emulation: Emulation
    documents: tuple[Measurement, ...]
    total: int

    @property
    def slug(self) -> str:
        """The name of its page."""
        return self.emulation.slug

    @property
    def path(self) -> str:
        """The address of its page."""
        return f"/e/{self.slug}"

    @cached_property
    def by_cell(self) -> Mapping[CellKey, tuple[tuple[str, Sighting], ...]]:
        """What was seen of each cell, each with the name of its measurement."""
        found: dict[CellKey, list[tuple[str, Sighting]]] = defaultdict(list)
        for measurement in self.documents:
            for seen in measurement.observations:
                found[seen.cell].append((measurement.slug, seen))
        return {key: tuple(seen) for key, seen in found.items()}

    def answers(self, cell: CellView, conditions: Conditions) -> tuple[EmulatedAnswer, ...]:
        """Return what it answered to accesses of a cell."""
        return emulated_answers(cell, self.by_cell.get(cell.key, ()), conditions)


def emulated_answers(
    cell: CellView, seen: Iterable[tuple[str, Sighting]], conditions: Conditions
) -> tuple[EmulatedAnswer, ...]:
    """Hold what an emulation answered against the manual's rules, by condition and member.

    ``seen`` is what was observed of the cell, each with the name of its measurement; the answers
    come in the order in which they were seen.
    """
    grouped: dict[
        tuple[Behaviour, str, int | None, Following, tuple[Claim, ...]],
        list[tuple[str, Sighting]],
    ] = defaultdict(list)
    for name, one in seen:
        ruled, verdict = judge_sighting(cell, one, conditions)
        kind = one.outcome, one.condition, one.member, verdict, ruled
        grouped[kind].append((name, one))
    return tuple(EmulatedAnswer(*kind, tuple(mine)) for kind, mine in grouped.items())


def judge_sighting(
    cell: CellView, seen: Sighting, conditions: Conditions
) -> tuple[tuple[Claim, ...], Following]:
    """Return the claims that rule an access of a cell, and the verdict on what a guest saw."""
    ruled = claims_met_by(cell.claims, seen, conditions)
    words = {claim.behaviour for claim in ruled}
    if not words or words & UNSAID:
        return ruled, Following.OPEN
    faults = words & FAULTS
    if seen.outcome in FAULTS:
        return ruled, Following.FOLLOWS if seen.outcome in faults else Following.STRICTER
    if faults == words:
        return ruled, Following.LAXER
    lost = _lost(cell, seen, words, conditions)
    return ruled, Following.OTHER_VALUE if lost else Following.FOLLOWS


def count_verdicts(answers: Iterable[EmulatedAnswer]) -> Mapping[Following, int]:
    """Return how many observations have each verdict, in the order of the vocabulary."""
    found: Counter[Following] = Counter()
    for answer in answers:
        found[answer.following] += answer.items
    return {word: found[word] for word in Following if found[word]}


def claims_met_by(
    claims: Iterable[Claim], seen: Sighting, conditions: Conditions, family: str = ""
) -> tuple[Claim, ...]:
    """Return the claims of a cell that the manual's own priority lets one access meet.

    Those of a product manual count for their ``family`` alone.

    An access that states no condition on its value is well-formed: it sets no reserved bit, and
    whether it writes zero its value says.
    """
    mine = claims_met(claims, seen.condition, conditions, family)
    met = tuple(claim for claim in mine if _value_meets(claim, seen, conditions))
    # A check that certainly holds for this access comes before what lies below it.
    for i, claim in enumerate(met):
        if claim.behaviour in FAULTS and must_hold(claim, _stated(seen, conditions), conditions):
            return met[: i + 1]
    return met


def _lost(
    cell: CellView, seen: Sighting, words: Collection[Behaviour], conditions: Conditions
) -> bool:
    """Whether a write of a register that keeps what is written reads back another value.

    A plain write, or one of a message: which one, the value itself says.
    """
    known = conditions.get(seen.condition)
    plain = not seen.condition or (known is not None and known.axis == "message")
    if seen.access is not Access.WRITE or not plain or cell.register.access != "RW":
        return False
    # That an IPI cannot be finished says nothing of the register.
    reached = set(words) - {Behaviour.VMEXIT_IPI}
    if not (seen.value and seen.read_back and reached and STORED.issuperset(reached)):
        return False
    return parse_hex(seen.read_back) != parse_hex(seen.value)


def _stated(seen: Sighting, conditions: Conditions) -> str:
    """Return the condition of an access on its value: what it states, or what the value says."""
    known = conditions.get(seen.condition)
    if (known and known.axis == "value") or not seen.value:
        return seen.condition
    return NON_ZERO if parse_hex(seen.value) else ZERO


def _value_meets(claim: Claim, seen: Sighting, conditions: Conditions) -> bool:
    known = conditions.get(claim.condition)
    if known is None or known.axis != "value":
        return True
    return conditions.covers(claim.condition, _stated(seen, conditions))
