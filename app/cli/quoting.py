"""`vapic check-mail`: a mail from a file or a pipe, held against what the site says."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from app.cli.database import reading
from app.mail.quotes_text import report_text
from app.mail.quoting import check_mail as hold
from app.store.snapshots import load_snapshot

Mail = Annotated[
    Path | None, typer.Argument(metavar="[MAIL]", help="A mail; default: standard input.")
]
Sites = Annotated[
    list[str] | None,
    typer.Option("--site", metavar="ADDRESS", help="Another address of the site; repeatable."),
]


def check_mail(mail: Mail = None, site: Sites = None) -> None:
    """Check the links and copied blocks of a mail.

    Ends with 1 when anything changed since, was never said or does not exist.
    """
    with reading() as (session, snapshot, place):
        raw = _read(mail)
        sites = (place.site, *(site or ()))
        checked = hold(raw, snapshot, partial(load_snapshot, session), sites)
    typer.echo(report_text(checked), nl=False)
    if checked.wrong:
        raise typer.Exit(1)


def _read(mail: Path | None) -> bytes:
    if mail is not None and str(mail) != "-":
        return mail.read_bytes()
    if sys.stdin.isatty():
        typer.echo("Paste the mail, then press Ctrl-D.", err=True)
    return sys.stdin.buffer.read()
