"""Everything that is known at one moment, indexed by what pages ask for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from types import MappingProxyType
from typing import Any, TypeVar

from app.core import facts
from app.core.cells import CellKey, cells_of, expand
from app.core.numbers import Span
from app.core.rulings import Conditions
from app.core.summaries import Measured
from app.core.words import Action, AnnotationKind, Behaviour, Mode

KINDS: Mapping[str, type[facts.Fact]] = {
    "source": facts.Source,
    "document": facts.Document,
    "condition": facts.Condition,
    "group": facts.Group,
    "register": facts.Register,
    "family": facts.Family,
    "observation": facts.Observation,
    "erratum": facts.Erratum,
    "policy": facts.Policy,
    "inhibit": facts.InhibitReason,
    "difference": facts.Difference,
    "annotation": facts.Annotation,
    "measurement": facts.Measurement,
    "key": facts.SigningKey,
}
_KIND_OF = {cls: kind for kind, cls in KINDS.items()}

# What comes and goes with measurements, and the indexes that these have a part in.
THEIRS = frozenset({"source", "observation", "measurement"})
OF_THEIRS = frozenset({"sources", "observations", "observations_of", "side_effects_of"})
F = TypeVar("F")
# Measurements by cell and family.
MeasuredBy = Mapping[tuple[CellKey, str], Measured]


def kind_of(fact: facts.Fact) -> str:
    """Return the kind's name, as the database and ``/changes`` spell it."""
    return _KIND_OF[type(fact)]


def key_of(fact: facts.Fact) -> str:
    """Return what identifies a fact within its kind."""
    if isinstance(fact, facts.Source | facts.Observation):
        return fact.id
    return fact.slug


@dataclass(frozen=True)
class Knowledge:
    """An immutable set of facts, and what is measured.

    Of measurements it holds summaries, and the newest observations of each as facts. The
    indexes are computed on first use and expect facts that the linter accepts: a cell pattern
    that names nothing is dropped from an index, never an error here.
    """

    by_kind: Mapping[str, Mapping[str, facts.Fact]]
    measured: MeasuredBy = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def of(cls, entries: Iterable[facts.Fact], measured: MeasuredBy | None = None) -> Knowledge:
        """Sort facts by kind and key; of two with one key the last stays."""
        by_kind: dict[str, dict[str, facts.Fact]] = {kind: {} for kind in KINDS}
        for fact in entries:
            by_kind[kind_of(fact)][key_of(fact)] = fact
        return cls(by_kind, measured or MappingProxyType({}))

    def plus(self, entries: Iterable[facts.Fact], measured: MeasuredBy | None = None) -> Knowledge:
        """Return these facts with others, and what is measured.

        Indexes that no measurement has a part in are made once, here, and shared.
        """
        more = {kind: found for kind, found in Knowledge.of(entries).by_kind.items() if found}
        mixed = {
            kind: dict(sorted({**self.by_kind[kind], **found}.items()))
            for kind, found in more.items()
        }
        new = Knowledge({**self.by_kind, **mixed}, measured or MappingProxyType({}))
        if more.keys() <= THEIRS:
            indexes = {n for n, of in vars(Knowledge).items() if isinstance(of, cached_property)}
            vars(new).update({n: getattr(self, n) for n in indexes - OF_THEIRS})
        return new

    @property
    def every(self) -> Iterable[facts.Fact]:
        """Every fact."""
        return (fact for kind in self.by_kind.values() for fact in kind.values())

    def _facts_of(self, cls: type[F]) -> dict[str, F]:
        kind = _KIND_OF[cls]  # type: ignore[index]
        return dict(self.by_kind[kind])  # type: ignore[arg-type]

    @cached_property
    def sources(self) -> dict[str, facts.Source]:
        """Sources by id."""
        return self._facts_of(facts.Source)

    @cached_property
    def documents(self) -> dict[str, facts.Document]:
        """Documents by slug."""
        return self._facts_of(facts.Document)

    @cached_property
    def conditions(self) -> Conditions:
        """Conditions by slug, and how they relate."""
        return Conditions(self._facts_of(facts.Condition))

    @cached_property
    def groups(self) -> dict[str, facts.Group]:
        """Groups of registers by slug."""
        return self._facts_of(facts.Group)

    @cached_property
    def members(self) -> dict[str, tuple[str, ...]]:
        """The registers of each group, for cell patterns."""
        return {slug: group.registers for slug, group in self.groups.items()}

    @cached_property
    def registers(self) -> dict[str, facts.Register]:
        """Registers by slug, in the manual's order."""
        found = self._facts_of(facts.Register)
        return dict(sorted(found.items(), key=lambda item: item[1].order))

    @cached_property
    def families(self) -> dict[str, facts.Family]:
        """Families by slug, oldest first."""
        found = self._facts_of(facts.Family)
        return dict(sorted(found.items(), key=lambda item: item[1].order))

    @cached_property
    def observations(self) -> dict[str, facts.Observation]:
        """Observations by id, in an order that no loading order can change."""
        found = self._facts_of(facts.Observation)
        return dict(sorted(found.items(), key=lambda item: (item[1].date, item[0])))

    @cached_property
    def errata(self) -> dict[str, facts.Erratum]:
        """Errata by slug: numbered ones first, by number."""
        found = self._facts_of(facts.Erratum)
        return dict(sorted(found.items(), key=lambda i: (not i[1].number, _natural(i[0]))))

    @cached_property
    def policies(self) -> dict[str, facts.Policy]:
        """Policies by slug: those of a hypervisor together, its oldest version first."""
        found = self._facts_of(facts.Policy)
        return dict(sorted(found.items(), key=lambda i: (i[1].hypervisor, i[1].order)))

    @cached_property
    def inhibits(self) -> dict[str, facts.InhibitReason]:
        """Reasons to keep AVIC off by slug, in the order of the bits of the newest kernel."""
        read = [i for p in self.policies.values() for r in p.readings for i in r.inhibits]
        bits = {inhibit.name: inhibit.bit for inhibit in read}
        found = self._facts_of(facts.InhibitReason)
        return dict(sorted(found.items(), key=lambda item: bits.get(item[1].name, len(bits))))

    @cached_property
    def hypervisors(self) -> dict[str, tuple[facts.Policy, ...]]:
        """The policies of each hypervisor, oldest version first."""
        grouped = groupby(self.policies.values(), lambda policy: policy.hypervisor)
        return {name: tuple(mine) for name, mine in grouped}

    @cached_property
    def differences(self) -> dict[str, facts.Difference]:
        """Differences by number."""
        found = self._facts_of(facts.Difference).values()
        return {d.slug: d for d in sorted(found, key=lambda d: d.number) if not d.emulator}

    @cached_property
    def departures(self) -> dict[str, facts.Difference]:
        """The entries that are about an emulation, and about no processor, by number."""
        found = self._facts_of(facts.Difference).values()
        return {d.slug: d for d in sorted(found, key=lambda d: d.number) if d.emulator}

    @cached_property
    def annotations(self) -> dict[str, facts.Annotation]:
        """Annotations by slug: questions, tensions, remarks, each alphabetically."""
        found = self._facts_of(facts.Annotation)
        order = list(AnnotationKind)
        return dict(sorted(found.items(), key=lambda i: (order.index(i[1].kind), i[0])))

    @property
    def without_policy(self) -> tuple[facts.Annotation, ...]:
        """What hypervisors without a policy do about AVIC, by slug."""
        return tuple(note for note in self.annotations.values() if note.hypervisors)

    @cached_property
    def signers(self) -> dict[str, str]:
        """Names of known signing keys by fingerprint."""
        return {key.fingerprint: key.name for key in self._facts_of(facts.SigningKey).values()}

    @cached_property
    def cells(self) -> tuple[CellKey, ...]:
        """Every cell, in the order of the table."""
        return tuple(key for slug in self.registers for key in cells_of(slug))

    def _by_cell(
        self, entries: Iterable[Any], cells: str = "cells"
    ) -> dict[CellKey, tuple[Any, ...]]:
        """Return facts by the cells that their patterns in the field ``cells`` name."""
        found: dict[CellKey, list[Any]] = defaultdict(list)
        for entry in entries:
            for key in dict.fromkeys(self._expand(getattr(entry, cells))):
                found[key].append(entry)
        return {key: tuple(values) for key, values in found.items()}

    @cached_property
    def _expanded(self) -> dict[str, tuple[CellKey, ...]]:
        """The cells of each pattern that was met: measurements have the same ones again."""
        return {}

    def _expand(self, patterns: Iterable[str]) -> Iterable[CellKey]:
        for pattern in patterns:
            if (found := self._expanded.get(pattern)) is None:
                every = expand(pattern, self.members)
                found = tuple(key for key in every if key.register in self.registers)
                self._expanded[pattern] = found
            yield from found

    def cells_named(self, patterns: Iterable[str]) -> tuple[CellKey, ...]:
        """Return the cells that patterns name, in the order of the table."""
        return tuple(sorted(set(self._expand(patterns)), key=self._places.__getitem__))

    @cached_property
    def _places(self) -> dict[CellKey, int]:
        """Where each cell stands in the table."""
        return {key: place for place, key in enumerate(self.cells)}

    @cached_property
    def observations_of(self) -> dict[CellKey, tuple[facts.Observation, ...]]:
        """Observations by cell."""
        return self._by_cell(self.observations.values())

    @cached_property
    def side_effects_of(self) -> dict[CellKey, tuple[facts.Observation, ...]]:
        """Observations by the cells that they leave something wrong in, their own among them."""
        spoiling = (seen for seen in self.observations.values() if seen.side_effect)
        return self._by_cell(spoiling, "spoils")

    @cached_property
    def errata_of(self) -> dict[CellKey, tuple[facts.Erratum, ...]]:
        """Errata by cell."""
        return self._by_cell(self.errata.values())

    @cached_property
    def differences_of(self) -> dict[CellKey, tuple[facts.Difference, ...]]:
        """Differences by cell."""
        return self._by_cell(self.differences.values())

    @cached_property
    def annotations_of(self) -> dict[CellKey, tuple[facts.Annotation, ...]]:
        """Annotations by cell."""
        return self._by_cell(self.annotations.values())

    def name_of(self, key: CellKey) -> str:
        """Return what readers call a cell: ``TMCCT x2AVIC write``; its slug where it is no more."""
        register = self.registers.get(key.register)
        return key.named(register.label if register else key.register)

    def actions(self, key: CellKey, policy: facts.Policy) -> tuple[facts.MsrPolicy, ...]:
        """Return what a policy does with the MSRs of a cell; empty under AVIC (no MSR)."""
        if key.mode is Mode.AVIC:
            return ()
        spans = self.registers[key.register].msr_spans
        return tuple(p for p in policy.msrs if any(Span.parse(p.msrs).overlaps(s) for s in spans))

    def trapped(self, key: CellKey, policy: facts.Policy) -> bool:
        """Whether a policy reads an exit 402h of this cell as a trap rather than a fault."""
        spans = self.registers[key.register].offset_spans
        return any(
            Span.parse(text).overlaps(span) for text in policy.trap_offsets for span in spans
        )

    def exists(self, key: CellKey) -> bool:
        """Whether the cell exists in its mode: Self IPI has no MMIO slot."""
        claims = self.registers[key.register].claims
        here = [c for c in claims if key.mode in c.modes and key.access is c.access]
        return not any(c.behaviour is Behaviour.ABSENT for c in here)


def action_of(entry: facts.MsrPolicy, key: CellKey) -> Action:
    """Return what a policy entry does with this direction of access."""
    return entry.read if key.access.value == "read" else entry.write


def _natural(slug: str) -> tuple[int, str]:
    return (int(slug), "") if slug.isdigit() else (0, slug)
