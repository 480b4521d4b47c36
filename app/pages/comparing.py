"""Use case: what a page says at one data version against another.

A page is named by its address on the site, ``/r/ldr/x2avic/write`` or ``/?mode=x2avic``;
its text twin is what is compared, under one heading, so that only facts differ.
"""

from __future__ import annotations

from app.errors import InvalidFilter, NotFound
from app.pages import registry, since_text
from app.pages.since_text import PageComparison
from app.pens.page import Page
from app.pens.place import Place
from app.store.snapshots import Snapshot


def differences_between(then: Snapshot, now: Snapshot, address: str, site: str) -> str:
    """Return as text what changed in a page from ``then`` to ``now``.

    Raises NotFound or InvalidFilter when neither snapshot has such a page.
    """
    found = compare(then, now, address, site)
    return since_text.comparison_text(found, Place(site, now.name, pinned=now.pinned))


def compare(then: Snapshot, now: Snapshot, address: str, site: str) -> PageComparison:
    """Return what changed in a page; one that is missing in one of the two has no lines there.

    Raises NotFound or InvalidFilter when neither snapshot has such a page.
    """
    # One place for both: the head of a page names its version, and is no change.
    place = Place(site, now.name)
    before, after = _find(then, address), _find(now, address)
    known = after or before
    if known is None:
        registry.find(now, address)
        raise NotFound(f"There is no page {address!r} to compare.")
    old = before.comparable(place) if before else ""
    new = after.comparable(place) if after else ""
    title = " ".join((new or old).split("\n=", 1)[0].splitlines())
    hunks = since_text.hunks(old, new)
    return PageComparison(known.path, title, then.name, now.name, hunks, found=after is not None)


def address_of(name: str) -> str:
    """Return the address that a name in a terminal means.

    ``ldr``, ``ldr/x2avic/write``, ``D-3``, ``corrected``, or an address as it is; no name at
    all means the whole table.
    """
    if not name or name.startswith(("/", "?")):
        return f"/{name.removeprefix('/')}"
    if name in registry.lists():
        return f"/{name}"
    number = name.upper().removeprefix("D-")
    return f"/d/{number}" if number.isdigit() and number != name else f"/r/{name}"


def _find(snapshot: Snapshot, address: str) -> Page | None:
    try:
        return registry.find(snapshot, address)
    except (NotFound, InvalidFilter):
        return None
