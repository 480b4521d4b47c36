"""Documents for tests: constructed, no measurement of anything."""

import copy
import json

DOCUMENT = {
    "format": 1,
    "tool": {"name": "constructed", "version": "1"},
    "measured_at": "2026-11-20T10:00:00+01:00",
    "cpu": {
        "vendor": "AuthenticAMD",
        "family": 26,
        "model": 2,
        "stepping": 1,
        "microcode": "0xb00211e",
        "brand": "constructed Zen 5",
    },
    "features": {"avic": True, "x2avic": True},
    "hypervisor": {"name": "KVM", "version": "7.1.0", "accelerator": "kvm"},
    "guest": {"name": "none", "command": "true"},
    "observations": [
        {"register": "ldr", "mode": "x2avic", "access": "write", "outcome": "gp"},
        {"register": "tpr", "mode": "avic", "access": "read", "outcome": "allowed"},
    ],
    "notes": "Constructed for tests.",
}


def document(**changes):
    """Return the bytes of a valid document with some top-level keys changed."""
    return json.dumps({**copy.deepcopy(DOCUMENT), **changes}).encode()


def observed(register, mode, access, outcome, **more):
    """Return one observation."""
    return {"register": register, "mode": mode, "access": access, "outcome": outcome, **more}


def many(number):
    """Return that many distinct observations: every cell, then members of vectors."""
    plain = ("id", "version", "tpr", "apr", "ppr", "ldr", "svr", "esr", "icr", "lvt-timer",
             "lvt-thermal", "lvt-perf", "lvt-lint0", "lvt-lint1", "lvt-error", "timer-initial",
             "timer-current", "timer-divide", "ext-feature", "ext-control")  # fmt: skip
    found = [
        observed(name, mode, access, _outcome(mode, access))
        for name in plain
        for mode in ("avic", "x2avic")
        for access in ("read", "write")
    ]
    found += [
        observed(name, "x2avic", access, _outcome("x2avic", access), member=member)
        for name in ("isr", "tmr", "irr", "ier")
        for member in range(8)
        for access in ("read", "write")
    ]
    assert len(found) >= number
    return found[:number]


def _outcome(mode, access):
    if access == "read":
        return "allowed"
    return "gp" if mode == "x2avic" else "vmexit-trap"
