"""What the linter holds against observations: that somebody can have seen what they say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from app.core import facts
from app.core.cells import CellKey, expand
from app.core.knowledge import Knowledge, action_of
from app.core.numbers import Span
from app.core.wanted import can_have
from app.core.words import Action, Mode
from app.curation.lint_registers import Broken, Place, Rule

NUMBER = re.compile(r"\bfamily ([0-9A-F]{2}h)")


def _keys(knowledge: Knowledge, fact: facts.Observation) -> list[tuple[int, CellKey]]:
    """Return the cells of an observation that exist, each with the place of its pattern."""
    return list(_known(knowledge, fact.cells))


def _known(knowledge: Knowledge, patterns: tuple[str, ...]) -> Iterator[tuple[int, CellKey]]:
    for i, pattern in enumerate(patterns):
        try:
            keys = expand(pattern, knowledge.members)
        except ValueError:
            continue
        yield from ((i, key) for key in keys if key.register in knowledge.registers)


def _the_family_has_the_mode(knowledge: Knowledge, fact: facts.Fact) -> Broken:
    """Nor may the cells be of another mode that a side effect spoils, or the CPU in words."""
    if not isinstance(fact, facts.Observation):
        return
    spoiled = fact.side_effect.cells if fact.side_effect else ()
    places: tuple[tuple[Place, tuple[str, ...]], ...] = (
        (("cells",), fact.cells),
        (("side_effect", "cells"), spoiled),
    )
    for name, families in _families(knowledge, fact):
        for place, patterns in places:
            for i, key in _known(knowledge, patterns):
                if not any(can_have(family, key.mode) for family in families):
                    found = f"{key} on {name}, none of whose dumps reports {key.mode.label}"
                    yield (*place, i), found, "a cell of a mode that the family can have"


def _families(
    knowledge: Knowledge, fact: facts.Observation
) -> Iterator[tuple[str, tuple[facts.Family, ...]]]:
    """Yield the family of a report, and those that its ``cpu`` names by number alone."""
    if family := knowledge.families.get(fact.family):
        yield family.name, (family,)
    for number in NUMBER.findall(fact.cpu):
        every = knowledge.families.values()
        if named := tuple(f for f in every if any(r.family == number for r in f.cpuid)):
            yield f"family {number}", named


def _product_claims_are_of_a_mode_that_the_family_has(
    knowledge: Knowledge, fact: facts.Fact
) -> Broken:
    if not isinstance(fact, facts.Register):
        return
    for i, claim in enumerate(fact.claims):
        family = knowledge.families.get(claim.family)
        for mode in claim.modes if family else ():
            if family and not can_have(family, mode):
                found = f"{mode.label} on {family.name}, none of whose dumps reports it"
                yield ("claims", i, "modes"), found, "a mode that the family can have"


def _the_hypervisor_let_it_through(knowledge: Knowledge, fact: facts.Fact) -> Broken:
    """Refuse a scope that is wider than what the kernel of the report let through."""
    if not isinstance(fact, facts.Observation) or not fact.policy:
        return
    policy = knowledge.policies.get(fact.policy)
    if policy is None:
        yield ("policy",), repr(fact.policy), "the slug of a policy"
        return
    for i, key in _keys(knowledge, fact):
        stopped = _intercepted(knowledge, fact, key, policy)
        if key.mode is Mode.X2AVIC and stopped and not fact.intercepted:
            found = f"{key}, of which {policy.slug} intercepts {', '.join(stopped)}"
            yield ("cells", i), found, "a scope that the hypervisor let through"


def _intercepted(
    knowledge: Knowledge, fact: facts.Observation, key: CellKey, policy: facts.Policy
) -> list[str]:
    spans = knowledge.registers[key.register].msr_spans
    if fact.member and spans:
        only = spans[0].first + int(fact.member)
        spans = (Span(only, only),)
    return [
        entry.msrs
        for entry in knowledge.actions(key, policy)
        if action_of(entry, key) is Action.INTERCEPT
        and any(Span.parse(entry.msrs).overlaps(span) for span in spans)
    ]


def _side_effects_have_cells(knowledge: Knowledge, fact: facts.Fact) -> Broken:
    if not isinstance(fact, facts.Observation) or fact.side_effect is None:
        return
    if not fact.side_effect.text:
        yield ("side_effect", "text"), "nothing", "what is left behind"
    for i, pattern in enumerate(fact.side_effect.cells):
        try:
            names = {key.register for key in expand(pattern, knowledge.members)}
        except ValueError as error:
            yield ("side_effect", "cells", i), str(error), "register/mode/access"
            continue
        for name in sorted(names - set(knowledge.registers)):
            yield ("side_effect", "cells", i), repr(name), "the slug of a register"


OBSERVATION_RULES: tuple[Rule, ...] = (
    _the_family_has_the_mode,
    _product_claims_are_of_a_mode_that_the_family_has,
    _the_hypervisor_let_it_through,
    _side_effects_have_cells,
)
