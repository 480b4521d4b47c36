"""Commands around a mail: what is pasted into one, and what still holds of one."""

from __future__ import annotations

import sys
from functools import lru_cache, partial
from pathlib import Path
from typing import Annotated
from urllib.parse import parse_qsl, urlencode, urlsplit

import typer

from app.cli.clone import held_files, or_git
from app.cli.database import FilterOption, OnlyAccess, OnlyMode, Opened, joined, reads
from app.cli.reading import MOST_MAIL, read_file
from app.cli.saying import say
from app.core.selection import ROWS
from app.curation.aliases import find_register
from app.errors import InvalidFilter, NotFound
from app.export.git.reading import Mirror
from app.mail import citing, quotes_text, quoting
from app.mail.quotes_text import MailOut
from app.settings import LOOPBACK, host_name
from app.store.snapshots import Snapshot, load_snapshot

CELL = 2


@reads
def cite(
    opened: Opened,
    what: Annotated[
        list[str] | None,
        typer.Argument(
            help="Registers, cells (ldr/x2avic/write), groups, ro, wo, rw; or one difference "
            "(D-1), or the address of a page."
        ),
    ] = None,
    mode: OnlyMode = None,
    access: OnlyAccess = None,
    *,
    query: FilterOption = "",
    number: Annotated[
        int, typer.Option("--number", min=0, help="Put # [NUMBER] behind the trailer's link.")
    ] = 0,
    trailer: Annotated[bool, typer.Option("--trailer", help="Print the Link: trailer.")] = False,
    commits: Annotated[
        bool, typer.Option("--commits", help="Print the commits behind it, as the kernel does.")
    ] = False,
) -> None:
    """Print what to paste into a mail: a block with one pinned link, or another form."""
    trailer = trailer or bool(number)
    if trailer and commits:
        raise InvalidFilter("--trailer and --commits are one form each; take one.")
    pairs = parse_qsl(joined(query, mode=mode, access=access), keep_blank_values=True)
    address = _address(opened.snapshot, what or [], pairs, opened.place.site)
    cited = citing.find_citation(opened.snapshot, address, opened.place.site)
    if host_name(urlsplit(opened.place.site).netloc) in LOOPBACK:
        site = f"{opened.place.site} is this machine, which no reader of a mail can open"
        say(f"vapic: {site}: VAPIC_BASE_URL is the address that links should have.", err=True)
    if trailer:
        say(f"{cited.trailer} # [{number}]" if number else cited.trailer)
    elif commits:
        say("".join(f"{line}\n" for line in cited.commits), nl=False)
    else:
        say(cited.block(), nl=False)


def _address(snapshot: Snapshot, words: list[str], pairs: list[tuple[str, str]], site: str) -> str:
    """Return the address of the page that the words of a command line mean."""
    if not words and not pairs:
        hints = ("ldr/x2avic/write", "ro wo --mode x2avic", "D-1")
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
    if not cell and {"mode", "access"} == set(narrowed):
        cell = [narrowed["mode"], narrowed["access"]]
        narrowed = {}
    # What a group is called may be short for a register too: with its members it says more.
    if narrowed or len(cell) not in (0, CELL) or (not cell and name in snapshot.knowledge.groups):
        return ""
    try:
        slug = find_register(name, snapshot.knowledge.registers).register.slug
    except NotFound:
        return ""
    return "/".join(("", "r", slug, *cell))


def _check_kept(mirror: Mirror, mail: Path | None, site: list[str] | None, *, at: str) -> None:
    """Check a mail against a clone of a mirror."""
    version = mirror.read(at)
    sites = (version.index["site"], *(site or ()))
    held = lru_cache(lambda name: held_files(mirror.read(name)))
    _report(quoting.check_held(_pasted(mail), held(version.name), held, sites))


@or_git(_check_kept)
@reads
def check_mail(
    opened: Opened,
    mail: Annotated[
        Path | None, typer.Argument(metavar="MAIL", help="A mail; default: standard input.")
    ] = None,
    site: Annotated[
        list[str] | None,
        typer.Option("--site", metavar="ADDRESS", help="Another address of the site; repeatable."),
    ] = None,
) -> None:
    """Check the links and copied blocks of a mail.

    Ends with 1 when anything changed since, was never said or does not exist.
    """
    at, sites = partial(load_snapshot, opened.session), (opened.place.site, *(site or ()))
    _report(quoting.check_mail(_pasted(mail), opened.snapshot, at, sites))


def _pasted(mail: Path | None) -> bytes:
    mail = mail or Path("-")
    if str(mail) == "-" and sys.stdin.isatty():
        say("Paste the mail, then press Ctrl-D.", err=True)
    return read_file(mail, MOST_MAIL)


def _report(checked: MailOut) -> None:
    say(quotes_text.report_text(checked), nl=False)
    if checked.wrong:
        raise typer.Exit(1)
