"""Use cases for reading measurements: one, the list under a filter, two side by side."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from app.core.cells import CellKey
from app.core.facts import Measurement
from app.core.filtering import Filter, Key, Vocabulary
from app.core.knowledge import Knowledge
from app.core.measuring import Effect, effects, observations_of
from app.core.rulings import Conditions
from app.core.verdicts import classify
from app.core.words import Mode, State
from app.errors import NotFound
from app.pages.measurement_text import Row
from app.pens import phrases
from app.store.snapshots import Snapshot

MeasurementFilter: TypeAlias = Filter[Measurement, Snapshot]


def _used(field: str) -> Callable[[Knowledge], Mapping[str, str]]:
    """Return what the measurements have there, as values of a key."""
    return lambda known: {
        word: word for word in sorted({getattr(m, field) for m in known.measurements.values()})
    }


def _families(known: Knowledge) -> Mapping[str, str]:
    """Return the families that were measured; all of them where nothing was."""
    used = {m.family for m in known.measurements.values()} or known.families
    return {slug: family.name for slug, family in known.families.items() if slug in used}


KEYS: tuple[Key[Measurement, Snapshot], ...] = (
    Key("family", _families, lambda _, m, __: (m.family,), "family: {}"),
    Key("mode", lambda _: {str(mode): mode.label for mode in Mode},
        lambda _, m, __: (seen.mode for seen in m.observations), "mode: {}"),
    Key("state", lambda _: {str(state): str(state) for state in State},
        lambda _, m, __: (m.state,), "state: {}"),
    Key("tool", _used("tool"), lambda _, m, __: (m.tool,), "tool: {}"),
    Key("kernel", _used("hypervisor"), lambda _, m, __: (m.hypervisor,), "kernel: {}"),
    Key("differs", lambda _: {"yes": "differs from the manual"},
        lambda _, m, snapshot: ("yes",) if differs(snapshot, m) else (), "differs: {}"),
)  # fmt: skip


@dataclass(frozen=True)
class MeasurementList:
    """The measurements that a filter admits, newest first."""

    found: tuple[Measurement, ...]
    wanted: MeasurementFilter
    valid: Mapping[str, Mapping[str, str]]
    sentence: str
    total: int


def list_measurements(snapshot: Snapshot, pairs: Iterable[tuple[str, str]]) -> MeasurementList:
    """Return the measurements that a query admits. Raises InvalidFilter."""
    every = snapshot.knowledge.measurements.values()
    vocabulary = Vocabulary(KEYS, snapshot.knowledge)
    wanted = vocabulary.read(pairs)
    found = tuple(m for m in every if wanted.admits(m, snapshot))
    head = f"{len(found)} of {len(every)} measurements"
    said = vocabulary.sentence(wanted, head, "; ", ", ")
    return MeasurementList(found, wanted, vocabulary.values, said, len(every))


def find_measurement(snapshot: Snapshot, slug: str) -> Measurement:
    """Return a measurement by the first 12 hex digits of its digest. Raises NotFound."""
    known = snapshot.knowledge.measurements
    if slug not in known:
        near = tuple(f"/m/{name}" for name in known if slug and name.startswith(slug[:4]))
        raise NotFound(f"There is no measurement {slug!r}.", hints=near[:5])
    return known[slug]


def rows_of(snapshot: Snapshot, measurement: Measurement) -> tuple[Row, ...]:
    """Return every observation of a measurement against the claims of its cell."""
    conditions = Conditions(snapshot.knowledge.conditions)
    rows = []
    for seen, told in zip(measurement.observations, observations_of(measurement), strict=True):
        view = snapshot.cells[CellKey(seen.register, seen.mode, seen.access)]
        finding = classify(view.claims, told, conditions)
        rows.append(Row(seen, finding, phrases.branches(view.effective)))
    return tuple(rows)


def differs(snapshot: Snapshot, measurement: Measurement) -> bool:
    """Whether any unmasked observation disagrees with Table 15-22."""
    return any(row.finding.verdict.disagrees for row in rows_of(snapshot, measurement))


def effects_of(snapshot: Snapshot, measurement: Measurement) -> tuple[Effect, ...]:
    """Return what a measurement changes, or would change, cell by cell."""
    return effects(snapshot.knowledge, snapshot.cells, measurement)


def others(snapshot: Snapshot, m: Measurement) -> tuple[Measurement, ...]:
    """Other measurements of the same family, to compare with."""
    every = snapshot.knowledge.measurements.values()
    return tuple(o for o in every if o.slug != m.slug and o.family == m.family)[:20]
