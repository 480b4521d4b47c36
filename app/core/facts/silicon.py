"""What silicon is and does: families, observations, and what hypervisors let through."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass

from app.core.facts.base import BaseFact, CellPattern, SourceId
from app.core.numbers import Span, parse_hex
from app.core.words import Behaviour, Evidence, Scope


@dataclass(frozen=True, kw_only=True)
class CpuidRange(BaseFact):
    """Families and models as CPUID reports them, in the manual's notation."""

    family: str
    models: str
    source: SourceId
    vendor: str = "AuthenticAMD"

    def __post_init__(self) -> None:
        """Refuse numbers that cannot be read (ValueError)."""
        parse_hex(self.family)
        Span.parse(self.models)


@dataclass(frozen=True, kw_only=True)
class FeatureReading(BaseFact):
    """Feature bits that public CPUID dumps show for one family/model; ``0``, ``1`` or words.

    One dump is one machine with one BIOS: a 0 can be a BIOS choice.
    """

    cpuid: str
    steppings: str
    name: str
    dumps: int
    edx: str
    avic: str
    x2avic: str
    extlvt: str
    x2avic_ext: str
    hv_in_use_wr_allowed: str
    source: SourceId


@dataclass(frozen=True, kw_only=True)
class Family(BaseFact):
    """A microarchitecture with its CPUID ranges; ``not-stated`` is one too."""

    slug: str
    order: int
    name: str
    text: str
    cpuid: tuple[CpuidRange, ...] = ()
    products: tuple[str, ...] = ()
    readings: tuple[FeatureReading, ...] = ()
    caveat: str = ""
    default_avic: str = ""
    sources: tuple[SourceId, ...] = ()


@dataclass(frozen=True, kw_only=True)
class SideEffect(BaseFact):
    """Something wrong that an access leaves behind although it completes as documented.

    ``text`` says what, in half a sentence; ``cells`` are patterns of other cells that it
    spoils (the high half of ICR lies in the slot of ICRH).
    """

    text: str
    cells: tuple[CellPattern, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Observation(BaseFact):
    """What one access did, as one report says.

    ``cells`` are patterns; ``scope`` is ``group`` when the report names a set rather than
    the cell. ``rip`` is ``at`` or ``after``. ``report`` groups the observations of one
    report; by default each stands alone. ``intercepted`` masks it. ``member`` is the
    number of one register of a vector, when the report names one. ``unwatched`` when only
    the guest looked, so that an exit may have come first. ``restates`` when the outcome is the
    reporter's reading of the manual, so that it settles nothing. ``policy`` is what the
    hypervisor let through, where that is known. ``inference`` is the step that no source
    states.
    """

    id: str
    family: str
    cpu: str
    evidence: Evidence
    cells: tuple[CellPattern, ...]
    outcome: Behaviour
    reporter: str
    date: str
    text: str
    sources: tuple[SourceId, ...]
    scope: Scope = Scope.CELL
    condition: str = ""
    exit: str = ""
    rip: str = ""
    hedge: str = ""
    intercepted: bool = False
    report: str = ""
    machine: str = ""
    microcode: str = ""
    member: str = ""
    unwatched: bool = False
    restates: bool = False
    side_effect: SideEffect | None = None
    policy: str = ""
    inference: str = ""

    @property
    def graded(self) -> str:
        """``observed, for a group of cells; hedged: "typically"``."""
        scope = ", for a group of cells" if self.scope is Scope.GROUP else ""
        hedge = f'; hedged: "{self.hedge}"' if self.hedge else ""
        unwatched = "; nobody watched for exits" if self.unwatched else ""
        restates = "; the word is the manual's" if self.restates else ""
        inferred = "; inference in part" if self.inference else ""
        return f"{self.evidence}{scope}{hedge}{unwatched}{restates}{inferred}"

    @property
    def reported(self) -> str:
        """``Sean Christopherson (Google), 2026-05-06``; undated where the source is."""
        return f"{self.reporter}, {self.date or 'undated'}"

    @property
    def spoils(self) -> tuple[CellPattern, ...]:
        """Every cell that it is about: its own, and those that it leaves something wrong in."""
        return (*self.cells, *(self.side_effect.cells if self.side_effect else ()))

    @property
    def alike(self) -> Hashable:
        """What a verdict asks of it, beside its cell and family: what agrees is judged alike."""
        marks = self.intercepted, self.unwatched, self.restates, self.side_effect is None
        return self.outcome, self.condition, *marks

    @property
    def partial(self) -> bool:
        """Whether nobody watched for exits."""
        return self.unwatched or self.outcome is Behaviour.COMPLETED
