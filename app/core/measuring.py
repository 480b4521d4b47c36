"""From a measurement to observations, to what they change, and to what looks odd."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.core.cells import IMPOSSIBLE, CellKey
from app.core.facts import Cpu, Family, Measurement, Observation, Policy, Sighting, Source
from app.core.judgements import Judgement
from app.core.kernels import policy_of
from app.core.knowledge import Knowledge, action_of
from app.core.numbers import Span, parse_hex
from app.core.rulings import printed_claims
from app.core.summaries import NOTHING, Sort
from app.core.verdicts import judge
from app.core.views import CellViews
from app.core.words import Action, Behaviour, Evidence, Reading, SourceKind

NOT_STATED = "not-stated"


def family_of_cpu(cpu: Cpu, families: Mapping[str, Family]) -> str:
    """Return the slug of the family that CPUID maps to, empty when none does."""
    for family in families.values():
        for range_ in family.cpuid:
            same = range_.vendor == cpu.vendor and parse_hex(range_.family) == cpu.family
            if same and cpu.model in Span.parse(range_.models):
                return family.slug
    return ""


def source_of(measurement: Measurement) -> Source:
    """Return a measurement as the source of its observations."""
    cpu = measurement.cpu
    return Source(
        id=f"m-{measurement.slug}",
        kind=SourceKind.DATA,
        title=f"Measurement {measurement.slug}, {cpu.brand or cpu.signature}",
        read=Reading.WHOLE,
        author=measurement.submitter,
        date=measurement.measured_at[:10],
        url=f"/m/{measurement.slug}",
    )


def observations_of(measurement: Measurement) -> tuple[Observation, ...]:
    """Return a measurement's observations as the verdict takes them.

    None where an emulation answered: that is no evidence about a processor.
    """
    if measurement.emulation:
        return ()
    cpu = measurement.cpu
    machine = f"{cpu.vendor} {cpu.signature} {cpu.brand} {measurement.submitter}"
    return tuple(
        Observation(
            id=f"m-{measurement.slug}-{number}",
            family=measurement.family,
            cpu=f"{cpu.brand or cpu.vendor} ({cpu.signature})",
            evidence=Evidence.MEASURED,
            cells=(str(seen.cell),),
            outcome=seen.outcome,
            reporter=measurement.submitter or "anonymous",
            date=measurement.measured_at[:10],
            text=seen.note or f"Itemised in measurement {measurement.slug}.",
            sources=(f"m-{measurement.slug}",),
            condition=seen.condition,
            exit=seen.exit.code if seen.exit else "",
            rip=seen.exit.rip if seen.exit else "",
            intercepted=seen.intercepted,
            report=f"m-{measurement.slug}",
            machine=machine,
            microcode=cpu.microcode,
            member="" if seen.member is None else str(seen.member),
            unwatched=not measurement.exits_watched,
        )
        for number, seen in enumerate(measurement.observations)
    )


@dataclass(frozen=True)
class Effect:
    """What observations do to one cell of one family."""

    key: CellKey
    before: Judgement
    after: Judgement
    added: int
    masked: int

    @property
    def changes(self) -> bool:
        """Whether the verdict becomes another."""
        return self.before.verdict is not self.after.verdict


def effects(knowledge: Knowledge, cells: CellViews, measurement: Measurement) -> tuple[Effect, ...]:
    """Return what a measurement changes, cell by cell, in the order of the table.

    ``before`` is without it, ``after`` with it, whether or not it counts already. The work
    grows with its observations, and not with those of others.
    """
    conditions = knowledge.conditions
    mine: dict[CellKey, list[tuple[Sort, Observation]]] = defaultdict(list)
    for seen in observations_of(measurement):
        sort = Sort.of(seen)
        mine[sort.cell].append((sort, seen))
    found = []
    for key in (k for k in cells if k in mine):
        view, own = cells[key], dict(mine[key])
        measured = knowledge.measured.get((key, measurement.family), NOTHING)
        counted = measured.of_id.keys() | {seen.id for _, seen in mine[key]}
        others = [o for o in view.observations if o.id not in counted]
        others += [
            stand_in(s.sort)
            for s in measured.summaries
            if s.counts.reports > (measurement.accepted and s.sort in own)
        ]
        before = judge(view.claims, others, measurement.family, conditions)
        after = judge(view.claims, (*others, *own.values()), measurement.family, conditions)
        masked = sum(sort.hearing is None for sort, _ in mine[key])
        found.append(Effect(key, before, after, len(mine[key]), masked))
    return tuple(found)


def stand_in(sort: Sort) -> Observation:
    """Return an observation of a sort: for a verdict it is as good as any."""
    return Observation(
        id=str(sort), family=sort.family, cpu="", evidence=Evidence.MEASURED,
        cells=(str(sort.cell),), outcome=sort.outcome, reporter="", date="", text="", sources=(),
        condition=sort.condition, member=sort.member, intercepted=sort.intercepted,
        unwatched=sort.unwatched,
    )  # fmt: skip


@dataclass(frozen=True)
class Oddity:
    """Something a reviewer should look at; it refuses nothing."""

    code: str
    text: str


def oddities(measurement: Measurement, knowledge: Knowledge) -> tuple[Oddity, ...]:
    """Return what does not look plausible about a measurement."""
    found = [*_about_cpu(measurement, knowledge), *_about_outcomes(measurement, knowledge)]
    found += _about_intercepts(measurement, knowledge)
    if _copies_the_table(measurement, knowledge):
        text = "Every observation is what Table 15-22 says: measured, or copied from the manual?"
        found.append(Oddity("same-as-the-manual", text))
    return tuple(found)


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
        if action_for(seen, policy, knowledge) is Action.INTERCEPT:
            text = f"{seen.cell}: {policy.name} intercepts this access."
            yield Oddity("not-marked-intercepted", text)


def action_for(seen: Sighting, policy: Policy, knowledge: Knowledge) -> Action | None:
    """Return what a policy does with one observed access; None where members differ."""
    spans = knowledge.registers[seen.register].msr_spans
    entries = knowledge.actions(seen.cell, policy)
    if seen.member is not None and spans:
        msr = spans[0].first + seen.member
        entries = tuple(e for e in entries if msr in Span.parse(e.msrs))
    actions = {action_of(entry, seen.cell) for entry in entries}
    return actions.pop() if len(actions) == 1 else None


def _copies_the_table(measurement: Measurement, knowledge: Knowledge) -> bool:
    if len(measurement.observations) < len(knowledge.registers):
        return False
    for seen in measurement.observations:
        claims = knowledge.registers[seen.register].claims
        here = printed_claims(c for c in claims if seen.mode in c.modes and c.access is seen.access)
        if seen.outcome not in {claim.behaviour for claim in here}:
            return False
    return True
