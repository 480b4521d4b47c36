"""`vapic doctor host` is asked of virtual machines, each in another state that it has to name."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from app.probing.guest_build import packed_guest
from app.probing.host.emulator import find_qemu
from app.probing.host.running import Run
from app.probing.host.watching import EVENTS
from tests.rehearse.steps import OUT, PIT, PROBE, QEMU, TRACING, load, note, run, until

FIRMWARE = Path("/firmware")
# What its last byte tells it to do (window.S).
HELD, AGAIN, TIMER = range(3)
DEBUGFS = "/sys/kernel/debug"
# Somebody who may read nothing that is root's.
NOBODY = 65534
# For where no IPI reaches a second processor the firmware waits for it for ever.
ALONE = {"2": "1"}
REINJECTING = {f"{PIT}discard": f"{PIT}delay"}
NUMBERS = count()


@dataclass(frozen=True)
class Vm:
    """A virtual machine that was started and stands still until it is told to ``go``."""

    process: subprocess.Popen[bytes]
    monitor: Path

    def go(self) -> None:
        """Let it run."""
        with socket.socket(socket.AF_UNIX) as monitor:
            monitor.connect(str(self.monitor))
            monitor.sendall(b'{"execute": "qmp_capabilities"}{"execute": "cont"}')
            # Only its answers say that both were read.
            said = b""
            while said.count(b'"return"') < 2 and (part := monitor.recv(4096)):
                said += part


@contextmanager
def started(others: Mapping[str, str], does: int | None = None) -> Iterator[Vm]:
    """Start a machine that does what the firmware can, or else what the probe's guest does.

    ``others`` are words of QEMU's command line in the place of ours.
    """
    name = f"vm{next(NUMBERS)}"
    guest, memory, monitor = (Path("/run", f"{name}.{end}") for end in ("elf", "memory", "qmp"))
    guest.write_bytes(packed_guest())
    # Longer than anybody asks.
    run_ = Run("kvm", "xapic", ("repeat=60",), x2avic=True)
    command = run_.command(find_qemu(QEMU), str(guest), "/dev/null", str(memory))
    command = tuple(others.get(word, word) for word in command)
    words = ["-S", "-qmp", f"unix:{monitor},server=on,wait=off"]
    if does is not None:
        rom = guest.with_suffix(".rom")
        rom.write_bytes(FIRMWARE.read_bytes()[:-1] + bytes((does,)))
        words += ["-bios", str(rom)]
    with subprocess.Popen((*command, *words), stdin=subprocess.DEVNULL) as booted:
        try:
            until(monitor.exists, 60)
            yield Vm(booted, monitor)
        finally:
            booted.kill()
    for path in (memory, monitor):
        path.unlink(missing_ok=True)


def ask(
    step: str,
    pid: int,
    traced: Callable[[subprocess.Popen[str]], object] = id,
    seconds: int = 6,
    user: int = 0,
) -> None:
    """Ask of a process, call ``traced`` once it is, and keep what a trace beside it has."""
    folder, began = OUT / step, time.monotonic()
    folder.mkdir()
    asked = (sys.executable, PROBE, "doctor", "--seconds", str(seconds), "--pid", str(pid))
    with subprocess.Popen(
        (*asked, "--json"), stdout=subprocess.PIPE, text=True,
        user=user, group=user, extra_groups=(),
    ) as asking:  # fmt: skip
        own = TRACING / f"instances/vapic-probe-{asking.pid}"
        switch = own / "tracing_on"
        until(lambda: asking.poll() is not None
              or (switch.exists() and switch.read_text() == "1\n"), 60)  # fmt: skip
        with beside(folder / "trace", own / "set_event_pid"):
            traced(asking)
            said = asking.communicate()[0]
    note(step, began, code=asking.returncode, said=said)


@contextmanager
def beside(place: Path, pids: Path) -> Iterator[None]:
    """Trace what the doctor traces, of the same processes, into a file."""
    switches = [TRACING / "events/kvm" / event / "enable" for event in EVENTS]
    (TRACING / "trace").write_text("")
    (TRACING / "set_event_pid").write_text(pids.read_text() if pids.exists() else "")
    for switch in switches:
        switch.write_text("1")
    yield
    for switch in switches:
        switch.write_text("0")
    place.write_text((TRACING / "trace").read_text())


def ask_all() -> None:
    """Ask it where AVIC is off, forced, inhibited in three ways, and of what is no machine."""
    # Whoever records with perf has it already: perf mounts it.
    if not Path(DEBUGFS).is_mount():
        run("mount", "-t", "debugfs", "none", DEBUGFS)
    load("avic=0")
    whole("doctor off", {})
    load("avic=1", "force_avic=1")
    whole("doctor silent", ALONE)
    whole("doctor reinjecting", REINJECTING)
    whole("doctor window", ALONE, HELD)
    with (
        started(ALONE, AGAIN) as windows,
        started(ALONE, TIMER) as forced,
        started(ALONE | REINJECTING, TIMER) as late,
    ):
        for vm in (windows, forced, late):
            vm.go()
        ask("doctor late", late.process.pid)
        ask("doctor windows", windows.process.pid)
        ask("doctor forced", forced.process.pid)
        ask("doctor killed", forced.process.pid, subprocess.Popen.kill)
        ask("doctor nobody", windows.process.pid, user=NOBODY)
        run("umount", DEBUGFS)
        ask("doctor no debugfs", forced.process.pid)
        ask("doctor no vm", 1)
        ask("doctor no process", 2**22 - 7)


def whole(step: str, others: Mapping[str, str], does: int | None = None) -> None:
    """Ask of a machine from before its first instruction."""
    with started(others, does) as vm:
        ask(step, vm.process.pid, lambda _: vm.go(), seconds=12)
