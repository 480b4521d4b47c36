"""What is kept about cells: errata, differences with their life, annotations."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.emulator_words import Avic, Emulator, Following
from app.core.facts.base import BaseFact, CellPattern, SourceId
from app.core.words import AnnotationKind, DifferenceState, ErratumGrade, ErratumKind


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
    """One moment in the life of a difference.

    ``revision`` is that of the document that says it, for ``documented`` and ``mended`` alone;
    one of the sources is that document. The text of a retraction is its reason.
    """

    date: str
    state: DifferenceState
    text: str
    sources: tuple[SourceId, ...]
    revision: str = ""


@dataclass(frozen=True, kw_only=True)
class Difference(BaseFact):
    """A numbered, citable disagreement; a number is never used for another.

    It covers its cells for ``families``, for every family when it names none. With ``emulator`` it
    is no word about silicon but one about that software, against the manual's rules as a guest
    sees them: such entries have numbers of their own, E-1, E-2 ..., and ``following`` is the
    verdict on the answers that they speak of.
    """

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
    emulator: Emulator | None = None
    following: Following | None = None

    def __post_init__(self) -> None:
        """Refuse a difference without a life (ValueError)."""
        if not self.life:
            raise ValueError("life must hold at least one event")

    @property
    def slug(self) -> str:
        """The number as it stands in the URL."""
        return f"e-{self.number}" if self.emulator else str(self.number)

    @property
    def label(self) -> str:
        """``D-3``, ``E-1``: how it is cited."""
        return label_of(self.slug)

    @property
    def path(self) -> str:
        """The address of its page."""
        return f"/e/{self.slug}" if self.emulator else f"/d/{self.slug}"

    @property
    def listed(self) -> str:
        """``D-3 (retracted)``: its label where nothing else says whether it stands."""
        return self.label if self.stands else f"{self.label} (retracted)"

    @property
    def state(self) -> DifferenceState:
        """The furthest that its life has come to: what is documented stays so."""
        return max((event.state for event in self.life), key=list(DifferenceState).index)

    @property
    def reached(self) -> tuple[Event, ...]:
        """The first event of each state, in the order in which they came."""
        first: dict[DifferenceState, Event] = {}
        for event in self.life:
            first.setdefault(event.state, event)
        return tuple(first.values())

    @property
    def retraction(self) -> Event | None:
        """The event that took it back, with the reason; None while it stands."""
        return next((e for e in self.life if e.state is DifferenceState.RETRACTED), None)

    @property
    def stands(self) -> bool:
        """Whether nobody took it back."""
        return self.retraction is None

    def speaks_of(self, family: str) -> bool:
        """Whether it is about a family: it names it, or none at all."""
        return not self.families or family in self.families

    @property
    def all_sources(self) -> tuple[SourceId, ...]:
        """Its own sources and those of its events, each once."""
        ids = (*self.sources, *(name for event in self.life for name in event.sources))
        return tuple(dict.fromkeys(ids))


@dataclass(frozen=True, kw_only=True)
class Annotation(BaseFact):
    """A sourced remark on cells, registers, families or (with none of them) the whole table.

    With ``hypervisors`` it is what these, which have no policy, do about AVIC, as of ``version``.
    """

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
    hypervisors: tuple[str, ...] = ()
    avic: Avic | None = None
    version: str = ""


def label_of(slug: str) -> str:
    """Return how a difference of the ledger is cited, by its slug: ``D-3``, ``E-1``."""
    return f"D-{slug}" if slug.isdigit() else slug.upper()
