"""A short trace of a running virtual machine, in an instance of our own: is AVIC on in it now?

KVM tells of each interrupt that a local APIC accepts (``kvm_apic_accept_irq``), and a second time
where it leaves the rest to AVIC (``kvm_apicv_accept_irq``, ``svm_complete_interrupt_delivery`` in
svm.c of Linux 6.1 to 7.2), so that a guest with a timer shows it. An exit of AVIC shows it too, and
a change of an inhibit tells the whole mask.
"""

from __future__ import annotations

import re
import time
from dataclasses import dataclass
from pathlib import Path

from app.probing import trace, trace_reader
from app.probing.host.keeping import Keeper
from app.probing.host.tracing import Tracer

EVENTS = (
    *("kvm_apicv_inhibit_changed", "kvm_apicv_accept_irq", "kvm_apic_accept_irq"),
    *("kvm_avic_unaccelerated_access", "kvm_avic_incomplete_ipi"),
)
# Of each processor: some 20,000 events.
BUFFER_KB = 1024
# Level-triggered ones are accepted and dropped as often as not.
_ACCEPTED = re.compile(r"\bkvm_apic(v?)_accept_irq: .*\((?:Fixed|LowPrio)\|edge\)")


@dataclass(frozen=True)
class Watched:
    """What a trace of so many seconds showed.

    ``masks`` were told one after the other, each with what the kernel calls its bits; ``by_avic``
    of ``accepted`` interrupts were left to AVIC behind the last, and so many ``exits`` came of it.
    """

    seconds: float
    masks: tuple[tuple[int, str], ...] = ()
    accepted: int = 0
    by_avic: int = 0
    exits: int = 0

    @property
    def mask(self) -> int | None:
        """The last mask, None where none was told."""
        return self.masks[-1][0] if self.masks else None

    @property
    def text(self) -> str:
        """What it showed, in words."""
        changed = "no change of an inhibit" if self.mask is None else (
            f"{len(self.masks)} changes of inhibits, the last to {self.mask:#x}")  # fmt: skip
        irqs = f"{self.by_avic} of {self.accepted} interrupts left to AVIC"
        return f"{self.seconds:g} s: {changed}; {irqs}; {self.exits} exits of AVIC"


def watch(tracefs: Path, keeper: Keeper, threads: tuple[str, ...], seconds: float) -> Watched:
    """Trace the threads of a VM for so long. Raises TracingFailed where that cannot be had."""
    with Tracer(tracefs, keeper, BUFFER_KB, events=EVENTS) as tracer:
        tracer.start(" ".join(threads), ())
        time.sleep(seconds)
        return read_watched(tracer.stop(), seconds)


def read_watched(text: str, seconds: float) -> Watched:
    """Return what a trace says, interrupts and exits only behind its last change of a mask."""
    lines = text.splitlines()
    events = trace_reader.read(text).events
    changes = [event for event in events if isinstance(event, trace.InhibitChanged)]
    behind = changes[-1].line if changes else 0
    ways = [match[1] for line in lines[behind:] if (match := _ACCEPTED.search(line))]
    exits = [event for event in events if event.line > behind
             and isinstance(event, trace.Unaccelerated | trace.IncompleteIpi)]  # fmt: skip
    masks = tuple((change.inhibits, change.names) for change in changes)
    return Watched(seconds, masks, len(ways), ways.count("v"), len(exits))
