"""What the linter holds against claims and the sources behind them: no more than was read."""

from __future__ import annotations

import re

from app.core import facts
from app.core.knowledge import Knowledge
from app.core.words import ClaimKind, Reading, Strength
from app.curation.lint_registers import Broken, Place, Rule

OWN_TITLE = re.compile(r"\[.*\]")
UNREAD = frozenset({Reading.TITLE, Reading.CITED})
BITS = re.compile(r"(\d{1,2})(?::(\d{1,2}))?")
# The behaviour of these is read out of access types; the others quote Table 15-22 or a sentence.
DERIVED = frozenset({ClaimKind.PRODUCT, ClaimKind.ACCESS_CHECK})


def _bits_are_ranges(_: Knowledge, fact: facts.Fact) -> Broken:
    """Machines read the field: ``63:18,15:13,11``, from the highest bit down."""
    if not isinstance(fact, facts.Register):
        return
    for i, claim in enumerate(fact.claims):
        if claim.bits and not _descend(claim.bits):
            expected = "ranges of bits from the highest down, such as 63:18,15:13,11"
            yield ("claims", i, "bits"), repr(claim.bits), expected


def _descend(bits: str) -> bool:
    last = 64
    for part in bits.split(","):
        found = BITS.fullmatch(part)
        if found is None:
            return False
        high, low = int(found[1]), int(found[2] or found[1])
        if not last > high >= low or (found[2] and high == low):
            return False
        last = low
    return True


def _own_titles_were_read(_: Knowledge, fact: facts.Fact) -> Broken:
    """Brackets mark a title of ours; it tells what a source says, so somebody read it."""
    if not isinstance(fact, facts.Source) or fact.read not in UNREAD:
        return
    if OWN_TITLE.fullmatch(fact.title):
        found = f"{fact.title!r}, our own title, with read: {fact.read}"
        yield ("title",), found, "the source's own title, or words that do not tell what it says"


def _steps_are_inference(knowledge: Knowledge, fact: facts.Fact) -> Broken:
    """A behaviour that a document does not name, or only implies, is a step of ours."""
    if not isinstance(fact, facts.Register):
        return
    for i, claim in enumerate(fact.claims):
        place: Place = ("claims", i, "inference")
        source = knowledge.sources.get(claim.source)
        if claim.inference or source is None:
            continue
        if claim.kind in DERIVED and claim.behaviour not in source.names:
            found = f"nothing, with {claim.behaviour.value!r}, which {source.id} does not name"
            yield place, found, "the step to it that the source does not state"
        elif claim.strength is Strength.IMPLIED and not claim.text:
            yield place, "nothing, with strength: implied", "the step, or a text that tells it"


CLAIM_RULES: tuple[Rule, ...] = (_bits_are_ranges, _own_titles_were_read, _steps_are_inference)
