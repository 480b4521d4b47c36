"""Which policies cover a release of a hypervisor that none is called by."""

from __future__ import annotations

from typing import Any

from app.core.kernels import Covering
from app.core.knowledge import Knowledge
from app.pages.listing import list_sources
from app.pages.policy_phrases import passed_msrs
from app.pages.policy_text import WORDS, range_item
from app.pens.lines import Linked
from app.pens.parts import Field, Para, Section, Sheet
from app.pens.tables import Table


def covering_sheet(found: Covering, knowledge: Knowledge) -> Sheet:
    """Return what covers a release, range by range, and what of it nobody knows."""
    policies = {policy.slug: policy for policy, _ in found.held}
    covered = [
        range_item(policy, range_, Linked(policy.slug, f"/policy/{policy.slug}"), " covers ")
        for policy, range_ in found.held
    ]
    lets_through = (
        Field(slug, (f"lets through {passed_msrs(policy)}: ", Linked("in full", at, told=True)))
        for slug, policy in policies.items()
        for at in [f"/policy/{slug}"]
    )
    unknown = f"{found.unknown[:1].upper()}{found.unknown[1:]}." if found.unknown else ""
    return Sheet(
        f"{found.name}: which policy covers it",
        f"/policy/{found.slug}",
        up=(Linked("Policies", "/policy"), found.slug),
    ).holding(
        lets_through,
        Field("Words", WORDS),
        Section("What covers it", "covers").holding(covered),
        *([Section("Not known", "not-known").holding(Para(unknown))] if unknown else []),
        list_sources((name for _, r in found.held for name in r.sources), knowledge),
    )


def covering_table(found: Covering) -> Table:
    """Return a row for each range that covers it."""
    rows = tuple((policy.slug, range_.words) for policy, range_ in found.held)
    return Table(("policy", "covers"), rows)


def covering_data(found: Covering) -> dict[str, Any]:
    """Return the same as data."""
    return {
        "hypervisor": found.hypervisor,
        "release": str(found.release),
        "covered": [{"policy": p.slug, "releases": r.words} for p, r in found.held],
        "not_known": found.unknown,
    }
