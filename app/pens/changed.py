"""Changes of facts in one line each, from nothing but the facts themselves.

A change has ``action``, ``kind``, ``key``, ``before`` and ``after``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from app.core.names import plural

# The first load of a seed adds hundreds of facts: counted, not listed.
MOST_LINES = 50


def change_lines(changes: Iterable[Any]) -> tuple[str, ...]:
    """Return the changes of one data version, one a line, or counts by kind.

    A decision on a measurement is told whole, however many facts it moves.
    """
    every = tuple(changes)
    decided = [c for c in every if c.kind == "measurement" and c.after]
    others = [c for c in every if c not in decided]
    told = count_changes(others) if len(others) > MOST_LINES else map(_line, others)
    return (*map(_decision, decided), *told)


def _decision(change: Any) -> str:
    after = change.after
    was = f"{change.before['state']} -> " if change.before else ""
    by = f" by {after['decided_by']}" if after.get("decided_by") else ""
    reason = f": {after['reason']}" if after.get("reason") else ""
    return f"{change_line(change)}: {was}{after['state']}{by}{reason}"


def change_line(change: Any) -> str:
    """``measurement 0123456789ab of an emulation added``: what became of a fact."""
    emulated = (change.after or change.before or {}).get("emulation")
    of = " of an emulation" if change.kind == "measurement" and emulated else ""
    return f"{change.kind} {change.key}{of} {change.action}"


def _line(change: Any) -> str:
    text = change_line(change)
    if change.action != "changed":
        return text
    return f"{text}: {', '.join(differing_fields(change.before, change.after))}"


def differing_fields(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the fields in which two bodies differ, in order."""
    return tuple(k for k in sorted(before.keys() | after.keys()) if before.get(k) != after.get(k))


def count_changes(changes: Iterable[Any]) -> tuple[str, ...]:
    """Return ``3 observations added`` for each kind and action."""
    found = Counter((c.action, c.kind) for c in changes)
    return tuple(
        f"{n} {kind if n == 1 else plural(kind)} {action}" for (action, kind), n in found.items()
    )
