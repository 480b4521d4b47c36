"""What silicon is and does: families, observations, and what hypervisors let through."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.facts.base import BaseFact, CellPattern, SourceId
from app.core.numbers import Span, parse_hex
from app.core.releases import Release, branch_start, is_main
from app.core.words import Action, Behaviour, Evidence, Scope


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
    def partial(self) -> bool:
        """Whether nobody watched for exits."""
        return self.unwatched or self.outcome is Behaviour.COMPLETED


@dataclass(frozen=True, kw_only=True)
class MsrPolicy(BaseFact):
    """What a hypervisor version does with RDMSR and WRMSR of some MSRs under x2AVIC."""

    msrs: str
    read: Action
    write: Action
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class PolicyRange(BaseFact):
    """The releases of one branch, ``6.18.y`` or the main line by its name, that have a policy.

    Without ``first`` from where the stable branch begins, without ``last`` up to now.
    ``candidate`` is a release candidate of ``first`` that has it already: earlier ones are
    not known.
    """

    branch: str
    sources: tuple[SourceId, ...]
    first: str = ""
    last: str = ""
    candidate: str = ""
    inference: str = ""

    def __post_init__(self) -> None:
        """Refuse a branch or releases that cannot be read (ValueError)."""
        if not self.main:
            branch_start(self.branch)
        elif not self.first:
            raise ValueError(f"{self.branch} without its first release")
        for text in filter(None, (self.first, self.last, self.candidate)):
            Release.parse(text)

    @property
    def main(self) -> bool:
        """Whether its branch is the hypervisor's main line."""
        return is_main(self.branch)

    @property
    def begins(self) -> Release:
        """The first release of it, or what the branch begins at."""
        first = self.candidate or self.first
        return Release.parse(first) if first else branch_start(self.branch)

    def __contains__(self, release: Release) -> bool:
        return self.begins <= release and (not self.last or release <= Release.parse(self.last))

    @property
    def words(self) -> str:
        """``6.18.39 and later of 6.18.y``, ``7.1.y up to 7.1.3``, ``mainline 6.0 to 7.1``."""
        first, last, branch = self.first, self.last, self.branch
        if self.main:
            return f"{branch} {first} to {last}" if last else f"{first} and later"
        if not first:
            return f"{branch} up to {last}" if last else f"all of {branch}"
        return f"{first} to {last} of {branch}" if last else f"{first} and later of {branch}"


@dataclass(frozen=True, kw_only=True)
class Policy(BaseFact):
    """What a hypervisor version does before hardware can, and how it reads an exit 402h.

    ``not_known`` are stable branches that began with it and at whose later releases nobody
    looked. ``versions`` is what data versions without ``ranges`` said instead.
    """

    slug: str
    order: int
    hypervisor: str
    text: str
    sources: tuple[SourceId, ...]
    msrs: tuple[MsrPolicy, ...]
    trap_offsets: tuple[str, ...]
    ranges: tuple[PolicyRange, ...] = ()
    not_known: tuple[str, ...] = ()
    inference: str = ""
    versions: str = ""

    def __post_init__(self) -> None:
        """Refuse addresses and branches that cannot be read (ValueError)."""
        for text in (*self.trap_offsets, *(entry.msrs for entry in self.msrs)):
            Span.parse(text)
        for branch in self.not_known:
            branch_start(branch)

    @property
    def releases(self) -> str:
        """The releases that have it, in words: from the ranges, by what they begin at."""
        ordered = sorted(self.ranges, key=lambda range_: range_.begins)
        return ", ".join(range_.words for range_ in ordered) or self.versions

    @property
    def name(self) -> str:
        """``KVM 7.1.4 and later of 7.1.y, 7.2 and later``."""
        return f"{self.hypervisor} {self.releases}"

    @property
    def every_source(self) -> tuple[SourceId, ...]:
        """What it does and which releases have it, each source once."""
        theirs = (name for range_ in self.ranges for name in range_.sources)
        return tuple(dict.fromkeys((*self.sources, *theirs)))
