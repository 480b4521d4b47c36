"""`vapic probe table` and `vapic probe build`: the guest, without running it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from app.probing import guest_build, probe_table
from app.settings import Settings


def table() -> None:
    """Print the guest's register table, made from the seed."""
    typer.echo(probe_table.table(Settings().seed), nl=False)


def build(
    folder: Annotated[Path, typer.Argument(help="Where to put probe.elf; made if it is missing.")],
) -> None:
    """Build the guest with gcc and ld."""
    typer.echo(guest_build.build(folder))
