"""Run the guest once: the QEMU command, its two processors pinned, a limit, and an end."""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.errors import AppError
from app.probing.guest_memory import MEMORY_MIB
from app.probing.host.emulator import Qemu
from app.probing.host.keeping import Keeper

# A hang is one of the results that a guest may have.
RUN_SECONDS = 120
START_SECONDS = 30
# Stopped before its first instruction, and to be told to go on.
STOPPED = ("-qmp", "stdio", "-S")
# What isa-debug-exit makes of the guest's last word: code << 1 | 1.
DONE = 33
ENDS = {253: "The guest's self-test failed.", 255: "The guest met an exception that it cannot."}


class RunFailed(AppError):
    """A guest that did not come to its end."""

    code = "run-failed"


@dataclass(frozen=True)
class Run:
    """What one boot of the guest is: ``apic`` is ``xapic`` or ``x2apic``, one mode a boot."""

    accel: str
    apic: str
    words: tuple[str, ...]
    x2avic: bool = False

    @property
    def cpu(self) -> str:
        """QEMU's name of the processor."""
        if self.accel != "kvm":
            return "max"
        # Older KVM switches AVIC off for a guest that could have x2APIC without x2AVIC.
        return "host" if self.x2avic or self.apic == "x2apic" else "host,-x2apic"

    def command(self, qemu: Qemu, kernel: str, serial: str, memory: str) -> tuple[str, ...]:
        """Return the command that boots the guest; ``memory`` is a file that QEMU makes.

        The results go there, or over the serial port where this QEMU has no such memory.
        """
        machine, pit = "q35", tuple[str, ...]()
        if self.accel == "kvm" and qemu.discards:
            machine += ",kernel_irqchip=on"
            pit = ("-global", "kvm-pit.lost_tick_policy=discard")
        elif self.accel == "kvm":
            machine += ",kernel_irqchip=split"
        size, backend, results = f"{MEMORY_MIB}M", tuple[str, ...](), tuple[str, ...]()
        if qemu.shares_memory:
            machine += ",memory-backend=m"
            # QEMU's way to write a comma in a value.
            path = memory.replace(",", ",,")
            shared = f"memory-backend-file,id=m,size={size},mem-path={path},share=on"
            # At once, so that a guest that hangs leaves what it had.
            backend, results = ("-object", shared), ("results=memory", "lines")
        # The guest would take the words of a path with spaces for its own.
        words = (*(("--",) if " " in kernel else ()), f"apic={self.apic}", *self.words, *results)
        return (
            *(str(qemu.path), "-accel", self.accel, "-machine", machine, "-cpu", self.cpu, *pit),
            *backend,
            *("-smp", "2", "-m", size, "-rtc", "base=utc", "-no-user-config", "-nodefaults"),
            *("-display", "none", "-no-reboot"),
            *("-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"),
            *("-serial", f"file:{serial}"),
            *("-kernel", kernel, "-append", " ".join(words)),
        )


def choose_cpus() -> tuple[int, ...]:
    """Return the two processors that the guest's may run on; fewer when there are no two."""
    allowed = sorted(os.sched_getaffinity(0))
    return tuple(allowed[-2:]) if len(allowed) > 1 else ()


def run_guest(
    command: tuple[str, ...],
    keeper: Keeper,
    errors: Path,
    before: Callable[[int], None] = lambda pid: None,  # noqa: ARG005 - nothing to do
    cpus: Sequence[int] = (),
) -> None:
    """Run a command of ``Run`` to its end; ``before`` gets the process before it is QEMU.

    The guest stands still until its processors are pinned to ``cpus``. What QEMU complains
    of goes into ``errors``. Raises RunFailed when it does not start, does not end in time,
    or ends in another way than it should.
    """
    launched, descriptor = keeper.launching((*command, *STOPPED))
    with (
        errors.open("wb") as complaints,
        subprocess.Popen(  # noqa: S603 - the plan shows it
            launched,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
            bufsize=0,
            pass_fds=(descriptor,),
            start_new_session=True,
        ) as process,
    ):
        try:
            before(process.pid)
            code = _run(process, cpus)
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            keeper.ended(process.pid)
    if code != DONE:
        said = errors.read_text("utf-8", "replace").strip().rpartition("\n")[2]
        what = ENDS.get(code, f"QEMU ended before the guest did ({process.returncode}).")
        raise RunFailed(f"{what} {said}".strip())


def _run(process: subprocess.Popen[bytes], cpus: Sequence[int]) -> int:
    """Let the guest run and return how it ended; -1 when QEMU went away before it began."""
    try:
        _Monitor(process).start(cpus)
        return process.wait(RUN_SECONDS)
    except subprocess.TimeoutExpired:
        raise RunFailed(f"The guest did not end within {RUN_SECONDS} seconds.") from None
    except OSError:
        return -1


class _Monitor:
    """QEMU's monitor protocol on its standard input and output."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdin  # noqa: S101 - pipes were asked for
        assert process.stdout  # noqa: S101
        self._in, self._out = process.stdin, process.stdout
        self._end = time.monotonic() + START_SECONDS
        self._rest = b""

    def start(self, cpus: Sequence[int]) -> None:
        """Let the process become QEMU, pin its processors and let them run."""
        self._in.write(b"\n")
        self._next("QMP")
        self._ask("qmp_capabilities")
        threads = [each["thread-id"] for each in self._ask("query-cpus-fast")]
        for thread, cpu in zip(threads, cpus, strict=False):
            with suppress(OSError):
                os.sched_setaffinity(thread, {cpu})
        self._say("cont")

    def _ask(self, what: str) -> Any:
        self._say(what)
        return self._next("return")

    def _say(self, what: str) -> None:
        self._in.write(json.dumps({"execute": what}).encode() + b"\n")

    def _next(self, kind: str) -> Any:
        """Return what the next message of a kind says; events in between are left out."""
        while True:
            line, found, self._rest = self._rest.partition(b"\n")
            if not found:
                self._rest = line + self._read()
                continue
            message = json.loads(line)
            if kind in message:
                return message[kind]

    def _read(self) -> bytes:
        wait = max(0.0, self._end - time.monotonic())
        if not select.select([self._out], [], [], wait)[0]:
            raise RunFailed(f"QEMU said nothing for {START_SECONDS} seconds.")
        if data := os.read(self._out.fileno(), 65536):
            return data
        raise BrokenPipeError
