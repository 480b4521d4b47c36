"""From repetitions to one result: what most of them saw, with what the others saw beside it.

The first repetition is dropped where there are others: its nested page faults and cold
code are not the register's. A result needs more than half of the rest; without that there
is none, since an average of two behaviours is the behaviour of nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from app.core.words import Behaviour
from app.probing.classifying import SeenAccess, condition_of
from app.probing.guest import GuestAccess

T = TypeVar("T", bound=Hashable)
OTHER_FIELDS = "The fields of the exit were others."


@dataclass(frozen=True, kw_only=True)
class Result:
    """What the repetitions of one access came to.

    ``access`` is one of the majority, ``seen`` what it saw; ``count`` of ``counted``
    repetitions agree, ``minority`` holds what the others saw. ``notes`` are sentences about
    those that agree, with how many each is about. The exit's fields are the commonest ones,
    ``value`` and ``read_back`` what all share. ``lost`` repetitions more could not be judged.
    """

    access: GuestAccess
    seen: SeenAccess
    condition: str
    count: int
    counted: int
    value: int | None
    read_back: int | None
    info: tuple[int, int] | None
    minority: tuple[tuple[str, int], ...] = ()
    notes: tuple[tuple[str, int], ...] = ()
    noise: int = 0
    lost: int = 0

    @property
    def outcome(self) -> Behaviour:
        """What it did; a result is always explained."""
        assert self.seen.outcome is not None  # noqa: S101 - made by ``majority_result``, which looks
        return self.seen.outcome


def group_repetitions(told: Iterable[tuple[GuestAccess, T]]) -> list[list[tuple[GuestAccess, T]]]:
    """Return repetitions together, in the order in which each access came first.

    What is done twice in one repetition (two reserved bits, say) is two accesses: the
    second one belongs to the second ones of the other repetitions.
    """
    groups: dict[object, list[tuple[GuestAccess, T]]] = defaultdict(list)
    times: Counter[object] = Counter()
    for access, what in told:
        place = (access.apic, access.way, access.address, access.member, access.width)
        done = (*place, access.access, access.why)
        times[done, access.rep] += 1
        groups[done, times[done, access.rep]].append((access, what))
    return list(groups.values())


def without_first(group: Sequence[tuple[GuestAccess, T]]) -> list[tuple[GuestAccess, T]]:
    """Return the repetitions that count: all but the first, or all if there is one only."""
    first = min(access.rep for access, _ in group)
    rest = [(access, what) for access, what in group if access.rep != first]
    return rest or list(group)


def majority_result(told: Sequence[tuple[GuestAccess, SeenAccess]]) -> Result | None:
    """Return the result of repetitions that count; None without a majority that is explained."""
    kinds = Counter(seen.kind for _, seen in told)
    (kind, count), *_ = kinds.most_common(1)
    agreeing = [(access, seen) for access, seen in told if seen.kind == kind]
    access, seen = agreeing[0]
    if count * 2 <= len(told) or seen.outcome is None:
        return None
    others = Counter(s.label for _, s in told if s.kind != kind)
    infos = Counter((s.exit.info1, s.exit.info2) for _, s in agreeing if s.exit).most_common()
    notes = Counter(note for a, s in agreeing for note in _notes(a, s))
    notes[OTHER_FIELDS] = sum(n for _, n in infos[1:])
    return Result(
        access=access,
        seen=seen,
        condition=condition_of(access, seen),
        count=count,
        counted=len(told),
        value=_same(a.value for a, _ in agreeing),
        read_back=_same(a.read_back for a, _ in agreeing),
        info=infos[0][0] if infos else None,
        minority=tuple(sorted(others.items(), key=lambda item: (-item[1], item[0]))),
        notes=tuple((note, n) for note, n in notes.items() if n),
        noise=sum(s.noise for _, s in told),
    )


def _notes(access: GuestAccess, seen: SeenAccess) -> Iterable[str]:
    """Return what is to be said of one repetition, in sentences."""
    if seen.note:
        yield seen.note
    if access.fault and seen.exit:
        yield f"The guest saw {access.fault}, from the hypervisor."


def _same(values: Iterable[int | None]) -> int | None:
    """Return what all share: a value that changes from one repetition to the next is none."""
    distinct = set(values)
    return distinct.pop() if len(distinct) == 1 else None
