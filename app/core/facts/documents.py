"""What documents say: sources, revisions, conditions, claims, registers."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from app.core.facts.base import BaseFact, SourceId
from app.core.numbers import SLOT, Span
from app.core.words import Access, Behaviour, ClaimKind, Mode, Reading, SourceKind, Strength


@dataclass(frozen=True, kw_only=True)
class Source(BaseFact):
    """Where anything comes from.

    ``document`` and ``revision`` for manuals, ``commit`` (12 or more hex digits) with
    ``repository`` for commits, ``message_id`` for mails. ``date`` is ``YYYY-MM-DD`` or
    shorter. ``names`` are the behaviours that a document names in its own words: what it
    is cited for beyond them is inference.
    """

    id: SourceId
    kind: SourceKind
    title: str
    read: Reading
    author: str = ""
    date: str = ""
    url: str = ""
    message_id: str = ""
    commit: str = ""
    repository: str = ""
    document: str = ""
    revision: str = ""
    note: str = ""
    names: tuple[Behaviour, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Revision(BaseFact):
    """One revision of a document and what it changed for this site.

    ``modes`` are those that no earlier revision of the list is known to document.
    """

    revision: str
    change: str
    source: SourceId
    date: str = ""
    modes: tuple[Mode, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Document(BaseFact):
    """A vendor document; revisions oldest first."""

    slug: str
    number: str
    title: str
    publisher: str
    pages: int
    revisions: tuple[Revision, ...]
    note: str = ""


@dataclass(frozen=True, kw_only=True)
class Condition(BaseFact):
    """When a behaviour holds.

    Two conditions on one ``axis`` exclude each other unless one lies ``within`` the
    other (bit 18 of LVTT is one of its reserved bits). ``tag`` is its name in narrow
    columns, at most ten characters.
    """

    slug: str
    text: str
    tag: str
    axis: str
    within: str = ""


@dataclass(frozen=True, kw_only=True)
class Group(BaseFact):
    """A named set of registers: a filter of the table, or the scope of a report."""

    slug: str
    name: str
    registers: tuple[str, ...]
    text: str = ""
    source: SourceId = ""
    filter: bool = False


@dataclass(frozen=True, kw_only=True)
class Claim(BaseFact):
    """What one place in one revision of a document says about cells of one register.

    ``family`` and ``models`` limit a ``product`` claim; ``qualifier`` is the table's own
    tag; ``question`` marks a ``note`` as open (it states an alternative and never rules);
    ``since`` is the first revision that is known to say so; ``bits`` the reserved bits meant,
    as ranges alone (``63:18,15:13,11``); ``inference`` the step that the source does not state.
    """

    modes: tuple[Mode, ...]
    access: Access
    kind: ClaimKind
    behaviour: Behaviour
    source: SourceId
    page: str
    strength: Strength = Strength.EXPLICIT
    condition: str = ""
    section: str = ""
    table: str = ""
    family: str = ""
    models: str = ""
    qualifier: str = ""
    question: str = ""
    since: str = ""
    bits: str = ""
    text: str = ""
    inference: str = ""

    @property
    def branch(self) -> tuple[Behaviour, str]:
        """What it says: a behaviour and its condition."""
        return self.behaviour, self.condition

    @property
    def graded(self) -> str:
        """``access-check, implied``; explicit claims say their kind alone.

        Where our own step leads to the #GP: ``product, inferred``.
        """
        inferred = ", inferred" if self.inference and self.kind is not ClaimKind.NOTE else ""
        implied = ", implied" if self.strength is Strength.IMPLIED else inferred
        return f"{self.kind}{implied}{', open question' if self.question else ''}"

    @property
    def known_since(self) -> str:
        """``since revision 3.37, by inference``: nobody here read that one; empty if not known."""
        return f"since revision {self.since}, by inference" if self.since else ""

    @property
    def ranks(self) -> bool:
        """Whether it may rule a cell: an open question only states an alternative."""
        return not self.question


@dataclass(frozen=True, kw_only=True)
class Register(BaseFact):
    """A row of Table 15-22.

    ``offsets`` and ``msrs`` are spans; ``access`` is the x2APIC column of Table 16-6
    (``RO``, ``WO``, ``RW``, ``none``, or ``mixed``); ``aliases`` are other names.
    """

    slug: str
    order: int
    name: str
    abbreviation: str
    claims: tuple[Claim, ...]
    access: str
    macro: str = ""
    offsets: tuple[str, ...] = ()
    msrs: tuple[str, ...] = ()
    vector: bool = False
    aliases: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        """Refuse addresses that cannot be read (ValueError)."""
        for text in (*self.offsets, *self.msrs):
            Span.parse(text)

    @property
    def label(self) -> str:
        """``LDR``; the name where there is no abbreviation."""
        return self.name if self.abbreviation == "-" else self.abbreviation

    @property
    def heading(self) -> str:
        """``LDR - Logical Destination Register``; the name alone if there is no abbreviation."""
        return self.name if self.abbreviation == "-" else f"{self.abbreviation} - {self.name}"

    @property
    def addresses(self) -> str:
        """``0D0h, MSR 80Dh``: where it is."""
        return ", ".join((*self.offsets, *(["MSR " + ", ".join(self.msrs)] if self.msrs else [])))

    @property
    def x2apic_access(self) -> str:
        """``RW``: the type of access that x2APIC mode gives."""
        return "not implemented there" if self.access == "none" else self.access

    @property
    def members(self) -> tuple[str, ...]:
        """``ISR3 130h, MSR 813h``: each register of a vector, with its addresses."""
        offset, msr = self.offset_spans[0].first, self.msr_spans[0]
        return tuple(
            f"{self.abbreviation}{n} {offset + n * SLOT:03X}h, MSR {msr.first + n:03X}h"
            for n in range(msr.last - msr.first + 1)
        )

    @property
    def offset_spans(self) -> tuple[Span, ...]:
        """The xAPIC offsets, in bytes from the APIC page."""
        return tuple(Span.parse(text) for text in self.offsets)

    @cached_property
    def msr_spans(self) -> tuple[Span, ...]:
        """The x2APIC MSR numbers."""
        return tuple(Span.parse(text) for text in self.msrs)
