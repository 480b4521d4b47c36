"""Machines made of files, for tests: constructed, none of them exists."""

import struct
import sys
from pathlib import Path

from app.probing.host.emulator import Qemu
from app.probing.host.host import Host
from app.probing.host.tracing import EVENTS
from tests.probe import fake_qemu
from tests.probe.scenes import Scene

CPUINFO = """\
processor\t: 0
vendor_id\t: AuthenticAMD
cpu family\t: 26
model\t\t: 2
model name\t: constructed Zen 5
stepping\t: 1
microcode\t: 0xb00211e
flags\t\t: fpu apic svm npt avic x2avic

processor\t: 1
"""
FILES = {
    "proc/cpuinfo": CPUINFO,
    "proc/sys/kernel/osrelease": "6.18.3-1-amd64\n",
    "proc/sys/kernel/hostname": "fancyname.example.org\n",
    "sys/module/kvm_amd/initstate": "live\n",
    "sys/module/kvm_amd/parameters/avic": "Y\n",
    "sys/module/kvm_amd/parameters/npt": "Y\n",
    "sys/module/kvm_amd/parameters/enable_ipiv": "Y\n",
    "sys/kernel/security/lockdown": "[none] integrity confidentiality\n",
    "proc/meminfo": "MemTotal: 16000000 kB\nMemAvailable: 12000000 kB\n",
    "dev/kvm": "",
}
# CPUID by leaf: EAX to EDX.
CPUID = {
    1: (0xB00F21, 0, 0, 0),
    # AVIC, x2AVIC and ExtLvtAvicAccessChg.
    0x8000000A: (1, 0, 0, 1 << 13 | 1 << 18 | 1 << 27),
}
TRACING = "sys/kernel/tracing"
QEMU = Qemu(Path("/usr/bin/qemu-system-x86_64"), "10.0.2", frozenset({"kvm", "tcg"}), discards=True)


def fake_cpuid(root: Path, leaves: dict[int, tuple[int, int, int, int]]) -> None:
    """Make the file that is the CPUID device; what lies between leaves takes no room."""
    path = root / "dev/cpu/0/cpuid"
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        for leaf, registers in leaves.items():
            file.seek(leaf)
            file.write(struct.pack("<4I", *registers))


def machine(root: Path, *, forbidden: tuple[str, ...] = (), tools=("gcc", "ld")) -> Host:
    """Make a machine that lacks nothing; ``forbidden`` files may not be used."""
    for name, text in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    fake_cpuid(root, CPUID)
    # For looking only: a file system of regular files takes what tracefs does not.
    for event in EVENTS:
        (root / TRACING / "events/kvm" / event).mkdir(parents=True)
    for name in ("tracing_on", "set_event"):
        (root / TRACING / name).write_text("")
    return Host(
        root,
        may=lambda path, _: path not in [root / name for name in forbidden],
        which=lambda tool: f"/usr/bin/{tool}" if tool in tools else None,
    )


def stand_in_for_qemu(folder: Path, *scenes: Scene) -> Path:
    """Put what plays a run of the guest into a new folder; return its path."""
    folder.mkdir()
    (folder / "status").write_text("33")
    qemu = folder / "qemu-system-x86_64"
    qemu.write_text(f"#!{sys.executable} -IS\n" + Path(fake_qemu.__file__).read_text())
    qemu.chmod(0o755)
    for scene in scenes:
        (folder / f"{scene.apic}.log").write_bytes(scene.guest())
        (folder / f"{scene.apic}.trace").write_text(scene.trace("tracefs"))
    return qemu
