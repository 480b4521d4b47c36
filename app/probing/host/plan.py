"""What a probe will do, before it does anything: commands, files, and what leaves."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

from app.core.words import Mode
from app.pens.plain import COLUMNS, Plain
from app.probing.host.checks import CheckState, HostFinding, Wish, check_host
from app.probing.host.emulator import Qemu
from app.probing.host.host import CPUID_DEVICE, PARAMETERS, Host
from app.probing.host.running import STOPPED, Run
from app.probing.host.tracing import ACCESS_BYTES, ACCESSES, buffer_kb, find_tracefs

# Those of the guest.
CPUS = 2
APICS = {Mode.AVIC: "xapic", Mode.X2AVIC: "x2apic"}
NO_OBSERVATION = (
    "This is a dry run under software emulation: what it sees says nothing about AVIC, and no "
    "explorer takes it as an observation."
)
NOT_BARE = (
    "This machine is a virtual one: its hypervisor answered along with the processor, and no "
    "explorer takes this as an observation."
)
DISRUPTIVE = (
    "--disruptive: the guest also writes its APIC ID, LDR and DFR, sets reserved bits of ICR "
    "in x2APIC mode and sends IPIs to an absent target. KVM may switch AVIC off for it, and older "
    "kernels log a warning on this machine (a crash where panic_on_warn is set)."
)
COLLECTED = (
    "What the file will say of this machine: the processor (vendor, family, model, stepping, "
    "brand, microcode), whether it is a virtual one, its AVIC feature bits, the kernel's release, "
    "the parameters of KVM named above, QEMU's command without folders, and what each access did."
)
NOTHING_LEAVES = (
    "Nothing. No host name, serial number or address is collected. The file is for you to read, "
    "and to send or not."
)


@dataclass(frozen=True)
class Plan:
    """All that will be done; ``tracefs`` is None where nothing is traced."""

    wish: Wish
    qemu: Qemu | None
    runs: tuple[Run, ...]
    tracefs: Path | None
    findings: tuple[HostFinding, ...]

    @property
    def missing(self) -> tuple[HostFinding, ...]:
        """What stands in the way."""
        return tuple(f for f in self.findings if f.state is CheckState.MISSING)

    def commands(self) -> Iterator[str]:
        """Return the commands that run the guest, without folders."""
        if self.qemu is not None:
            for run in self.runs:
                words = run.command(self.qemu, "probe.elf", f"{run.apic}.log", f"{run.apic}.m")
                yield shlex.join((self.qemu.path.name, *words[1:]))


def make_plan(host: Host, qemu: Qemu | None, wish: Wish) -> Plan:
    """Look at a machine and return what would be done on it; nothing is changed."""
    by_kvm = wish.accel == "kvm"
    x2avic = "x2avic" in host.flags if by_kvm else bool(qemu and qemu.emulates_x2apic)
    modes = wish.modes or ((Mode.AVIC, Mode.X2AVIC) if x2avic else (Mode.AVIC,))
    runs = tuple(Run(wish.accel, APICS[mode], wish.words, x2avic) for mode in modes)
    tracefs = wish.tracefs or (find_tracefs(host) if by_kvm else None)
    found = (*check_host(host, qemu, wish), *(_buffer(host, wish) if tracefs else ()))
    return Plan(wish, qemu, runs, tracefs, (*found, *_places(wish, runs)))


def _places(wish: Wish, runs: tuple[Run, ...]) -> Iterator[HostFinding]:
    """What is in the way of what will be written: nothing is written over."""
    wanted = [("--output", "file", wish.output.parent, [wish.output])] if wish.output else []
    if keep := wish.keep:
        # It is made, with what leads to it. Unlike Path.exists this never raises.
        above = next(p for p in (keep, *keep.parents) if os.path.exists(p))  # noqa: PTH110
        files = [keep / f"{run.apic}.{end}" for run in runs for end in ("log", "trace")]
        wanted.append(("--keep", "folder", above, files))
    for option, kind, folder, files in wanted:
        if why := next(filter(None, (_why_not(file, folder) for file in files)), ""):
            todo = f"Name another {kind} with {option}."
            yield HostFinding(option, CheckState.MISSING, why, todo)


def _why_not(file: Path, folder: Path) -> str:
    """Return why a file cannot be made; what is tried in its folder has no name and is gone."""
    try:
        if file.exists():
            return f"{file} is there already."
        with TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return f"Nothing can be written to {folder}: {error.strerror}."


def _buffer(host: Host, wish: Wish) -> Iterator[HostFinding]:
    """Whether the trace of so many accesses fits into this machine's memory."""
    need = buffer_kb(wish.repeat) * CPUS // 1024
    text = (
        f"{need} MiB: each access {wish.repeat} times, at most {wish.repeat * ACCESSES} of them, "
        f"{ACCESS_BYTES} bytes each, for {CPUS} processors"
    )
    free = re.search(r"MemAvailable: *(\d+) kB", host.read("proc/meminfo"))
    # The other half is for whatever runs here.
    room = int(free[1]) // 2048 if free else need
    if need <= room:
        yield HostFinding("buffer", CheckState.FINE, f"{text}.")
        return
    most = max(n for n in range(wish.repeat) if not n or buffer_kb(n) * CPUS // 1024 <= room)
    todo = f"Make fewer: --repeat {most}" if most else "Measure on a machine with more memory."
    yield HostFinding("buffer", CheckState.MISSING, f"{text}; here are {room} MiB for it.", todo)


def plan_text(plan: Plan) -> str:
    """Return a plan for the terminal."""
    out, wish = Plain(), plan.wish
    out.title(f"vapic probe --accel {wish.accel}")
    if wish.accel == "tcg":
        out.para(NO_OBSERVATION)
    if wish.disruptive:
        out.para(DISRUPTIVE)
    out.heading("What is here")
    add_findings(out, plan.findings)
    out.heading("Commands")
    for command in plan.commands():
        out.raw("\n".join(fold_command(f"{command} {shlex.join(STOPPED)}")))
        out.blank()
    out.heading("Files")
    for label, text in _files(plan):
        out.field(label, text, width=10)
    out.heading("What leaves this machine")
    out.para(NOTHING_LEAVES)
    out.blank()
    out.para(COLLECTED)
    return out.render()


def add_findings(out: Plain, found: tuple[HostFinding, ...]) -> None:
    """Add what was looked at, each with what to do about it."""
    for each in found:
        out.grid([(each.state, each.name, each.text)], (7, 13, 53))
        if each.todo:
            out.grid([("", "", each.todo)], (7, 13, 53))


def fold_command(command: str) -> Iterator[str]:
    r"""Return a command in lines that fit, each but the last ending in ``\``."""
    parts: list[str] = []
    for word in map(shlex.quote, shlex.split(command)):
        # An option and its value stay together.
        if parts and parts[-1].startswith("-") and " " not in parts[-1] and word[0] != "-":
            parts[-1] += f" {word}"
        else:
            parts.append(word)
    line = ""
    for part in parts:
        if line and len(line) + len(part) + len("  \\") > COLUMNS:
            yield f"{line} \\"
            line = "   "
        line += f" {part}" if line else part
    yield line


def _files(plan: Plan) -> Iterator[tuple[str, str]]:
    yield "read", "/proc/cpuinfo, /proc/sys/kernel/osrelease"
    if plan.wish.accel == "kvm":
        yield "read", f"/proc/meminfo, and two leaves of /{CPUID_DEVICE}"
        yield "read", f"the parameters {', '.join(PARAMETERS)}"
    yield "made", "a folder of our own for the guest, its memory and its log, removed in the end"
    if plan.tracefs:
        instance = plan.tracefs / "instances/vapic-probe-PID"
        yield "made", f"{instance}: tracing for this guest only, removed after each run"
    yield "written", plan.wish.written
    if plan.wish.keep:
        yield "written", f"the guest's logs and the traces, into {plan.wish.keep}"
