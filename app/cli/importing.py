"""`vapic import`: documents from logs of other tools, drafts from tables in mails."""

from __future__ import annotations

from inspect import Parameter, signature
from pathlib import Path
from typing import Annotated, Any

import typer

from app.cli.database import seed_offline
from app.cli.reading import MOST_LOG, MOST_MAIL, read_file
from app.cli.saying import say
from app.core.faults import BadDocument
from app.core.words import Mode
from app.errors import Conflict
from app.foreign.foreign_logs import reading_text, rules_text
from app.foreign.importing import ASKED, UNKNOWN, CannotImport, import_log
from app.foreign.table_draft import COPIED, import_table
from app.foreign.table_titles import Column
from app.intake.mail_reading import read_mail
from app.intake.recognised import recognise
from app.pens.plain import Plain

imports = typer.Typer(no_args_is_help=True)

LogFile = Annotated[Path, typer.Argument(help="The log; - for standard input.")]
OutputFile = Annotated[
    Path | None, typer.Option("--output", help="Write the document here; default: print it.")
]
Info = Annotated[
    Path | None, typer.Option("--cpuinfo", metavar="FILE", help="/proc/cpuinfo of the host.")
]

TraceFile = Annotated[
    Path | None,
    typer.Option(
        "--trace", metavar="FILE", help="The host's trace of the same run, if it is ours."
    ),
]


def _log(
    tool: str, log: Path, output: Path | None, files: list[Path | None], said: dict[str, Any]
) -> None:
    """Import one log and say what became of it; ends with 1 when there is no document."""
    _may_write(output)
    cpuinfo, trace = (read_mail(read_file(file, MOST_LOG)).text if file else "" for file in files)
    try:
        made = import_log(tool, read_file(log, MOST_LOG), said, cpuinfo, trace)
    except CannotImport as error:
        say(reading_text(error.reading), nl=False, err=True)
        for reason in error.reasons:
            say(f"{log}: {reason}", err=True)
        raise typer.Exit(1) from None
    except BadDocument as error:
        for fault in error.faults:
            say(f"{log}: {fault}", err=True)
        raise typer.Exit(1) from None
    say(reading_text(made.reading), nl=False, err=True)
    partial = not trace and "emulation.name" not in said
    _remark(f"{made.merged} observations{f', a partial document. {UNKNOWN}' if partial else '.'}")
    _write(made.raw, output)


def _command(tool: str, title: str) -> None:
    """Add the command of a tool, with an option for each thing that is asked."""
    names = {one.key.replace(".", "_"): one for one in ASKED}

    def run(
        log: LogFile,
        *,
        cpuinfo: Info = None,
        trace: TraceFile = None,
        output: OutputFile = None,
        **options: Any,
    ) -> None:
        said = {
            one.key: options[name] for name, one in names.items() if options[name] not in (None, "")
        }
        _log(tool, log, output, [cpuinfo, trace], said)

    own = signature(run, eval_str=True)
    first, info, trace, last, _ = own.parameters.values()
    asked = []
    for name, one in names.items():
        option = typer.Option(one.option, metavar=one.metavar, help=one.help)
        kind = Annotated[one.type | None, option]  # type: ignore[name-defined]
        asked.append(Parameter(name, Parameter.KEYWORD_ONLY, default=None, annotation=kind))
    run.__signature__ = own.replace(parameters=[first, info, trace, *asked, last])  # type: ignore[attr-defined]
    run.__doc__ = title
    imports.command(tool)(run)


_command(
    "kvm-unit-tests",
    "Make a partial document from a log of x86/msr.c or x86/apic.c.\n\n"
    "Outcomes are completed and gp: such a log knows no exits.",
)
_command(
    "selftests",
    "Make a partial document from a log of KVM's selftests.\n\n"
    "Only assertions that failed speak of single accesses; one that passes says nothing.",
)


@imports.command("mail-table")
def mail_table(
    mail: Annotated[Path, typer.Argument(help="A mail or a pasted table; - for standard input.")],
    column: Annotated[
        Column | None, typer.Option("--column", help="Which of several columns of an access.")
    ] = None,
    mode: Annotated[
        Mode | None, typer.Option("--mode", help="The mode of columns that name none.")
    ] = None,
    output: OutputFile = None,
) -> None:
    """Make a draft from an ASCII or Markdown table in a mail.

    A draft for a human to complete: unknown words are refused, never guessed at.
    """
    _may_write(output)
    raw = read_file(mail, MOST_MAIL)
    drafted = import_table(raw, seed_offline().knowledge, column, mode)
    for note in drafted.notes:
        say(f"{mail}: {note}", err=True)
    for fault in drafted.faults:
        say(f"{mail}:{fault}", err=True)
    if drafted.modeless and mode is None:
        chosen = f" --column {column}" if column else ""
        say("The table is of no one mode; each of these reads what it says of one:", err=True)
        for one in Mode:
            say(f"  vapic import mail-table {mail}{chosen} --mode {one}", err=True)
    if not drafted.tables:
        message = "no line of titles such as `MSR | Register | RDMSR | WRMSR`"
        kind = recognise(raw)
        other = f". {kind.sentence}" if kind and kind.reader != "mail-table" else ""
        say(f"{mail}: {message}{other}", err=True)
    elif not drafted.faults and not drafted.raw:
        say(f"{mail}: the table says nothing about any access", err=True)
    if not drafted.raw:
        raise typer.Exit(1)
    counts = f"{len(drafted.observations)} observations from {drafted.rows} rows"
    say(f"{counts}; {drafted.silent} cells say nothing.", err=True)
    if drafted.copied:
        _remark(COPIED)
    _write(drafted.raw, output)


@imports.command("rules")
def rules() -> None:
    """Print which line of which test says what, and where that was read."""
    say(rules_text(), nl=False)


def _remark(text: str) -> None:
    out = Plain()
    out.para(text)
    say(out.render(), nl=False, err=True)


def _may_write(output: Path | None) -> None:
    if output and output.exists():
        raise Conflict(f"{output} exists; it is not overwritten.")


def _write(raw: bytes, output: Path | None) -> None:
    if output is None:
        say(raw.decode(), nl=False)
        return
    output.write_bytes(raw)
    say(f"Wrote {output}; next: vapic check {output}", err=True)
