"""``vapic search``: the text twin of /search."""

from __future__ import annotations

from typing import Annotated

import typer

from app.cli.database import reading
from app.errors import InvalidQuery
from app.search import search_text, searching

# A minus before a word excludes it; it is no option of the command.
CONTEXT = {"ignore_unknown_options": True}


def search(
    query: Annotated[
        list[str] | None, typer.Argument(help="Words, names, key:value; none explains them.")
    ] = None,
) -> None:
    """Find registers, cells, errata, differences, notes and sources."""
    with reading() as (_, snapshot, place):
        try:
            found = searching.search(snapshot, " ".join(query or ()))
        except InvalidQuery as error:
            typer.echo(search_text.refusal_text(error), nl=False, err=True)
            raise typer.Exit(1) from None
        if found.query.empty:
            text = search_text.help_text(searching.keys(snapshot), searching.EXAMPLES, place)
        else:
            text = search_text.found_text(found, place)
        typer.echo(text, nl=False)
