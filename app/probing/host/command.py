"""A probe from its plan to a written document, for `vapic` and for the probe that is packed."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from app.core.faults import BadDocument
from app.errors import AppError, Conflict
from app.pens.plain import Plain
from app.probing.host.checks import Wish
from app.probing.host.emulator import find_qemu
from app.probing.host.host import Host
from app.probing.host.keeping import Interrupted, Keeper, interrupts
from app.probing.host.measuring import Maker, count_steps, measure, write_whole
from app.probing.host.plan import NO_OBSERVATION, NOT_BARE, Plan, add_findings, make_plan, plan_text

SIGNALLED = 128
# The same of both command lines.
MEASURED, REPEAT, MOST_REPEATS = Path("measured.json"), 20, 60
HELP = {
    "accel": "kvm measures; tcg is a dry run anywhere.",
    "output": "The document to write; - is standard output.",
    "mode": "Only this mode; default: those that are here.",
    "repeat": "How often each access is made.",
    "kernel": "A guest that is built; default: our own.",
    "qemu": "QEMU's name or path.",
    "tracefs": "Where tracefs is.",
    "keep": "Keep the guest's logs and the traces in this folder.",
    "disruptive": "Also what may switch AVIC off; see the plan.",
    "dry-run": "Say what would be done; do nothing.",
}


def probe(wish: Wish, qemu: str, maker: Maker, report: Callable[[bytes], str]) -> bool | None:
    """Say what would be done, and do it where it is more than a plan that was asked for.

    ``report`` says what a document holds. Returns whether somebody may want to send the
    document, None where there is none. Raises what ``measure`` raises, and SystemExit where a
    signal ended it.
    """
    host = Host()
    plan = make_plan(host, find_qemu(qemu), wish)
    wish.tell(plan_text(plan))
    if wish.dry_run and plan.missing:
        raise Conflict("Something is missing here, so nothing would be run.")
    if wish.dry_run:
        return None
    text = _carry_out(plan, host, maker, report)
    out = Plain()
    out.para(f"Written to {wish.written}.")
    out.para(why_unfit(wish, host))
    wish.tell(f"\n{text}\n{out.render()}")
    return not why_unfit(wish, host)


def why_unfit(wish: Wish, host: Host) -> str:
    """Return why no explorer takes the document as an observation, empty where one may."""
    return NO_OBSERVATION if wish.accel == "tcg" else NOT_BARE if host.virtual else ""


def _carry_out(plan: Plan, host: Host, maker: Maker, report: Callable[[bytes], str]) -> str:
    if plan.missing:
        out = Plain()
        out.blank()
        out.heading("What is missing")
        add_findings(out, plan.missing)
        sys.stderr.write(f"{out.render()}\n")
        raise Conflict("Something is missing here, so nothing was run.")
    output = plan.wish.output
    try:
        with interrupts(), Keeper() as keeper:
            raw = measure(plan, host, keeper, _progress(plan), maker)
            text = report(raw)
            if output:
                write_whole(output, raw, keeper)
            else:
                sys.stdout.write(raw.decode("ascii"))
    except Interrupted as error:
        kept = f"{output} is whole" if output and output.exists() else "no document was written"
        sys.stderr.write(f"vapic: {error}: tracing is off, no process is left, {kept}.\n")
        raise SystemExit(SIGNALLED + error.number) from None
    except BadDocument as error:
        told = "\n".join(map(str, error.faults))
        raise AppError(f"what was measured makes no document:\n{told}") from None
    return text


def _progress(plan: Plan) -> Callable[[str], object]:
    """Return what says how far it is, where somebody can see it."""
    numbers = iter(range(1, count_steps(plan) + 1))

    def step(what: str) -> None:
        if sys.stderr.isatty():
            sys.stderr.write(f"[{next(numbers)}/{count_steps(plan)}] {what}\n")

    return step
