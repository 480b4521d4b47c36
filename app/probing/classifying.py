"""What one access did, judged from its window and from nothing else.

The rules, each with its reason:

* An exit that the host caused itself (interrupt, NMI, SMI ...) says nothing about the
  access: it is dropped and counted as noise.
* Any other exit must stand at the access instruction or at the one after it; one that does
  not belongs to something nobody planned, and the access stays unexplained. So does one
  with two exits.
* Exit 402h with rip at the instruction is fault-like: nothing has happened yet and the
  hypervisor emulates it. With rip after it, it is trap-like: the access is over. KVM's own
  words trap and fault are a look-up by offset, so they are not even read.
* Exit 7Ch is the hypervisor's own permission map: what AVIC would have done is masked.
* No exit, and a #GP in the guest: the processor raised it itself.
* No exit, and a write that completed: what became of it is for the read-back and for the
  guest's eyes to say; where neither knows, it is ``completed`` and nothing more.

The condition of the seed under which an access was made comes from what the guest did on
purpose, but what the trace proves wins: an incomplete IPI names its own reason. A guest
knows that it halted the target, and not whether IsRunning was clear, so it claims no more
than that the IPI is simple.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from app.core.words import Access, Behaviour
from app.probing import trace
from app.probing.guest import GP, PF, GuestAccess, GuestSite, Machine
from app.probing.windows import Window

AT, AFTER = "at", "after"
APIC_PAGE = 0xFEE00
PAGE_SHIFT = 12
STORED = "Read back as written."
# What KVM does only behind an exit.
HANDLED = (
    *(trace.MsrEmulated, trace.Unaccelerated, trace.IncompleteIpi),
    *(trace.PageFault, trace.Injected),
)
UNKNOWN_EFFECT = "No exit; whether hardware acted could not be seen."
NOT_STORED = "No exit; the read-back holds the old value."
NO_ACTION = "No exit; the guest saw no action of the hardware."
TRAP_NOT_STORED = "The exit came after the write, but the read-back does not hold it."
_BY_CODE = {
    trace.INCOMPLETE_IPI: Behaviour.VMEXIT_IPI,
    trace.MSR: Behaviour.VMEXIT_MSR,
    trace.NPF: Behaviour.VMEXIT_NPF,
}
# The condition of each of the guest's words; none where it is the access as it stands, or the
# only kind of write that the register has (Self IPI).
BY_WHY = {
    **dict.fromkeys(("initial", "pattern", "own-value", "after-write", "restore", "self-ipi"), ""),
    "bit18": "bit-18-set",
    "busy": "busy-set",
    "nonzero": "non-zero",
    # No condition of the seed: it lies outside edge and level.
    "eoi-none": "nothing-in-service",
    "eoi-edge": "edge",
    "eoi-level": "level",
    "self-fixed": "self-ipi",
    **dict.fromkeys(("self-level", "level"), "level-ipi"),
    "low-vector": "invalid-vector",
    **dict.fromkeys(("to-running", "to-halted", "absent-target", "self-physical"), "simple-ipi"),
    **dict.fromkeys(("logical", "others", "all"), "simple-ipi"),
    **dict.fromkeys(("lowest", "nmi", "init", "startup"), "advanced"),
    **dict.fromkeys(("remote-read", "external", "smi"), "advanced"),
    # An LVT that lets its interrupt in, and a timer that counts down to one.
    **dict.fromkeys(("unmasked", "counting"), ""),
}
# By the id of an incomplete IPI (KVM's AVIC_IPI_FAILURE_*): what it is called, the condition.
REASONS = {
    0: ("invalid interrupt type", "advanced"),
    1: ("target not running", "target-not-running"),
    2: ("invalid target", "invalid-target"),
    3: ("invalid backing page", "incomplete"),
    4: ("invalid vector", "invalid-vector"),
}
UNKNOWN_REASON = ("unknown", "incomplete")


@dataclass(frozen=True, kw_only=True)
class SeenAccess:
    """What one access did.

    ``outcome`` is None where nothing explains it, ``why_not`` says what is missing.
    ``place`` is where the exit's rip stood; ``reason`` the id of an incomplete IPI.
    """

    outcome: Behaviour | None
    exit: trace.KvmExit | None = None
    place: str = ""
    reason: int | None = None
    note: str = ""
    why_not: str = ""
    noise: int = 0

    @property
    def kind(self) -> tuple[object, ...]:
        """What two repetitions must share to have seen the same."""
        code = self.exit.code if self.exit else None
        return (self.outcome, code, self.place, self.reason, self.why_not)

    @property
    def label(self) -> str:
        """The outcome in a word, with the reason of an incomplete IPI."""
        if self.outcome is None:
            return f"unexplained: {self.why_not}"
        return self.outcome if self.reason is None else f"{self.outcome} id {self.reason}"


def as_told(access: GuestAccess) -> SeenAccess:
    """Return what the guest alone knows: whether the access completed."""
    faults = {GP: Behaviour.GP, PF: Behaviour.PF}
    return SeenAccess(outcome=faults.get(access.fault, Behaviour.COMPLETED))


def classify(access: GuestAccess, window: Window, machine: Machine, old: int | None) -> SeenAccess:
    """Return what an access did.

    ``old`` is what the register held before, where the guest had read it.
    """
    own = [exit_ for exit_ in window.exits if exit_.code not in trace.ASYNCHRONOUS]
    noise = len(window.exits) - len(own)
    if not own:
        return replace(_without_exit(access, window, old), noise=noise)
    if len(own) > 1:
        told = ", ".join(str(exit_) for exit_ in own)
        return SeenAccess(outcome=None, why_not=f"more than one exit: {told}", noise=noise)
    return replace(_with_exit(access, window, own[0], machine), noise=noise)


def condition_of(access: GuestAccess, seen: SeenAccess) -> str:
    """Return the slug of a condition, the guest's own word, or empty for a plain access."""
    if seen.reason is not None:
        return REASONS.get(seen.reason, UNKNOWN_REASON)[1]
    return BY_WHY.get(access.why, access.why)


def place_of(rip: int, site: GuestSite) -> str:
    """Return where a rip stands: at the access instruction, after it, or empty."""
    return AT if rip == site.at else AFTER if rip == site.after else ""


def _with_exit(
    access: GuestAccess, window: Window, exit_: trace.KvmExit, machine: Machine
) -> SeenAccess:
    place = place_of(exit_.rip, machine.sites[access.kind])
    if not place:
        return SeenAccess(outcome=None, why_not=f"{exit_}, which is not at the access")
    if exit_.code == trace.UNACCELERATED:
        trapped = place == AFTER
        outcome = Behaviour.VMEXIT_TRAP if trapped else Behaviour.VMEXIT_FAULT
        lacks = trapped and access.read_back not in (None, access.value)
        note = TRAP_NOT_STORED if lacks else ""
        return SeenAccess(outcome=outcome, exit=exit_, place=place, note=note)
    if exit_.code == trace.NPF:
        # EXITINFO2, or what KVM prints.
        told = [event.address for event in window.events if isinstance(event, trace.PageFault)]
        page = (told[-1] if told else exit_.info2) >> PAGE_SHIFT
        if page != APIC_PAGE:
            return SeenAccess(outcome=None, why_not=f"{exit_}: a nested fault on page {page:#x}")
    if exit_.code not in _BY_CODE:
        return SeenAccess(outcome=None, why_not=str(exit_))
    reason = exit_.info2 >> 32 if exit_.code == trace.INCOMPLETE_IPI else None
    return SeenAccess(outcome=_BY_CODE[exit_.code], exit=exit_, place=place, reason=reason)


def _without_exit(access: GuestAccess, window: Window, old: int | None) -> SeenAccess:
    if any(isinstance(event, HANDLED) for event in window.events):
        return SeenAccess(outcome=None, why_not="KVM handled it, but no exit was recorded")
    if access.fault:
        return as_told(access)
    if access.access is Access.READ:
        return SeenAccess(outcome=Behaviour.ALLOWED)
    return _quiet_write(access, old)


def _quiet_write(access: GuestAccess, old: int | None) -> SeenAccess:
    if access.effect:
        return SeenAccess(outcome=Behaviour.ACCELERATED)
    kept, written = access.read_back, access.value
    proves = kept is not None and old != written
    if proves and kept == written:
        note = NO_ACTION if access.effect is False else STORED
        return SeenAccess(outcome=Behaviour.ALLOWED, note=note)
    if proves and kept == old:
        return SeenAccess(outcome=Behaviour.IGNORED, note=NOT_STORED)
    if access.effect is False and kept is None:
        return SeenAccess(outcome=Behaviour.IGNORED, note=NO_ACTION)
    return SeenAccess(outcome=Behaviour.COMPLETED, note=UNKNOWN_EFFECT)
