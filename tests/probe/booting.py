"""Boot the real guest under QEMU: under software emulation, or under KVM where it works."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache, cached_property, partial
from pathlib import Path
from typing import Any

import pytest

from app.probing.guest_memory import MEMORY_MIB, read_log
from app.probing.host import emulator
from app.probing.host.keeping import Keeper
from app.probing.host.running import Run, choose_cpus, run_guest
from app.probing.host.tracing import Tracer
from tests.probe.kernel import tracefs_there_is

JSON_LINE = b'{"event":'
DONE = 33
PANIC = 255
# A KVM that emulates every instruction of the guest takes half of it on a busy machine.
SECONDS = 120
# From this release on, software emulation has x2APIC.
X2APIC_SINCE = 9
# Under a KVM that emulates every instruction QEMU's usual BIOS takes longer than the measuring.
QBOOT = Path("/usr/share/qemu/qboot.rom")
TRACE = ("-trace", "memory_region_ops_write", "-trace", "apic_*", "-d", "int")


@dataclass(frozen=True)
class Boot:
    """One boot: QEMU's exit status, the guest's log, QEMU's own and the host's trace, if any."""

    status: int
    raw: bytes
    trace: Path | None = None
    host_trace: str = ""

    @cached_property
    def lines(self) -> tuple[bytes, ...]:
        """The JSON lines, as they came."""
        return tuple(line for line in self.raw.split(b"\n") if line.startswith(JSON_LINE))

    @cached_property
    def events(self) -> tuple[dict[str, Any], ...]:
        """The JSON lines, read."""
        return tuple(json.loads(line) for line in self.lines)

    def of(self, event: str) -> list[dict[str, Any]]:
        """The events of one kind."""
        return [each for each in self.events if each["event"] == event]

    def accesses(self, **wanted: Any) -> list[dict[str, Any]]:
        """The accesses that have these values."""
        return [
            each
            for each in self.of("access")
            if all(each.get(key) == value for key, value in wanted.items())
        ]


def find_qemu() -> str:
    """The QEMU to test with; skips where there is none."""
    found = os.environ.get("VAPIC_TEST_QEMU") or shutil.which("qemu-system-x86_64")
    if not found:
        pytest.skip("no qemu-system-x86_64 here (see tests/get-qemu.sh)")
    return found


def boots() -> Iterator[tuple[str, str]]:
    """Accelerator and mode of every boot that says something here.

    The mode that a software emulation lacks is left to KVM, where that works.
    """
    yield "tcg", "xapic"
    if not kvm_works() or qemu_version() >= X2APIC_SINCE:
        yield "tcg", "x2apic"
    yield from (("kvm", "xapic"), ("kvm", "x2apic"))


def qemu_version() -> int:
    """The major version of the QEMU to test with."""
    said = subprocess.run([find_qemu(), "--version"], capture_output=True, text=True, check=True)
    return int(re.search(r"version (\d+)", said.stdout)[1])


@cache
def kvm_works() -> bool:
    """Whether this process may make a virtual machine by KVM."""
    try:
        with Path("/dev/kvm").open("rb") as device:
            # KVM_CREATE_VM of the kernel's uapi/linux/kvm.h.
            os.close(fcntl.ioctl(device, 0xAE01, 0))
    except OSError:
        return False
    return True


@dataclass(frozen=True)
class Place:
    """Where the guest is booted; by default under software emulation, seen by nobody."""

    accel: str = "tcg"
    machine: str = "q35"
    cpu: str = ""
    traced: bool = False
    serial: bool = False

    @property
    def name_of_cpu(self) -> str:
        """QEMU's name of the processor; some KVMs refuse the MSR that is left out."""
        return self.cpu or {"tcg": "max", "kvm": "host,-arch-capabilities"}[self.accel]


def boot(elf: Path, words: str, place: Place = Place(), *more: str) -> Boot:
    """Boot the guest with a command line; ``more`` are options of QEMU."""
    with tempfile.TemporaryDirectory(dir=elf.parent) as folder:
        memory = Path(folder, "ram")
        shared = f"memory-backend-file,id=m,size={MEMORY_MIB}M,mem-path={memory},share=on"
        trace = elf.parent / f"{len(list(elf.parent.iterdir()))}.qemu" if place.traced else None
        logging = (*TRACE, "-D", str(trace)) if trace else ()
        results = "" if place.serial else " results=memory"
        command = [
            *(find_qemu(), "-accel", place.accel, "-cpu", place.name_of_cpu, "-object", shared),
            *("-machine", f"{place.machine},memory-backend=m", "-m", str(MEMORY_MIB)),
            *("-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio"),
            *("-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"),
            *("-kernel", str(elf), "-append", words + results, *more, *logging),
        ]
        ran = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=SECONDS
        )
        return Boot(ran.returncode, read_log(memory) or ran.stdout, trace)


def boot_under_kvm(elf: Path, apic: str, folder: Path, kb: int) -> Boot:
    """Boot the guest under KVM as a probe does, traced into ``kb`` where this user may."""
    run = Run("kvm", apic, ("repeat=1",), x2avic=True)
    qemu = emulator.find_qemu(find_qemu())
    command = run.command(qemu, str(elf), str(folder / "log"), str(folder / "memory"))
    # Some KVMs refuse the MSR that is left out.
    command = tuple("host,-arch-capabilities" if word == "host" else word for word in command)
    bios = ("-bios", str(QBOOT)) if QBOOT.exists() else ()
    command += (*TRACE, "-D", str(folder / "qemu"), *bios)
    cpus, told = choose_cpus(), ""
    with ExitStack() as stack:
        keeper = stack.enter_context(Keeper())
        tracefs = stack.enter_context(tracefs_there_is())
        run_it = partial(run_guest, command, keeper, folder / "errors", cpus=cpus)
        if tracefs is None or not (tracefs / "events/kvm/kvm_pio").exists():
            run_it()
        else:
            with Tracer(tracefs, keeper, kb) as tracer:
                run_it(lambda pid: tracer.start(pid, cpus))
                told = tracer.stop()
    # It would have raised for any other end.
    return Boot(DONE, read_log(folder / "memory"), folder / "qemu", told)
