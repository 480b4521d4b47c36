"""Boot the real guest under QEMU's software emulation."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

JSON_LINE = b'{"event":'
DONE = 33
PANIC = 255
SECONDS = 60
# From this release on, software emulation has x2APIC.
X2APIC_SINCE = 9
TRACE = ("-trace", "memory_region_ops_write", "-trace", "apic_*", "-d", "int")


@dataclass(frozen=True)
class Boot:
    """One boot: QEMU's exit status, the serial log, and QEMU's own log if it was asked for."""

    status: int
    raw: bytes
    trace: Path | None = None

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


def qemu_version() -> int:
    """The major version of the QEMU to test with."""
    said = subprocess.run([find_qemu(), "--version"], capture_output=True, text=True, check=True)
    return int(re.search(r"version (\d+)", said.stdout)[1])


def boot(
    elf: Path, words: str, *more: str, machine: str = "q35", cpu: str = "max", traced: bool = False
) -> Boot:
    """Boot the guest with a command line; ``more`` are options of QEMU."""
    trace = elf.with_name(f"{elf.stem}-{len(list(elf.parent.iterdir()))}.qemu") if traced else None
    logging = (*TRACE, "-D", str(trace)) if trace else ()
    command = [
        *(find_qemu(), "-accel", "tcg", "-machine", machine, "-cpu", cpu, "-m", "64"),
        *("-nodefaults", "-display", "none", "-no-reboot", "-serial", "stdio"),
        *("-device", "isa-debug-exit,iobase=0xf4,iosize=0x04"),
        *("-kernel", str(elf), "-append", words, *more, *logging),
    ]
    ran = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=SECONDS
    )
    return Boot(ran.returncode, ran.stdout, trace)
