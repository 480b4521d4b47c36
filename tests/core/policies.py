"""Policies for tests, each sound by itself."""

from app.core.facts import MsrPolicy, Policy, PolicyRange
from app.core.words import Action


def make_range(branch="mainline", first="", last="", candidate="", **changes):
    """Return the releases of one branch."""
    named = {"first": first, "last": last, "candidate": candidate, "unread": True}
    return PolicyRange(branch=branch, **named, **{"sources": ("mail-1",)} | changes)


def make_policy(action="pass", slug="kvm-1.0", order=1, traps=(), **changes):
    """Return a policy that does one thing with every MSR."""
    word = Action(action)
    defaults = {
        "hypervisor": "KVM",
        "ranges": (make_range(first=f"{order}.0", last=f"{order}.9"),),
        "text": "A policy.",
        "sources": ("mail-1",),
        "msrs": (MsrPolicy(msrs="800h-8FFh", read=word, write=word),),
    }
    return Policy(slug=slug, order=order, trap_offsets=traps, **defaults | changes)
