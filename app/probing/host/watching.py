"""A short trace of a running virtual machine, in an instance of our own: is AVIC on in it now?

KVM tells of each interrupt that a local APIC accepts (``kvm_apic_accept_irq``), and a second time
where it leaves the rest to AVIC (``kvm_apicv_accept_irq``, ``svm_complete_interrupt_delivery`` in
svm.c of Linux 6.1 to 7.2), so that a guest with a timer shows it. An exit of AVIC shows it too, and
a change of an inhibit tells the whole mask. Where none changes, the mask is read out of
``struct kvm`` whenever a vCPU is loaded, by an event of our own: a probe of a function takes the
names of fields where the kernel has BTF (Documentation/trace/fprobetrace.rst; 6.1 has no such).
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from app.probing import trace, trace_reader
from app.probing.host.keeping import Keeper
from app.probing.host.tracing import Tracer

EVENTS = (
    *("kvm_apicv_inhibit_changed", "kvm_apicv_accept_irq", "kvm_apic_accept_irq"),
    *("kvm_avic_unaccelerated_access", "kvm_avic_incomplete_ipi"),
)
# Of each processor: some 20,000 events; of the masks the first will do.
BUFFER_KB, MASKS_KB = 1024, 64
MASK = "kvm_arch_vcpu_load mask=vcpu->kvm->arch.apicv_inhibit_reasons:x64"
# Level-triggered ones are accepted and dropped as often as not.
_ACCEPTED = re.compile(r"\bkvm_apic(v?)_accept_irq: .*\((?:Fixed|LowPrio)\|edge\)")

_MASK = re.compile(r": \(kvm_arch_vcpu_load\b.*\) mask=(0x[0-9a-f]+)$", re.MULTILINE)


@dataclass(frozen=True)
class Watched:
    """What a trace of so many seconds showed.

    ``masks`` were told one after the other, each with what the kernel calls its bits; ``by_avic``
    of ``accepted`` interrupts were left to AVIC behind the last, and so many ``exits`` came of it.
    None changed where the only one was ``read``.
    """

    seconds: float
    masks: tuple[tuple[int, str], ...] = ()
    accepted: int = 0
    by_avic: int = 0
    exits: int = 0
    read: bool = False

    @property
    def mask(self) -> int | None:
        """The last mask, None where none was told."""
        return self.masks[-1][0] if self.masks else None

    @property
    def text(self) -> str:
        """What it showed, in words."""
        changed = "no change of an inhibit" if self.read or self.mask is None else (
            f"{len(self.masks)} changes of inhibits, the last to {self.mask:#x}")  # fmt: skip
        changed += f", inhibits={self.mask:#x} in struct kvm" if self.read else ""
        irqs = f"{self.by_avic} of {self.accepted} interrupts left to AVIC"
        return f"{self.seconds:g} s: {changed}; {irqs}; {self.exits} exits of AVIC"


def watch(tracefs: Path, keeper: Keeper, threads: tuple[str, ...], seconds: float) -> Watched:
    """Trace the threads of a VM for so long. Raises TracingFailed where that cannot be had."""
    with (
        _mask_event(tracefs, keeper) as event,
        Tracer(tracefs, keeper, MASKS_KB, events=(event,), suffix="-masks") as masks,
        Tracer(tracefs, keeper, BUFFER_KB, events=EVENTS) as tracer,
    ):
        for each in (masks, tracer):
            each.start(" ".join(threads), ())
        time.sleep(seconds)
        return read_watched(tracer.stop(), seconds, masks.stop())


@contextmanager
def _mask_event(tracefs: Path, keeper: Keeper) -> Iterator[str]:
    """Have an event that tells a VM's mask when a vCPU is loaded, where the kernel takes it."""
    events, name = tracefs / "dynamic_events", f"vapic_{os.getpid()}/inhibits"
    promise = keeper.promise("drop-event", str(events), name)
    # A file that is opened to be written anew drops what others have in it.
    with suppress(OSError), events.open("r+b", buffering=0) as file:
        file.write(f"f:{name} {MASK}\n".encode())
    yield name
    keeper.settle(promise)


def read_watched(text: str, seconds: float, read: str = "") -> Watched:
    """Return what a trace says, interrupts and exits only behind its last change of a mask.

    ``read`` is the trace of masks, which are of interest where none changed.
    """
    lines = text.splitlines()
    events = trace_reader.read_trace(text).events
    changes = [event for event in events if isinstance(event, trace.InhibitChanged)]
    behind = changes[-1].line if changes else 0
    ways = [match[1] for line in lines[behind:] if (match := _ACCEPTED.search(line))]
    kinds = trace.Unaccelerated | trace.IncompleteIpi
    exits = [event for event in events if event.line > behind and isinstance(event, kinds)]
    masks = tuple((change.inhibits, change.names) for change in changes)
    held = [] if masks else _MASK.findall(read)[-1:]
    masks += tuple((int(mask, 16), "") for mask in held)
    return Watched(seconds, masks, ways.count(""), ways.count("v"), len(exits), bool(held))
