"""Under which condition of the seed an access was made: from what the guest did on purpose.

What the trace proves wins: an incomplete IPI names its own reason. A guest knows that it
halted the target, and not whether IsRunning was clear, so it claims no more than that the
IPI is simple.
"""

from __future__ import annotations

from app.probing.classes import SeenAccess
from app.probing.guest import GuestAccess

# Words of the guest that choose no branch: the access as it stands.
PLAIN = frozenset({"initial", "pattern", "own-value", "after-write", "restore"})
# ``nothing-in-service`` is no condition of the seed: it lies outside edge and level.
BY_WHY = {
    "reserved-bits": "reserved-bits",
    "bit18": "bit-18-set",
    "busy": "busy-set",
    "nonzero": "non-zero",
    "zero": "zero",
    "eoi-none": "nothing-in-service",
    "eoi-edge": "edge",
    "eoi-level": "level",
    "self-fixed": "self-ipi",
    "to-running": "simple-ipi",
    "to-halted": "simple-ipi",
    "absent-target": "simple-ipi",
}
# The register of self IPIs has no other kind of write.
NONE = frozenset({"self-ipi"})
# kvm.md, part 3: 0 invalid interrupt type, 1 target not running, 2 invalid target,
# 3 invalid backing page, 4 invalid vector.
BY_REASON = {
    0: "advanced",
    1: "target-not-running",
    2: "invalid-target",
    3: "incomplete",
    4: "invalid-vector",
}
REASONS = {
    0: "invalid interrupt type",
    1: "target not running",
    2: "invalid target",
    3: "invalid backing page",
    4: "invalid vector",
}


def condition_of(access: GuestAccess, seen: SeenAccess) -> str:
    """Return the slug of a condition, the guest's own word, or empty for a plain access."""
    if seen.reason is not None:
        return BY_REASON.get(seen.reason, "incomplete")
    if access.why in PLAIN or access.why in NONE:
        return ""
    return BY_WHY.get(access.why, access.why)
