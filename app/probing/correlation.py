"""Guest and trace together: one result per access, and everything that came to none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from app.core.words import Access
from app.errors import AppError
from app.probing import guest_log, trace_reader
from app.probing.classifying import SeenAccess, as_told, classify
from app.probing.contradictions import contradictions
from app.probing.guest import GuestAccess, GuestLog, Machine, Way
from app.probing.majority import Result, group_repetitions, majority_result, without_first
from app.probing.matching import Matched, match
from app.probing.trace import Trace
from app.probing.void import why_empty, why_void
from app.probing.windows import cut_windows

NO_WINDOW = "the trace holds no window of it"
ELSEWHERE = "the guest log holds no such access"


class NoMarker(AppError):
    """A trace in which nothing belongs to the guest."""

    code = "no-marker"


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


def read_without_trace(guest: bytes | GuestLog) -> Correlation:
    """Return what a guest's log says without a trace: completed, #GP or #PF, and no more.

    Raises BadGuestLog.
    """
    log = _read(guest)
    groups = group_repetitions((access, as_told(access)) for access in log.accesses)
    results, unexplained = _decided((without_first(group), 0) for group in groups)
    return Correlation(
        machine=log.machine,
        results=tuple(r for r in results if r.access.mode),
        elsewhere=tuple(r for r in results if not r.access.mode),
        unexplained=tuple(unexplained),
        accesses=len(log.accesses),
        remarks=log.remarks,
    )


def correlate(
    guest: bytes | GuestLog, text: str, progress: Callable[[int], object] | None = None
) -> Correlation:
    """Hold a guest's log against a trace of the same boot; ``progress`` is told of lines.

    Raises BadGuestLog for a log that is not whole, NoMarker for a trace without a window.
    """
    log = _read(guest)
    trace = trace_reader.read_trace(text, progress)
    pieces = cut_windows(trace)
    matched = match(log.accesses, pieces.windows)
    if not any(window for _, window in matched.pairs):
        raise NoMarker(why_empty(log, trace, matched))
    judged = _judge(log, matched)
    results, unexplained = _decided(judged.groups)
    void = why_void(log, trace, pieces, matched, results)
    strangers = [
        f"lines {window.first}-{window.last} of the trace: {window.begin.tag}, {ELSEWHERE}"
        for window in matched.strangers
    ]
    return Correlation(
        machine=log.machine,
        results=() if void else tuple(r for r in results if r.access.mode),
        elsewhere=() if void else tuple(r for r in results if not r.access.mode),
        discarded=tuple(sorted(judged.discarded.items())),
        unexplained=(*unexplained, *judged.empty, *pieces.strays, *strangers),
        contradictions=(*judged.contradictions, *matched.twice),
        void=void,
        noise=sum(seen.noise for group, _ in judged.groups for _, seen in group),
        accesses=len(log.accesses),
        matched=sum(window is not None for _, window in matched.pairs),
        remarks=log.remarks,
        trace=trace,
    )


def _read(guest: bytes | GuestLog) -> GuestLog:
    return guest if isinstance(guest, GuestLog) else guest_log.read_guest_log(guest)


@dataclass
class _Judged:
    """The repetitions that count, by access, with how many do not; what became of those."""

    groups: list[tuple[list[tuple[GuestAccess, SeenAccess]], int]] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    discarded: Counter[str] = field(default_factory=Counter)
    contradictions: list[str] = field(default_factory=list)


def _judge(log: GuestLog, matched: Matched) -> _Judged:
    old = _old_values(log.accesses)
    judged = _Judged()
    for group in group_repetitions(matched.pairs):
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
            judged.groups.append((seen, lost.total()))
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
    groups: Iterable[tuple[Sequence[tuple[GuestAccess, SeenAccess]], int]],
) -> tuple[list[Result], list[str]]:
    results, unexplained = [], []
    for group, lost in groups:
        first = group[0][0]
        if result := majority_result(group):
            results.append(replace(result, lost=lost))
        else:
            told = Counter(seen.label for _, seen in group)
            unexplained.append(f"{first}: no majority, {_counts(told.most_common())}")
        strange = Counter(seen.why_not for _, seen in group if seen.outcome is None)
        unexplained += [f"{first}: {n} of {len(group)}: {why}" for why, n in strange.items()]
    return results, unexplained


def _counts(counted: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{n} x {what}" for what, n in counted)
