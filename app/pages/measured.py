"""Use cases for reading measurements: one, the list under a filter, two side by side."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import TypeAlias

from app.core.cells import CellKey
from app.core.choices import read_choices
from app.core.emulated import judge_sighting
from app.core.emulator_words import Following
from app.core.facts import Listed, Measurement, Sighting
from app.core.filtering import Filter, Key, Vocabulary
from app.core.judgements import Finding
from app.core.measuring import observations_of
from app.core.rulings import Branch, branches_of
from app.core.summaries import Sort
from app.core.verdicts import judge_observation
from app.core.words import Mode, State, Verdict
from app.errors import InvalidFilter, NotFound
from app.store.records import MOST_COUNTED
from app.store.snapshots import Snapshot

# A list shows so many, and links the rest; another key of its address says where it begins.
PAGE, AFTER = 50, "after"
# And the page of a measurement so many observations.
ROWS = 200
OTHERS = 20
MeasurementFilter: TypeAlias = Filter[Listed, Snapshot]


def keys_of(snapshot: Snapshot) -> tuple[Key[Listed, Snapshot], ...]:
    """Return the keys of the filter; their values are every family, and what measurements have.

    The database finds what they admit, so that none of them has a rule here.
    """
    records, families = snapshot.records, snapshot.knowledge.families
    valid: Mapping[str, Mapping[str, str]] = {
        "family": {slug: family.name for slug, family in families.items()},
        "mode": {str(mode): mode.label for mode in Mode},
        "state": {str(state): str(state) for state in State},
        "tool": {word: word for word in records.used("tool")},
        "kernel": {word: word for word in records.used("kernel")},
        "differs": {"yes": "differs from the manual"},
        "cell": {str(key): str(key) for key in snapshot.cells},
        "answered": {word: word for word in records.answered},
    }
    return tuple(_key(name, values) for name, values in valid.items())


def _key(name: str, values: Mapping[str, str]) -> Key[Listed, Snapshot]:
    return Key(name, lambda _: values, _by_the_database, f"{name}: {{}}")


def _by_the_database(*_: object) -> Iterable[str]:
    raise NotImplementedError


@dataclass(frozen=True)
class MeasurementList:
    """The newest measurements that a filter admits; ``after`` names the last where more follow."""

    found: tuple[Listed, ...]
    wanted: MeasurementFilter
    valid: Mapping[str, Mapping[str, str]]
    sentence: str
    emulated: int
    total: int
    begins: str
    after: str

    @property
    def path(self) -> str:
        """The address of the list as it begins here."""
        return self._from(self.begins)

    @property
    def next(self) -> str:
        """Where the list goes on, empty at its end."""
        return self._from(self.after) if self.after else ""

    def _from(self, slug: str) -> str:
        parts = (self.wanted.query(), f"{AFTER}={slug}" if slug else "")
        query = "&".join(filter(None, parts))
        return f"/m?{query}" if query else "/m"


def list_measurements(snapshot: Snapshot, pairs: Iterable[tuple[str, str]]) -> MeasurementList:
    """Return the measurements that a query admits. Raises InvalidFilter."""
    asked = tuple(pairs)
    begins = after[-1] if (after := _after(asked)) else ""
    if begins and not snapshot.records.has(begins):
        raise _no_measurement(snapshot, begins)
    vocabulary = Vocabulary(keys_of(snapshot), snapshot.knowledge)
    wanted = vocabulary.read(pair for pair in asked if pair[0] != AFTER)
    differing = _differing(snapshot) if wanted["differs"] else ()
    found = snapshot.records.page(wanted.chosen, differing, after=begins, most=PAGE + 1)
    total = snapshot.records.total
    number = snapshot.records.count(wanted.chosen, differing) if wanted.chosen else total
    told = f"more than {number - 1}" if number == MOST_COUNTED else number
    said = vocabulary.sentence(wanted, f"{told} of {total} measurements", "; ", ", ")
    more = found[PAGE - 1].slug if len(found) > PAGE else ""
    emulated = snapshot.records.of_emulations
    return MeasurementList(
        found[:PAGE], wanted, vocabulary.values, said, emulated, total, begins, more
    )


def _after(pairs: Iterable[tuple[str, str]]) -> list[str]:
    return [value for key, value in pairs if key == AFTER]


def _differing(snapshot: Snapshot) -> frozenset[Sort]:
    """Return what was seen that disagrees with Table 15-22."""
    return frozenset(
        judgement.measured.of_id[finding.observation.id].sort
        for view in snapshot.cells.values()
        for judgement in view.measured
        for finding in judgement.findings
        if finding.verdict.disagrees and finding.observation.id in judgement.measured.of_id
    )


def find_measurement(snapshot: Snapshot, slug: str) -> Measurement:
    """Return a measurement by the first 12 hex digits of its digest. Raises NotFound."""
    found = snapshot.records.get(slug)
    if found is None:
        raise _no_measurement(snapshot, slug)
    return found


def _no_measurement(snapshot: Snapshot, slug: str) -> NotFound:
    hints = tuple(f"/m/{near}" for near in snapshot.records.named(slug[:4]))
    return NotFound(f"There is no measurement {slug!r}.", hints=hints)


@dataclass(frozen=True)
class JudgedSighting:
    """One observation against the claims of its cell; ``ruling`` are those that rule it.

    What an emulation answered is no finding about silicon: it has a verdict of its own.
    """

    seen: Sighting
    finding: Finding | Following
    ruling: tuple[Branch, ...]

    @property
    def verdict(self) -> Verdict | None:
        """The verdict on silicon; None where an emulation answered."""
        return self.finding.verdict if isinstance(self.finding, Finding) else None


@dataclass(frozen=True)
class RowPage:
    """Some observations of a measurement, those behind the first ``after`` of ``total``."""

    rows: tuple[JudgedSighting, ...]
    after: int
    total: int

    @property
    def last(self) -> int:
        """The number of the last one, from 1."""
        return self.after + len(self.rows)


def rows_of(
    snapshot: Snapshot, measurement: Measurement, after: int = 0, most: int | None = None
) -> RowPage:
    """Return observations of a measurement against the claims of their cells."""
    if measurement.emulation:
        some = measurement.observations[after : after + most if most else None]
        answers = (_answer(snapshot, one) for one in some)
        return RowPage(tuple(answers), after, len(measurement.observations))
    ruling: dict[CellKey, tuple[Branch, ...]] = {}
    rows = []
    every = zip(measurement.observations, observations_of(measurement), strict=True)
    for seen, told in islice(every, after, after + most if most else None):
        view = snapshot.cells[seen.cell]
        if seen.cell not in ruling:
            ruling[seen.cell] = branches_of(view.effective)
        finding = judge_observation(view.claims, told, snapshot.knowledge.conditions)
        if measurement.accepted and finding.verdict is not Verdict.MASKED:
            verdict = view.judgements[measurement.family].word(finding)
            finding = replace(finding, verdict=verdict)
        rows.append(JudgedSighting(seen, finding, ruling[seen.cell]))
    return RowPage(tuple(rows), after, len(measurement.observations))


def _answer(snapshot: Snapshot, seen: Sighting) -> JudgedSighting:
    """Return one observation of an emulation against what rules the access."""
    view = snapshot.cells[seen.cell]
    ruled, verdict = judge_sighting(view, seen, snapshot.knowledge.conditions)
    return JudgedSighting(seen, verdict, branches_of(ruled))


def rows_before(total: int, pairs: Iterable[tuple[str, str]]) -> int:
    """Return behind how many of ``total`` rows a page begins. Raises InvalidFilter."""
    asked = read_choices(pairs, {AFTER: None}, (AFTER,))[AFTER] or ("0",)
    most = max(total - 1, 0)
    if not re.fullmatch("0|[1-9][0-9]{0,3}", asked[0]) or int(asked[0]) > most:
        raise InvalidFilter(f"{asked[0]!r} is no value of 'after'; valid are 0 to {most}.")
    return int(asked[0])


def comparable_measurements(snapshot: Snapshot, m: Measurement) -> tuple[Listed, ...]:
    """Other measurements of the same family, or of emulations, to compare with."""
    same = {"answered": snapshot.emulations} if m.emulation else {"family": (m.family,)}
    near = snapshot.records.page({k: tuple(v) for k, v in same.items()}, most=OTHERS + 1)
    return tuple(o for o in near if o.slug != m.slug)[:OTHERS]
