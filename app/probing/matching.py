"""Which window belongs to which access: by sequence number, which has 16 bits and wraps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from app.probing.guest import GuestAccess
from app.probing.markers import WRAP
from app.probing.windows import Window


@dataclass(frozen=True)
class Matched:
    """Accesses with their windows, and what does not fit.

    ``strangers`` are windows that no access claims: the guest log is cut off, or another
    guest ran. ``ambiguous`` says why nothing was matched, if nothing could be.
    """

    pairs: tuple[tuple[GuestAccess, Window | None], ...]
    strangers: tuple[Window, ...] = ()
    twice: tuple[str, ...] = ()
    ambiguous: str = ""


def unwrap_sequence(numbers: Iterable[int]) -> list[int]:
    """Return 16-bit sequence numbers as numbers without an end.

    Each is taken as near to the one before as it can be, so a few that are missing or out
    of order do no harm.
    """
    full: list[int] = []
    for number in numbers:
        last = full[-1] if full else number
        step = (number - last + WRAP // 2) % WRAP - WRAP // 2
        full.append(last + step)
    return full


def match(accesses: Sequence[GuestAccess], windows: Sequence[Window]) -> Matched:
    """Pair accesses with windows.

    A trace may begin after the first wrap (its buffer had overflown), so every whole
    number of wraps is tried; the one under which most markers say what the guest says
    is taken, and none where two do equally well.
    """
    wanted = dict(zip(unwrap_sequence(a.seq % WRAP for a in accesses), accesses, strict=True))
    numbers = unwrap_sequence(window.begin.seq for window in windows)
    shift, ambiguous = _shift(wanted, list(zip(numbers, windows, strict=True)))
    if ambiguous:
        return Matched(tuple((access, None) for access in accesses), ambiguous=ambiguous)
    found: dict[int, Window] = {}
    strangers, twice = [], []
    for number, window in zip(numbers, windows, strict=True):
        here = number + shift
        if here not in wanted:
            strangers.append(window)
        elif here in found:
            lines = f"lines {found[here].first} and {window.first}"
            twice.append(f"sequence number {window.begin.seq} stands twice in the trace, {lines}")
        else:
            found[here] = window
    pairs = tuple((access, found.get(number)) for number, access in wanted.items())
    return Matched(pairs, tuple(strangers), tuple(twice))


def _shift(
    wanted: dict[int, GuestAccess], windows: Sequence[tuple[int, Window]]
) -> tuple[int, str]:
    """Return by how much the windows' numbers lie behind, and why nobody can tell."""
    if not wanted or not windows:
        return 0, ""
    numbers = [number for number, _ in windows]
    # Shifts under which the two overlap at all.
    least = (min(wanted) - max(numbers)) // WRAP
    most = (max(wanted) - min(numbers)) // WRAP + 1
    agreeing: Counter[int] = Counter()
    for wraps in range(least, most + 1):
        pairs = ((wanted.get(number + wraps * WRAP), window) for number, window in windows)
        agreeing[wraps] = sum(bool(a and a.tag == window.begin.tag) for a, window in pairs)
    (best, count), *others = agreeing.most_common(2)
    if count and others and others[0][1] == count:
        return 0, "the sequence numbers fit the guest's in more than one way"
    return best * WRAP if count else 0, ""
