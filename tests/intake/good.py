"""The documents that have to be taken, as one table: a good one, and what is changed in it."""

import json

from tests.intake.bad.table import EMULATED, MINIMAL, changed, edited, good, written
from tests.intake.documents import observing
from tests.measured.documents import many

NAMES = "LDR APIC_LDR 0x0d0 0D0h 0x80d 80Dh lvt-timer APIC_LVTT 0x320 832h isr#3 ISR3 0x130 813h"
ENDS = {"isr": 7, "tmr": 7, "irr": 7, "ier": 7, "ext-lvt": 3}
VECTORS = [{"register": name, "member": n} for name, last in ENDS.items() for n in (0, last)]
EOI = {"register": "eoi", "mode": "avic", "value": "0x0"}
EXIT = {"code": "0x402", "info1": "0x1000000b0", "rip": "after"}
CPU = {"vendor": "GenuineIntel", "family": 6, "model": 207, "stepping": 2}
PRIVATE = {
    "/tool/x-build": "abc",
    "/cpu/x-cores": 16,
    "/features": {"avic": True, "x-raw": {"edx": "0x1", "nested": [{"anything": [None, 1.5]}]}},
    "/hypervisor/x-config": None,
    "/guest/x-": True,
    "/observations/0/exit": {"code": "0x402", "x-cycles": -1},
    "/observations/0/x-sequence": 0.25,
    "/submitter": {"name": "A tester", "x-role": "kept, and ignored"},
    "/x-top": ["any", "value", 1e-05],
}
BY_QEMU = {
    "/emulation": {"name": "qemu", "version": "10.0.2"},
    "/hypervisor/accelerator": "tcg",
    "/host": {"virtual": True},
}
FRACTIONS = (
    (b'"format": 1,', b'"format": 1.0,'),
    (b'"family": 25', b'"family": 2.5e1'),
    (b'"model": 17', b'"model": 17.0'),
    (b'"stepping": 1\n', b'"stepping": 1e0\n'),
)


GOOD = {
    "minimal": written(MINIMAL),
    "every key": written(good("every-key")),
    "an emulation": written(EMULATED),
    "an emulation by an emulator": written(changed(EMULATED, BY_QEMU)),
    "one line": json.dumps(MINIMAL, separators=(",", ":")).encode(),
    "numbers with fractions": edited(*FRACTIONS),
    "private keys": written(changed(MINIMAL, PRIVATE)),
    "an unknown CPU": written(changed(MINIMAL, {"/cpu": CPU})),
    "Xen on a Hygon": written(
        changed(
            MINIMAL,
            {
                "/measured_at": "2024-02-29T00:00:00-00:00",
                "/cpu": CPU | {"vendor": "HygonGenuine", "family": 24, "model": 1},
                "/hypervisor": {"name": "Xen", "version": "4.19", "accelerator": "xen"},
            },
        )
    ),
    "a billion times": observing({"count": 10**9}),
    "every name of a register": observing(*({"register": name} for name in NAMES.split())),
    "masked, with a member by its MSR": observing(
        {"register": "0x813", "member": 3, "outcome": "vmexit-msr", "intercepted": True}
    ),
    "members of vectors, and a whole one": observing(*VECTORS, {"register": "isr", "note": "All."}),
    "two conditions of one access": observing(
        EOI | {"outcome": "accelerated", "condition": "edge"},
        EOI | {"outcome": "vmexit-trap", "condition": "level", "exit": EXIT},
    ),
    "140 different accesses": observing(*many(140)),
}
