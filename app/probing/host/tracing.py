"""Switch KVM's tracepoints on around one run, in a tracing instance of our own.

The files are those of tracefs (the kernel's Documentation/trace/ftrace.rst). An instance
has its own events, buffers and switch, so whoever traces on the same machine is not
disturbed, and everything goes away with it. It is promised to the keeper before it is
made, so that it goes away even when we are killed.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from app.errors import AppError
from app.probing.host.host import Host
from app.probing.host.keeping import Keeper

EVENTS = (
    *("kvm_entry", "kvm_exit", "kvm_pio", "kvm_cpuid", "kvm_msr", "kvm_apic", "kvm_mmio"),
    *("kvm_page_fault", "kvm_inj_exception", "kvm_userspace_exit"),
    *("kvm_avic_unaccelerated_access", "kvm_avic_incomplete_ipi", "kvm_apicv_inhibit_changed"),
)
# Without these a trace says nothing; the others are older or newer than some kernels.
NEEDED_EVENTS = (
    "kvm_exit",
    "kvm_pio",
    "kvm_avic_unaccelerated_access",
    "kvm_avic_incomplete_ipi",
)
PLACES = ("sys/kernel/tracing", "sys/kernel/debug/tracing")
# A thousand accesses, twenty times, with some ten events of less than 100 bytes each.
BUFFER_KB = 32768
OTHER_KB = 256


class TracingFailed(AppError):
    """Tracing that cannot be had."""

    code = "tracing-failed"


def find_tracefs(host: Host) -> Path | None:
    """Return where tracefs is mounted; None when it is not, or is not to be seen."""
    return next((p for p in map(host.path, PLACES) if (p / "tracing_on").exists()), None)


class Tracer:
    """KVM's events of one virtual machine, from ``start`` until ``stop``; gone when it is left."""

    def __init__(self, tracefs: Path, keeper: Keeper) -> None:
        self._root = tracefs
        self._folder = tracefs / "instances" / f"vapic-probe-{os.getpid()}"
        self._keeper = keeper
        self._promises: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        while self._promises:
            self._keeper.settle(self._promises.pop())

    def start(self, pid: int, cpus: Iterable[int]) -> None:
        """Trace a process and the threads that it will make.

        The buffers are large on ``cpus`` only, where the processors of the guest run.
        Raises TracingFailed when tracefs does not do it.
        """
        try:
            self._promises.append(self._keeper.promise("drop-instance", str(self._folder)))
            self._folder.mkdir()
            # Nothing is to be traced into it while it is taken away.
            switch = self._folder / "tracing_on"
            self._promises.append(self._keeper.promise("write", str(switch), "0"))
            self._write("tracing_on", "0")
            self._write_if_there("trace_clock", "mono")
            self._write_if_there("options/event-fork", "1")
            self._write_if_there("buffer_size_kb", str(OTHER_KB))
            for cpu in cpus:
                self._write_if_there(f"per_cpu/cpu{cpu}/buffer_size_kb", str(BUFFER_KB))
            self._write("set_event_pid", str(pid))
            # Those of the events that this kernel has, with one write for each.
            with (self._folder / "set_event").open("a", encoding="ascii") as file:
                for event in EVENTS:
                    if (self._root / "events/kvm" / event).exists():
                        file.write(f"kvm:{event}\n")
                        file.flush()
            self._write("tracing_on", "1")
        except OSError as error:
            what = f"{error.filename}: {error.strerror}"
            raise TracingFailed(f"Tracing could not be switched on: {what}.") from None

    def stop(self) -> str:
        """Switch tracing off and return what was traced as text.

        Raises TracingFailed when the trace cannot be read.
        """
        try:
            self._write("tracing_on", "0")
            trace = self._folder / "trace"
            return trace.read_text("utf-8", "replace") if trace.exists() else ""
        except OSError as error:
            raise TracingFailed(f"The trace could not be read: {error.strerror}.") from None

    def _write_if_there(self, name: str, text: str) -> None:
        if (self._folder / name).exists():
            self._write(name, text)

    def _write(self, name: str, text: str) -> None:
        (self._folder / name).write_text(text, "ascii")
