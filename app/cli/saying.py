"""The one way in which commands say something: files and mails may hold what moves a terminal."""

from __future__ import annotations

import typer

from app.pens.tame import for_terminal


def say(text: object, *, err: bool = False, nl: bool = True) -> None:
    """Print a text, on standard error if ``err``, with an end of line unless it has its own."""
    typer.echo(for_terminal(str(text)), err=err, nl=nl)
