"""What kvm_exit calls the reasons: the kernel's words, and those of trace-cmd's kvm plugin.

Codes are those of SVM (arch/x86/include/uapi/asm/svm.h). Names that are not here keep
their code unknown, and an access that met one stays unexplained.
"""

from __future__ import annotations

import re

_NAMES = {
    "interrupt": 0x60,
    "nmi": 0x61,
    "smi": 0x62,
    "init": 0x63,
    "vintr": 0x64,
    "cpuid": 0x72,
    "pause": 0x77,
    "hlt": 0x78,
    "io": 0x7B,
    "msr": 0x7C,
    "shutdown": 0x7F,
    "hypercall": 0x81,
    "npf": 0x400,
    "avic_incomplete_ipi": 0x401,
    "avic_unaccelerated_access": 0x402,
    # The plugin's names, where they are not the kernel's behind EXIT_.
    "EXIT_INTR": 0x60,
    "EXIT_IOIO": 0x7B,
    "EXIT_VMMCALL": 0x81,
}
# A reason that the plugin's table lacks (decimal), and one that the kernel's lacks.
_UNKNOWN = re.compile(r"UNKNOWN \((?P<decimal>\d+)\)|0x(?P<hex>[0-9a-f]+)")


def code_of(reason: str) -> int | None:
    """Return the exit code of a reason's name, None where nobody knows it."""
    if match := _UNKNOWN.fullmatch(reason):
        return int(match["decimal"]) if match["decimal"] else int(match["hex"], 16)
    return _NAMES.get(reason, _NAMES.get(reason.removeprefix("EXIT_").lower()))
