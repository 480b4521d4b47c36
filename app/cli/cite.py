"""`vapic cite`: what a page gives to be pasted into a mail or a changelog."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import parse_qsl, urlencode

import typer

from app.cli.database import joined, reading
from app.core.names import resolve
from app.core.selection import ROWS
from app.core.words import Access, Mode
from app.errors import InvalidFilter, NotFound
from app.mail import citing
from app.store.snapshots import Snapshot

CELL = 2


def cite(
    what: Annotated[
        list[str] | None,
        typer.Argument(
            help="Registers, cells (ldr/x2avic/write), groups, ro, wo, rw; or one difference "
            "(D-3), or the address of a page."
        ),
    ] = None,
    mode: Annotated[Mode | None, typer.Option(help="Only this mode.")] = None,
    access: Annotated[Access | None, typer.Option(help="Only this access.")] = None,
    query: Annotated[
        str, typer.Option("--filter", help='As in the URL: "mode=x2avic&verdict=explained".')
    ] = "",
    number: Annotated[
        int, typer.Option("--number", min=0, help="Put # [NUMBER] behind the trailer's link.")
    ] = 0,
    *,
    trailer: Annotated[bool, typer.Option("--trailer", help="Print the Link: trailer.")] = False,
    commits: Annotated[
        bool, typer.Option("--commits", help="Print the commits behind it, as the kernel does.")
    ] = False,
) -> None:
    """Print what to paste into a mail: a block with one pinned link, or another form."""
    trailer = trailer or bool(number)
    if trailer and commits:
        raise InvalidFilter("--trailer and --commits are one form each; take one.")
    with reading() as (_, snapshot, place):
        pairs = parse_qsl(joined(query, mode=mode, access=access), keep_blank_values=True)
        address = _address(snapshot, what or [], pairs, place.site)
        cited = citing.find(snapshot, address, place.site)
        if trailer:
            typer.echo(f"{cited.trailer} # [{number}]" if number else cited.trailer)
        elif commits:
            for line in cited.commits:
                typer.echo(line)
        else:
            typer.echo(cited.block(), nl=False)


def _address(snapshot: Snapshot, words: list[str], pairs: list[tuple[str, str]], site: str) -> str:
    """Return the address of the page that the words of a command line mean."""
    if not words and not pairs:
        hints = ("ldr/x2avic/write", "ro wo --mode x2avic", "D-3")
        raise NotFound("Say what to cite.", hints=hints)
    one = words[0].removeprefix(site) if len(words) == 1 else ""
    if one.startswith("/") and not pairs:
        return one
    if one[:2].upper() == "D-" and not pairs:
        return f"/d/{one}"
    if one and (alone := _alone(snapshot, one, dict(pairs))):
        return alone
    query = urlencode([(ROWS, ",".join(words)), *pairs] if words else pairs, safe=",/")
    return f"/mail?{query}"


def _alone(snapshot: Snapshot, word: str, narrowed: dict[str, str]) -> str:
    """Return the page of one register or one cell, empty for anything else."""
    name, *cell = word.split("/")
    if not cell and len(narrowed) == CELL and {"mode", "access"} == set(narrowed):
        cell = [narrowed["mode"], narrowed["access"]]
        narrowed = {}
    if narrowed or len(cell) not in (0, CELL):
        return ""
    try:
        slug = resolve(name, snapshot.knowledge.registers).register.slug
    except NotFound:
        return ""
    return "/".join(("", "r", slug, *cell))
