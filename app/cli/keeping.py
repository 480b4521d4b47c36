"""The commands that keep a database safe: back up, restore, verify."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from app.cli.saying import say
from app.core.numbers import counted
from app.export.copies import refuse_writes
from app.settings import Settings
from app.store import backups
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


def verify() -> None:
    """Hold the database against itself; names each fault, and ends in 1 where there is one.

    Pages, references, schema, digests, decisions; then all that is derived is derived anew.
    """
    found = 0
    with backups.examined(Settings().database_url) as session:
        for fault in faults(session, derived=True):
            found += 1
            say(fault)
    say(counted(found, "fault") if found else "no fault")
    if found:
        raise typer.Exit(1)
