"""Measure a machine: what a guest did to its local APIC, and what the host saw of it.

``guest_log`` and ``trace_reader`` (with ``trace_forms``) read the two accounts into the values
of ``guest`` and ``trace``; ``markers`` ties them together. ``windows`` and ``matching`` find
each access's part of the trace, ``classes`` judges one access, ``contradictions`` says where
the two cannot both be right, ``majority`` sums the repetitions up, ``void`` says why a run
counts for nothing, and ``correlation`` is all of it. These are pure functions of the two
accounts; ``host`` makes them on a real machine.
"""
