"""A running virtual machine as the kernel's files tell of it: its process, debugfs, its PIT.

Which files: arch/x86/kvm/debugfs.c makes ``lapic_timer_advance_ns`` of a vCPU where its local
APIC is in the kernel, and ``guest_mode``; arch/x86/kvm/i8254.c calls the thread of a VM's PIT
``kvm-pit/PID``; the names of open files are those of virt/kvm/kvm_main.c.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from app.probing.host.active import Sign
from app.probing.host.host import Host

_VM = re.compile(r"(?:anon_inode:)?\[?kvm-vm\]?")
DEBUGFS = "sys/kernel/debug/kvm"


@dataclass(frozen=True)
class MachineFiles:
    """What was read of a process, and what could not be read; ``is_vm`` is None where it may be."""

    pid: int
    words: tuple[str, ...]
    is_vm: bool | None
    threads: tuple[str, ...]
    pit: bool
    local_apic: bool | None
    nested: tuple[str, ...]
    signs: tuple[Sign, ...]

    @property
    def hypervisor(self) -> str:
        """Which program it is, by its name; empty for one that is not known."""
        name = Path(self.words[0]).name.lower() if self.words else ""
        known = {"qemu": "QEMU", "kvm": "QEMU", "firecracker": "Firecracker",
                 "cloud-hypervisor": "Cloud Hypervisor"}  # fmt: skip
        return next((title for begin, title in known.items() if name.startswith(begin)), "")

    @property
    def line(self) -> str:
        """The command line as one text."""
        return " ".join(self.words)

    def has(self, flag: str) -> bool:
        """Whether its command line has the last word of a setting, however dashes are written."""
        wanted = flag.rsplit(maxsplit=1)[-1].removeprefix("...,").replace("_", "-")
        return wanted in self.line.replace("_", "-")


def read_machine(host: Host, pid: int) -> MachineFiles | None:
    """Return what the kernel says of a process, None where there is none of this number."""
    place = host.path(f"proc/{pid}")
    if not place.exists():
        return None
    # A thread has its own number, which only its process names.
    asked, pid = pid, int(_leader(host, pid))
    place = host.path(f"proc/{pid}")
    words = tuple(part for part in host.read(f"proc/{pid}/cmdline").split("\0") if part)
    threads = tuple(sorted(path.name for path in place.glob("task/[0-9]*")))
    thread = f", of which {asked} is a thread" if asked != pid else ""
    signs = [Sign("process", f"{pid}, {words[0] if words else 'no command line'}{thread}")]
    files = _files(place)
    if files is None:
        signs.append(Sign("files", "its open files cannot be read", "Run it as root."))
    is_vm = None if files is None else any(_VM.fullmatch(name) for name in files)
    if is_vm is False:
        signs.append(Sign("files", "none of them is a VM of KVM", "sudo fuser -v /dev/kvm"))
        return MachineFiles(pid, words, is_vm, threads, False, None, (), tuple(signs))
    pit = any(
        host.read(f"proc/{path.parent.name}/comm").strip() == f"kvm-pit/{pid}"
        for path in host.path("proc").glob("[0-9]*/comm")
    )
    local_apic, nested, told = _debugfs(host, (str(pid), *threads))
    return MachineFiles(pid, words, is_vm, threads, pit, local_apic, nested, (*signs, *told))


def has_ended(host: Host, pid: int) -> bool:
    """Return whether a process that had a VM has none any more."""
    place = host.path(f"proc/{pid}")
    files = _files(place)
    return not place.exists() or (files is not None and not any(map(_VM.fullmatch, files)))


def _files(place: Path) -> list[str] | None:
    """Return the names of what a process has open, None where they may not be read."""
    try:
        return [_target(path) for path in (place / "fd").iterdir()]
    except OSError:
        return None


def _target(path: Path) -> str:
    try:
        return str(path.readlink())
    except OSError:
        return ""


def _leader(host: Host, pid: int) -> str:
    """Return the number of the process that a thread belongs to, its own where nothing says it."""
    found = re.search(r"^Tgid:\s*(\d+)", host.read(f"proc/{pid}/status"), re.MULTILINE)
    return found[1] if found else str(pid)


def _debugfs(host: Host, threads: Iterable[str]) -> tuple[bool | None, tuple[str, ...], list[Sign]]:
    """Return whether the local APIC is in the kernel, and the vCPUs that run a guest.

    The folder of a VM has the number of the thread that made it (kvm_create_vm_debugfs).
    """
    try:
        places = (host.path(DEBUGFS).glob(f"{thread}-*/vcpu*") for thread in {*threads})
        found = sorted(chain.from_iterable(places))
        held = {path.name: {file.name for file in path.iterdir()} for path in found}
    except OSError:
        held = {}
    if not held:
        todo = as_root(host, "sys/kernel/debug", "debugfs")
        said = f"nothing of this VM in /{DEBUGFS}: whether its local APIC is in the kernel, and "
        return None, (), [Sign("debugfs", f"{said}whether a vCPU runs a guest, is not known", todo)]
    apic = all("lapic_timer_advance_ns" in files for files in held.values())
    nested = tuple(path.name for path in found if _number(path / "guest_mode"))
    where = "in the kernel" if apic else "not in the kernel"
    one = len(held) == 1
    said = "1 vCPU, its local APIC is" if one else f"{len(held)} vCPUs, their local APICs are"
    said += f" {where}"
    said += f"; {', '.join(nested)} runs a guest of its own" if nested else ""
    return apic, nested, [Sign("debugfs", said)]


def as_root(host: Host, place: str, kind: str) -> str:
    """Return what lets a file system of the kernel be read that was not."""
    mount = f"As root: mount -t {kind} none /{place}"
    return mount if host.may(host.path(place), os.X_OK) else "Run it as root."


def _number(path: Path) -> int:
    try:
        return int(path.read_text("ascii"))
    except (OSError, ValueError):
        return 0


def suspected_reasons(vm: MachineFiles) -> Iterator[tuple[str, str]]:
    """Yield reasons that its files let one infer, each with what says so."""
    if vm.local_apic is False:
        yield "ABSENT", "no vCPU has a local APIC in the kernel"
    if vm.pit and not vm.has("kvm-pit.lost_tick_policy=discard"):
        unsaid = "its command line does not make it discard lost ticks"
        yield "PIT_REINJ", f"the kernel has a PIT for it (thread kvm-pit/{vm.pid}), and {unsaid}"
    if vm.has("hv-synic") and not (vm.has("hv-avic") or vm.has("hv-apicv")):
        yield "HYPERV", "its command line has hv-synic without hv-avic"
    if re.search(r"-object\s+sev-(snp-)?guest", vm.line):
        yield "SEV", "its command line makes it a guest of SEV"
