"""What hypervisors do: policies, the releases that have them, and the trees they were read in."""

from __future__ import annotations

from dataclasses import dataclass

from app.core.facts.base import BaseFact, SourceId
from app.core.numbers import Span
from app.core.releases import Release, branch_start, is_main
from app.core.words import Action


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
    not known. ``unread`` where no tree of these releases was read: they were typed by hand.
    """

    branch: str
    sources: tuple[SourceId, ...]
    first: str = ""
    last: str = ""
    candidate: str = ""
    inference: str = ""
    unread: bool = False

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

    def holds(self, release: Release) -> bool:
        """Whether a release is one of these, or of a stable branch that begins at one of them."""
        if not self.main or not release.patch:
            own = self.main or release.branch == self.branch
            return own and release in self
        return not self.last and release.start in self

    @property
    def words(self) -> str:
        """``6.18.39 and later of 6.18.y``, ``7.1.y up to 7.1.3``, ``mainline 6.0 to 7.1``."""
        first, last, branch = self.first, self.last, self.branch
        if self.main:
            return f"{branch} {first} to {last}" if last else f"{first} and later"
        if not first:
            return f"{branch} up to {last}" if last else f"all of {branch}"
        if first == last:
            return f"{first} of {branch}"
        return f"{first} to {last} of {branch}" if last else f"{first} and later of {branch}"


@dataclass(frozen=True, kw_only=True)
class ReadMsr(BaseFact):
    """The lines of a tree that let RDMSR and WRMSR of some MSRs through, empty where none does."""

    msrs: str
    read: str = ""
    write: str = ""


@dataclass(frozen=True, kw_only=True)
class ReadTrap(BaseFact):
    """The line of a tree that takes an exit 402h at an offset for a trap."""

    offset: str
    at: str


@dataclass(frozen=True, kw_only=True)
class Inhibit(BaseFact):
    """A reason for which a tree keeps AVIC off: its bit, its line, and the line that heeds it.

    Without ``heeded`` the tree knows the reason and AVIC does not care.
    """

    name: str
    bit: int
    at: str
    heeded: str = ""


@dataclass(frozen=True, kw_only=True)
class PolicyReading(BaseFact):
    """What a program read in one tree, each thing with its file and line there."""

    version: str
    source: SourceId
    msrs: tuple[ReadMsr, ...]
    traps: tuple[ReadTrap, ...]
    inhibits: tuple[Inhibit, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Policy(BaseFact):
    """What a hypervisor version does before hardware can, and how it reads an exit 402h.

    ``not_known`` are stable branches that began with it and at whose later releases nobody
    looked. ``versions`` is what data versions without ``ranges`` said instead. ``readings`` are
    the trees, oldest first, in which all of ``msrs`` and ``trap_offsets`` was found.
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
    readings: tuple[PolicyReading, ...] = ()

    def __post_init__(self) -> None:
        """Refuse addresses and branches that cannot be read (ValueError)."""
        for text in (*self.trap_offsets, *(entry.msrs for entry in self.msrs)):
            Span.parse(text)
        for branch in self.not_known:
            branch_start(branch)

    def read_of(self, range_: PolicyRange) -> tuple[PolicyReading, ...]:
        """Return the trees of a range that were read."""
        named = ((reading, Release.find(reading.version)) for reading in self.readings)
        return tuple(reading for reading, of in named if of and range_.holds(of))

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
    def heading(self) -> str:
        """``KVM 7.2 and later``: the releases of its main line alone, where room is short."""
        main = next((range_.words for range_ in self.ranges if range_.main), "")
        return f"{self.hypervisor} {main}" if main else self.name

    @property
    def every_source(self) -> tuple[SourceId, ...]:
        """What it does and which releases have it, each source once."""
        theirs = (name for range_ in self.ranges for name in range_.sources)
        trees = (reading.source for reading in self.readings)
        return tuple(dict.fromkeys((*self.sources, *theirs, *trees)))
