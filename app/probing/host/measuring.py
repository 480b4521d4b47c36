"""Do what a plan says: boot the guest for each mode, trace it, and make one document."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from app.errors import Conflict
from app.probing import correlation, probe_document
from app.probing.correlation import Correlation
from app.probing.guest_build import build
from app.probing.host.emulator import Qemu
from app.probing.host.host import Host
from app.probing.host.keeping import Keeper
from app.probing.host.plan import Plan
from app.probing.host.running import Run, choose_cpus, run_guest
from app.probing.host.tracing import Tracer

Step = Callable[[str], object]
# What makes a valid document of the runs and of what only the host knows.
Maker = Callable[[Sequence[Correlation], probe_document.HostFacts], dict[str, Any]]


def measure(plan: Plan, host: Host, keeper: Keeper, step: Step, maker: Maker) -> bytes:
    """Run the guest in every mode of a plan and return the document that ``maker`` makes of it.

    ``step`` is told what comes next. Under KVM the trace says what became of each access;
    without it only whether it completed is known. Raises BuildFailed, RunFailed,
    TracingFailed, BadGuestLog, NoMarker, Contradicted, NothingMeasured and BadDocument.
    """
    qemu = plan.qemu
    assert qemu is not None  # noqa: S101 - a plan that lacks something is not carried out
    folder = keeper.folder()
    step("building the guest")
    kernel = plan.wish.kernel or _build(folder)
    found = []
    for run in plan.runs:
        step(f"running it in {run.apic} mode")
        guest, trace = _boot(plan, run, (qemu, kernel, folder), keeper)
        if plan.wish.keep:
            _keep(plan.wish.keep, run, guest, trace, keeper)
        step(f"reading what it did in {run.apic} mode")
        found.append(_judge(plan, guest, trace))
    body = maker(found, facts_of(plan, host, qemu))
    return probe_document.as_bytes(body)


def steps(plan: Plan) -> int:
    """Return how often ``measure`` tells what comes next."""
    return 1 + 2 * len(plan.runs)


def facts_of(plan: Plan, host: Host, qemu: Qemu) -> probe_document.HostFacts:
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
        features={name: name in host.flags for name in ("avic", "x2avic")},
        notes=f"Run under QEMU {qemu.version}.",
    )


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
    plan: Plan, run: Run, parts: tuple[Qemu, Path, Path], keeper: Keeper
) -> tuple[bytes, str]:
    """Run the guest once; return its log, and the trace if there is one."""
    qemu, kernel, folder = parts
    serial = folder / f"{run.apic}.log"
    command = run.command(qemu, str(kernel), str(serial))
    cpus = choose_cpus()
    tracer = Tracer(plan.tracefs, keeper) if plan.tracefs else None
    trace = ""
    try:
        before = (lambda pid: tracer.start(pid, cpus)) if tracer else (lambda _: None)
        run_guest(command, keeper, folder / f"{run.apic}.errors", before, cpus)
        if tracer:
            trace = tracer.stop()
    finally:
        if tracer:
            tracer.close()
    return serial.read_bytes(), trace


def _keep(folder: Path, run: Run, guest: bytes, trace: str, keeper: Keeper) -> None:
    """Keep what was recorded, for `vapic correlate` or for whoever looks into it."""
    folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / f"{run.apic}.log", guest, keeper)
    if trace:
        write_whole(folder / f"{run.apic}.trace", trace.encode(), keeper)


def _judge(plan: Plan, guest: bytes, trace: str) -> Correlation:
    if plan.wish.accel == "kvm":
        return correlation.correlate(guest, trace)
    return correlation.alone(guest)


def _build(folder: Path) -> Path:
    with _temporary_files_in(folder):
        return build(folder / "guest")


@contextmanager
def _temporary_files_in(folder: Path) -> Iterator[None]:
    """Have the compiler's own files go away with ours, even when it is killed half-way."""
    before = os.environ.get("TMPDIR")
    os.environ["TMPDIR"] = str(folder)
    try:
        yield
    finally:
        if before is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = before
