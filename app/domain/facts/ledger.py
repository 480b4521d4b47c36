"""What is kept about cells: errata, differences with their life, annotations."""

from __future__ import annotations

from dataclasses import dataclass

from app.domain.facts.base import BaseFact, CellPattern, SourceId
from app.domain.words import AnnotationKind, DifferenceState, ErratumGrade, ErratumKind


@dataclass(frozen=True, kw_only=True)
class Affected(BaseFact):
    """Which parts an erratum names: a family of ours if it maps, and the source's words."""

    cpuid: str
    source: SourceId
    family: str = ""
    stepping: str = ""


@dataclass(frozen=True, kw_only=True)
class SoftwareNote(BaseFact):
    """What software does about an erratum, with where that is written."""

    text: str
    sources: tuple[SourceId, ...]


@dataclass(frozen=True, kw_only=True)
class Erratum(BaseFact):
    """A published or informal defect note that touches cells and families.

    ``symptom`` and ``workaround`` stay empty when only the title was seen. ``inference``
    holds conclusions that no source states.
    """

    slug: str
    title: str
    kind: ErratumKind
    grade: ErratumGrade
    sources: tuple[SourceId, ...]
    number: str = ""
    symptom: str = ""
    workaround: str = ""
    fix: str = ""
    affected: tuple[Affected, ...] = ()
    cells: tuple[CellPattern, ...] = ()
    touches: str = ""
    software: tuple[SoftwareNote, ...] = ()
    inference: str = ""
    aliases: tuple[str, ...] = ()
    not_listed: str = ""


@dataclass(frozen=True, kw_only=True)
class Event(BaseFact):
    """One moment in the life of a difference."""

    date: str
    state: DifferenceState
    text: str
    sources: tuple[SourceId, ...]


@dataclass(frozen=True, kw_only=True)
class Difference(BaseFact):
    """A numbered, citable disagreement; its state is that of its last event."""

    number: int
    title: str
    cells: tuple[CellPattern, ...]
    table_says: str
    instead: str
    text: str
    life: tuple[Event, ...]
    sources: tuple[SourceId, ...]
    families: tuple[str, ...] = ()
    observations: tuple[str, ...] = ()
    errata: tuple[str, ...] = ()
    inference: str = ""

    def __post_init__(self) -> None:
        """Refuse a difference without a life (ValueError)."""
        if not self.life:
            raise ValueError("life must hold at least one event")

    @property
    def slug(self) -> str:
        """The number as it stands in the URL."""
        return str(self.number)

    @property
    def state(self) -> DifferenceState:
        """Where its life has come to."""
        return self.life[-1].state


@dataclass(frozen=True, kw_only=True)
class Annotation(BaseFact):
    """A sourced remark on cells, registers, families or (with none of them) the whole table."""

    slug: str
    kind: AnnotationKind
    title: str
    text: str
    sources: tuple[SourceId, ...]
    cells: tuple[CellPattern, ...] = ()
    registers: tuple[str, ...] = ()
    families: tuple[str, ...] = ()
    pages: str = ""
    inference: bool = False
