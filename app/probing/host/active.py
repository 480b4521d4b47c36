"""Whether new virtual machines of a host get AVIC, by the host's own files.

The parameter ``avic`` of kvm_amd says in the end whether AVIC is on: KVM writes back what came of
it (``enable_apicv = avic = ...`` in svm.c of Linux 6.1 and 6.12, ``avic_hardware_setup`` of 7.2).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum

from app.probing.host.checks import BY_ITSELF, VENDORS, is_on, reload_command
from app.probing.host.host import Host

ALL_KVMS = ("kvm_amd", "kvm_intel", "kvm_pvm")
FORCED = (
    "AVIC is on for new VMs only because of kvm_amd.force_avic=1: CPUID does not report it, and "
    "nothing here shows that the processor does it."
)
# So much of the kernel's log is read at once; a record is shorter.
RECORD = 8192


class IsOn(StrEnum):
    """Whether AVIC is on; the value is what is printed."""

    ON = "on"
    OFF = "off"
    UNKNOWN = "not known"

    @property
    def code(self) -> int:
        """How a command ends that gives this answer."""
        return list(IsOn).index(self)


@dataclass(frozen=True)
class Sign:
    """One thing that was read, and what would mend it or let it be read."""

    name: str
    text: str
    todo: str = ""


@dataclass(frozen=True)
class Opinion:
    """An answer and what it rests on; ``reasons`` are those that hold, ``perhaps`` inferred.

    ``forced`` says that AVIC is on against what CPUID reports.
    """

    answer: IsOn
    text: str
    signs: tuple[Sign, ...] = ()
    reasons: tuple[str, ...] = ()
    perhaps: tuple[str, ...] = ()
    forced: bool = False


def new_machines(host: Host) -> Opinion:
    """Return whether a VM that is started now may use AVIC."""
    signs = [Sign("kernel", host.kernel), *_processor(host), *_log(host)]
    answer, text, todo = _module(host)
    signs.insert(1, Sign("kvm_amd", text, todo))
    forced = answer is IsOn.ON and bool(host.cpuinfo) and "avic" not in host.flags
    if answer is IsOn.ON:
        x2avic = "x2avic" in host.flags
        other = "and x2AVIC is too." if x2avic else "x2AVIC is not: it helps guests in xAPIC mode."
        text = f"AVIC is on for new VMs, {other}"
        text = FORCED if forced else text
    else:
        text = f"AVIC is {answer} for new VMs. {text}"
    return Opinion(answer, text, tuple(signs), _holds(host, answer), forced=forced)


def _holds(host: Host, answer: IsOn) -> tuple[str, ...]:
    """Return the reason that KVM has for it, none where it is no KVM that knows AVIC."""
    loaded = host.path("sys/module/kvm_amd").exists()
    return ("DISABLED",) if answer is IsOn.OFF and loaded else ()


def _module(host: Host) -> tuple[IsOn, str, str]:
    """Return the answer of the module, in words, and what to do."""
    vendor = host.cpuinfo.get("vendor_id", "")
    if vendor and vendor not in VENDORS:
        told = f"{vendor} has no AVIC; its counterpart is APICv."
        return IsOn.OFF, told, ""
    if not host.path("sys/module/kvm_amd").exists():
        if not host.path("sys/module/kvm").exists():
            return IsOn.OFF, "KVM is not loaded.", _load(host)
        others = [name for name in ALL_KVMS if host.path(f"sys/module/{name}").exists()]
        here = f"; KVM here is {', '.join(others)}" if others else ""
        return IsOn.OFF, f"kvm_amd is not loaded{here}.", _load(host)
    said = host.parameters.get("kvm_amd.avic", "")
    if not said:
        path = "/sys/module/kvm_amd/parameters/avic"
        return IsOn.UNKNOWN, f"{path} cannot be read.", f"sudo cat {path}"
    if is_on(said):
        forced = host.parameters.get("kvm_amd.force_avic", "")
        return IsOn.ON, f"avic={said}" + (f", force_avic={forced}" if is_on(forced) else ""), ""
    return IsOn.OFF, f"avic={said}.", _mend(host)


def _load(host: Host) -> str:
    """Return what brings kvm_amd."""
    if host.cpuinfo and "svm" not in host.flags:
        return "The processor reports no SVM: it may be off in the firmware, or kept from this VM."
    return "sudo modprobe kvm_amd avic=1"


def _mend(host: Host) -> str:
    """Return what turns AVIC on where the module has it off."""
    if not is_on(host.parameters.get("kvm_amd.npt", "Y")):
        wanted = "npt=1 avic=1"
    else:
        wanted = "avic=1" if "avic" in host.flags else "avic=1 force_avic=1"
    return reload_command(host, *wanted.split())


def _processor(host: Host) -> Iterator[Sign]:
    if not host.cpuinfo:
        yield Sign("CPU", "not known: /proc/cpuinfo cannot be read")
        return
    named = [flag for flag in ("svm", "npt", "avic", "x2avic") if flag in host.flags]
    model = host.cpuinfo.get("model name", host.cpuinfo.get("vendor_id", ""))
    told = f"{model}; flags: {', '.join(named) or 'none of svm, npt, avic, x2avic'}"
    yield Sign("CPU", told + ("; a virtual machine itself" if host.virtual else ""))
    number = tuple(int(part) for part in host.branch.split(".") if part)
    if named and number and number < BY_ITSELF:
        yield Sign("default", "off in this kernel: mainline turns AVIC on by itself from 6.18 on")


def _log(host: Host) -> Iterator[Sign]:
    lines = kernel_log(host)
    if lines is None:
        yield Sign("log", "not known: /dev/kmsg cannot be read", "sudo dmesg | grep -i avic")
    elif not lines:
        yield Sign("log", "no line about AVIC, or the log has lost its beginning")
    yield from (Sign("log", line) for line in (lines or [])[-4:])


def kernel_log(host: Host) -> list[str] | None:
    """Return what the kernel's log says of AVIC, None where it may not be read."""
    found = b""
    try:
        descriptor = os.open(host.path("dev/kmsg"), os.O_RDONLY | os.O_NONBLOCK)
    except OSError:
        return None
    try:
        with suppress(BlockingIOError):
            while True:
                # Records that were overwritten meanwhile are an error, once.
                with suppress(BrokenPipeError):
                    part = os.read(descriptor, RECORD)
                    found += part
                    if not part:
                        break
    except OSError:
        return None
    finally:
        os.close(descriptor)
    records = found.decode("utf-8", "replace").splitlines()
    told = (line.partition(";")[2] or line for line in records if not line.startswith(" "))
    return [line for line in told if "AVIC" in line]
