#!/usr/bin/python3
"""The first process of a machine that measures: the guest under its KVM and under its QEMU.

What a rehearsal does of a root and of its results is that of ``tests.rehearse.steps``.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path

sys.path.insert(0, "/probe.pyz")

from app.probing.guest_build import packed_guest
from app.probing.guest_memory import read_log
from app.probing.host.emulator import find_qemu
from app.probing.host.running import Run
from tests.rehearse import steps

WORDS = tuple(Path("/words").read_text().split())


def measure(accel: str, apic: str) -> None:
    """Boot the guest once, and keep its log with the command that made it."""
    guest, memory = Path("/tmp/probe.elf"), Path("/tmp/memory")
    guest.write_bytes(packed_guest())
    memory.unlink(missing_ok=True)
    run = Run(accel, apic, WORDS, x2avic=True)
    command = run.command(find_qemu(steps.QEMU), str(guest), "/dev/null", str(memory))
    began = time.monotonic()
    ran = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    (steps.OUT / f"{accel}-{apic}.log").write_bytes(read_log(memory))
    (steps.OUT / f"{accel}-{apic}.command").write_text(" ".join(command))
    steps.note(f"{accel} {apic}", began, code=ran.returncode, said=str(ran.stderr))


def versions() -> dict[str, str]:
    """Return what answers here, by what the guest runs on.

    Debian 12 names its kernels 6.1.0, whatever release they are; the build says which.
    """
    kernel = os.uname()
    built = re.search(r"Debian (([\d.]+)\S*)", kernel.version)
    named = kernel.release.startswith(built[2]) if built else True
    release = kernel.release if named or not built else f"{built[1]} ({kernel.release})"
    said = subprocess.run((steps.QEMU, "--version"), capture_output=True, text=True, check=True)
    return {"kvm": release, "tcg": said.stdout.split("version ")[1].partition("\n")[0]}


if __name__ == "__main__":
    steps.machine()
    try:
        steps.load()
        (steps.OUT / "versions.json").write_text(json.dumps(versions()))
        for accel in ("kvm", "tcg"):
            for apic in ("xapic", "x2apic"):
                measure(accel, apic)
    finally:
        steps.hand_out()
    Path("/proc/sysrq-trigger").write_text("o")
    time.sleep(60)
