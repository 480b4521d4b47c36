"""`--git DIR`: commands that answer from a clone of a mirror, without the site and its database."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any

import typer

from app.core.facts import Register
from app.curation.seed import fact_from
from app.errors import Conflict
from app.export.git.reading import HeldVersion, Mirror
from app.mail.held import HeldFiles

Git = Annotated[
    Path | None,
    typer.Option("--git", metavar="DIR", help="Answer from this clone of a mirror alone."),
]
Signers = Annotated[
    Path | None,
    typer.Option(
        "--allowed-signers",
        metavar="FILE",
        help="With --git: the keys, as ssh-keygen takes them, one of which signed each tag.",
    ),
]


def opened(folder: Path, signers: Path | None) -> Mirror:
    """Return a clone whose working tree holds. Raises NoMirror, SpoiltMirror, GitFailed."""
    mirror = Mirror(folder, signers)
    mirror.hold_tree()
    return mirror


def held_files(version: HeldVersion) -> HeldFiles:
    """Return a version of a clone as mails and commands ask it."""
    bodies = version.index["registers"]
    registers = (fact_from("register", body) for body in bodies)
    known = {r.slug: r for r in registers if isinstance(r, Register)}
    return HeldFiles(version.name, version.files, known)


def or_git(instead: Callable[..., None]) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command that reads the option ``--git``: then ``instead`` does it.

    That takes the clone, the version's name or date, and what else the command takes.
    """

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @wraps(command)
        def run(*args: Any, git: Path | None, allowed_signers: Path | None, **options: Any) -> None:
            if git is None:
                if allowed_signers:
                    raise Conflict("--allowed-signers is for a clone: say which with --git DIR.")
                command(*args, **options)
                return
            if options.pop("export"):
                raise Conflict("--from and --git are two places to read from; take one.")
            instead(opened(git, allowed_signers), *args, **options)

        own = signature(command)
        parameters = [
            *own.parameters.values(),
            Parameter("git", Parameter.KEYWORD_ONLY, default=None, annotation=Git),
            Parameter("allowed_signers", Parameter.KEYWORD_ONLY, default=None, annotation=Signers),
        ]
        run.__signature__ = own.replace(parameters=parameters)  # type: ignore[attr-defined]
        return run

    return decorate
