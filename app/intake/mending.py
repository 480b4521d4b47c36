"""A document whose form is broken in places, with those places blank: the rest is still read."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from app.core.words import Access, Behaviour, Mode

# What says nothing that could be wrong.
SEEN = {
    "register": "id",
    "mode": Mode.AVIC.value,
    "access": Access.READ.value,
    "outcome": Behaviour.COMPLETED.value,
}
BLANK: dict[str, Any] = {
    "format": 1,
    "tool": {"name": "-", "version": "-"},
    "measured_at": "2026-01-01T00:00:00Z",
    "cpu": {"vendor": "-", "family": 0, "model": 0, "stepping": 0},
    "hypervisor": {"name": "-", "version": "-"},
    "guest": {"name": "-", "command": "-"},
}


def mend_at(value: dict[str, Any], places: Iterable[tuple[str | int, ...]]) -> dict[str, Any]:
    """Return a copy of a document with whatever holds one of ``places`` blank, or left out.

    Of an observation only the key is blank, unless it is the register itself: the rest says
    nothing without.
    """
    nothing = dict(SEEN)
    blank = {**BLANK, "observations": [nothing]}
    found = deepcopy(value)
    for place in places:
        if place[:1] != ("observations",) or len(place) == 1:
            _clear(found, blank, place)
        elif isinstance(seen := found["observations"], list):
            _clear_observation(seen, nothing, place[1:])
    return found


def _clear_observation(
    seen: list[Any], nothing: dict[str, Any], place: tuple[str | int, ...]
) -> None:
    at = int(place[0])
    if not isinstance(seen[at], dict) or place[1:2] in ((), ("register",)):
        seen[at] = nothing
    elif seen[at] is not nothing:
        _clear(seen[at], nothing, place[1:2])


def _clear(holder: Any, blank: Any, place: tuple[str | int, ...]) -> None:
    """Put what is blank, or nothing, where a place begins; within an object one key deeper."""
    key, *rest = place
    if rest and isinstance(holder.get(key), dict):
        _clear(holder[key], blank.get(key, {}), tuple(rest[:1]))
    elif key in blank:
        holder[key] = deepcopy(blank[key])
    else:
        holder.pop(key, None)
