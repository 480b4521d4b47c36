"""`vapic diff`: what changed between two data versions."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.database import reading
from app.pages import comparing
from app.pens.place import Place
from app.store.queries import DATE_OR_VERSION
from app.store.snapshots import load_snapshot


def diff(
    then: Annotated[str, typer.Argument(help="A data version, or a date: its last one.")],
    now: Annotated[str, typer.Argument(help="Another one; the newest by default.")] = "",
    name: Annotated[
        str, typer.Argument(help="ldr, ldr/x2avic/write, D-3, /c/zen-4 ...; default: the table.")
    ] = "",
) -> None:
    """Print what changed between two data versions, in the table or on one page."""
    if not name and not DATE_OR_VERSION.fullmatch(now):
        now, name = "", now
    address = comparing.address_of(name)
    with reading() as (session, snapshot, place):
        before = load_snapshot(session, then)
        after = load_snapshot(session, now) if now else snapshot
        found = comparing.compare(before, after, address, place.site)
        there = Place(place.site, after.name, pinned=after.pinned)
    typer.echo(comparing.comparison_text(found, there), nl=False)
