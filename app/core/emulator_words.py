"""The words for software that answers in the place of AVIC, what it answered, and who has AVIC."""

from __future__ import annotations

from app.core.words import Word


class Emulator(Word):
    """Software that answers in the place of the processor's AVIC: whose local APIC it is.

    ``meaning`` is one sentence for the documentation.
    """

    label: str
    meaning: str

    KVM = "kvm", "KVM", "KVM's own local APIC, in the kernel: AVIC is off, or it intercepts."
    QEMU = "qemu", "QEMU", "QEMU's local APIC in user space."
    XEN = "xen", "Xen", "Xen's emulated local APIC."
    BHYVE = "bhyve", "bhyve", "bhyve's emulated local APIC."


class Following(Word):
    """What an emulation answered, held against what the manual's rules let a guest see.

    No verdict on silicon: it has marks and counts of its own. ``differs`` whether a guest can tell
    it from the manual; ``meaning`` is one sentence for the documentation.
    """

    label: str
    mark: str
    differs: bool
    meaning: str

    # fmt: off
    STRICTER = ("stricter", "stricter", "+", True,
                "It faults where the manual's rules let the access complete.")
    LAXER = ("laxer", "laxer", "-", True,
             "It completes where the manual's rules give a fault.")
    OTHER_VALUE = ("other-value", "other value", "#", True,
                   "It completes, and reads back something else than what was written.")
    FOLLOWS = ("follows", "follows the manual", "=", False,
               "It does what the manual's rules let a guest see.")
    OPEN = ("open", "left open", "?", False,
            "The manual's rules do not say what a guest sees here.")
    # fmt: on


class Avic(Word):
    """What a hypervisor without a policy here has of AVIC."""

    label: str

    NONE = "none", "none"
    KVM = "kvm", "that of KVM, which it runs on"
    OWN = "own", "one of its own"
    UNKNOWN = "unknown", "not known"
