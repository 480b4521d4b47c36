"""What a machine must have for the probe, and in plain words what is missing.

Which flags, parameters and files: arch/x86/kvm/svm/avic.c and svm.c of Linux for the
parameters of kvm_amd, /proc/cpuinfo for the feature bits of Fn8000_000A_EDX, and the
kernel's documentation of tracefs.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from app.core.words import Mode
from app.probing.guest_build import packed_guest
from app.probing.host.emulator import QEMU_NAME, Qemu
from app.probing.host.host import Host
from app.probing.host.tracing import NEEDED_EVENTS, find_tracefs

VENDORS = ("AuthenticAMD", "HygonGenuine")
# From here on KVM switches AVIC on by itself, where there is x2AVIC and the part is new enough.
BY_ITSELF = (6, 18)


class CheckState(StrEnum):
    """What a finding means for the probe."""

    FINE = "ok"
    REMARK = "note"
    MISSING = "missing"


@dataclass(frozen=True)
class HostFinding:
    """One thing that was looked at: what was found, and what to do if it will not do."""

    name: str
    state: CheckState
    text: str
    todo: str = ""


@dataclass(frozen=True)
class Wish:
    """What whoever calls wants.

    Empty ``modes`` are those that there are here; without ``output`` the document goes to
    standard output, and what is told to standard error. ``command`` is how root calls it.
    """

    accel: str
    output: Path | None
    modes: tuple[Mode, ...] = ()
    repeat: int = 20
    disruptive: bool = False
    kernel: Path | None = None
    tracefs: Path | None = None
    keep: Path | None = None
    dry_run: bool = False
    command: str = "vapic probe"

    def tell(self, text: str) -> None:
        """Say something to whoever called."""
        (sys.stdout if self.output else sys.stderr).write(text)

    @property
    def written(self) -> str:
        """Where the document goes."""
        return str(self.output or "standard output")

    @property
    def words(self) -> tuple[str, ...]:
        """What the guest is told, beside its mode."""
        return (f"repeat={self.repeat}", *(("disruptive",) if self.disruptive else ()))


def check_host(host: Host, qemu: Qemu | None, wish: Wish) -> tuple[HostFinding, ...]:
    """Return a finding for each thing that the probe needs here, in the order to mend them."""
    return tuple(_findings(host, qemu, wish))


def _findings(host: Host, qemu: Qemu | None, wish: Wish) -> Iterator[HostFinding]:
    yield _qemu(qemu, wish.accel)
    if wish.kernel is None and not packed_guest():
        yield _compiler(host)
    if wish.accel == "kvm":
        processor = _processor(host)
        yield processor
        # Nothing else would help without it.
        if processor.state is not CheckState.MISSING:
            yield _device(host)
            yield from _module(host)
            yield from _avic(host, wish)
            yield _pit(qemu)
            yield _tracing(host, wish)
    elif qemu and not qemu.emulates_x2apic and Mode.X2AVIC in wish.modes:
        text = f"QEMU {qemu.version} emulates none, and --mode x2avic takes it."
        yield _missing("x2APIC", text, "Take QEMU 9.0 or newer, or leave that mode out.")
    elif qemu and not qemu.emulates_x2apic:
        text = f"QEMU {qemu.version} emulates none, so only the page is run: it takes 9.0."
        yield HostFinding("x2APIC", CheckState.REMARK, text)


def _qemu(qemu: Qemu | None, accel: str) -> HostFinding:
    if qemu is None:
        return _missing(
            "QEMU",
            f"There is no {QEMU_NAME} that runs.",
            "Install qemu-system-x86 (Debian) or qemu-system-x86-core (Fedora), or name yours "
            "with --qemu.",
        )
    if accel not in qemu.accelerators:
        text = f"QEMU {qemu.version} was built without {accel}."
        return _missing("QEMU", text, "Install your distribution's QEMU.")
    return _fine("QEMU", f"{qemu.version}, {qemu.path}")


def _compiler(host: Host) -> HostFinding:
    if absent := [tool for tool in ("gcc", "ld") if not host.which(tool)]:
        text = f"There is no {' and no '.join(absent)} to build the guest with."
        hint = "Install gcc and binutils, or give a guest that is built already with --kernel."
        return _missing("compiler", text, hint)
    return _fine("compiler", "gcc and ld are there to build the guest.")


def _processor(host: Host) -> HostFinding:
    vendor = host.cpuinfo.get("vendor_id", "no x86 processor")
    if vendor not in VENDORS:
        text = f"This is {vendor}; AVIC is a feature of AMD's processors."
        return _missing("processor", text, "Run it on a machine with such a processor.")
    if "svm" not in host.flags and host.virtual:
        text = "This machine is a virtual one, and its hypervisor does not offer SVM."
        return _missing("processor", text, "Measure on bare metal.")
    if "svm" not in host.flags:
        text = "The processor does not offer SVM, on which KVM is built."
        return _missing("processor", text, "Switch SVM on in the firmware's set-up.")
    return _fine("processor", f"{host.cpuinfo.get('model name', 'AMD')}, with SVM.")


def _device(host: Host) -> HostFinding:
    path = host.path("dev/kvm")
    if not path.exists():
        return _missing("/dev/kvm", "It does not exist.", f"Load KVM: {_load(host)}")
    if not host.may(path, os.R_OK | os.W_OK):
        hint = "Run it as root, or join the group that owns it (mostly kvm) and log in again."
        return _missing("/dev/kvm", "You may not open it.", hint)
    return _fine("/dev/kvm", "You may use it.")


def _module(host: Host) -> Iterator[HostFinding]:
    if not host.path("sys/module/kvm_amd").exists():
        yield _missing("kvm_amd", "The module is not loaded.", f"Load it: {_load(host)}")
        return
    avic = host.parameters.get("kvm_amd.avic")
    if avic is None:
        text = "This kernel's kvm_amd has no parameter avic."
        yield _missing("kvm_amd.avic", text, "Boot a kernel whose KVM was built with AVIC.")
    elif not is_on(avic):
        text = f"It is {avic}: KVM does not use AVIC."
        # A part that masks it has it off whatever was asked for.
        todo = reload_command(host, "avic=1") if "avic" in host.flags else "See AVIC, below."
        yield _missing("kvm_amd.avic", text, todo)
    else:
        yield _fine("kvm_amd.avic", f"It is {avic}: KVM uses AVIC.")
    if not is_on(host.parameters.get("kvm_amd.npt", "Y")):
        text = "Nested paging is off, and KVM uses AVIC only with it."
        yield _missing("kvm_amd.npt", text, reload_command(host, "npt=1"))


def _load(host: Host) -> str:
    """Return the command that loads KVM so that it uses AVIC."""
    number = tuple(map(int, host.branch.split("."))) if host.branch else ()
    itself = number >= BY_ITSELF and "x2avic" in host.flags
    return "sudo modprobe kvm_amd" + ("" if itself else " avic=1")


def reload_command(host: Host, *parameters: str) -> str:
    """Return how KVM gets other parameters, whether it is there already or not."""
    module, load = host.path("sys/module/kvm_amd"), f"sudo modprobe kvm_amd {' '.join(parameters)}"
    if not module.exists():
        return f"Load it: {load}"
    # Only what was loaded has a state; what is built in takes the kernel's command line.
    if not (module / "initstate").exists():
        words = " ".join(f"kvm_amd.{parameter}" for parameter in parameters)
        return f"KVM is built into this kernel: boot it with {words} on its command line."
    return f"With no guest running: sudo modprobe -r kvm_amd && {load}"


def _avic(host: Host, wish: Wish) -> Iterator[HostFinding]:
    """What the processor has, and what makes a measurement poorer and stops nothing."""
    if "avic" in host.flags:
        yield _fine("AVIC", "The processor reports it.")
    elif is_on(host.parameters.get("kvm_amd.force_avic", "N")):
        text = "The processor does not report it; KVM uses it all the same (force_avic)."
        yield HostFinding("AVIC", CheckState.REMARK, text, "Compare with a part that reports it.")
    else:
        text = "The processor does not report it (no avic in /proc/cpuinfo)."
        hint = "Look for AVIC in the firmware's set-up, or for a newer firmware. Some parts have it"
        risk = (
            "masked: KVM can be made to use it, which taints the kernel and may crash the machine."
        )
        yield _missing(
            "AVIC", text, f"{hint} {risk} {reload_command(host, 'avic=1', 'force_avic=1')}"
        )
    if "x2avic" in host.flags:
        yield _fine("x2AVIC", "The processor reports it.")
    elif Mode.X2AVIC in wish.modes:
        text = "The processor does not report it: KVM will intercept every MSR of this mode."
        yield HostFinding("x2AVIC", CheckState.REMARK, text, "Nothing of it will count as x2AVIC.")
    else:
        text = "The processor does not report it, so only the page (AVIC) is measured."
        yield HostFinding("x2AVIC", CheckState.REMARK, text)
    if host.virtual:
        text = "This machine is a virtual one; whatever runs it answers along with the processor."
        hint = "Measure on bare metal: no explorer takes what this one did as an observation."
        yield HostFinding("bare metal", CheckState.REMARK, text, hint)
    if host.svm_edx is None:
        text = "Fn8000_000A_EDX cannot be read: whether ExtLvtAvicAccessChg is there stays unknown."
        yield HostFinding("CPUID", CheckState.REMARK, text, "Load it: sudo modprobe cpuid")
    if not is_on(value := host.parameters.get("kvm_amd.enable_ipiv", "Y")):
        text = f"kvm_amd.enable_ipiv is {value}: KVM lets every IPI exit."
        hint = "Linux does so by itself on family 17h (erratum 1235); leave it there."
        yield HostFinding("IPIs", CheckState.REMARK, text, hint)


def _pit(qemu: Qemu | None) -> HostFinding:
    """The in-kernel PIT switches AVIC off when it re-injects ticks (PIT_REINJ in svm.h)."""
    text = "Kept out of the kernel (kernel_irqchip=split), so it cannot switch AVIC off."
    if qemu is not None and qemu.discards:
        text = "Set to discard lost ticks, so that KVM does not switch AVIC off for it."
    return _fine("PIT", text)


def _tracing(host: Host, wish: Wish) -> HostFinding:
    folder, as_root = wish.tracefs or find_tracefs(host), f"Run it as root: sudo {wish.command}"
    if "[confidentiality]" in host.read("sys/kernel/security/lockdown"):
        text = "The kernel is locked down (confidentiality), so nothing can be traced."
        return _missing("tracefs", text, "Boot with lockdown=none.")
    if folder is None or not host.may(folder, os.R_OK | os.X_OK):
        if folder is None and host.may(host.path("sys/kernel/tracing"), os.R_OK | os.X_OK):
            mount = "mount -t tracefs nodev /sys/kernel/tracing"
            return _missing("tracefs", "It is not mounted.", f"Mount it: sudo {mount}")
        return _missing("tracefs", "You may not use it.", as_root)
    if not host.may(folder / "set_event", os.W_OK):
        return _missing("tracefs", "You may read it, and not switch events on.", as_root)
    for event in NEEDED_EVENTS:
        if not (folder / "events/kvm" / event).exists():
            hint = "Load kvm and kvm_amd; the kernel must be built with tracing."
            return _missing("tracefs", f"It has no event kvm:{event}.", hint)
    return _fine("tracefs", f"{folder}, with KVM's events.")


def is_on(value: str) -> bool:
    """Whether a module's parameter reads as on: a bool is Y or N, an int a number."""
    return value.strip() not in ("N", "n", "0", "")


def _fine(name: str, text: str) -> HostFinding:
    return HostFinding(name, CheckState.FINE, text)


def _missing(name: str, text: str, todo: str) -> HostFinding:
    return HostFinding(name, CheckState.MISSING, text, todo)
