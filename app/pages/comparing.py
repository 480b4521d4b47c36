"""What a page says at one data version against another: hunks of its text, as text and as data.

A page is named by its address on the site, ``/r/ldr/x2avic/write`` or ``/?mode=x2avic``;
its text twin is what is compared, under one heading, so that only facts differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import groupby
from typing import Any

from app.errors import InvalidFilter, NotFound
from app.pages import registry
from app.pens.page import Page
from app.pens.place import Place
from app.pens.plain import Plain, add_head
from app.store.snapshots import Snapshot


@dataclass(frozen=True)
class Hunk:
    """A run of lines in which two pages differ; ``where`` are the lines that they stand under."""

    where: tuple[str, ...]
    was: tuple[str, ...]
    now: tuple[str, ...]

    @property
    def shown(self) -> tuple[str, str]:
        """What was and what is, moved to the left margin together."""
        lines = (*self.was, *self.now)
        margin = min((_indent(line) for line in lines if line), default=0)
        was, now = (
            "\n".join(line[margin:] for line in side) or "(nothing)"
            for side in (self.was, self.now)
        )
        return was, now


@dataclass(frozen=True)
class PageComparison:
    """What a page said at one data version against another.

    ``path`` is the page's canonical address, ``title`` its first line; ``found`` tells
    whether the page is there at the later version.
    """

    path: str
    title: str
    then: str
    now: str
    hunks: tuple[Hunk, ...]
    found: bool = True

    @property
    def same(self) -> bool:
        """Whether nothing changed."""
        return not self.hunks

    @property
    def sections(self) -> tuple[tuple[tuple[str, ...], tuple[Hunk, ...]], ...]:
        """The hunks by what they stand under, in order."""
        runs = groupby(self.hunks, key=lambda hunk: hunk.where)
        return tuple((where, tuple(run)) for where, run in runs)

    @property
    def before(self) -> str:
        """The address of the page as it was."""
        return Place("", self.then).pin(self.path)

    @property
    def since(self) -> str:
        """The address of this comparison."""
        path, mark, query = self.path.partition("?")
        return f"{path.rstrip('/')}/since/{self.then}{mark}{query}"


def compare(then: Snapshot, now: Snapshot, address: str, site: str) -> PageComparison:
    """Return what changed in a page; one that is missing in one of the two has no lines there.

    Raises NotFound or InvalidFilter when neither snapshot has such a page.
    """
    # One place for both: the head of a page names its version, and is no change.
    place = Place(site, now.name)
    before, after = _find(then, address), _find(now, address)
    known = after or before
    if known is None:
        registry.find_page(now, address)
        raise NotFound(f"There is no page {address!r} to compare.")
    old = before.comparable(place) if before else ""
    new = after.comparable(place) if after else ""
    return compare_texts(known.path, (then.name, old), (now.name, new))


def compare_texts(path: str, then: tuple[str, str], now: tuple[str, str]) -> PageComparison:
    """Return what changed in a page by its text at two data versions, empty where it is missing."""
    old, new = then[1], now[1]
    title = " ".join((new or old).split("\n=", 1)[0].splitlines())
    return PageComparison(path, title, then[0], now[0], hunks(old, new), found=bool(new))


def address_meant(name: str) -> str:
    """Return the address that a name in a terminal means.

    ``ldr``, ``ldr/x2avic/write``, ``D-3``, ``corrected``, or an address as it is; no name at
    all means the whole table.
    """
    if not name or name.startswith(("/", "?")):
        return f"/{name.removeprefix('/')}"
    if name in registry.names_of_lists():
        return f"/{name}"
    number = name.upper().removeprefix("D-")
    return f"/d/{number}" if number.isdigit() and number != name else f"/r/{name}"


def _find(snapshot: Snapshot, address: str) -> Page | None:
    try:
        return registry.find_page(snapshot, address)
    except (NotFound, InvalidFilter):
        return None


def hunks(old: str, new: str) -> tuple[Hunk, ...]:
    """Return the runs of lines in which two text pages differ, in order."""
    was, now = old.splitlines(), new.splitlines()
    matcher = SequenceMatcher(None, was, now, autojunk=False)
    return tuple(
        Hunk(_where(now, c) if now else _where(was, a), tuple(was[a:b]), tuple(now[c:d]))
        for tag, a, b, c, d in matcher.get_opcodes()
        if tag != "equal"
    )


def _where(lines: list[str], start: int) -> tuple[str, ...]:
    """Return the lines above ``start`` that it stands under: by indentation, up to a heading.

    A heading is underlined with dashes. The title says nothing here, so it is left out.
    """
    found: list[str] = []
    indent = _indent(lines[start]) if start < len(lines) else 0
    for number in range(start - 1, 1, -1):
        line = lines[number]
        if line and not line.strip("-"):
            above = lines[number - 1]
            return (above, *reversed(found)) if number > 1 else tuple(reversed(found))
        if line and _indent(line) < indent:
            indent = _indent(line)
            found.append(line.strip())
    return tuple(reversed(found))


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip())


def comparison_text(found: PageComparison, place: Place) -> str:
    """Return what changed in a page between two data versions."""
    out = Plain()
    out.title(f"What changed from {found.then} to {found.now}")
    add_head(out, place, found.since)
    out.field("Page", found.title)
    if found.same:
        out.blank()
        out.para("Nothing that this page says.")
    if not found.found:
        out.blank()
        out.para(f"This page is not there at {found.now}.")
    for where, group in found.sections:
        out.blank()
        if where:
            out.para("in: " + " > ".join(where), 0, 4)
        for hunk in group:
            for label, lines in (("was:", hunk.was), ("is:", hunk.now)):
                out.para(label)
                out.raw("\n".join(lines) or "(nothing)")
    return out.render()


def comparison_body(found: PageComparison) -> dict[str, Any]:
    """Return the same as JSON data."""
    return {
        "data_version": found.now,
        "page": found.path,
        "from": found.then,
        "to": found.now,
        "found": found.found,
        "changes": [
            {"where": list(h.where), "was": list(h.was), "is": list(h.now)} for h in found.hunks
        ],
    }
