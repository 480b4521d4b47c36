"""The commands that keep a database safe: back up, restore, verify, copy."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from app.cli.clone import Git, Signers, opened
from app.cli.saying import say
from app.core.numbers import count_noun
from app.export.copies import refuse_writes
from app.settings import Settings
from app.store import backups, copying
from app.store.verifying import faults

Backup = Annotated[Path, typer.Argument(metavar="FILE", help="The backup.")]


def backup(file: Backup) -> None:
    """Copy the database to a new file, also while it is served.

    The copy is checked; its SHA-256 is printed as sha256sum prints it.
    """
    say(f"{backups.back_up(Settings().database_url, file)}  {file}")


def restore(
    file: Backup,
    *,
    replace: Annotated[
        bool, typer.Option("--replace", help="Put the database that is there beside it.")
    ] = False,
) -> None:
    """Put a backup where the database is to be.

    It is checked first. No server may use the database meanwhile.
    """
    settings = Settings()
    refuse_writes(settings)
    now = datetime.now(UTC)
    target, aside = backups.restore(settings.database_url, file, now, replace=replace)
    say(f"{target} is what {file} holds.")
    if aside:
        say(f"The one before is kept as {aside}.")
    say("Run `vapic migrate`, then start the server again.")


def verify(*, git: Git = None, allowed_signers: Signers = None) -> None:
    """Hold the database against itself; names each fault, and ends in 1 where there is one.

    Pages, references, schema, digests, decisions; then all that is derived is derived anew.
    With --git every byte of every version of a clone.
    """
    if git is not None:
        held = [*opened(git, allowed_signers).versions()]
        say(
            f"no fault in {count_noun(len(held), 'data version')}; the newest is {held[-1].name}, "
            f"commit {held[-1].commit}"
        )
        return
    found = 0
    with backups.rehearsal_session(Settings().database_url) as session:
        for fault in faults(session, derived=True):
            found += 1
            say(fault)
    say(count_noun(found, "fault") if found else "no fault")
    if found:
        raise typer.Exit(1)


def copy(
    to: Annotated[str, typer.Option("--to", metavar="URL", help="An empty database.")],
    source: Annotated[
        str, typer.Option("--from", metavar="URL", help="By default the one of DATABASE_URL.")
    ] = "",
) -> None:
    """Copy a database into an empty one: SQLite to PostgreSQL, or back.

    Each row is read back and held against its source; where one differs, nothing is kept.
    """
    url = source or Settings().database_url
    for table in copying.copy_database(url, to, _tell):
        say(f"{table.table} {count_noun(table.rows, 'row')} {table.digest}")
    say("copied, and each row read back")


def _tell(table: str, done: int, total: int) -> None:
    """Say how far a copy is, a few times for each table."""
    if done == total or done * 4 // total != (done - copying.MANY) * 4 // total:
        say(f"{table}: {done} of {total}", err=True)
