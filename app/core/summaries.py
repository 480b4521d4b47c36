"""What any number of measurements of a cell and family say, as counts.

A verdict asks of measurements only which kinds of observation there are, and how many reports,
machines and microcodes stand behind those that are heard. Both are kept here in a size that
grows with what was seen and never with how often.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from app.core.cells import CellKey
from app.core.facts import Observation
from app.core.words import Behaviour, Sight

# What a guest that only watches itself cannot tell apart from a completed access.
INVISIBLE = frozenset({b for b in Behaviour if b.sight is Sight.HOST} | {Behaviour.UNDEFINED})
# How many of the newest observations of a kind are named one by one.
NEWEST = 8

# Why an observation could still be masked: its outcome and condition; () where nothing can.
Hearing = tuple[str, ...]
ALWAYS: Hearing = ()


@dataclass(frozen=True, order=True)
class Sort:
    """What observations have in common that no verdict can tell apart."""

    cell: CellKey
    family: str
    outcome: Behaviour
    condition: str = ""
    member: str = ""
    intercepted: bool = False
    unwatched: bool = False

    @classmethod
    def of(cls, seen: Observation) -> Sort:
        """Return the sort of an observation of a measurement, which names one cell."""
        return cls(
            CellKey.parse(seen.cells[0]),
            seen.family,
            seen.outcome,
            seen.condition,
            seen.member,
            seen.intercepted,
            seen.unwatched,
        )

    def __str__(self) -> str:
        seen = f"{self.cell} {self.family} {self.outcome} {self.condition}"
        return f"{seen} {self.member} {self.intercepted} {self.unwatched}"

    @property
    def hearing(self) -> Hearing | None:
        """What decides whether it is heard; None when it is masked by itself."""
        if self.intercepted or self.outcome is Behaviour.VMEXIT_MSR:
            return None
        partial = self.unwatched or self.outcome is Behaviour.COMPLETED
        told = partial and self.outcome not in INVISIBLE
        return (str(self.outcome), self.condition) if told else ALWAYS


Profile = frozenset[Hearing]


@dataclass(frozen=True)
class Counts:
    """How many reports, machines and microcodes; of the last two only what reports name."""

    reports: int = 0
    machines: int = 0
    microcodes: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.reports + other.reports,
            self.machines + other.machines,
            self.microcodes + other.microcodes,
        )

    def __sub__(self, other: Counts) -> Counts:
        return self + Counts(-other.reports, -other.machines, -other.microcodes)


@dataclass(frozen=True)
class Summary:
    """The observations of one sort.

    ``observations`` counts items of documents, ``repetitions`` how often they were seen in
    all; ``newest`` are the ids of at most ``NEWEST`` of them, newest first.
    """

    sort: Sort
    counts: Counts
    observations: int
    repetitions: int
    newest: tuple[str, ...] = ()

    def named(self, *newest: str) -> Summary:
        """Return it with other names for its newest observations."""
        return replace(self, newest=newest)


@dataclass(frozen=True)
class Measured:
    """Every measurement of one cell and family.

    ``heard`` counts reports, machines and microcodes by all that each of them shows there, so
    that nobody is counted twice whichever part of it is masked.
    """

    summaries: tuple[Summary, ...] = ()
    heard: Mapping[Profile, Counts] = field(default_factory=lambda: MappingProxyType({}))

    def behind(self, hearings: Collection[Hearing]) -> Counts:
        """Return who stands behind anything of ``hearings``, each once."""
        wanted = frozenset(hearings)
        return sum((n for profile, n in self.heard.items() if profile & wanted), Counts())

    @property
    def of_id(self) -> Mapping[str, Summary]:
        """The summary that an observation stands for, by its id."""
        return {name: summary for summary in self.summaries for name in summary.newest}


NOTHING = Measured()


@dataclass(frozen=True)
class Share:
    """What one measurement says of one cell and family: items and repetitions by sort.

    ``by_machine`` and ``by_microcode`` are the sorts there that other measurements of the same
    machine and microcode show; None where the document does not tell it apart.
    """

    items: Mapping[Sort, tuple[int, int]]
    by_machine: frozenset[Sort] | None
    by_microcode: frozenset[Sort] | None


def with_share(
    measured: Measured, share: Share, sign: int, newest: Mapping[Sort, tuple[str, ...]]
) -> Measured:
    """Return ``measured`` with one measurement more (``sign`` 1) or less (-1).

    ``newest`` are the ids of the newest observations of its sorts afterwards. What no report
    is left of goes.
    """
    known = {s.sort: s for s in measured.summaries}
    for sort, (items, times) in share.items.items():
        old = known.get(sort, Summary(sort, Counts(), 0, 0))
        who = Counts(
            1, _counts_anew(sort, share.by_machine), _counts_anew(sort, share.by_microcode)
        )
        known[sort] = replace(
            old,
            counts=old.counts + who if sign > 0 else old.counts - who,
            observations=old.observations + sign * items,
            repetitions=old.repetitions + sign * times,
            newest=newest[sort],
        )
    left = sorted(s for s in known if known[s].counts.reports)
    return Measured(tuple(known[sort] for sort in left), _heard(measured.heard, share, sign))


def _counts_anew(sort: Sort, others: frozenset[Sort] | None) -> int:
    return int(others is not None and sort not in others)


def _heard(before: Mapping[Profile, Counts], share: Share, sign: int) -> Mapping[Profile, Counts]:
    found = Counter[Profile](), Counter[Profile](), Counter[Profile]()
    mine = profile_of(share.items)
    found[0][mine] += sign
    for counted, others in zip(found[1:], (share.by_machine, share.by_microcode), strict=True):
        if others is not None:
            without = profile_of(others)
            counted[without | mine] += sign
            counted[without] -= sign
    after = dict(before)
    for profile in {p for counted in found for p in counted if p}:
        after[profile] = after.get(profile, Counts()) + Counts(*(c[profile] for c in found))
    return {p: after[p] for p in sorted(after, key=sorted) if after[p] != Counts()}


def profile_of(sorts: Iterable[Sort]) -> Profile:
    """Return everything that decides whether any of ``sorts`` is heard."""
    return frozenset(h for sort in sorts if (h := sort.hearing) is not None)
