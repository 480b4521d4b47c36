"""Use case: what is pasted into a mail about a page of the site.

Everything here is a pure function of a snapshot and an address, so that a block can be made
again from its pinned address alone.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from functools import partial
from urllib.parse import parse_qsl

from app.core import filters
from app.core.cells import CellKey
from app.core.choices import OLD_KEYS
from app.core.citations import sources_of
from app.core.facts import Source
from app.core.knowledge import Knowledge
from app.core.selection import ACCESS_TYPES, ROWS, Selection, cells_of_row, read_rows
from app.core.views import CellView
from app.core.words import Access, Mode
from app.errors import AppError, NotFound
from app.mail import mail_phrases, mail_table, mail_text
from app.mail.mail_table import Rows
from app.pages import explore, registry
from app.pages.explore import TableView
from app.pens.place import PIN, Place
from app.store.snapshots import Snapshot

WITH_BLOCK = ("/r/REGISTER", "/r/REGISTER/MODE/ACCESS", "/d/NUMBER", "/mail")
# Longer lists of names make room for their number.
NAMED = 5


@dataclass(frozen=True)
class Cited:
    """A page as it is cited: its canonical address without a pin, and its title.

    ``write`` makes the block, None for a page that has none; ``sources`` stand behind it.
    """

    path: str
    title: str
    write: Callable[[Place], str] | None
    sources: tuple[Source, ...] = ()

    def block(self, place: Place) -> str:
        """Return the block. Raises NotFound where there is none."""
        if self.write is None:
            raise NotFound(f"{self.path} has no block for a mail.", hints=WITH_BLOCK)
        return self.write(place)

    @property
    def twin(self) -> str:
        """Where the block alone is, as text."""
        bare, _, query = self.path.partition("?")
        text = "/mail.txt" if bare == "/mail" else f"{bare}/mail.txt"
        return f"{text}?{query}" if query else text


@dataclass(frozen=True)
class Copies:
    """Every form in which a page is pasted; ``unnamed`` are commits of unknown subject."""

    path: str
    title: str
    twin: str
    version: str
    block: str
    trailer: str
    commits: tuple[str, ...]
    unnamed: tuple[str, ...]


def block(snapshot: Snapshot, address: str, site: str) -> str:
    """Return the ASCII block of a cell, a register, a difference or a selection of rows.

    Its last line is its one address, pinned to the snapshot's version. Raises NotFound for
    a page that has no block, InvalidFilter for a query that means nothing.
    """
    return find(snapshot, address).block(Place(site, snapshot.name))


def copies(snapshot: Snapshot, address: str, site: str) -> Copies:
    """Return every form of a page that has a block. Raises as ``block`` does."""
    found = find(snapshot, address)
    place = Place(site, snapshot.name)
    return Copies(
        path=found.path,
        title=found.title,
        twin=found.twin,
        version=snapshot.name,
        block=found.block(place),
        trailer=mail_text.trailer(place.pin(found.path)),
        commits=mail_text.commit_lines(found.sources),
        unnamed=mail_text.unnamed_commits(found.sources),
    )


def pinned(snapshot: Snapshot, address: str, site: str) -> str:
    """Return the pinned address of a page. Raises NotFound, InvalidFilter."""
    return Place(site, snapshot.name).pin(find(snapshot, address).path)


def instead_of_entry(snapshot: Snapshot, address: str, site: str) -> str:
    """Say how a page is cited, to whoever asks for an entry of a reference manager."""
    gone = "Entries for reference managers are not made any more."
    try:
        found = find(snapshot, address)
    except AppError:
        return f"{gone} Cite a page by its pinned address, see /docs/cite."
    place = Place(site, snapshot.name)
    block = f"; its block for a mail is {place.pin(found.twin)}" if found.write else ""
    return f"{gone} Cite the page itself, {place.pin(found.path)}{block}."


def find(snapshot: Snapshot, address: str) -> Cited:
    """Return what an address of the site means, a pin and a twin's extension aside.

    Raises NotFound for a page that cannot be cited in this way, InvalidFilter for a query
    that means nothing.
    """
    path, _, query = address.partition("?")
    pairs = [p for p in parse_qsl(query, keep_blank_values=True) if p[0] not in (PIN, *OLD_KEYS)]
    bare = path.removesuffix(".txt")
    if bare == "/mail":
        return _selection(snapshot, read_selection(snapshot, pairs))
    bare = bare.removesuffix("/mail").removesuffix("/index") or "/"
    page = registry.find(snapshot, f"{bare}?{query}" if query else bare)
    known = snapshot.knowledge
    match page.view:
        case {"cell": view}:
            title, sources = mail_text.cell_title(view), _sources(snapshot, [view])
            return Cited(page.path, title, partial(mail_text.cell_block, view, known), sources)
        case {"register": register, "cells": views}:
            title, sources = mail_table.register_title(register), _sources(snapshot, views)
            return Cited(
                page.path, title, partial(mail_table.register_block, views, known), sources
            )
        case {"entry": entry}:
            block = partial(mail_text.difference_block, entry, known)
            return Cited(page.path, page.title, block, entry.sources)
    return Cited(page.path, page.title, None)


def read_selection(snapshot: Snapshot, pairs: Iterable[tuple[str, str]]) -> Selection:
    """Read the query of ``/mail``: rows, and the table's filter. Raises InvalidFilter."""
    every = list(pairs)
    rows = read_rows((value for key, value in every if key == ROWS), snapshot.knowledge)
    rest = [pair for pair in every if pair[0] != ROWS]
    return Selection(rows, explore.read_filter(snapshot, rest))


def _selection(snapshot: Snapshot, selection: Selection) -> Cited:
    knowledge, wanted = snapshot.knowledge, selection.wanted
    view = explore.table(snapshot, wanted)
    chosen = {key for word in selection.rows for key in cells_of_row(word, knowledge)}
    chosen = chosen or set(knowledge.cells)
    cells = {key: cell for key, cell in view.cells.items() if key in chosen}
    rows = Rows(
        subject=_subject(selection, cells.values(), knowledge),
        sentences=tuple(_sentences(snapshot, view, chosen, len(cells))),
        cells=cells,
        order=filters.sort_registers(cells, wanted.text("sort")),
        path=selection.path,
        policies=wanted["policy"],
    )
    return Cited(
        path=selection.path,
        title=rows.subject,
        write=lambda place: mail_table.selection_block(rows, knowledge, place),
        sources=_sources(snapshot, cells.values()),
    )


def _subject(selection: Selection, cells: Collection[CellView], knowledge: Knowledge) -> str:
    """``Read-only and write-only registers of Table 16-6 under x2AVIC``: what the rows are."""
    rows = selection.rows
    if rows and all(word in ACCESS_TYPES for word in rows):
        names = f"{' and '.join(ACCESS_TYPES[word] for word in rows)} registers of Table 16-6"
    elif rows and len(rows) <= NAMED:
        names = ", ".join(_called(word, knowledge) for word in rows)
    else:
        count = len({view.register.slug for view in cells})
        names = f"{count} local-APIC register{'' if count == 1 else 's'}"
    modes = [mode.label for mode in Mode if any(view.key.mode is mode for view in cells)]
    # A cell names its mode itself.
    under = f" under {' and '.join(modes)}" if modes and "/" not in "".join(rows[:NAMED]) else ""
    return names[0].upper() + names[1:] + under


def _called(word: str, knowledge: Knowledge) -> str:
    """``Timer``, ``read-only registers``, ``LDR x2AVIC WRMSR``, ``LDR``."""
    if word in ACCESS_TYPES:
        return f"{ACCESS_TYPES[word]} registers"
    if word in knowledge.groups:
        return knowledge.groups[word].name
    slug, *rest = word.split("/")
    name = mail_phrases.label(knowledge.registers[slug])
    return f"{name} {mail_phrases.way(Mode(rest[0]), Access(rest[1]))}" if rest else name


def _sentences(
    snapshot: Snapshot, view: TableView, rows: Collection[CellKey], shown: int
) -> list[str]:
    """Say what the filter took away."""
    subject = view.wanted.but(sort=(), policy=())
    if not subject.but(mode=(), access=()).active:
        return []
    only = subject.only("mode", "access")
    members = snapshot.knowledge.members
    cells = snapshot.cells.items()
    total = sum(key in rows and only.admits(cell, members) for key, cell in cells)
    return [filters.sentence(subject, snapshot.vocabulary, shown, total)]


def _sources(snapshot: Snapshot, views: Iterable[CellView]) -> tuple[Source, ...]:
    """Return what stands behind the reports and the ledger entries of some cells."""
    ids: list[str] = []
    for view in views:
        ids += [name for seen in view.observations for name in seen.sources]
        ids += [name for difference in view.differences for name in difference.all_sources]
    return sources_of(ids, snapshot.knowledge.sources)
