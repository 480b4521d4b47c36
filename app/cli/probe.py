"""`vapic probe`: measure this machine, from the plan to a document that can be sent."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Literal

import typer

from app.cli.database import seed_offline
from app.cli.measure import submit
from app.cli.probe_text import account_text, result_text
from app.core.facts import Measurement
from app.core.faults import BadDocument
from app.core.words import Mode
from app.errors import AppError, Conflict
from app.intake import probed, submitting
from app.intake.measurement import EMULATORS, parse, to_measurement
from app.pages import measured
from app.pages.measurement_text import check_text
from app.pens.plain import Plain
from app.probing import guest_build, probe_table
from app.probing.host.checks import Wish
from app.probing.host.emulator import find_qemu
from app.probing.host.host import Host
from app.probing.host.keeping import Interrupted, Keeper, interrupts
from app.probing.host.measuring import Step, measure, steps, write_whole
from app.probing.host.plan import NO_OBSERVATION, NOT_BARE, Plan, findings, make_plan, plan_text
from app.settings import Settings
from app.store.snapshots import Snapshot

SIGNALLED = 128


probe = typer.Typer(invoke_without_command=True)

Accel = Annotated[
    Literal["kvm", "tcg"], typer.Option(help="kvm measures; tcg is a dry run anywhere.")
]
Output = Annotated[Path, typer.Option(help="The document to write.")]
Modes = Annotated[
    list[Mode] | None, typer.Option(help="Only this mode; default: those that are here.")
]
Repeat = Annotated[int, typer.Option(min=1, max=60, help="How often each access is made.")]
Kernel = Annotated[
    Path | None, typer.Option(help="A guest that is built; default: build it.", exists=True)
]
Emulator = Annotated[str, typer.Option(help="QEMU's name or path.")]
Tracefs = Annotated[
    Path | None, typer.Option(help="Where tracefs is.", exists=True, file_okay=False)
]
Keep = Annotated[
    Path | None, typer.Option(help="Keep the guest's logs and the traces in this folder.")
]
Disruptive = Annotated[
    bool, typer.Option("--disruptive", help="Also what may switch AVIC off; see the plan.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Say what would be done; do nothing.")]


@probe.callback()
def run(
    context: typer.Context,
    *,
    accel: Accel = "kvm",
    output: Output = Path("measured.json"),
    mode: Modes = None,
    repeat: Repeat = 20,
    kernel: Kernel = None,
    qemu: Emulator = "",
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
        output=output,
        modes=tuple(dict.fromkeys(mode or ())),
        repeat=repeat,
        disruptive=disruptive,
        kernel=kernel,
        tracefs=tracefs,
        keep=keep,
    )
    host = Host()
    plan = make_plan(host, find_qemu(qemu), wish)
    typer.echo(plan_text(plan), nl=False)
    if dry_run:
        return
    _carry_out(plan, host)


def _carry_out(plan: Plan, host: Host) -> None:
    if plan.missing:
        out = Plain()
        out.blank()
        out.heading("What is missing")
        findings(out, plan.missing)
        typer.echo(out.render(), err=True)
        raise Conflict("Something is missing here, so nothing was run.")
    output = plan.wish.output
    if output.exists():
        raise Conflict(f"{output} is there already: name another file with --output.")
    try:
        with interrupts(), Keeper() as keeper:
            with _progress(plan) as step:
                raw = measure(plan, host, keeper, step, probed.document)
            report = _report(raw)
            write_whole(output, raw, keeper)
    except Interrupted as error:
        kept = f"{output} is whole" if output.exists() else "no document was written"
        typer.echo(f"vapic: {error}: tracing is off, no process is left, {kept}.", err=True)
        raise typer.Exit(SIGNALLED + error.number) from None
    except BadDocument as error:
        told = "\n".join(map(str, error.faults))
        raise AppError(f"what was measured makes no document:\n{told}") from None
    typer.echo(f"\n{report}")
    _offer(plan, virtual=host.virtual)


@contextmanager
def _progress(plan: Plan) -> Iterator[Step]:
    """Show how far it is, where somebody can see it."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    with typer.progressbar(length=steps(plan), show_eta=False, file=sys.stderr) as bar:

        def step(what: str) -> None:
            bar.label = f"{what:<32}"
            bar.update(1)

        yield step


def _report(raw: bytes) -> str:
    """Return the result of a document as text: the table, and what it would change."""
    snapshot = seed_offline()
    knowledge = snapshot.knowledge
    measurement = _measurement(raw, snapshot)
    rows = measured.rows_of(snapshot, measurement)
    accounts = json.loads(raw).get("x-correlation", ())
    virtual = (json.loads(raw).get("host") or {}).get("virtual", False)
    unfit = measurement.accelerator in EMULATORS or virtual
    text = result_text(rows, snapshot.cells, knowledge, judged=not unfit)
    text += account_text(accounts)
    if unfit:
        return text
    checked = submitting.check(raw, snapshot)
    return f"{text}\n{check_text(checked.effects, checked.oddities, knowledge)}"


def _measurement(raw: bytes, snapshot: Snapshot) -> Measurement:
    """Return what a document says, also where nobody would take it as an observation."""
    parsed = parse(raw)
    document, knowledge = parsed.document, snapshot.knowledge
    accelerator = document.hypervisor.accelerator or ""
    shown = document.hypervisor.model_copy(update={"accelerator": None})
    unsaid = {"hypervisor": shown, "host": None}
    parsed = replace(parsed, document=document.model_copy(update=unsaid))
    now = submitting.moment(snapshot.created_at)
    found = to_measurement(parsed, knowledge.registers, knowledge.families, now)
    return replace(found, accelerator=accelerator)


def _offer(plan: Plan, *, virtual: bool) -> None:
    output = plan.wish.output
    out = Plain()
    out.para(f"Written to {output}.")
    if virtual or plan.wish.accel in EMULATORS:
        out.para(NO_OBSERVATION if plan.wish.accel in EMULATORS else NOT_BARE)
        typer.echo(out.render(), nl=False)
        return
    out.para("Read it, and send it if you like; nothing was sent so far:")
    typer.echo(f"{out.render()}  vapic submit {output} --to ADDRESS")
    if sys.stdin.isatty() and sys.stdout.isatty():
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
    typer.echo(guest_build.build(folder))


@probe.command()
def table() -> None:
    """Print the guest's register table, made from the seed."""
    typer.echo(probe_table.table(Settings().seed), nl=False)
