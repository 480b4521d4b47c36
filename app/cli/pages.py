"""Commands that print what a page says: the table, a register, what changed, a search."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import Annotated

import typer

from app.cli.clone import held_files, or_git
from app.cli.database import FilterOption, OnlyAccess, OnlyMode, Opened, joined, reads
from app.cli.saying import say
from app.core.guest_words import Sameness
from app.core.views import CellView
from app.core.words import Access, Mode
from app.errors import InvalidFilter, InvalidQuery, NotFound
from app.export.git.reading import Mirror
from app.pages import cell_text, comparing, explore, register_text
from app.pages.guest_view import lines_on
from app.pens.place import Place
from app.pens.plain import sheet_text
from app.search import search_text, searching
from app.store.queries import DATE_OR_VERSION
from app.store.snapshots import load_snapshot


def _show_kept(
    mirror: Mirror,
    name: str,
    mode: Mode | None,
    access: Access | None,
    family: str,
    *,
    query: str,
    at: str,
) -> None:
    """Print cells as a clone of a mirror holds them."""
    name, mode, access = _parts(name, mode, access)
    if family or query or not (mode or access):
        raise NotFound("A clone holds cells alone, each whole.", hints=("ldr/x2avic/write",))
    held = held_files(mirror.read(at))
    pages = [
        held.find(f"/r/{name}/{one}/{other}")
        for one, other in product(Mode, Access)
        if mode in (None, one) and access in (None, other)
    ]
    place = Place(held.name, held.name, pinned=True)
    say("\n\n".join(page.write(place) for page in pages if page.write), nl=False)


@or_git(_show_kept)
@reads
def show(
    opened: Opened,
    name: Annotated[
        str, typer.Argument(help="Register: slug, macro, offset or MSR; or ldr/x2avic/write.")
    ] = "",
    mode: OnlyMode = None,
    access: OnlyAccess = None,
    family: Annotated[str, typer.Option(help="Only this family's evidence.")] = "",
    *,
    query: FilterOption = "",
) -> None:
    """Print a register, its cells or the table.

    With --git a cell, as the clone has it.
    """
    if name and query:
        raise InvalidFilter("--filter is for the table; leave the register out.")
    if not name:
        opened.print_page(f"/?{joined(query, mode=mode, access=access, family=family)}")
        return
    snapshot, knowledge = opened.snapshot, opened.snapshot.knowledge
    name, mode, access = _parts(name, mode, access)
    register = explore.find_register(snapshot, name).register
    only = explore.find_family(snapshot, family).slug if family else ""
    cells = [
        _only(view, only)
        for view in explore.register_cells(snapshot, register)
        if mode in (None, view.key.mode) and access in (None, view.key.access)
    ]
    if mode is None and access is None:
        notes = explore.register_annotations(snapshot, register)
        sheets = [register_text.register_sheet(register, cells, notes, knowledge)]
    else:
        sheets = [cell_text.cell_sheet(view, knowledge, lines_on(snapshot, view)) for view in cells]
    say("\n\n".join(sheet_text(sheet, opened.place) for sheet in sheets), nl=False)


def _parts(
    name: str, mode: Mode | None, access: Access | None
) -> tuple[str, Mode | None, Access | None]:
    """Return the register, mode and access of a name, which may be as in the address of a cell."""
    register, *words = name.lower().split("/") if "/" in name else [name]
    for word in words:
        mode = Mode(word) if word in {*Mode} else mode
        access = Access(word) if word in {*Access} else access
        if word not in {*Mode, *Access}:
            raise NotFound(f"{word!r} is no mode and no access.", hints=("ldr/x2avic/write",))
    return register, mode, access


def _only(view: CellView, family: str) -> CellView:
    judgements = {f: j for f, j in view.judgements.items() if not family or f == family}
    return replace(view, judgements=judgements)


@reads
def corrected(opened: Opened) -> None:
    """Print Table 15-22 as it should read."""
    opened.print_page("/corrected")


@reads
def coverage(opened: Opened) -> None:
    """Print which family has which evidence."""
    opened.print_page("/c")


@reads
def diff(
    opened: Opened,
    then: Annotated[str, typer.Argument(help="A data version, or a date: its last one.")],
    now: Annotated[str, typer.Argument(help="Another one; the newest by default.")] = "",
    name: Annotated[
        str, typer.Argument(help="ldr, ldr/x2avic/write, D-3, /c/zen-4 ...; default: the table.")
    ] = "",
) -> None:
    """Print what changed between two data versions, in the table or on one page."""
    if not name and not DATE_OR_VERSION.fullmatch(now):
        now, name = "", now
    before = load_snapshot(opened.session, then)
    after = load_snapshot(opened.session, now) if now else opened.snapshot
    found = comparing.compare(before, after, comparing.address_meant(name), opened.place.site)
    there = Place(opened.place.site, after.name, pinned=after.pinned)
    say(comparing.comparison_text(found, there), nl=False)


@reads
def guest(
    opened: Opened,
    cell: Annotated[
        str, typer.Argument(help="Cell or register, as in 80Dh/x2avic/write; all without.")
    ] = "",
    family: Annotated[str, typer.Option(help="The CPU; any by default.")] = "",
    hypervisor: Annotated[
        str, typer.Option(help="One version or two, as in kvm-6.12,kvm-7.2.")
    ] = "",
    *,
    differs: Annotated[bool, typer.Option("--differs", help="Only where it differs.")] = False,
) -> None:
    """Print what a guest sees with and without interception."""
    register, mode, access = _parts(cell, None, None) if cell else ("", None, None)
    if cell:
        register = explore.find_register(opened.snapshot, register).register.slug
    asked = "/".join(filter(None, (register, mode, mode and access)))
    only = str(Sameness.DIFFERS) if differs else ""
    known = explore.find_family(opened.snapshot, family).slug if family else ""
    by = None if mode else access
    words = joined("", cell=asked, access=by, family=known, hypervisor=hypervisor, only=only)
    opened.print_page(f"/guest?{words}")


@reads
def search(
    opened: Opened,
    query: Annotated[
        list[str] | None, typer.Argument(help="Words, names, key:value; none explains them.")
    ] = None,
) -> None:
    """Find registers, cells, errata, differences, notes and sources."""
    try:
        found = searching.search(opened.snapshot, " ".join(query or ()))
    except InvalidQuery as error:
        say(search_text.refusal_text(error), nl=False, err=True)
        raise typer.Exit(1) from None
    if found.query.empty:
        keys = searching.keys(opened.snapshot)
        text = search_text.help_text(keys, searching.EXAMPLES, opened.place)
    else:
        text = search_text.found_text(found, opened.place)
    say(text, nl=False)
