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
from app.core.citations import commit_form, has_subject, sources_of
from app.core.facts import Source
from app.core.knowledge import Knowledge
from app.core.numbers import count_noun
from app.core.selection import ACCESS_TYPES, ROWS, Selection, cells_of_row, read_rows
from app.core.views import CellView
from app.core.words import Access, Mode, SourceKind
from app.curation import aliases
from app.errors import AppError, NotFound
from app.mail import mail_phrases, mail_table, mail_text
from app.mail.mail_table import SelectedRows
from app.pages import explore, registry
from app.pages.explore import TableView
from app.pens.place import PIN, Place
from app.store.snapshots import Snapshot

WITH_BLOCK = ("/r/REGISTER", "/r/REGISTER/MODE/ACCESS", "/d/NUMBER", "/mail")
# Longer lists of names make room for their number.
MOST_REGISTERS = 5
DIGITS = 12


@dataclass(frozen=True)
class Cited:
    """A page as it is cited, in every form in which it is pasted.

    ``path`` is its canonical address without a pin; ``write`` makes its block, None for a page
    that has none; ``sources`` stand behind it.
    """

    path: str
    title: str
    place: Place
    write: Callable[[Place], str] | None = None
    sources: tuple[Source, ...] = ()

    def block(self) -> str:
        """Return the ASCII block, whose last line is its one address, pinned.

        Raises NotFound for a page that has none.
        """
        if self.write is None:
            raise NotFound(f"{self.path} has no block for a mail.", hints=WITH_BLOCK)
        return self.write(self.place)

    @property
    def twin(self) -> str:
        """Where the block alone is, as text."""
        bare, _, query = self.path.partition("?")
        text = "/mail.txt" if bare == "/mail" else f"{bare}/mail.txt"
        return f"{text}?{query}" if query else text

    @property
    def plain(self) -> str:
        """Its address, which shows what is public whenever it is read."""
        return f"{self.place.site}{self.path}"

    @property
    def pinned(self) -> str:
        """Its address that shows for ever what it shows now."""
        return self.place.pin(self.path)

    @property
    def trailer(self) -> str:
        """``Link: https://...``: never wrapped, as trailers are not."""
        return f"Link: {self.pinned}"

    @property
    def commits(self) -> tuple[str, ...]:
        """``commit 5a7c7d148e48 ("KVM: selftests: ...")``, as the kernel cites its commits.

        Only commits whose subject is recorded whole.
        """
        commits = (s for s in self.sources if s.kind is SourceKind.COMMIT and has_subject(s))
        return tuple(dict.fromkeys(map(commit_form, commits)))

    @property
    def unnamed(self) -> tuple[str, ...]:
        """The hashes, 12 digits, of the commits that ``commits`` leaves out."""
        commits = (s for s in self.sources if s.kind is SourceKind.COMMIT and not has_subject(s))
        return tuple(dict.fromkeys(s.commit[:DIGITS] for s in commits))


def instead_of_entry(snapshot: Snapshot, address: str, site: str) -> str:
    """Say how a page is cited, to whoever asks for an entry of a reference manager."""
    gone = "Entries for reference managers are not made any more."
    try:
        found = find_citation(snapshot, address, site)
    except AppError:
        return f"{gone} Cite a page by its pinned address, see /docs/cite."
    pin = found.place.pin
    block = f"; its block for a mail is {pin(found.twin)}" if found.write else ""
    return f"{gone} Cite the page itself, {pin(found.path)}{block}."


def find_citation(snapshot: Snapshot, address: str, site: str) -> Cited:
    """Return what an address of the site means, a pin and a twin's extension aside.

    Raises NotFound for a page that cannot be cited in this way, InvalidFilter for a query
    that means nothing.
    """
    path, _, query = address.partition("?")
    pairs = [p for p in parse_qsl(query, keep_blank_values=True) if p[0] not in (PIN, *OLD_KEYS)]
    place, known = Place(site, snapshot.name), snapshot.knowledge
    bare = path.removesuffix(".txt")
    if bare == "/mail":
        rows = read_rows((value for key, value in pairs if key == ROWS), known)
        kept = [pair for pair in pairs if pair[0] != ROWS]
        wanted = snapshot.vocabulary.read(aliases.name_families(kept, snapshot.knowledge))
        return _selection(snapshot, Selection(rows, wanted), place)
    bare = bare.removesuffix("/mail").removesuffix("/index") or "/"
    if not registry.is_page(bare):
        raise NotFound(f"No page of facts has the address {bare!r}.", hints=WITH_BLOCK)
    page = registry.find_page(snapshot, f"{bare}?{query}" if query else bare)
    cited = partial(Cited, page.path, place=place)
    match page.view:
        case {"cell": view}:
            write = partial(mail_text.cell_block, view, known)
            return cited(mail_text.cell_title(view), write=write, sources=_sources([view], known))
        case {"register": register, "cells": views}:
            write = partial(mail_table.register_block, views, known)
            title = mail_table.register_title(register)
            return cited(title, write=write, sources=_sources(views, known))
        case {"entry": entry}:
            write = partial(mail_text.difference_block, entry, known)
            return cited(page.title, write=write, sources=entry.sources)
    return cited(page.title)


def _selection(snapshot: Snapshot, selection: Selection, place: Place) -> Cited:
    knowledge, wanted = snapshot.knowledge, selection.wanted
    view = explore.filter_table(snapshot, wanted)
    chosen = {key for word in selection.rows for key in cells_of_row(word, knowledge)}
    chosen = chosen or set(knowledge.cells)
    shown = {slug: [c for c in row if c.key in chosen] for slug, row in view.rows.items()}
    left = {slug: row for slug, row in shown.items() if row}
    cells = {cell.key: cell for row in left.values() for cell in row}
    rows = SelectedRows(
        subject=_subject(selection, cells.values(), knowledge),
        sentence=_sentence(snapshot, view, chosen, len(cells)),
        cells=cells,
        order=filters.sort_registers(left, wanted.text("sort")),
        path=selection.path,
        policies=wanted["policy"],
    )
    write = partial(mail_table.selection_block, rows, knowledge)
    return Cited(selection.path, rows.subject, place, write, _sources(cells.values(), knowledge))


def _subject(selection: Selection, cells: Collection[CellView], knowledge: Knowledge) -> str:
    """``Read-only and write-only registers of Table 16-6 under x2AVIC``: what the rows are."""
    rows = selection.rows
    if rows and all(word in ACCESS_TYPES for word in rows):
        names = f"{' and '.join(ACCESS_TYPES[word] for word in rows)} registers of Table 16-6"
    elif rows and len(rows) <= MOST_REGISTERS:
        names = ", ".join(_called(word, knowledge) for word in rows)
    else:
        count = len({view.register.slug for view in cells})
        names = count_noun(count, "local-APIC register")
    modes = [mode.label for mode in Mode if any(view.key.mode is mode for view in cells)]
    # A cell names its mode itself.
    under = (
        f" under {' and '.join(modes)}"
        if modes and "/" not in "".join(rows[:MOST_REGISTERS])
        else ""
    )
    return names[0].upper() + names[1:] + under


def _called(word: str, knowledge: Knowledge) -> str:
    """``Timer``, ``read-only registers``, ``LDR x2AVIC WRMSR``, ``LDR``."""
    if word in ACCESS_TYPES:
        return f"{ACCESS_TYPES[word]} registers"
    if word in knowledge.groups:
        return knowledge.groups[word].name
    slug, *rest = word.split("/")
    name = knowledge.registers[slug].label
    return (
        f"{name} {mail_phrases.mode_and_access(Mode(rest[0]), Access(rest[1]))}" if rest else name
    )


def _sentence(snapshot: Snapshot, view: TableView, rows: Collection[CellKey], shown: int) -> str:
    """Say what the filter took away; empty where it took nothing."""
    subject = view.wanted.but(sort=(), policy=())
    if not subject.but(mode=(), access=()).active:
        return ""
    only = subject.only("mode", "access")
    members = snapshot.knowledge.members
    cells = snapshot.cells.items()
    total = sum(key in rows and only.admits(cell, members) for key, cell in cells)
    return filters.sentence(subject, snapshot.vocabulary, shown, total)


def _sources(views: Iterable[CellView], knowledge: Knowledge) -> tuple[Source, ...]:
    """Return what stands behind the reports and the ledger entries of some cells."""
    ids: list[str] = []
    for view in views:
        ids += [name for seen in view.observations for name in seen.sources]
        ids += [name for difference in view.differences for name in difference.all_sources]
    return sources_of(ids, knowledge.sources)
