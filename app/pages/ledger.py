"""Use cases of the ledger: the differences under a filter, and one with all behind it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from app.core import ledger_filter
from app.core.cells import CellKey, cells_of, expand
from app.core.facts import Difference
from app.core.filters import CellFilter
from app.core.ledger import LedgerEntry, entry_of, unfiled
from app.core.ledger_filter import LedgerFilter, LedgerView
from app.core.views import CellView
from app.errors import NotFound
from app.pages import explore
from app.store import queries
from app.store.engine import Session
from app.store.snapshots import Snapshot

_NUMBER = re.compile(r"(?m)^(?:- )?\s*number: *(\d+)")


def read_filter(snapshot: Snapshot, pairs: Iterable[tuple[str, str]]) -> LedgerFilter:
    """Read query pairs; raises InvalidFilter."""
    return ledger_filter.vocabulary_of(snapshot.knowledge).read(pairs)


def view(snapshot: Snapshot, wanted: LedgerFilter) -> LedgerView:
    """Return the ledger as a filter wants it."""
    return ledger_filter.view_ledger(snapshot.knowledge, snapshot.cells, wanted)


def touching(snapshot: Snapshot, wanted: CellFilter) -> LedgerView:
    """Return what of the ledger touches a cell that the table's filter admits, in its order."""
    whole = view(snapshot, ledger_filter.WHOLE_LEDGER)
    if not wanted.active:
        return whole
    shown = set(explore.table(snapshot, wanted).cells)
    return replace(
        whole,
        entries=tuple(e for e in whole.entries if shown.intersection(e.keys)),
        unfiled=tuple(g for g in whole.unfiled if shown.intersection(g.keys)),
    )


def entry(snapshot: Snapshot, difference: Difference) -> LedgerEntry:
    """Return one difference with what stands behind it."""
    return entry_of(difference, snapshot.knowledge, snapshot.cells)


def cells_meant(snapshot: Snapshot, patterns: Iterable[str]) -> tuple[CellView, ...]:
    """Return the cells that ``register/mode/access`` patterns mean, in the order of the table.

    A register has any of its names, ``@group`` and ``*`` are as in the seed. Without
    patterns the first cells that are unfiled. Raises NotFound.
    """
    given = tuple(patterns)
    if not given:
        groups = unfiled(snapshot.cells)
        if not groups:
            raise NotFound("Nothing is unfiled; name the cells that the entry is for.")
        return groups[0].views
    keys = {key for pattern in given for key in _cells_of(snapshot, pattern)}
    return tuple(view for key, view in snapshot.cells.items() if key in keys)


def _cells_of(snapshot: Snapshot, pattern: str) -> tuple[CellKey, ...]:
    name, slash, rest = pattern.removeprefix("/r/").partition("/")
    if not name.startswith("@"):
        name = explore.find_register(snapshot, name).register.slug
    try:
        return expand(f"{name}{slash}{rest.lower()}", snapshot.knowledge.members)
    except ValueError:
        hints = (*map(str, cells_of(name)), f"{name}/x2avic/*") if not name.startswith("@") else ()
        message = f"{pattern!r} names no cell; one is spelled register/mode/access."
        raise NotFound(message, hints=hints) from None


def next_number(session: Session, folder: Path) -> int:
    """Return the number for a new difference: above any that ever was public or is in a seed.

    A file that is still being written counts too, so its number is read without parsing it.
    """
    used = [int(key) for key in queries.list_keys(session, "difference")]
    for path in sorted((folder / "differences").glob("*.y*ml")):
        used += [int(number) for number in _NUMBER.findall(path.read_text("utf-8"))]
    return max(used, default=0) + 1
