"""What a new entry of the ledger begins with: its cells and its number."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from app.core.cells import CellKey, cells_of, expand
from app.core.ledger import list_unfiled
from app.core.views import CellView
from app.errors import NotFound
from app.pages import explore
from app.store import queries
from app.store.engine import Session
from app.store.snapshots import Snapshot

_NUMBER = re.compile(r"(?m)^(?:- )?\s*number: *(\d+)")


def cells_meant(snapshot: Snapshot, patterns: Iterable[str]) -> tuple[CellView, ...]:
    """Return the cells that ``register/mode/access`` patterns mean, in the order of the table.

    A register has any of its names, ``@group`` and ``*`` are as in the seed. Without
    patterns the first cells that are unfiled. Raises NotFound.
    """
    given = tuple(patterns)
    if not given:
        groups = list_unfiled(snapshot.cells)
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
    used = [int(key) for key in queries.list_keys(session, "difference") if key.isdigit()]
    for path in sorted((folder / "differences").glob("*.y*ml")):
        used += [int(number) for number in _NUMBER.findall(path.read_text("utf-8"))]
    return max(used, default=0) + 1
