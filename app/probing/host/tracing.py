"""Switch KVM's tracepoints on around one run, in a tracing instance of our own.

The files are those of tracefs (the kernel's Documentation/trace/ftrace.rst and events.rst).
An instance has its own events, buffers and switch, so whoever traces on the same machine is
not disturbed, and everything goes away with it. It is promised to the keeper before it is
made, so that it goes away even when we are killed.

The buffer keeps what came first and counts what it has no room for, so a run that did not fit
is known by its own trace: ``stop`` puts the counters of each processor behind the events.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Self

from app.errors import AppError
from app.probing.host.host import Host
from app.probing.host.keeping import Keeper
from app.probing.markers import END_OF_MEASURING, PORT

# Those that are read, and no other: each would take room from them.
EVENTS = (
    *("kvm_exit", "kvm_pio", "kvm_cpuid", "kvm_msr", "kvm_page_fault", "kvm_inj_exception"),
    *("kvm_avic_unaccelerated_access", "kvm_avic_incomplete_ipi", "kvm_apicv_inhibit_changed"),
    # What came before the last one, up to Linux 5.17.
    "kvm_apicv_update_request",
)
# Without these a trace says nothing; the others are older or newer than some kernels.
NEEDED_EVENTS = ("kvm_exit", "kvm_pio", "kvm_avic_unaccelerated_access", "kvm_avic_incomplete_ipi")
PLACES = ("sys/kernel/tracing", "sys/kernel/debug/tracing")
# What the guest makes of the registers once, in the larger of its modes, and what an access
# takes where KVM intercepts it and all that the guest looks at around it: at most. Recorded with
# AVIC off on Linux 6.1, 6.12 and 7.2, sizes by the kernels' format files: 890 to 1120 bytes.
ACCESSES = 2000
ACCESS_BYTES = 1280
# The firmware, before the first of them.
FIRMWARE_KB = 1024
# For processors of the host on which none of the guest's runs.
OTHER_KB = 256
# Nothing behind the last marker is of interest.
STOPPER = ("kvm_pio", f"traceoff if port == {PORT:#x} && val == {END_OF_MEASURING:#x}")
# From Linux 5.17 on (by memory a01fdc897fa5, not looked up) it stops its own instance; before,
# it stopped everybody.
STOPS_ITS_OWN = (5, 17)


class TracingFailed(AppError):
    """Tracing that cannot be had."""

    code = "tracing-failed"


def find_tracefs(host: Host) -> Path | None:
    """Return where tracefs is mounted; None when it is not, or is not to be seen."""
    return next((p for p in map(host.path, PLACES) if _seen(p / "tracing_on")), None)


def _seen(path: Path) -> bool:
    """Return whether a file is to be seen; where nobody may look, Python raises instead."""
    try:
        return path.exists()
    except PermissionError:
        return False


def buffer_kb(repeat: int) -> int:
    """Return how large a buffer is that holds every access made so often, in KiB."""
    return FIRMWARE_KB + repeat * ACCESSES * ACCESS_BYTES // 1024


class Tracer:
    """KVM's events of one virtual machine, from ``start`` until ``stop``; gone when it is left.

    ``size_kb`` is how much a processor can hold on which one of the guest's runs; ``kept`` gets
    a copy of the trace where nobody else could make one, because we were killed; only ``events``
    are traced, KVM's by their names and others by ``system/name``. ``suffix`` tells a second one.
    """

    def __init__(
        self,
        tracefs: Path,
        keeper: Keeper,
        size_kb: int,
        kept: Path | None = None,
        events: Iterable[str] = EVENTS,
        *,
        suffix: str = "",
    ) -> None:
        self._folder = tracefs / "instances" / f"vapic-probe-{os.getpid()}{suffix}"
        self._keeper = keeper
        self._size_kb = size_kb
        self._kept = kept
        self._events = tuple(events)
        self._promises: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        while self._promises:
            self._keeper.settle(self._promises.pop())

    def start(self, pid: int | str, cpus: Iterable[int]) -> None:
        """Trace a process, or several threads, and the threads that it will make.

        The buffers are large on ``cpus`` only, where the processors of the guest run, and on
        all if there is none. Raises TracingFailed when tracefs does not do it.
        """
        self._promises.append(self._keeper.promise("drop-instance", str(self._folder)))
        try:
            self._folder.mkdir()
        except OSError as error:
            raise TracingFailed(f"{self._folder} cannot be made: {error.strerror}.") from None
        if self._kept:
            copied = (str(self._folder / "trace"), str(self._kept), "0")
            self._promises.append(self._keeper.promise("copy", *copied))
        # Nothing is to be traced into it while it is taken away.
        switch = self._folder / "tracing_on"
        self._promises.append(self._keeper.promise("write", str(switch), "0"))
        self._write("tracing_on", "0")
        self._write_if_there("trace_clock", "mono")
        self._write_if_there("options/event-fork", "1")
        self._write("options/overwrite", "0")
        sized = [f"per_cpu/cpu{cpu}/buffer_size_kb" for cpu in cpus]
        self._write("buffer_size_kb", str(OTHER_KB if sized else self._size_kb))
        for name in sized:
            self._write(name, str(self._size_kb))
        self._write("set_event_pid", str(pid))
        # Not by set_event: tracefs takes no file for appending.
        for event in self._events:
            name = event if "/" in event else f"kvm/{event}"
            self._write_if_there(f"events/{name}/enable", "1")
        event, trigger = STOPPER
        if _release() >= STOPS_ITS_OWN and event in self._events:
            self._write_if_there(f"events/kvm/{event}/trigger", trigger)
        self._write("tracing_on", "1")

    def stop(self) -> str:
        """Switch tracing off and return what was traced as text, with the counters behind it.

        Raises TracingFailed when the trace cannot be read.
        """
        self._write("tracing_on", "0")
        try:
            counters = {
                path.parent.name: path.read_text("ascii")
                for path in sorted(self._folder.glob("per_cpu/cpu*/stats"))
            }
            trace = (self._folder / "trace").read_text("utf-8", "replace")
        except OSError as error:
            raise TracingFailed(f"The trace could not be read: {error.strerror}.") from None
        return trace + "".join(f"##### {cpu} stats\n{text}" for cpu, text in counters.items())

    def _write_if_there(self, name: str, text: str) -> None:
        if (self._folder / name).exists():
            self._write(name, text)

    def _write(self, name: str, text: str) -> None:
        path = self._folder / name
        try:
            path.write_text(text, "ascii")
        except OSError as error:
            what = f"{path} does not take {text}: {error.strerror}"
            raise TracingFailed(f"Tracing could not be switched: {what}.") from None


def _release() -> tuple[int, int]:
    """Return the first two numbers of the kernel's release."""
    found = re.match(r"(\d+)\.(\d+)", os.uname().release)
    return (int(found[1]), int(found[2])) if found else (0, 0)
