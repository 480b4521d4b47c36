"""What the QEMU at hand is and can do."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

QEMU_NAME = "qemu-system-x86_64"
ASK_SECONDS = 20
# The first release whose software emulation has x2APIC (QEMU's change log for 9.0).
TCG_X2APIC = 9
# The first release that takes a memory of ours for the machine's (its change log for 5.0).
OWN_MEMORY = 5


@dataclass(frozen=True)
class Qemu:
    """One QEMU; ``discards`` when its in-kernel PIT can be told not to re-inject ticks."""

    path: Path
    version: str
    accelerators: frozenset[str]
    discards: bool

    @property
    def emulates_x2apic(self) -> bool:
        """Whether a guest gets x2APIC without KVM."""
        return self._major >= TCG_X2APIC

    @property
    def shares_memory(self) -> bool:
        """Whether the guest's memory can be a file that we read afterwards."""
        return self._major >= OWN_MEMORY

    @property
    def _major(self) -> int:
        return int(self.version.partition(".")[0] or 0)


def find_qemu(given: str) -> Qemu | None:
    """Return the QEMU that is named, else the one on PATH; None where there is none that runs."""
    path = shutil.which(given or QEMU_NAME)
    if path is None:
        return None
    qemu = Path(path).absolute()
    version = re.search(r"version (\d+(?:\.\d+)*)", _ask(qemu, "--version"))
    if version is None:
        return None
    listed = _ask(qemu, "-accel", "help")
    accelerators = frozenset(listed.split()) & {"kvm", "tcg"}
    # The properties of a device are listed without starting anything.
    discards = "lost_tick_policy" in _ask(qemu, "-device", "kvm-pit,help")
    return Qemu(qemu, version[1], accelerators, discards)


def _ask(qemu: Path, *question: str) -> str:
    try:
        ran = subprocess.run(  # noqa: S603 - the QEMU that will run the guest
            [qemu, *question],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            check=False,
            text=True,
            errors="replace",
            timeout=ASK_SECONDS,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return ran.stdout
