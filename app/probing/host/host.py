"""The machine as its files tell of it, under any root folder."""

from __future__ import annotations

import os
import re
import shutil
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

# What bears on AVIC; nothing else is read, for a parameter may hold anything.
PARAMETERS = (
    "kvm_amd.avic",
    "kvm_amd.force_avic",
    "kvm_amd.enable_ipiv",
    "kvm_amd.npt",
    "kvm_amd.nested",
    "kvm.enable_device_posted_irqs",
)
# Of the first processor; the device takes the leaf for an offset, and gives EAX to EDX.
CPUID_DEVICE = "dev/cpu/0/cpuid"
HYPERVISOR_BIT = 31
BRANCH = re.compile(r"\d+\.\d+")
RELEASE = re.compile(r"\d+\.\d+[\w.+~-]*")
PLAIN_RELEASE = re.compile(r"\d+\.\d+(\.\d+)?(-rc\d+)?")
FITTING = re.compile(r"[!-~]{0,100}")


@dataclass(frozen=True)
class Host:
    """A machine: ``root`` is where its file system begins; ``may`` is ``os.access``."""

    root: Path = Path("/")
    may: Callable[[Path, int], bool] = os.access
    which: Callable[[str], str | None] = shutil.which

    def path(self, name: str) -> Path:
        """Return where a file is that the machine has at ``/name``."""
        return self.root / name

    def read(self, name: str) -> str:
        """Return the text of a small file; empty when it cannot be read."""
        try:
            return self.path(name).read_text("utf-8", "replace")
        except OSError:
            return ""

    @cached_property
    def cpuinfo(self) -> Mapping[str, str]:
        """The first processor's lines of /proc/cpuinfo."""
        first = self.read("proc/cpuinfo").partition("\n\n")[0]
        pairs = (line.partition(":") for line in first.splitlines())
        return {key.strip(): value.strip() for key, _, value in pairs}

    @cached_property
    def flags(self) -> frozenset[str]:
        """The feature flags of the first processor."""
        return frozenset(self.cpuinfo.get("flags", "").split())

    def cpuid(self, leaf: int) -> tuple[int, int, int, int] | None:
        """Return EAX, EBX, ECX and EDX of a leaf; None where CPUID cannot be had from a file."""
        try:
            with self.path(CPUID_DEVICE).open("rb", buffering=0) as device:
                raw = os.pread(device.fileno(), 16, leaf)
            return struct.unpack("<4I", raw)
        except (OSError, struct.error):
            return None

    @property
    def virtual(self) -> bool:
        """Whether CPUID Fn0000_0001_ECX[31] says that a hypervisor runs this machine."""
        found = self.cpuid(1)
        return bool(found[2] >> HYPERVISOR_BIT & 1) if found else "hypervisor" in self.flags

    @property
    def svm_edx(self) -> int | None:
        """CPUID Fn8000_000A_EDX, AVIC's feature bits; None where it cannot be had."""
        found = self.cpuid(0x8000000A) if "svm" in self.flags else None
        return found[3] if found else None

    @cached_property
    def parameters(self) -> Mapping[str, str]:
        """The parameters of KVM's modules that bear on AVIC, as ``kvm_amd.avic``: ``Y``."""
        found = {}
        for name in PARAMETERS:
            module, _, parameter = name.partition(".")
            text = self.read(f"sys/module/{module}/parameters/{parameter}").strip()
            if text and FITTING.fullmatch(text):
                found[name] = text
        return found

    @property
    def microcode(self) -> str:
        """The microcode's revision in hexadecimal, empty when it is not told."""
        text = self.cpuinfo.get("microcode", "")
        return text.lower() if re.fullmatch(r"0x[0-9a-fA-F]{1,16}", text) else ""

    @property
    def branch(self) -> str:
        """The branch of the kernel, as ``6.18``; empty when its release does not begin so."""
        found = BRANCH.match(self.kernel)
        return found[0] if found else ""

    @property
    def kernel(self) -> str:
        """The kernel's release, cut to its number when the rest could name the machine."""
        release = self.read("proc/sys/kernel/osrelease").strip()
        name = self.read("proc/sys/kernel/hostname").strip().partition(".")[0].lower()
        plain = PLAIN_RELEASE.match(release)
        if plain and ((name and name in release.lower()) or not RELEASE.fullmatch(release)):
            return plain[0]
        return release or "unknown"
