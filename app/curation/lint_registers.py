"""What the linter holds against registers and their claims: no more than was read."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import product

from app.core import facts
from app.core.cells import IMPOSSIBLE, cells_of
from app.core.knowledge import Knowledge
from app.core.names import aliases
from app.core.numbers import MSR_BASE, MSR_LAST, PAGE_LAST, SLOT, Span, msr_of
from app.core.rulings import claims_on
from app.core.wanted import can_have
from app.core.words import ClaimKind, Strength
from app.curation.lint_facts import PAGES, Broken, Rules, check_name

ACCESS_TYPES = ("RO", "WO", "RW", "none", "mixed")
# Their addresses do not follow 800h + offset/10h (APM 24593 rev 3.44, 16.11.1, p.657).
ADDRESS_EXCEPTIONS = frozenset({"icr", "icrh", "self-ipi", "unlisted"})
BITS = re.compile(r"(\d{1,2})(?::(\d{1,2}))?")
# The behaviour of these is read out of access types; the others quote Table 15-22 or a sentence.
DERIVED = frozenset({ClaimKind.PRODUCT, ClaimKind.ACCESS_CHECK})


def _access_is_a_type(_: Knowledge, register: facts.Register) -> Broken:
    yield from check_name(("access",), register.access, ACCESS_TYPES, "RO, WO, RW, none or mixed")


def _claims_are_sound(knowledge: Knowledge, register: facts.Register) -> Broken:
    for i, claim in enumerate(register.claims):
        for rule in CLAIM_RULES:
            for place, found, expected in rule(knowledge, claim):
                yield ("claims", i, *place), found, expected


def _cells_are_claimed_once(_: Knowledge, register: facts.Register) -> Broken:
    seen: dict[object, int] = {}
    for i, claim in enumerate(register.claims):
        for mode in claim.modes:
            same = (mode, claim.access, claim.kind, claim.condition, claim.source, claim.question)
            if same in seen:
                yield ("claims", i), f"a second claim like claims[{seen[same]}]", "no overlap"
            seen[same] = i
    for cell in cells_of(register.slug):
        if not claims_on(register.claims, cell):
            yield ("claims",), f"no claim on {cell}", "a claim on each of the four cells"


def _addresses_are_right(_: Knowledge, register: facts.Register) -> Broken:
    for i, span in enumerate(register.offset_spans):
        if span.first % SLOT or span.last > PAGE_LAST:
            yield ("offsets", i), str(span), "offsets of 10h-aligned slots up to FFFh"
    for i, span in enumerate(register.msr_spans):
        if span.first < MSR_BASE or span.last > MSR_LAST:
            yield ("msrs", i), str(span), "MSRs 800h-8FFh"
    wanted = tuple(Span(msr_of(s.first), msr_of(s.last)) for s in register.offset_spans)
    if register.slug not in ADDRESS_EXCEPTIONS and register.msr_spans != wanted:
        found = ", ".join(map(str, register.msr_spans)) or "no MSR"
        yield ("msrs",), found, f"800h + offset/10h = {', '.join(map(str, wanted))}"


def _addresses_do_not_overlap(knowledge: Knowledge, register: facts.Register) -> Broken:
    for other in (r for r in knowledge.registers.values() if r.slug > register.slug):
        offsets = product(register.offset_spans, other.offset_spans)
        msrs = product(register.msr_spans, other.msr_spans)
        for place, pairs in (("offsets", offsets), ("msrs", msrs)):
            for mine, theirs in pairs:
                if mine.overlaps(theirs):
                    yield (place,), f"{mine}, which overlaps {other.slug} {theirs}", "no overlap"


def _names_are_unique(knowledge: Knowledge, register: facts.Register) -> Broken:
    for other in (r for r in knowledge.registers.values() if r.slug < register.slug):
        mine, theirs = ({a.lower() for a in aliases(r)} for r in (register, other))
        if shared := mine & theirs:
            yield ("aliases",), f"{sorted(shared)}, names of {other.slug} too", "names of its own"


def _claim_can_hold(knowledge: Knowledge, claim: facts.Claim) -> Broken:
    """Of a mode that its family has, and a behaviour that its mode has."""
    if (claim.kind is ClaimKind.PRODUCT) != bool(claim.family):
        yield ("family",), repr(claim.family), "a family, for product claims only"
    family = knowledge.families.get(claim.family)
    for mode in claim.modes:
        if claim.behaviour in IMPOSSIBLE[mode]:
            found = f"{claim.behaviour.value!r} under {mode.label}"
            yield ("behaviour",), found, f"a behaviour of {mode.way} accesses"
        if family and not can_have(family, mode):
            found = f"{mode.label} on {family.name}, none of whose dumps reports it"
            yield ("modes",), found, "a mode that the family can have"


def _place_can_be_found(knowledge: Knowledge, claim: facts.Claim) -> Broken:
    """On a page of its document; it holds from ``since`` on, and was read no earlier."""
    source = knowledge.sources.get(claim.source)
    document = knowledge.documents.get(source.document) if source else None
    if not PAGES.fullmatch(claim.page):
        yield ("page",), repr(claim.page), "pages such as 567 or 658, 661-662"
    elif document is None:
        yield ("source",), repr(claim.source), "a source that is a document"
    elif max(map(int, re.findall(r"\d+", claim.page))) > document.pages:
        expected = f"at most page {document.pages} of {document.number}"
        yield ("page",), repr(claim.page), expected
    if source is None or document is None or not claim.since:
        return
    names = [revision.revision for revision in document.revisions]
    what = f"a revision of {document.number} in its list"
    broken = [
        *check_name(("since",), claim.since, names, what),
        *check_name(("source",), source.revision, names, f"{what}, to compare with"),
    ]
    yield from broken
    if not broken and names.index(claim.since) > names.index(source.revision):
        yield ("since",), repr(claim.since), f"at most {source.revision}, in which it was read"


def _bits_are_ranges(_: Knowledge, claim: facts.Claim) -> Broken:
    """Machines read the field: ``63:18,15:13,11``, from the highest bit down."""
    last = 64
    for part in claim.bits.split(",") if claim.bits else ():
        found = BITS.fullmatch(part)
        high, low = (int(found[1]), int(found[2] or found[1])) if found else (64, 64)
        if found is None or not last > high >= low or (found[2] and high == low):
            expected = "ranges of bits from the highest down, such as 63:18,15:13,11"
            yield ("bits",), repr(claim.bits), expected
            return
        last = low


def _steps_are_inference(knowledge: Knowledge, claim: facts.Claim) -> Broken:
    """A behaviour that a document does not name, or only implies, is a step of ours."""
    source = knowledge.sources.get(claim.source)
    if claim.inference or source is None:
        return
    if claim.kind in DERIVED and claim.behaviour not in source.names:
        found = f"nothing, with {claim.behaviour.value!r}, which {source.id} does not name"
        yield ("inference",), found, "the step to it that the source does not state"
    elif claim.strength is Strength.IMPLIED and not claim.text:
        expected = "the step, or a text that tells it"
        yield ("inference",), "nothing, with strength: implied", expected


CLAIM_RULES: tuple[Callable[[Knowledge, facts.Claim], Broken], ...] = (
    _claim_can_hold,
    _place_can_be_found,
    _bits_are_ranges,
    _steps_are_inference,
)
RULES: Rules = (
    (facts.Register, _access_is_a_type),
    (facts.Register, _claims_are_sound),
    (facts.Register, _cells_are_claimed_once),
    (facts.Register, _addresses_are_right),
    (facts.Register, _addresses_do_not_overlap),
    (facts.Register, _names_are_unique),
)
