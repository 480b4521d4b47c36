"""What looks odd about a measurement, for whoever reviews it: a rule each."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.core.cells import IMPOSSIBLE
from app.core.facts import Measurement, Policy, Sighting
from app.core.kernels import policy_of
from app.core.knowledge import Knowledge, action_of
from app.core.measuring import NOT_STATED
from app.core.numbers import Span
from app.core.rulings import printed_claims
from app.core.words import Action, Behaviour


@dataclass(frozen=True)
class Oddity:
    """Something a reviewer should look at; it refuses nothing."""

    code: str
    text: str


def _about_cpu(measurement: Measurement, knowledge: Knowledge) -> Iterable[Oddity]:
    cpu, features = measurement.cpu, measurement.features
    if measurement.emulation:
        return
    if measurement.family == NOT_STATED:
        text = f"No family of the table has the CPUID {cpu.vendor} {cpu.signature}."
        yield Oddity("unknown-cpu", text)
    if not measurement.exits_watched:
        yield Oddity(
            "not-traced", "Nothing in it shows that AVIC was on: its exits were not traced."
        )
    used = {str(seen.mode): seen.mode.label for seen in measurement.observations}
    if any(word.endswith(("force_avic=1", "force_avic=Y")) for word in measurement.parameters):
        used.pop("avic", None)
    for feature, label in used.items():
        if features.get(feature) is False:
            text = f"It observes {label} on a part that reports {label}=0."
            yield Oddity(f"{feature}-absent", text)
    yield from _about_dumps(measurement, knowledge, used)


def _about_dumps(
    measurement: Measurement, knowledge: Knowledge, used: Mapping[str, str]
) -> Iterable[Oddity]:
    """Hold the features that a measurement uses and reports against public dumps of its part."""
    cpu, features = measurement.cpu, measurement.features
    name = f"{cpu.family:02X}h/{cpu.model:02X}h"
    for reading in knowledge.families[measurement.family].readings:
        if reading.cpuid != name:
            continue
        for feature, bit in (("avic", reading.avic), ("x2avic", reading.x2avic)):
            if feature in used and bit == "0" and feature not in features:
                text = f"It observes {used[feature]}; dumps of {name} show {used[feature]}=0."
                yield Oddity(f"{feature}-absent", text)
            if bit in ("0", "1") and features.get(feature, bit == "1") != (bit == "1"):
                text = f"It reports {feature}={int(features[feature])}; dumps of {name} show {bit}."
                yield Oddity("feature-differs", text)


def _about_outcomes(measurement: Measurement, knowledge: Knowledge) -> Iterable[Oddity]:
    for seen in measurement.observations:
        if not knowledge.exists(seen.cell):
            yield Oddity("absent-cell", f"{seen.cell}: the manual knows no such cell.")
        if seen.outcome in IMPOSSIBLE[seen.mode]:
            text = f"{seen.cell}: {seen.outcome} cannot follow a {seen.mode.way} access."
            yield Oddity("impossible-outcome", text)


def _about_intercepts(measurement: Measurement, knowledge: Knowledge) -> Iterable[Oddity]:
    if measurement.emulation:
        return
    policy = policy_of(knowledge, measurement.hypervisor, measurement.hypervisor).policy
    if policy is None:
        return
    for seen in measurement.observations:
        if seen.intercepted or seen.outcome is Behaviour.VMEXIT_MSR:
            continue
        if _action_for(seen, policy, knowledge) is Action.INTERCEPT:
            text = f"{seen.cell}: {policy.name} intercepts this access."
            yield Oddity("not-marked-intercepted", text)


def _action_for(seen: Sighting, policy: Policy, knowledge: Knowledge) -> Action | None:
    """Return what a policy does with one observed access; None where members differ."""
    spans = knowledge.registers[seen.register].msr_spans
    entries = knowledge.actions(seen.cell, policy)
    if seen.member is not None and spans:
        msr = spans[0].first + seen.member
        entries = tuple(e for e in entries if msr in Span.parse(e.msrs))
    actions = {action_of(entry, seen.cell) for entry in entries}
    return actions.pop() if len(actions) == 1 else None


def _about_copies(measurement: Measurement, knowledge: Knowledge) -> Iterable[Oddity]:
    if len(measurement.observations) < len(knowledge.registers):
        return
    for seen in measurement.observations:
        claims = knowledge.registers[seen.register].claims
        here = printed_claims(c for c in claims if seen.mode in c.modes and c.access is seen.access)
        if seen.outcome not in {claim.behaviour for claim in here}:
            return
    text = "Every observation is what Table 15-22 says: measured, or copied from the manual?"
    yield Oddity("same-as-the-manual", text)


# In the order in which a reviewer reads them.
RULES = (_about_cpu, _about_outcomes, _about_intercepts, _about_copies)


def oddities(measurement: Measurement, knowledge: Knowledge) -> tuple[Oddity, ...]:
    """Return what does not look plausible about a measurement."""
    return tuple(oddity for rule in RULES for oddity in rule(measurement, knowledge))
