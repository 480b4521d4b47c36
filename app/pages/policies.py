"""Use cases for policies: one hypervisor version, two side by side, and their names."""

from __future__ import annotations

from difflib import get_close_matches

from app.core import policy_rows
from app.core.facts import Policy
from app.core.policy_rows import PolicyTable, policy_table
from app.errors import NotFound
from app.store.snapshots import Snapshot

BETWEEN = ".."


def find_policy(snapshot: Snapshot, slug: str) -> Policy:
    """Return a policy by slug, in any case; raises NotFound that names the nearest."""
    known = snapshot.knowledge.policies
    if slug.lower() not in known:
        near = get_close_matches(slug.lower(), known, 3, 0.3) or list(known)
        raise NotFound(f"There is no policy {slug!r}.", hints=tuple(f"/policy/{n}" for n in near))
    return known[slug.lower()]


def policy_view(snapshot: Snapshot, asked: str) -> PolicyTable:
    """Return ``kvm-7.2`` in full, or ``kvm-6.0..kvm-7.2`` side by side in that order.

    A policy beside itself is that policy in full.
    Raises NotFound, for those of two hypervisors too: the hints are addresses that there are.
    """
    names = asked.split(BETWEEN)
    if len(names) > len(("one", "other")) or not all(names):
        found_pairs = tuple(f"/policy/{BETWEEN.join(pair)}" for pair in pairs(snapshot))
        message = f"{asked!r} is not one policy, nor two with {BETWEEN} between them."
        raise NotFound(message, hints=found_pairs)
    found = {p.slug: p for p in (find_policy(snapshot, name) for name in names)}
    if len({policy.hypervisor for policy in found.values()}) > 1:
        message = "Side by side stand two policies of one hypervisor; the table takes any two."
        raise NotFound(message, hints=(f"/?policy={','.join(found)}",))
    return compare(snapshot, *found.values())


def every_policy(snapshot: Snapshot) -> tuple[PolicyTable, ...]:
    """Return each policy by itself: by hypervisor, its oldest version first."""
    return tuple(compare(snapshot, policy) for policy in snapshot.knowledge.policies.values())


def compare(snapshot: Snapshot, *policies: Policy) -> PolicyTable:
    """Return policies as one table, in the order given."""
    return policy_table(policies, snapshot.knowledge, snapshot.cells)


def pairs(snapshot: Snapshot, *policies: Policy) -> tuple[tuple[str, str], ...]:
    """Return the pairs worth comparing, as ``policy_rows.pairs`` does."""
    return policy_rows.pairs(snapshot.knowledge, *policies)
