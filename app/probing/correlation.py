"""Guest and trace together: one result per access, and everything that came to none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from app.core.words import Access, Behaviour, Mode
from app.probing.classes import SeenAccess, as_told, classify
from app.probing.contradictions import contradictions
from app.probing.guest import GuestAccess, GuestLog, Machine, Way
from app.probing.majority import Result, decide, grouped, without_first
from app.probing.matching import Matched, match
from app.probing.trace import Trace
from app.probing.windows import Cut, cut

NO_WINDOW = "the trace holds no window of it"
ELSEWHERE = "the guest log holds no such access"
NOT_AVIC = (
    "no access of the APIC page went without exit 400h, so AVIC was off before the trace began"
)


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """What one boot came to.

    ``void`` says why the whole run counts for nothing, empty if it counts. ``elsewhere``
    are results of accesses that are no cell of the table. ``discarded`` counts accesses by
    the reason; ``noise`` counts asynchronous exits in all windows. ``trace`` is None when
    the guest was alone.
    """

    machine: Machine
    results: tuple[Result, ...]
    elsewhere: tuple[Result, ...] = ()
    discarded: tuple[tuple[str, int], ...] = ()
    unexplained: tuple[str, ...] = ()
    contradictions: tuple[str, ...] = ()
    void: str = ""
    noise: int = 0
    accesses: int = 0
    matched: int = 0
    remarks: tuple[str, ...] = ()
    trace: Trace | None = None


def alone(log: GuestLog) -> Correlation:
    """Return what a guest without a trace can say: completed, or which fault."""
    groups = grouped((access, as_told(access)) for access in log.accesses)
    results, unexplained = _decided([without_first(group) for group in groups])
    return Correlation(
        machine=log.machine,
        results=tuple(r for r in results if r.access.mode),
        elsewhere=tuple(r for r in results if not r.access.mode),
        unexplained=tuple(unexplained),
        accesses=len(log.accesses),
        remarks=log.remarks,
    )


def correlate(log: GuestLog, trace: Trace) -> Correlation:
    """Hold a guest's account against the host's trace of the same boot.

    A trace without a single marker gives nothing but discarded accesses; callers look
    for ``matched`` being 0.
    """
    pieces = cut(trace)
    matched = match(log.accesses, pieces.windows)
    judged = _judge(log, matched)
    results, unexplained = _decided(judged.groups)
    void = pieces.inhibit or matched.ambiguous or _shows_no_avic(results)
    return Correlation(
        machine=log.machine,
        results=() if void else tuple(r for r in results if r.access.mode),
        elsewhere=() if void else tuple(r for r in results if not r.access.mode),
        discarded=tuple(sorted(judged.discarded.items())),
        unexplained=(*unexplained, *judged.empty, *_loose(pieces, matched)),
        contradictions=(*judged.contradictions, *matched.twice),
        void=void,
        noise=judged.noise,
        accesses=len(log.accesses),
        matched=sum(window is not None for _, window in matched.pairs),
        remarks=log.remarks,
        trace=trace,
    )


@dataclass
class _Judged:
    """The repetitions that count, by access, and what became of the others."""

    groups: list[list[tuple[GuestAccess, SeenAccess]]] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    discarded: Counter[str] = field(default_factory=Counter)
    contradictions: list[str] = field(default_factory=list)

    @property
    def noise(self) -> int:
        """Asynchronous exits in all windows that count."""
        return sum(seen.noise for group in self.groups for _, seen in group)


def _judge(log: GuestLog, matched: Matched) -> _Judged:
    old = _old_values(log.accesses)
    judged = _Judged()
    for group in grouped(matched.pairs):
        seen: list[tuple[GuestAccess, SeenAccess]] = []
        lost: Counter[str] = Counter()
        for access, window in without_first(group):
            if window is None or window.unfit:
                lost[window.unfit if window else NO_WINDOW] += 1
            elif against := contradictions(access, window, log.machine):
                judged.contradictions += [f"{access}: {what}" for what in against]
            else:
                seen.append((access, classify(access, window, log.machine, old[id(access)])))
        judged.discarded.update(lost)
        if seen:
            judged.groups.append(seen)
        elif lost:
            judged.empty.append(f"{group[0][0]}: nothing is left, {_counts(lost.items())}")
    return judged


def _old_values(accesses: Sequence[GuestAccess]) -> dict[int, int | None]:
    """Return what each access's register held before, as far as a marked read had shown it.

    A write makes it unknown: the guest may put a register back without telling.
    """
    known: dict[tuple[str, Way, int], int | None] = {}
    old: dict[int, int | None] = {}
    for access in accesses:
        place = (access.apic, access.way, access.address)
        old[id(access)] = known.get(place)
        known[place] = access.value if access.access is Access.READ else None
    return old


def _decided(
    groups: Iterable[Sequence[tuple[GuestAccess, SeenAccess]]],
) -> tuple[list[Result], list[str]]:
    results, unexplained = [], []
    for group in groups:
        first = group[0][0]
        if result := decide(group):
            results.append(result)
        else:
            told = Counter(seen.label for _, seen in group)
            unexplained.append(f"{first}: no majority, {_counts(told.most_common())}")
        strange = Counter(seen.why_not for _, seen in group if seen.outcome is None)
        unexplained += [f"{first}: {n} of {len(group)}: {why}" for why, n in strange.items()]
    return results, unexplained


def _shows_no_avic(results: Sequence[Result]) -> str:
    """Say so when every access of the page faulted: with AVIC on, some never exit."""
    page = [r.outcome for r in results if r.access.mode is Mode.AVIC]
    return NOT_AVIC if page and set(page) == {Behaviour.VMEXIT_NPF} else ""


def _loose(pieces: Cut, matched: Matched) -> Iterable[str]:
    yield from pieces.strays
    for window in matched.strangers:
        yield f"lines {window.first}-{window.last} of the trace: {window.begin.tag}, {ELSEWHERE}"


def _counts(counted: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{n} x {what}" for what, n in counted)
