"""What changed and when: data versions as sentences, sheet and rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.core.words import plural
from app.pens import leads
from app.pens.lines import Linked, told
from app.pens.parts import Field, Item, Para
from app.pens.sheet import Sheet
from app.pens.tables import Table

# The first load of a seed adds hundreds of facts: counted, not listed.
LISTED = 50


@dataclass(frozen=True)
class VersionChanges:
    """One data version for display; ``lines`` hold one change each, or counts by kind."""

    name: str
    created_at: datetime
    reason: str
    total: int
    lines: tuple[str, ...]


def version_changes(
    name: str, created_at: datetime, reason: str, changes: Iterable[Any]
) -> VersionChanges:
    """Return a data version's changes in words.

    ``changes`` have ``action``, ``kind``, ``key``, ``before`` and ``after``. A decision on a
    measurement is told whole, however many facts it moves.
    """
    every = tuple(changes)
    decided = [c for c in every if c.kind == "measurement" and c.after]
    others = [c for c in every if c not in decided]
    lines = [_decision(c) for c in decided]
    if len(others) > LISTED:
        lines += counted(others)
    else:
        lines += [_line(c) for c in others]
    return VersionChanges(name, created_at, reason, len(every), tuple(lines))


def _decision(change: Any) -> str:
    after = change.after
    was = f"{change.before['state']} -> " if change.before else ""
    by = f" by {after['decided_by']}" if after.get("decided_by") else ""
    reason = f": {after['reason']}" if after.get("reason") else ""
    return f"measurement {change.key} {change.action}: {was}{after['state']}{by}{reason}"


def _line(change: Any) -> str:
    text = f"{change.kind} {change.key} {change.action}"
    if change.action != "changed":
        return text
    return f"{text}: {', '.join(differing(change.before, change.after))}"


def differing(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of the fields in which two bodies differ, in order."""
    return tuple(k for k in sorted(before.keys() | after.keys()) if before.get(k) != after.get(k))


def version_body(version: VersionChanges) -> dict[str, Any]:
    """Return a data version's changes as JSON data."""
    return {
        "data_version": version.name,
        "created_at": f"{version.created_at:%Y-%m-%dT%H:%M:%SZ}",
        "reason": version.reason,
        "facts": version.total,
        "lines": list(version.lines),
    }


def changes_sheet(versions: Iterable[VersionChanges]) -> Sheet:
    """Return every data version, newest first."""
    out = Sheet("Changes: what became public, and when", "/changes", parts=[
        Field("One of them", (told("/changes/VERSION"),), only="text"),
        Para(leads.CHANGES, "lead"),
    ])  # fmt: skip
    for e in versions:
        dated = f"  {e.created_at:%Y-%m-%d %H:%M:%S} UTC  {e.reason}"
        record = out.record((Linked(e.name, f"/changes/{e.name}"),), dated, id=e.name)
        record.parts += map(Item, e.lines)
    return out


def changes_table(versions: Iterable[VersionChanges]) -> Table:
    """Return one row per line of change."""
    rows = [
        (e.name, f"{e.created_at:%Y-%m-%dT%H:%M:%SZ}", e.reason, line)
        for e in versions
        for line in e.lines
    ]
    return Table(("data_version", "created_at", "reason", "change"), tuple(rows))


def counted(changes: Iterable[Any]) -> tuple[str, ...]:
    """Return ``3 observations added`` for each kind and action."""
    found = Counter((c.action, c.kind) for c in changes)
    return tuple(
        f"{n} {kind if n == 1 else plural(kind)} {action}" for (action, kind), n in found.items()
    )
