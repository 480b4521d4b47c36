"""The one place that knows which page is at an address.

HTML, text, data, feeds, blocks for mails, checked mails, the copied site, what changed since,
and the list of promised addresses all ask here.
"""

from __future__ import annotations

from urllib.parse import parse_qsl

from app.core.choices import OLD_KEYS
from app.curation import aliases
from app.errors import NotFound
from app.pages.kinds import (
    changes,
    differences,
    editing,
    emulations,
    errata,
    families,
    guest,
    inhibits,
    measurements,
    pictures,
    policies,
    registers,
    sources,
    table,
    wanted,
)
from app.pages.kinds.kind import Address, PageKind
from app.pens.page import Page
from app.pens.place import PIN
from app.store.snapshots import Snapshot

KINDS: tuple[PageKind, ...] = (
    *table.KINDS,
    *editing.KINDS,
    *pictures.KINDS,
    *registers.KINDS,
    *families.KINDS,
    *differences.KINDS,
    *errata.KINDS,
    *measurements.KINDS,
    *emulations.KINDS,
    *guest.KINDS,
    *policies.KINDS,
    *inhibits.KINDS,
    *wanted.KINDS,
    *changes.KINDS,
    *sources.KINDS,
)


def find_page(snapshot: Snapshot, address: str) -> Page:
    """Return the page that an address means, a pin in it aside.

    The page says where it lives: any other name of it is to be redirected there. Raises
    NotFound, or InvalidFilter for a query that means nothing.
    """
    path, _, query = address.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    others = (pair for pair in pairs if pair[0] not in (PIN, *OLD_KEYS))
    unpinned = aliases.name_families(others, snapshot.knowledge)
    path = path.rstrip("/") or "/"
    for kind in KINDS:
        if match := kind.expression.fullmatch(path):
            asked = Address(snapshot, match.groupdict(), unpinned)
            page = kind.find(asked)
            asked.refuse_unread()
            return page
    raise NotFound(f"No page of facts has the address {address!r}.", hints=("/",))


def is_page(address: str) -> bool:
    """Whether an address is of a kind of page, there or not."""
    path = address.partition("?")[0].rstrip("/") or "/"
    return any(kind.expression.fullmatch(path) for kind in KINDS)


def names_of_lists() -> tuple[str, ...]:
    """Return the names of the pages that are lists: ``corrected``, ``d``, ``errata`` ..."""
    return tuple(kind.pattern.strip("/") for kind in KINDS if kind.lists)
