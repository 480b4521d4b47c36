"""What the linter holds against policies: their MSRs, and the releases that have them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.core import facts
from app.core.knowledge import Knowledge
from app.core.numbers import MSR_BASE, MSR_LAST, Span
from app.core.releases import FINAL, Release, is_main
from app.curation.lint_registers import Broken, Place, Rule

Ranged = tuple[facts.Policy, facts.PolicyRange]


def _policies_cover_every_msr(_: Knowledge, fact: facts.Fact) -> Broken:
    if not isinstance(fact, facts.Policy):
        return
    expected = MSR_BASE
    for i, span in enumerate(Span.parse(entry.msrs) for entry in fact.msrs):
        if span.first != expected:
            yield ("msrs", i, "msrs"), str(span), f"a range that begins at {expected:X}h"
        expected = span.last + 1
    if expected != MSR_LAST + 1:
        yield ("msrs",), f"ranges up to {expected - 1:X}h", "ranges up to 8FFh"


def _policies_say_which_releases(_: Knowledge, fact: facts.Fact) -> Broken:
    if not isinstance(fact, facts.Policy):
        return
    if not fact.ranges:
        yield ("ranges",), "nothing", "at least one range of releases with its sources"
    if fact.versions:
        yield ("versions",), repr(fact.versions), "nothing: the ranges say it"
    for i, range_ in enumerate(fact.ranges):
        yield from _range_is_sound(fact, ("ranges", i), range_)


def _range_is_sound(policy: facts.Policy, place: Place, range_: facts.PolicyRange) -> Broken:
    for name in ("first", "last", "candidate"):
        text = getattr(range_, name)
        release = Release.parse(text) if text else None
        if release and not _of_branch(release, range_.branch):
            yield (*place, name), repr(text), f"a release of {range_.branch}"
        if release and (release.candidate != FINAL) != (name == "candidate"):
            wanted = "a release candidate" if name == "candidate" else "a release, not a candidate"
            yield (*place, name), repr(text), wanted
    if range_.last and Release.parse(range_.last) < range_.begins:
        yield (*place, "last"), repr(range_.last), f"a release from {range_.begins} on"
    final = Release.parse(range_.first) if range_.first else None
    if range_.candidate and (not final or final.start != range_.begins.start):
        yield (*place, "candidate"), repr(range_.candidate), "a candidate of the first release"
    holds = range_.main or range_.first or any(range_.begins in r for r in policy.ranges if r.main)
    if not holds:
        found = f"nothing, and not the policy of {range_.begins}"
        yield (*place, "first"), found, "the first release of the branch that has it"


def _of_branch(release: Release, branch: str) -> bool:
    if is_main(branch):
        return not release.patch
    return bool(release.patch) and release.branch == branch


def _policies_of_a_hypervisor_name_it_alike(knowledge: Knowledge, fact: facts.Fact) -> Broken:
    """Refuse another's name over a copied policy, and two names of one main line."""
    if not isinstance(fact, facts.Policy):
        return
    begins = re.sub("[^a-z0-9]+", "-", fact.hypervisor.lower())
    if not fact.slug.startswith(f"{begins}-"):
        yield ("slug",), repr(fact.slug), f"a slug that begins with {begins}-"
    policies = knowledge.policies.values()
    alike = [p for p in policies if p.hypervisor.lower() == fact.hypervisor.lower()]
    as_in = f"as in {alike[0].slug}"
    if fact.hypervisor != (name := alike[0].hypervisor):
        yield ("hypervisor",), repr(fact.hypervisor), f"{name!r}, {as_in}"
    main = next((r.branch for p in alike for r in p.ranges if r.main), "")
    for i, range_ in enumerate(fact.ranges):
        if range_.main and range_.branch != main:
            yield ("ranges", i, "branch"), repr(range_.branch), f"{main!r}, {as_in}"


def _releases_have_one_policy(knowledge: Knowledge, fact: facts.Fact) -> Broken:
    if not isinstance(fact, facts.Policy):
        return
    others = list(_others(knowledge, fact))
    for i, mine in enumerate(fact.ranges):
        for policy, theirs in (*others, *((fact, r) for r in fact.ranges[:i])):
            if _overlap(mine, theirs):
                found = f"{mine.words}, which overlaps {theirs.words} ({policy.slug})"
                yield ("ranges", i), found, "no overlap"


def _others(knowledge: Knowledge, policy: facts.Policy) -> Iterator[Ranged]:
    """Yield the ranges of the policies of the same hypervisor that come before one."""
    for other in knowledge.hypervisors[policy.hypervisor]:
        if other.slug < policy.slug:
            yield from ((other, range_) for range_ in other.ranges)


def _overlap(one: facts.PolicyRange, other: facts.PolicyRange) -> bool:
    return one.branch == other.branch and (one.begins in other or other.begins in one)


def _unknown_branches_are_unknown(knowledge: Knowledge, fact: facts.Fact) -> Broken:
    if not isinstance(fact, facts.Policy):
        return
    named = {r.branch for p in knowledge.hypervisors[fact.hypervisor] for r in p.ranges}
    for i, branch in enumerate(fact.not_known):
        if branch in named:
            yield ("not_known", i), repr(branch), "a branch that no range names"


POLICY_RULES: tuple[Rule, ...] = (
    _policies_cover_every_msr,
    _policies_say_which_releases,
    _policies_of_a_hypervisor_name_it_alike,
    _releases_have_one_policy,
    _unknown_branches_are_unknown,
)
