"""`vapic difference`: the ledger in a terminal, and drafts of new entries."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.database import Opened, joined, reads
from app.cli.saying import say
from app.core.ledger import list_unfiled
from app.core.words import Access, DifferenceState, Mode
from app.curation.drafting import Draft, draft_yaml
from app.pages import difference_text, explore, filing
from app.pens.plain import line_text
from app.settings import Settings

differences = typer.Typer(no_args_is_help=True)


@differences.command("list")
@reads
def list_(
    opened: Opened,
    state: Annotated[DifferenceState | None, typer.Option(help="Only this state.")] = None,
    mode: Annotated[Mode | None, typer.Option(help="Only on cells of this mode.")] = None,
    access: Annotated[Access | None, typer.Option(help="Only on cells of this access.")] = None,
    *,
    register: Annotated[str, typer.Option(help="Only on cells of this register, any name.")] = "",
    family: Annotated[str, typer.Option(help="Only what names this family, or none.")] = "",
    query: Annotated[
        str, typer.Option("--filter", help='As in the URL: "state=unfiled&mode=x2avic".')
    ] = "",
) -> None:
    """Print the ledger, with what no difference covers."""
    slug = explore.find_register(opened.snapshot, register).register.slug if register else ""
    words = joined(query, state=state, mode=mode, access=access, register=slug, family=family)
    opened.print_page(f"/d?{words}")


@differences.command()
@reads
def show(
    opened: Opened, number: Annotated[str, typer.Argument(help="Its number: 3 or D-3.")]
) -> None:
    """Print one difference with its life and what stands behind it."""
    opened.print_page(f"/d/{number}")


@differences.command()
@reads
def draft(
    opened: Opened,
    cells: Annotated[
        list[str] | None,
        typer.Argument(help="Cells: ldr/x2avic/write; default: the first unfiled ones."),
    ] = None,
) -> None:
    """Print a seed entry for cells, with the next number.

    What only a person can write is marked; `vapic lint` refuses the file until it is written.
    """
    snapshot = opened.snapshot
    views = filing.cells_meant(snapshot, cells or ())
    number = filing.next_number(opened.session, Settings().seed)
    made = Draft(views, snapshot.knowledge)
    say(draft_yaml(made, number, version=snapshot.name, site=opened.place.site), nl=False)
    groups = list_unfiled(snapshot.cells)
    chosen = {view.key for view in views}
    left = [group for group in groups if not chosen.intersection(group.keys)]
    if len(left) == len(groups):
        say("vapic: a difference covers these cells, or nothing disagrees there.", err=True)
    for group in left:
        named = line_text(difference_text.cells_line(group.keys, snapshot.knowledge))
        say(f"vapic: unfiled too: {named}", err=True)
