"""Traces as text in every layout, written from format strings; none was captured."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

LAYOUTS = ("trace-cmd", "trace-cmd with flags", "trace-cmd with the plugin", "tracefs", "perf")
PLUGIN_NAMES = {
    "interrupt": "EXIT_INTR",
    "io": "EXIT_IOIO",
    "GP excp": "EXIT_EXCP_GP",
}
TRACEFS_HEADER = (
    "# tracer: nop\n"
    "#\n"
    "# entries-in-buffer/entries-written: 100/100   #P:8\n"
    "#\n"
    "#                                _-----=> irqs-off/BH-disabled\n"
    "#           TASK-PID     CPU#  |||||  TIMESTAMP  FUNCTION\n"
)


@dataclass(frozen=True)
class Told:
    """One event of a trace before it has a layout; exits and entries hold their numbers."""

    thread: int
    cpu: int | None
    event: str
    text: str
    vcpu: int = 0


def write(told: Sequence[Told], layout: str, *, new: bool) -> str:
    """Return a trace in a layout, of a kernel from 6.14 on (``new``) or of an older one."""
    lines = (line(one, layout, 512 + n / 1e6, new=new) for n, one in enumerate(told))
    head = TRACEFS_HEADER if layout == "tracefs" else "" if layout == "perf" else "cpus=8\n"
    return head + "".join(f"{text}\n" for text in lines)


def line(told: Told, layout: str, time: float, *, new: bool) -> str:
    if told.event == "LOST":
        return _lost(told, layout)
    body = _body(told, layout, new=new)
    cpu = told.cpu or 0
    # Names of threads hold blanks and slashes, as QEMU's do.
    comm = f"CPU {told.vcpu}/KVM"
    if layout == "perf":
        return (
            f"{comm:>16} {told.thread:6} [{cpu:03}] {time:12.6f}: {'kvm:' + told.event:>20}: {body}"
        )
    flags = {"tracefs": "d....  ", "trace-cmd with flags": "d..1. "}.get(layout, "")
    return f"{comm:>16}-{told.thread:<6} [{cpu:03}] {flags}{time:12.6f}: {told.event}: {body}"


def _lost(told: Told, layout: str) -> str:
    number = f"{told.text} " if told.text else ""
    cpu = 0 if told.cpu is None else told.cpu
    if layout == "perf":
        where = "" if told.cpu is None else f"[{cpu:03}] "
        return f"  CPU 0/KVM   2101 {where}  512.000000: PERF_RECORD_LOST lost {told.text or 1}"
    if layout == "tracefs":
        return f"CPU:{cpu} [LOST {number}EVENTS]"
    return f"CPU:{cpu} [{number}EVENTS DROPPED]"


def _body(told: Told, layout: str, *, new: bool) -> str:
    if told.event == "kvm_entry":
        more = " intr_info 0x00000000 error_code 0x00000000" if new else ""
        return f"vcpu {told.vcpu}, rip 0x{told.text}{more}"
    if told.event != "kvm_exit":
        return told.text
    reason, rip, info1, info2 = told.text.rsplit(" ", 3)
    if layout == "trace-cmd with the plugin":
        name = PLUGIN_NAMES.get(reason, f"EXIT_{reason.upper()}")
        return f"reason {name} rip 0x{rip} info {info1} {info2}"
    more = " requests 0x0000000000000000" if new else ""
    return (
        f"vcpu {told.vcpu} reason {reason} rip 0x{rip} info1 0x{info1:>016} info2 0x{info2:>016} "
        f"intr_info 0x00000000 error_code 0x00000000{more}"
    )


def kernels() -> Iterable[tuple[str, bool]]:
    """Every layout with either kernel."""
    return [(layout, new) for layout in LAYOUTS for new in (True, False)]
