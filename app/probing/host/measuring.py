"""Do what a plan says: boot the guest for each mode, trace it, and make one document."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from functools import partial
from pathlib import Path
from typing import Any

from app.errors import AppError, Conflict
from app.probing import correlation, probe_document
from app.probing.correlation import Correlation
from app.probing.guest_build import guest_in
from app.probing.guest_memory import HEADER, LOG_AT, read_log
from app.probing.host.emulator import Qemu
from app.probing.host.host import Host
from app.probing.host.keeping import Keeper
from app.probing.host.plan import Plan
from app.probing.host.running import choose_cpus, run_guest
from app.probing.host.tracing import Tracer, buffer_kb

TellStep = Callable[[str], object]
# What makes a valid document of the runs and of what only the host knows.
Maker = Callable[[Sequence[Correlation], probe_document.HostFacts], dict[str, Any]]


def measure(
    plan: Plan,
    host: Host,
    keeper: Keeper,
    step: TellStep,
    maker: Maker,
    *,
    tracing: type[Tracer] = Tracer,
) -> bytes:
    """Run the guest in every mode of a plan and return the document that ``maker`` makes of it.

    ``step`` is told what comes next. Under KVM the trace says what became of each access;
    without it only whether it completed is known; ``tracing`` is what traces. Raises Conflict,
    BuildFailed, RunFailed, TracingFailed, BadMemory, BadGuestLog, NoMarker, Contradicted,
    NothingMeasured and BadDocument.
    """
    wish, qemu = plan.wish, plan.qemu
    assert qemu is not None  # noqa: S101 - a plan that lacks something is not carried out
    folder = keeper.folder()
    step("building the guest")
    kernel = wish.kernel or guest_in(folder / "guest")
    found = []
    for run in plan.runs:
        step(f"running it in {run.apic} mode")
        files = [str(folder / f"{run.apic}.{end}") for end in ("log", "m")]
        command = run.command(qemu, str(kernel), *files)
        size, kept = buffer_kb(wish.repeat), wish.keep and wish.keep / f"{run.apic}.trace"
        tracer = tracing(plan.tracefs, keeper, size, kept) if plan.tracefs else None
        guest, trace = _boot(command, folder / run.apic, keeper, tracer, wish.keep)
        step(f"reading what it did in {run.apic} mode")
        by_kvm = wish.accel == "kvm"
        found.append(
            correlation.correlate(guest, trace) if by_kvm else correlation.read_without_trace(guest)
        )
    return probe_document.as_bytes(maker(found, _facts(plan, host, qemu)))


def count_steps(plan: Plan) -> int:
    """Return how often ``measure`` tells what comes next."""
    return 1 + 2 * len(plan.runs)


def _facts(plan: Plan, host: Host, qemu: Qemu) -> probe_document.HostFacts:
    """Return what the document says that only the host knows.

    The command has no folders: they could name whoever ran it.
    """
    command = "; ".join(plan.commands())
    if plan.wish.accel != "kvm":
        return probe_document.HostFacts(version=qemu.version, command=command)
    return probe_document.HostFacts(
        version=host.kernel,
        parameters=tuple(f"{name}={value}" for name, value in host.parameters.items()),
        command=command,
        microcode=host.microcode,
        features=_features(host),
        host={
            "virtual": host.virtual,
            "svm_edx": None if host.svm_edx is None else f"{host.svm_edx:#x}",
            "branch": host.branch,
        },
        notes=f"Run under QEMU {qemu.version}.",
    )


def _features(host: Host) -> dict[str, bool]:
    """Return the bits of the host's CPUID, or the two that /proc/cpuinfo has flags for."""
    if host.svm_edx is None:
        return {name: name in host.flags for name in ("avic", "x2avic")}
    return probe_document.features_of(host.svm_edx)


def write_whole(path: Path, raw: bytes, keeper: Keeper) -> None:
    """Write a file that is there whole or not at all, and never instead of another."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    promise = keeper.promise("unlink", str(part))
    with part.open("wb") as file:
        file.write(raw)
        file.flush()
        os.fsync(file.fileno())
    try:
        # A link fails where a rename would replace what somebody else wrote meanwhile.
        os.link(part, path)
    except FileExistsError:
        raise Conflict(f"{path} is there already: it was left as it is.") from None
    except OSError:
        # There are file systems without links.
        part.replace(path)
    keeper.settle(promise)


def _boot(
    command: tuple[str, ...], run: Path, keeper: Keeper, tracer: Tracer | None, keep: Path | None
) -> tuple[bytes, str]:
    """Run the guest once, its files beside ``run``; return its log and its trace, if any.

    What there is of both goes into ``keep``, however the run ends.
    """
    cpus = choose_cpus()
    errors = run.with_suffix(".errors")
    promises = _promised(keep, run, keeper)
    with tracer or nullcontext():
        try:
            start = partial(tracer.start, cpus=cpus) if tracer else (lambda _: None)
            run_guest(command, keeper, errors, start, cpus)
        except BaseException:
            with suppress(AppError, OSError):
                _keep(keep, run, keeper, tracer.stop() if tracer else "")
            raise
        trace = tracer.stop() if tracer else ""
        _keep(keep, run, keeper, trace)
    for promise in promises:
        keeper.settle(promise)
    return _log(run), trace


def _log(run: Path) -> bytes:
    return read_log(run.with_suffix(".m")) or run.with_suffix(".log").read_bytes()


def _keep(folder: Path | None, run: Path, keeper: Keeper, trace: str) -> None:
    """Keep a run's files, for `vapic correlate` or for whoever looks into it."""
    if folder is None:
        return
    if trace:
        write_whole(folder / f"{run.name}.trace", trace.encode(), keeper)
    write_whole(folder / f"{run.name}.log", _log(run), keeper)


def _promised(folder: Path | None, run: Path, keeper: Keeper) -> list[str]:
    """Promise that the guest's log is kept, for the case that we are killed.

    What the serial port got comes last: it is next to nothing where the log is in the memory.
    """
    if folder is None:
        return []
    folder.mkdir(parents=True, exist_ok=True)
    to = str(folder / f"{run.name}.log")
    return [
        keeper.promise("copy", str(run.with_suffix(".log")), to, "0"),
        keeper.promise("copy", str(run.with_suffix(".m")), to, str(LOG_AT + HEADER.size)),
    ]
