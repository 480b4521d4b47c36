"""The command line. Each command is a few lines around a use case, in a module of its own.

Only the module of the command that runs is imported: all of them take seconds.
"""

from __future__ import annotations

import gc
import io
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from itertools import chain
from typing import Any

import typer
from typer.core import TyperGroup

from app import __version__


@dataclass(frozen=True)
class Command:
    """Where a command is: a function of a module, or a group of them, which needs its line."""

    name: str
    module: str
    found: str
    line: str = ""
    context: dict[str, bool] | None = None

    def join(self, app: typer.Typer) -> None:
        """Import it, and add it to the command line."""
        module = import_module(f"app.cli.{self.module}")
        it = getattr(module, self.found)
        if isinstance(it, typer.Typer):
            for one in it.registered_commands:
                one.short_help = _first(one.help or one.callback.__doc__)
            app.add_typer(it, name=self.name, help=self.line, short_help=self.line)
        else:
            app.command(self.name, context_settings=self.context, short_help=_first(it.__doc__))(it)


def _first(said: str | None) -> str:
    """Return what a list of commands says of one, whole: else it is cut to the terminal's width."""
    return " ".join((said or "").partition("\n\n")[0].split())


# By the job that somebody has, as the help lists them.
JOBS = {
    "Read": (
        Command("show", "pages", "show"),
        Command("corrected", "pages", "corrected"),
        # A minus before a word excludes it; it is no option of the command.
        Command("search", "pages", "search", context={"ignore_unknown_options": True}),
        Command("guest", "pages", "guest"),
        Command("policy", "policy", "policies",
                "What hypervisors assume; read it from their source."),
        Command("difference", "ledger", "differences",
                "Read the ledger, and draft entries for it."),
        Command("coverage", "pages", "coverage"),
        Command("diff", "pages", "diff"),
    ),
    "Write a mail": (
        Command("cite", "mail", "cite"),
        Command("check-mail", "mail", "check_mail"),
    ),
    "Measure": (
        Command("doctor", "doctor", "doctor",
                "Check this installation, or with `doctor host` whether AVIC is on here."),
        Command("probe", "probe", "probe", "Measure this machine with a tiny guest."),
        Command("correlate", "correlate", "correlate"),
        Command("import", "importing", "imports", "Documents from other tools and tables."),
        Command("check", "measure", "check"),
        Command("submit", "measure", "submit"),
    ),
    "Maintain what is known": (
        Command("lint", "loading", "lint"),
        Command("seed", "loading", "seed"),
        Command("review", "review", "reviews", "Decide which measurements count."),
        Command("token", "review", "tokens", "Make, list and revoke tokens."),
        Command("export", "export", "exports", "Write everything that is public as files."),
    ),
    "Run a site": (
        Command("serve", "site", "serve"),
        Command("migrate", "loading", "migrate"),
        Command("rebuild", "loading", "rebuild"),
        Command("verify", "keeping", "verify"),
        Command("backup", "keeping", "backup"),
        Command("restore", "keeping", "restore"),
        Command("copy", "keeping", "copy"),
        Command("version", "main", "version"),
    ),
}  # fmt: skip
COMMANDS = tuple(chain.from_iterable(JOBS.values()))


class Root(TyperGroup):
    """All commands: listed by the job that they do, and what they are given refused in words."""

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # noqa: ARG002
        """Write the list, its second column the same for all jobs."""
        wide = max(map(len, self.commands))
        for job, commands in JOBS.items():
            mine = [self.commands[c.name] for c in commands if c.name in self.commands]
            with formatter.section(job):
                formatter.write_dl([(f"{c.name:{wide}}", c.get_short_help_str()) for c in mine])

    def invoke(self, ctx: Any) -> Any:
        """Run a command; a value that it does not take is told in our words."""
        try:
            return super().invoke(ctx)
        except typer.BadParameter as error:
            error.message = import_module("app.cli.failures").refusal_of(error)
            raise


def command_line(name: str = "") -> typer.Typer:
    """Return the command line with the command of a name, with all where none has it."""
    app = typer.Typer(
        name="vapic",
        cls=Root,
        help="vAPIC Explorer: AMD's Table 15-22 against what silicon does.",
        no_args_is_help=True,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    # Even one command alone is asked for by its name.
    app.callback()(lambda: None)
    for command in [c for c in COMMANDS if c.name == name] or COMMANDS:
        command.join(app)
    return app


def main() -> None:
    """Run the command line."""
    # Python has none where it was closed; nothing can be read there.
    sys.stdin = sys.stdin or io.TextIOWrapper(io.BytesIO())
    with unswept():
        commands = command_line("".join(sys.argv[1:2]))
    finish(commands)


@contextmanager
def unswept() -> Iterator[None]:
    """Look for no garbage among what is imported: it stays, and to look takes a fifth of the time.

    Nor is it looked through afterwards, whenever something else may be garbage.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


def finish(work: Callable[[], object]) -> None:
    """Do something; expected errors end the process with a line each, never in a traceback."""
    try:
        work()
    except Exception as error:
        lines = [*import_module("app.cli.failures").failure_lines(error)]
        if not lines:
            raise
        for line in lines:
            import_module("app.cli.saying").say(line, err=True)
        sys.exit(1)


def version() -> None:
    """Print the version of the explorer."""
    typer.echo(__version__)
