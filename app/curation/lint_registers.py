"""What the linter holds against registers: their claims, addresses and names."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches

from app.core import facts
from app.core.cells import IMPOSSIBLE, CellKey, cells_of
from app.core.knowledge import Knowledge
from app.core.numbers import MSR_BASE, MSR_LAST, PAGE_LAST, SLOT, Span, msr_of
from app.core.words import ClaimKind

Place = tuple[str | int, ...]
Broken = Iterator[tuple[Place, str, str]]
Rule = Callable[[Knowledge, facts.Fact], Broken]
PAGES = re.compile(r"\d+(-\d+)?(, \d+(-\d+)?)*")
# Their addresses do not follow 800h + offset/10h (APM 24593 rev 3.44, 16.11.1, p.657).
ADDRESS_EXCEPTIONS = frozenset({"icr", "icrh", "self-ipi", "unlisted"})


def known(place: Place, name: str, names: Iterable[str], what: str) -> Broken:
    """Complain about a name that is not one of ``names``, with the nearest that is."""
    names = list(names)
    if name and name not in names:
        near = get_close_matches(name, names, 1)
        yield place, repr(name), f"{what}" + (f" (did you mean {near[0]!r}?)" if near else "")


def _claims_are_sound(knowledge: Knowledge, fact: facts.Fact) -> Broken:
    if not isinstance(fact, facts.Register):
        return
    seen: dict[tuple[CellKey, str], int] = {}
    for i, claim in enumerate(fact.claims):
        place: Place = ("claims", i)
        yield from known(
            (*place, "condition"), claim.condition, knowledge.conditions, "a condition"
        )
        yield from known((*place, "family"), claim.family, knowledge.families, "a family")
        yield from known((*place, "question"), claim.question, knowledge.annotations, "a question")
        if (claim.kind is ClaimKind.PRODUCT) != bool(claim.family):
            yield (*place, "family"), repr(claim.family), "a family, for product claims only"
        yield from _page_is_valid(knowledge, (*place, "page"), claim)
        for mode in claim.modes:
            if claim.behaviour in IMPOSSIBLE[mode]:
                found = f"{claim.behaviour.value!r} under {mode.label}"
                yield (*place, "behaviour"), found, f"a behaviour of {mode.way} accesses"
            cell = CellKey(fact.slug, mode, claim.access)
            same = (cell, f"{claim.kind} {claim.condition} {claim.source} {claim.question}")
            if same in seen:
                yield place, f"a second claim like claims[{seen[same]}]", "no overlap"
            seen[same] = i
    for cell in cells_of(fact.slug):
        if not any(cell.mode in c.modes and cell.access is c.access for c in fact.claims):
            yield ("claims",), f"no claim on {cell}", "a claim on each of the four cells"


def _page_is_valid(knowledge: Knowledge, place: Place, claim: facts.Claim) -> Broken:
    source = knowledge.sources.get(claim.source)
    document = knowledge.documents.get(source.document) if source else None
    if not PAGES.fullmatch(claim.page):
        yield place, repr(claim.page), "pages such as 567 or 658, 661-662"
    elif document is None:
        yield (*place[:-1], "source"), repr(claim.source), "a source that is a document"
    elif max(int(n) for n in re.findall(r"\d+", claim.page)) > document.pages:
        yield place, repr(claim.page), f"at most page {document.pages} of {document.number}"


def _addresses_are_right(knowledge: Knowledge, fact: facts.Fact) -> Broken:
    if not isinstance(fact, facts.Register):
        return
    for i, span in enumerate(fact.offset_spans):
        if span.first % SLOT or span.last > PAGE_LAST:
            yield ("offsets", i), str(span), "offsets of 10h-aligned slots up to FFFh"
    for i, span in enumerate(fact.msr_spans):
        if span.first < MSR_BASE or span.last > MSR_LAST:
            yield ("msrs", i), str(span), "MSRs 800h-8FFh"
    if fact.slug not in ADDRESS_EXCEPTIONS:
        wanted = tuple(Span(msr_of(s.first), msr_of(s.last)) for s in fact.offset_spans)
        if fact.msr_spans != wanted:
            found = ", ".join(map(str, fact.msr_spans)) or "no MSR"
            yield ("msrs",), found, f"800h + offset/10h = {', '.join(map(str, wanted))}"
    yield from _overlaps(knowledge, fact, ("offsets",), lambda r: r.offset_spans)
    yield from _overlaps(knowledge, fact, ("msrs",), lambda r: r.msr_spans)


def _overlaps(
    knowledge: Knowledge,
    fact: facts.Register,
    place: Place,
    spans: Callable[[facts.Register], tuple[Span, ...]],
) -> Broken:
    for other in knowledge.registers.values():
        if other.slug <= fact.slug:
            continue
        for mine in spans(fact):
            for theirs in spans(other):
                if mine.overlaps(theirs):
                    yield place, f"{mine}, which overlaps {other.slug} {theirs}", "no overlap"


def _names_are_unique(knowledge: Knowledge, fact: facts.Fact) -> Broken:
    if not isinstance(fact, facts.Register):
        return
    for other in knowledge.registers.values():
        shared = set(_names(fact)) & set(_names(other))
        if other.slug < fact.slug and shared:
            yield ("aliases",), f"{sorted(shared)}, names of {other.slug} too", "names of its own"


def _names(register: facts.Register) -> tuple[str, ...]:
    names = (register.slug, register.abbreviation, register.macro, *register.aliases)
    return tuple(name.lower() for name in names if name and name != "-")


REGISTER_RULES: tuple[Rule, ...] = (
    _claims_are_sound,
    _addresses_are_right,
    _names_are_unique,
)
