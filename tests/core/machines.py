"""Machines and what they saw, for tests of measurements."""

from app.core.facts import Cpu, Measurement, Sighting
from app.core.words import Access, Behaviour, Mode, State

AMD, HYGON, INTEL = "AuthenticAMD", "HygonGenuine", "GenuineIntel"
ZEN_4 = Cpu(vendor=AMD, family=0x19, model=0x11, stepping=1, microcode="0xa101148", brand="EPYC")
MILAN = Cpu(vendor=AMD, family=0x19, model=0x01, stepping=1)


def cpu_of(vendor, family, model):
    return Cpu(vendor=vendor, family=family, model=model, stepping=0)


def saw(cell, outcome, condition="", **changes):
    """Return what one access did; the cell is ``register/mode/access``."""
    register, mode, access = cell.split("/")
    return Sighting(
        register=register,
        mode=Mode(mode),
        access=Access(access),
        outcome=Behaviour(outcome),
        condition=condition,
        **changes,
    )


def make_measurement(*observations, **changes):
    """Return an accepted measurement on a Zen 4 machine under KVM 7.2."""
    digest = "0123456789abcdef" * 4
    defaults = {
        "slug": digest[:12],
        "digest": digest,
        "state": State.ACCEPTED,
        "reason": "",
        "decided_at": "2026-11-22T12:00:00Z",
        "decided_by": "",
        "received_at": "2026-11-22T12:00:00Z",
        "tool": "example-tool 1",
        "measured_at": "2026-11-20T23:30:00-08:00",
        "family": "zen-4",
        "cpu": ZEN_4,
        "hypervisor": "KVM 7.2.0",
    }
    return Measurement(**defaults | changes, observations=observations)
