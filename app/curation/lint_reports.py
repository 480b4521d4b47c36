"""What the linter holds against observations, differences and policies.

Somebody can have seen what an observation says, the life of a difference is told in order with
its reasons, and a release has one policy.
"""

from __future__ import annotations

import re
from itertools import pairwise

from app.core import facts
from app.core.cells import IMPOSSIBLE, CellKey
from app.core.knowledge import Knowledge, action_of
from app.core.ledger import document_of
from app.core.numbers import MSR_BASE, MSR_LAST, Span, format_hex
from app.core.releases import FINAL, Release
from app.core.wanted import can_have
from app.core.words import Access, Action, DifferenceState, Mode
from app.curation.lint_facts import Broken, Rules, cell_lists, cells_known

NUMBER = re.compile(r"\bfamily ([0-9A-F]{2}h)")


def _the_outcome_is_possible(knowledge: Knowledge, seen: facts.Observation) -> Broken:
    modes = {key.mode for _, key in cells_known(knowledge, seen.cells)}
    for mode in (m for m in Mode if m in modes and seen.outcome in IMPOSSIBLE[m]):
        yield ("outcome",), f"{seen.outcome.value!r} under {mode.label}", "one it can have"


def _the_family_has_the_mode(knowledge: Knowledge, seen: facts.Observation) -> Broken:
    """Nor may the cells be of another mode that a side effect spoils, or the CPU in words."""
    every = knowledge.families.values()
    named = [(f.name, [f]) for f in every if f.slug == seen.family]
    for number in NUMBER.findall(seen.cpu):
        alike = [f for f in every if any(r.family == number for r in f.cpuid)]
        named += [(f"family {number}", alike)] if alike else []
    for name, families in named:
        for place, patterns in cell_lists(seen):
            for i, key in cells_known(knowledge, patterns):
                if not any(can_have(family, key.mode) for family in families):
                    found = f"{key} on {name}, none of whose dumps reports {key.mode.label}"
                    yield (*place, i), found, "a cell of a mode that the family can have"


def _the_hypervisor_let_it_through(knowledge: Knowledge, seen: facts.Observation) -> Broken:
    """Refuse a scope that is wider than what the kernel of the report let through."""
    policy = knowledge.policies.get(seen.policy)
    if policy is None or seen.intercepted:
        return
    for i, key in cells_known(knowledge, seen.cells):
        if stopped := _intercepted(knowledge, seen, key, policy):
            found = f"{key}, of which {policy.slug} intercepts {', '.join(stopped)}"
            yield ("cells", i), found, "a scope that the hypervisor let through"


def _intercepted(
    knowledge: Knowledge, seen: facts.Observation, key: CellKey, policy: facts.Policy
) -> list[str]:
    spans = knowledge.registers[key.register].msr_spans
    if seen.member and spans:
        only = spans[0].first + int(seen.member)
        spans = (Span(only, only),)
    return [
        entry.msrs
        for entry in knowledge.actions(key, policy)
        if action_of(entry, key) is Action.INTERCEPT
        and any(Span.parse(entry.msrs).overlaps(span) for span in spans)
    ]


def _side_effects_are_told(_: Knowledge, seen: facts.Observation) -> Broken:
    if seen.side_effect and not seen.side_effect.text:
        yield ("side_effect", "text"), "nothing", "what is left behind"


def _an_entry_is_whole(knowledge: Knowledge, difference: facts.Difference) -> Broken:
    theirs = knowledge.departures if difference.emulator else knowledge.differences
    if not 1 <= difference.number <= len(theirs):
        yield ("number",), str(difference.number), "numbers without a gap"
    if not difference.cells:
        yield ("cells",), "nothing", "at least one cell"
    if difference.emulator and (difference.families or difference.observations):
        yield ("emulator",), "families or observations", "neither: it is about no processor"
    if bool(difference.emulator) is not bool(difference.following and difference.following.differs):
        yield ("following",), str(difference.following), "how an emulator differs, of one alone"
    for name in ("table_says", "instead"):
        if not getattr(difference, name):
            yield (name,), "nothing", "a few words"


def _every_event_is_told(knowledge: Knowledge, difference: facts.Difference) -> Broken:
    for i, event in enumerate(difference.life):
        place = ("life", i, "revision")
        documented = event.state in (DifferenceState.DOCUMENTED, DifferenceState.MENDED)
        if not event.date:
            yield ("life", i, "date"), "nothing", "a date: YYYY, YYYY-MM or YYYY-MM-DD"
        if not event.text:
            retracted = event.state is DifferenceState.RETRACTED
            yield ("life", i, "text"), "nothing", "the reason" if retracted else "what happened"
        if event.revision and not documented:
            yield place, repr(event.revision), f"none: {event.state} is no word of a document"
        elif documented and not event.revision:
            yield place, "nothing", "the revision of the document that says it"
        elif documented and document_of(event, knowledge) is None:
            expected = "a revision in documents.yaml of a document among the event's sources"
            yield place, repr(event.revision), expected


def _a_life_runs_forwards(_: Knowledge, difference: facts.Difference) -> Broken:
    """Dates may be of unequal length: 2026-03 is neither before nor after 2026-03-05."""
    for i, (before, after) in enumerate(pairwise(difference.life), 1):
        length = min(len(before.date), len(after.date))
        if after.date[:length] < before.date[:length]:
            found = f"{after.date}, after {before.date}"
            yield ("life", i, "date"), found, "events in the order of their dates"
        if before.state is DifferenceState.RETRACTED:
            yield ("life", i), "an event after the retraction", "a difference with a new number"


def _policies_cover_every_msr(_: Knowledge, policy: facts.Policy) -> Broken:
    expected = MSR_BASE
    for i, span in enumerate(Span.parse(entry.msrs) for entry in policy.msrs):
        if span.first != expected:
            yield ("msrs", i, "msrs"), str(span), f"a range that begins at {expected:X}h"
        expected = span.last + 1
    if expected != MSR_LAST + 1:
        yield ("msrs",), f"ranges up to {expected - 1:X}h", "ranges up to 8FFh"


def _policies_say_which_releases(_: Knowledge, policy: facts.Policy) -> Broken:
    if not policy.ranges:
        yield ("ranges",), "nothing", "at least one range of releases with its sources"
    if policy.versions:
        yield ("versions",), repr(policy.versions), "nothing: the ranges say it"
    for i, range_ in enumerate(policy.ranges):
        yield from _range_is_sound(policy, ("ranges", i), range_)


def _range_is_sound(
    policy: facts.Policy, place: facts.FactPath, range_: facts.PolicyRange
) -> Broken:
    for name in ("first", "last", "candidate"):
        text = getattr(range_, name)
        release = Release.parse(text) if text else None
        stray = release and release.branch != range_.branch and not range_.main
        # Releases of a stable branch have a third number, those of the main line have none.
        if release and (stray or bool(release.patch) == range_.main):
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


def _policies_of_a_hypervisor_name_it_alike(knowledge: Knowledge, policy: facts.Policy) -> Broken:
    """Refuse another's name over a copied policy, and two names of one main line."""
    begins = re.sub("[^a-z0-9]+", "-", policy.hypervisor.lower())
    if not policy.slug.startswith(f"{begins}-"):
        yield ("slug",), repr(policy.slug), f"a slug that begins with {begins}-"
    policies = knowledge.policies.values()
    alike = [p for p in policies if p.hypervisor.lower() == policy.hypervisor.lower()]
    as_in = f"as in {alike[0].slug}"
    if policy.hypervisor != (name := alike[0].hypervisor):
        yield ("hypervisor",), repr(policy.hypervisor), f"{name!r}, {as_in}"
    main = next((r.branch for p in alike for r in p.ranges if r.main), "")
    for i, range_ in enumerate(policy.ranges):
        if range_.main and range_.branch != main:
            yield ("ranges", i, "branch"), repr(range_.branch), f"{main!r}, {as_in}"


def _releases_have_one_policy(knowledge: Knowledge, policy: facts.Policy) -> Broken:
    mine = knowledge.hypervisors[policy.hypervisor]
    others = [(p, range_) for p in mine if p.slug < policy.slug for range_ in p.ranges]
    named = {r.branch for p in mine for r in p.ranges if p is not policy or not r.last}
    for i, one in enumerate(policy.ranges):
        for other, range_ in (*others, *((policy, r) for r in policy.ranges[:i])):
            if one.branch == range_.branch and (one.begins in range_ or range_.begins in one):
                found = f"{one.words}, which overlaps {range_.words} ({other.slug})"
                yield ("ranges", i), found, "no overlap"
    for i, branch in enumerate(policy.not_known):
        if branch in named:
            expected = "a branch that no range names, or only one of its own with a last release"
            yield ("not_known", i), repr(branch), expected


def _trees_say_the_same(_: Knowledge, policy: facts.Policy) -> Broken:
    """Hold a policy against what was read in its trees, and each range against the trees of it."""
    does = ((e, msr, way) for e in policy.msrs for msr in _msrs_in(e.msrs) for way in Access)
    through = {(msr, way) for e, msr, way in does if getattr(e, way) is not Action.INTERCEPT}
    for i, reading in enumerate(policy.readings):
        release = Release.find(reading.version)
        if not release or not any(range_.holds(release) for range_ in policy.ranges):
            yield ("readings", i, "version"), repr(reading.version), "a release of the ranges"
        said = ((o, msr, way) for o in reading.msrs for msr in _msrs_in(o.msrs) for way in Access)
        read = {(msr, way) for one, msr, way in said if getattr(one, way)}
        if other := sorted(format_hex(msr) for msr, _ in read ^ through):
            yield ("readings", i, "msrs"), f"otherwise {', '.join(other)}", "what the policy says"
        if other := sorted({one.offset for one in reading.traps} ^ {*policy.trap_offsets}):
            yield ("readings", i, "traps"), f"otherwise {', '.join(other)}", "the trap_offsets"
    for i, range_ in enumerate(policy.ranges):
        if range_.unread == bool(policy.read_of(range_)):
            found = "true" if range_.unread else "nothing"
            expected = "true where no tree of the range was read, and nothing elsewhere"
            yield ("ranges", i, "unread"), found, expected


def _msrs_in(text: str) -> range:
    return Span.parse(text).addresses()


RULES: Rules = (
    (facts.Observation, _the_outcome_is_possible),
    (facts.Observation, _the_family_has_the_mode),
    (facts.Observation, _the_hypervisor_let_it_through),
    (facts.Observation, _side_effects_are_told),
    (facts.Difference, _an_entry_is_whole),
    (facts.Difference, _every_event_is_told),
    (facts.Difference, _a_life_runs_forwards),
    (facts.Policy, _policies_cover_every_msr),
    (facts.Policy, _policies_say_which_releases),
    (facts.Policy, _policies_of_a_hypervisor_name_it_alike),
    (facts.Policy, _releases_have_one_policy),
    (facts.Policy, _trees_say_the_same),
)
