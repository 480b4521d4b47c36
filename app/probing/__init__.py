"""Measure a machine: what a guest did to its local APIC, and what the host saw of it.

``guest`` and ``trace`` hold the two accounts, ``markers`` what ties them together,
``windows`` and ``matching`` bring each access and its part of the trace together,
``classes`` judges one access, ``contradictions`` finds where the two cannot both be
right, ``majority`` sums the repetitions up, and ``correlation`` is all of it. These are
pure functions of the two accounts; ``host`` makes them on a real machine.
"""
