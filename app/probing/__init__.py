"""Probing: what a guest did to its local APIC, and what the host saw of it.

``guest`` and ``trace`` hold the two accounts, ``markers`` what ties them together,
``windows`` and ``matching`` bring each access and its part of the trace together,
``classes`` judges one access, ``contradictions`` finds where the two cannot both be
right, ``majority`` sums the repetitions up, and ``correlation`` is all of it. Everything
here is a pure function of the two accounts.
"""

from __future__ import annotations

from app.probing.correlation import Correlation, alone, correlate
from app.probing.guest import GuestAccess, GuestLog, Machine, Site, Way
from app.probing.majority import Result
from app.probing.trace import Trace

__all__ = [
    "Correlation",
    "GuestAccess",
    "GuestLog",
    "Machine",
    "Result",
    "Site",
    "Trace",
    "Way",
    "alone",
    "correlate",
]
