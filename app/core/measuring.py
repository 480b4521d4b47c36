"""From a measurement to observations, and to what they change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from app.core.cells import CellKey
from app.core.facts import Cpu, Family, Measurement, Observation, Source
from app.core.judgements import Judgement
from app.core.knowledge import Knowledge
from app.core.numbers import Span, parse_hex
from app.core.summaries import NOTHING, Sort
from app.core.verdicts import judge
from app.core.views import CellViews
from app.core.words import Evidence, Reading, SourceKind

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
