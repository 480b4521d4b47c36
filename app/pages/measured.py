"""Use cases for reading measurements: one, the list under a filter, two side by side."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from urllib.parse import quote_plus

from app.core.cells import CellKey
from app.core.choices import read_choices
from app.core.facts import Measurement
from app.core.measuring import Effect, effects, observations_of
from app.core.rulings import Conditions
from app.core.verdicts import classify
from app.core.words import Mode, State
from app.errors import NotFound
from app.pages.measurement_text import Row
from app.pens import phrases
from app.store.snapshots import Snapshot

DIFFERS = {"yes": "differs from the manual"}


@dataclass(frozen=True)
class MeasurementList:
    """The measurements that a filter admits, newest first."""

    found: tuple[Measurement, ...]
    chosen: Mapping[str, tuple[str, ...]]
    valid: Mapping[str, Mapping[str, str]]
    total: int

    @property
    def query(self) -> str:
        """The canonical query string."""
        parts = (f"{key}={quote_plus(','.join(self.chosen[key]), safe=',')}" for key in self.valid)
        return "&".join(part for part in parts if not part.endswith("="))

    @property
    def sentence(self) -> str:
        """The filter in one sentence, with the counts."""
        words = [
            f"{key}: {' or '.join(self.valid[key][value] for value in values)}"
            for key, values in self.chosen.items()
            if values
        ]
        shown = f"{len(self.found)} of {self.total} measurements"
        return f"{shown}; {', '.join(words)}." if words else f"{shown}."


def list_measurements(snapshot: Snapshot, pairs: Iterable[tuple[str, str]]) -> MeasurementList:
    """Return the measurements that a query admits. Raises InvalidFilter."""
    every = tuple(snapshot.knowledge.measurements.values())
    valid = _valid(snapshot, every)
    chosen = read_choices(pairs, valid)
    found = tuple(m for m in every if _admits(m, chosen, snapshot))
    return MeasurementList(found, chosen, valid, len(every))


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
    return effects(snapshot.knowledge, snapshot.cells, observations_of(measurement))


def _valid(snapshot: Snapshot, every: tuple[Measurement, ...]) -> Mapping[str, Mapping[str, str]]:
    families = snapshot.knowledge.families
    used = [f for f in families if any(m.family == f for m in every)]
    return {
        "family": {f: families[f].name for f in used or families},
        "mode": {str(mode): mode.label for mode in Mode},
        "state": {str(state): str(state) for state in State},
        "tool": {tool: tool for tool in sorted({m.tool for m in every})},
        "kernel": {kernel: kernel for kernel in sorted({m.hypervisor for m in every})},
        "differs": DIFFERS,
    }


def _admits(m: Measurement, chosen: Mapping[str, tuple[str, ...]], snapshot: Snapshot) -> bool:
    modes = {str(seen.mode) for seen in m.observations}
    return (
        (not chosen["family"] or m.family in chosen["family"])
        and (not chosen["mode"] or bool(modes & set(chosen["mode"])))
        and (not chosen["state"] or m.state in chosen["state"])
        and (not chosen["tool"] or m.tool in chosen["tool"])
        and (not chosen["kernel"] or m.hypervisor in chosen["kernel"])
        and (not chosen["differs"] or differs(snapshot, m))
    )


def others(snapshot: Snapshot, m: Measurement) -> tuple[Measurement, ...]:
    """Other measurements of the same family, to compare with."""
    every = snapshot.knowledge.measurements.values()
    return tuple(o for o in every if o.slug != m.slug and o.family == m.family)[:20]
