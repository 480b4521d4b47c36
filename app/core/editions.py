"""Editions of AMD's manual: which claims a revision makes, as far as anybody here knows.

A claim was read in the revision of its source. That it holds in another one is inference,
from three things: the claim's ``since`` and ``until``, the modes that a revision of the list
is the first to document, and nothing else. Claims of other documents have editions of their
own: they stay wherever the manual says anything about the cell that they speak of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

from app.core.facts import Claim, Document, Register, Revision, Source
from app.core.knowledge import Knowledge
from app.core.words import Access, Mode
from app.errors import NotFound

MANUAL = "apm"
NUMBER = re.compile(r"(\d+)\.(\d\d)")
_NONE = Document(slug=MANUAL, number="", title="", publisher="", pages=0, revisions=())


@dataclass(frozen=True)
class Held:
    """For which revisions one claim is taken to hold under one mode.

    ``read`` is the revision in which it was read, ``place`` the first that has the place
    itself where that is older than what it says of this mode. ``oldest`` when ``since`` is
    merely the first revision of the list.
    """

    read: str
    since: Revision
    until: Revision | None
    place: Revision | None
    oldest: bool


@dataclass(frozen=True)
class AsStated:
    """A revision of the manual as the table shows it.

    ``listed`` is the revision of the list that stands for it, ``read`` are the revisions
    that somebody here read, ``later`` the newer ones that add claims, ``silent`` the modes
    that it says nothing of. ``path`` is the query that asks for it, empty for the newest.
    """

    document: Document
    revision: str
    listed: Revision
    read: tuple[str, ...]
    newest: str
    later: tuple[Revision, ...]
    silent: tuple[Mode, ...]

    @property
    def inference(self) -> bool:
        """Whether nobody here read this revision."""
        return self.revision not in self.read

    @property
    def asked(self) -> bool:
        """Whether it is another than the newest, which every page shows unasked."""
        return self.revision != self.newest

    @property
    def query(self) -> str:
        """The query string that asks for it, empty for the newest."""
        return f"apm={self.revision}" if self.asked else ""


@dataclass(frozen=True)
class Manual:
    """The manual with its revisions, oldest first, and where each claim stands in them."""

    document: Document
    sources: Mapping[str, Source]

    @classmethod
    def of(cls, knowledge: Knowledge) -> Manual:
        """Take the manual from what is known; without it every claim always holds."""
        return cls(knowledge.documents.get(MANUAL, _NONE), knowledge.sources)

    @cached_property
    def revisions(self) -> dict[str, int]:
        """Every revision that can be asked for, with its place in the list, oldest first.

        A number between two of the list counts as the older one: the list names what
        changed, so what it does not name is taken to have changed nothing here.
        """
        listed = self.document.revisions
        found = {listed[0].revision: 0} if listed else {}
        for at, (one, other) in enumerate(pairwise(listed)):
            found |= dict.fromkeys(_between(one.revision, other.revision), at)
            found[other.revision] = at + 1
        return found

    @property
    def newest(self) -> str:
        """The newest revision, empty without any."""
        return next(reversed(self.revisions), "")

    def at(self, revision: str) -> int:
        """Return a revision's place in the list; the empty one is the newest.

        Raises NotFound for a revision that is older or newer than the list.
        """
        name = revision or self.newest
        if not self.revisions:
            raise NotFound("No revision of the manual is known.")
        if name not in self.revisions:
            ends = tuple(dict.fromkeys((next(iter(self.revisions), ""), self.newest)))
            message = f"There is no revision {name!r} of the manual in {' to '.join(ends)}."
            raise NotFound(message, hints=ends)
        return self.revisions[name]

    def speaks(self, claim: Claim) -> bool:
        """Whether a claim is one of the manual's."""
        source = self.sources.get(claim.source)
        return bool(self.document.revisions and source and source.document == MANUAL)

    def held(self, claim: Claim, mode: Mode) -> Held | None:
        """Return for which revisions a claim holds; None for one of another document."""
        if not self.speaks(claim):
            return None
        first, last = self.span(claim, mode)
        listed = self.document.revisions
        own = self.revisions.get(claim.since, 0)
        return Held(
            read=self.sources[claim.source].revision,
            since=listed[first],
            until=listed[last] if last < len(listed) - 1 else None,
            place=listed[own] if 0 < own < first else None,
            oldest=first == 0,
        )

    def span(self, claim: Claim, mode: Mode) -> tuple[int, int]:
        """Return the places of the first and the last revision for which a claim holds."""
        last = len(self.document.revisions) - 1
        return (
            max(self.revisions.get(claim.since, 0), self.begins.get(mode, 0)),
            self.revisions.get(claim.until, last),
        )

    @cached_property
    def begins(self) -> dict[Mode, int]:
        """The place of the first revision of the list that documents each mode."""
        listed = enumerate(self.document.revisions)
        return {mode: at for at, revision in listed for mode in revision.modes}

    def stated(self, register: Register, at: int) -> Register:
        """Return a register with the claims that hold at a place of the list."""
        modes = {i: self._modes(claim, at) for i, claim in enumerate(register.claims)}
        covered = {
            (mode, claim.access)
            for i, claim in enumerate(register.claims)
            for mode in modes[i]
            if self.speaks(claim)
        }
        claims = tuple(_narrowed(register.claims, modes, covered, self))
        return register if claims == register.claims else replace(register, claims=claims)

    def _modes(self, claim: Claim, at: int) -> tuple[Mode, ...]:
        if not self.speaks(claim):
            return claim.modes
        spans = {mode: self.span(claim, mode) for mode in claim.modes}
        return tuple(mode for mode, (first, last) in spans.items() if first <= at <= last)


def _narrowed(
    claims: tuple[Claim, ...],
    modes: Mapping[int, tuple[Mode, ...]],
    covered: set[tuple[Mode, Access]],
    manual: Manual,
) -> Iterator[Claim]:
    for i, claim in enumerate(claims):
        left = modes[i]
        if manual.document.revisions and not manual.speaks(claim):
            left = tuple(mode for mode in left if (mode, claim.access) in covered)
        if left:
            yield claim if left == claim.modes else replace(claim, modes=left)


def knowledge_at(knowledge: Knowledge, revision: str = "") -> Knowledge:
    """Return what is known with the claims that a revision makes; the newest without one.

    Everything else stays: what silicon did does not depend on the manual. Raises NotFound
    for a revision that is older or newer than the list.
    """
    manual = Manual.of(knowledge)
    if not manual.revisions and not revision:
        return knowledge
    at = manual.at(revision)
    registers = {slug: manual.stated(r, at) for slug, r in knowledge.registers.items()}
    if registers == knowledge.registers:
        return knowledge
    return Knowledge({**knowledge.by_kind, "register": registers})


def epoch(knowledge: Knowledge, revision: str = "") -> int:
    """Return a number that two revisions share when they make the same claims."""
    manual = Manual.of(knowledge)
    if not manual.revisions and not revision:
        return 0
    at = manual.at(revision)
    return max((start for start in _starts(knowledge.registers.values(), manual) if start <= at),
               default=0)  # fmt: skip


def as_stated(knowledge: Knowledge, revision: str = "") -> AsStated | None:
    """Return how a revision is shown, the newest without one; None without a manual."""
    manual = Manual.of(knowledge)
    if not manual.revisions and not revision:
        return None
    at = manual.at(revision)
    claims = [c for r in knowledge.registers.values() for c in r.claims if manual.speaks(c)]
    starts = _starts(knowledge.registers.values(), manual)
    listed = manual.document.revisions
    own = {manual.revisions.get(c.since, 0) for c in claims}
    return AsStated(
        document=manual.document,
        revision=revision or manual.newest,
        listed=listed[at],
        read=tuple(dict.fromkeys(knowledge.sources[c.source].revision for c in claims)),
        newest=manual.newest,
        later=tuple(r for i, r in enumerate(listed) if i > at and i in starts | own),
        silent=tuple(mode for mode, first in manual.begins.items() if first > at),
    )


def labels(knowledge: Knowledge) -> dict[str, str]:
    """Return every revision that can be asked for, newest first, with its label."""
    manual = Manual.of(knowledge)
    listed = {r.revision: r for r in manual.document.revisions}
    return {
        name: f"revision {name}" + (f", {listed[name].date}" if name in listed else ", not listed")
        for name in reversed(manual.revisions)
    }


def _starts(registers: Iterable[Register], manual: Manual) -> frozenset[int]:
    """Return the places at which any claim begins to hold, or no longer holds."""
    spans = [
        manual.span(claim, mode)
        for register in registers
        for claim in register.claims
        if manual.speaks(claim)
        for mode in claim.modes
    ]
    ends = {last + 1 for _, last in spans if last + 1 < len(manual.document.revisions)}
    return frozenset({first for first, _ in spans} | ends)


def _between(one: str, other: str) -> Iterator[str]:
    """Yield the numbers between two revisions, ``3.38`` between ``3.37`` and ``3.39``."""
    first, last = NUMBER.fullmatch(one), NUMBER.fullmatch(other)
    if first and last and first[1] == last[1]:
        yield from (f"{first[1]}.{n:02d}" for n in range(int(first[2]) + 1, int(last[2])))
