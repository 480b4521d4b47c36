"""`vapic probe`: measure this machine, from the plan to a document that can be sent."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from app.cli.database import seed_offline
from app.cli.measure import called, submit
from app.cli.probe_text import account_text, result_text
from app.cli.saying import say
from app.core.facts import Measurement
from app.core.words import Mode
from app.intake import probed, submitting
from app.intake.measurement import EMULATORS, parse, to_measurement
from app.pages import measured
from app.pages.measurement_text import check_text
from app.probing import guest_build, packing, probe_table
from app.probing.host import command
from app.probing.host.checks import Wish
from app.probing.host.command import HELP, MEASURED, MOST_REPEATS, REPEAT
from app.settings import Settings
from app.store.snapshots import Snapshot

probe = typer.Typer(invoke_without_command=True)

Accel = Annotated[Literal["kvm", "tcg"], typer.Option(help=HELP["accel"])]
DocumentFile = Annotated[Path, typer.Option(help=HELP["output"])]
Modes = Annotated[list[Mode] | None, typer.Option(help=HELP["mode"])]
Repeat = Annotated[int, typer.Option(min=1, max=MOST_REPEATS, help=HELP["repeat"])]
Kernel = Annotated[Path | None, typer.Option(help=HELP["kernel"], exists=True)]
QemuPath = Annotated[str, typer.Option(help=HELP["qemu"])]
Tracefs = Annotated[Path | None, typer.Option(help=HELP["tracefs"], exists=True, file_okay=False)]
Keep = Annotated[Path | None, typer.Option(help=HELP["keep"])]
Disruptive = Annotated[bool, typer.Option("--disruptive", help=HELP["disruptive"])]
DryRun = Annotated[bool, typer.Option("--dry-run", help=HELP["dry-run"])]


@probe.callback()
def run(
    context: typer.Context,
    *,
    accel: Accel = "kvm",
    output: DocumentFile = MEASURED,
    mode: Modes = None,
    repeat: Repeat = REPEAT,
    kernel: Kernel = None,
    qemu: QemuPath = "",
    tracefs: Tracefs = None,
    keep: Keep = None,
    disruptive: Disruptive = False,
    dry_run: DryRun = False,
) -> None:
    """Boot a tiny guest that touches every register, and write down what each access did."""
    if context.invoked_subcommand:
        return
    wish = Wish(
        accel=accel,
        output=None if str(output) == "-" else output,
        modes=tuple(dict.fromkeys(mode or ())),
        repeat=repeat,
        disruptive=disruptive,
        kernel=kernel,
        tracefs=tracefs,
        keep=keep,
        dry_run=dry_run,
        command=f"{called()} probe",
    )
    if command.probe(wish, qemu, probed.document, _report):
        _offer(wish.output)


def _report(raw: bytes) -> str:
    """Return the result of a document as text: the table, and what it would change."""
    snapshot = seed_offline()
    knowledge = snapshot.knowledge
    measurement = _measurement(raw, snapshot)
    rows = measured.rows_of(snapshot, measurement).rows
    accounts = json.loads(raw).get("x-correlation", ())
    virtual = (json.loads(raw).get("host") or {}).get("virtual", False)
    unfit = measurement.accelerator in EMULATORS or virtual
    text = result_text(rows, snapshot.cells, knowledge, judged=not unfit)
    text += account_text(accounts)
    if unfit:
        return text
    checked = submitting.check(raw, snapshot)
    return f"{text}\n{check_text(checked, knowledge)}"


def _measurement(raw: bytes, snapshot: Snapshot) -> Measurement:
    """Return what a document says, also where nobody would take it as an observation."""
    parsed = parse(raw)
    document, knowledge = parsed.document, snapshot.knowledge
    accelerator = document.hypervisor.accelerator or ""
    shown = document.hypervisor.model_copy(update={"accelerator": None})
    unsaid = {"hypervisor": shown, "host": None}
    parsed = replace(parsed, document=document.model_copy(update=unsaid))
    now = submitting.rfc3339(snapshot.created_at)
    found = to_measurement(parsed, knowledge, now)
    return replace(found, accelerator=accelerator)


def _offer(output: Path | None) -> None:
    say("Read it, and send it if you like; nothing was sent so far:")
    say(f"\n  {called()} submit {output or 'FILE'} --to ADDRESS")
    if output and sys.stdin.isatty() and sys.stdout.isatty():
        address = typer.prompt(
            "Address of an explorer to send it to now (empty: none)", "", show_default=False
        )
        if address.strip():
            submit(output, address.strip(), token=os.environ.get("VAPIC_TOKEN", ""))


@probe.command()
def build(
    folder: Annotated[Path, typer.Argument(help="Where to put probe.elf; made if it is missing.")],
) -> None:
    """Build the guest with gcc and ld."""
    say(guest_build.build(folder))


@probe.command()
def table() -> None:
    """Print the guest's register table, made from the seed."""
    say(probe_table.table(Settings().seed), nl=False)


@probe.command()
def pack(file: Annotated[Path, typer.Argument(help="The file to write.")]) -> None:
    """Write the probe as one file for a host without vapic.

    Built here, run there: python3 FILE takes the options of vapic probe.
    """
    say(packing.pack(file))
