"""`vapic import`: documents from logs of other tools, drafts from tables in mails."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from app.cli.database import seed_offline
from app.core.faults import BadDocument
from app.core.words import Mode
from app.errors import Conflict
from app.foreign.import_text import reading_text, rules_text, wrapped
from app.foreign.importing import UNKNOWN, CannotImport, Stated, import_log
from app.foreign.table_draft import COPIED, import_table
from app.foreign.table_words import Column

imports = typer.Typer(no_args_is_help=True)

Log = Annotated[Path, typer.Argument(help="The log; - for standard input.")]
Output = Annotated[
    Path | None, typer.Option("--output", help="Write the document here; default: print it.")
]
Info = Annotated[
    Path | None, typer.Option("--cpuinfo", metavar="FILE", help="/proc/cpuinfo of the host.")
]
Vendor = Annotated[str, typer.Option("--cpu-vendor", help="As in AuthenticAMD.")]
Family = Annotated[int | None, typer.Option("--cpu-family", help="A plain number: 1Ah is 26.")]
Model = Annotated[int | None, typer.Option("--cpu-model", help="A plain number: 11h is 17.")]
Stepping = Annotated[int | None, typer.Option("--cpu-stepping", help="The stepping.")]
Microcode = Annotated[str, typer.Option("--microcode", help="As in 0xb002116.")]
Brand = Annotated[str, typer.Option("--brand", help="The brand string.")]
When = Annotated[str, typer.Option("--measured-at", help="When the test ran, with its offset.")]
Hypervisor = Annotated[str, typer.Option("--hypervisor", help="KVM, or what else ran the guest.")]
Kernel = Annotated[str, typer.Option("--kernel", help="The host's kernel: uname -r.")]
Accelerator = Annotated[str, typer.Option("--accelerator", help="As format 1 has it: kvm.")]
Parameters = Annotated[
    list[str] | None,
    typer.Option("--parameter", metavar="NAME=VALUE", help="kvm_amd.avic=1; repeatable."),
]
Command = Annotated[str, typer.Option("--command", help="How the test was run.")]
Version = Annotated[str, typer.Option("--test-version", help="Version or commit of the tests.")]


def _log(
    tool: str,
    log: Path,
    output: Path | None,
    cpuinfo: Path | None,
    stated: Stated,
) -> None:
    """Import one log and say what became of it; ends with 1 when there is no document."""
    _may_write(output)
    text = cpuinfo.read_text("utf-8", "replace") if cpuinfo else ""
    try:
        made = import_log(tool, _read(log), Stated(**{**vars(stated), "cpuinfo": text}))
    except CannotImport as error:
        typer.echo(reading_text(error.reading), nl=False, err=True)
        for reason in error.reasons:
            typer.echo(f"{log}: {reason}", err=True)
        raise typer.Exit(1) from None
    except BadDocument as error:
        for fault in error.faults:
            typer.echo(f"{log}: {fault}", err=True)
        raise typer.Exit(1) from None
    typer.echo(reading_text(made.reading), nl=False, err=True)
    said = f"{made.merged} observations, a partial document. {UNKNOWN}"
    typer.echo(wrapped(said), nl=False, err=True)
    _write(made.raw, output)


def _command(tool: str, title: str) -> None:
    def run(
        log: Log,
        *,
        cpuinfo: Info = None,
        vendor: Vendor = "",
        family: Family = None,
        model: Model = None,
        stepping: Stepping = None,
        microcode: Microcode = "",
        brand: Brand = "",
        measured_at: When = "",
        hypervisor: Hypervisor = "",
        kernel: Kernel = "",
        accelerator: Accelerator = "",
        parameters: Parameters = None,
        command: Command = "",
        version: Version = "",
        output: Output = None,
    ) -> None:
        numbers = {"family": family, "model": model, "stepping": stepping}
        words = {"vendor": vendor, "microcode": microcode, "brand": brand}
        cpu = {key: value for key, value in numbers.items() if value is not None}
        stated = Stated(
            cpu=cpu | {key: value for key, value in words.items() if value},
            measured_at=measured_at,
            hypervisor=hypervisor,
            kernel=kernel,
            accelerator=accelerator,
            parameters=tuple(parameters or ()),
            command=command,
            version=version,
        )
        _log(tool, log, output, cpuinfo, stated)

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
    output: Output = None,
) -> None:
    """Make a draft from an ASCII or Markdown table in a mail.

    A draft for a human to complete: unknown words are refused, never guessed at.
    """
    _may_write(output)
    drafted = import_table(_read(mail), seed_offline().knowledge, column, mode)
    for fault in drafted.faults:
        typer.echo(f"{mail}:{fault}", err=True)
    if not drafted.tables:
        message = "no line of titles such as `MSR | Register | RDMSR | WRMSR`"
        typer.echo(f"{mail}: {message}", err=True)
    elif not drafted.faults and not drafted.raw:
        typer.echo(f"{mail}: the table says nothing about any access", err=True)
    if not drafted.raw:
        raise typer.Exit(1)
    counts = f"{len(drafted.observations)} observations from {drafted.rows} rows"
    typer.echo(f"{counts}; {drafted.silent} cells say nothing.", err=True)
    if drafted.copied:
        typer.echo(wrapped(COPIED), nl=False, err=True)
    _write(drafted.raw, output)


@imports.command("rules")
def rules() -> None:
    """Print which line of which test says what, and where that was read."""
    typer.echo(rules_text(), nl=False)


def _read(path: Path) -> bytes:
    return sys.stdin.buffer.read() if str(path) == "-" else path.read_bytes()


def _may_write(output: Path | None) -> None:
    if output and output.exists():
        raise Conflict(f"{output} exists; it is not overwritten.")


def _write(raw: bytes, output: Path | None) -> None:
    if output is None:
        typer.echo(raw.decode(), nl=False)
        return
    output.write_bytes(raw)
    typer.echo(f"Wrote {output}; next: vapic check {output}", err=True)
