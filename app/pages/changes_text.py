"""What changed and when: data versions as sentences, sheet and rows."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.pens.lines import Linked, told
from app.pens.parts import Field, Item, Para, Sheet
from app.pens.tables import Table

LEAD = "What became public, and when. Every data version keeps what it held."


@dataclass(frozen=True)
class VersionChanges:
    """One data version for display; ``lines`` hold one change each, or counts by kind."""

    name: str
    created_at: datetime
    reason: str
    total: int
    lines: tuple[str, ...]


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
        Para(LEAD, "lead"),
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
