"""What facts must say about each other before the site may show them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.core import facts
from app.core.cells import IMPOSSIBLE, expand
from app.core.knowledge import Knowledge, key_of, kind_of
from app.core.numbers import Span
from app.curation.lint_claims import CLAIM_RULES
from app.curation.lint_ledger import LEDGER_RULES
from app.curation.lint_observations import OBSERVATION_RULES
from app.curation.lint_policies import POLICY_RULES
from app.curation.lint_registers import PAGES, REGISTER_RULES, Broken, Place, Rule, known
from app.curation.lint_revisions import REVISION_RULES

SLUG = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")
DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
ACCESS_TYPES = ("RO", "WO", "RW", "none", "mixed")
TAG = 10
COMMIT = re.compile(r"[0-9a-f]{12,40}")


@dataclass(frozen=True)
class LintFinding:
    """One broken rule: in which fact, where inside it, what was found and expected."""

    fact: facts.Fact
    place: Place
    found: str
    expected: str


def lint(knowledge: Knowledge) -> tuple[LintFinding, ...]:
    """Return every broken rule of a whole seed, in the order of kinds and keys."""
    found: list[LintFinding] = []
    for entries in knowledge.by_kind.values():
        for fact in entries.values():
            for rule in RULES:
                found += [LintFinding(fact, *what) for what in rule(knowledge, fact)]
    return tuple(found)


def _key_is_a_slug(_: Knowledge, fact: facts.Fact) -> Broken:
    key = key_of(fact)
    if not SLUG.fullmatch(key):
        yield ("slug",), repr(key), "lower-case letters, digits, - and ."


def _texts_are_not_empty(_: Knowledge, fact: facts.Fact) -> Broken:
    for name in ("text", "title", "name"):
        if getattr(fact, name, None) == "" and not isinstance(fact, facts.Group):
            yield (name,), "nothing", "a text"


def _sources_resolve(knowledge: Knowledge, fact: facts.Fact) -> Broken:
    for place, ids in _source_lists(fact):
        if not ids or ids == ("",):
            yield place, "no source", "at least one source"
        for name in ids:
            yield from known(place, name, knowledge.sources, "the id of a source")


# Where facts name sources: a field of their own, or one of each of their parts.
OWN_SOURCES = (facts.Observation, facts.Annotation, facts.Policy, facts.Erratum,
               facts.Difference, facts.Family)  # fmt: skip
PARTS = ("affected", "software", "life", "claims", "revisions", "cpuid", "readings", "ranges")


def _source_lists(fact: facts.Fact) -> Iterator[tuple[Place, tuple[str, ...]]]:
    if isinstance(fact, OWN_SOURCES):
        yield ("sources",), fact.sources
    for name in PARTS:
        for i, part in enumerate(getattr(fact, name, ())):
            if hasattr(part, "sources"):
                yield (name, i, "sources"), part.sources
            else:
                yield (name, i, "source"), (part.source,)


def _source_can_be_found(knowledge: Knowledge, fact: facts.Fact) -> Broken:
    if not isinstance(fact, facts.Source):
        return
    yield from known(("document",), fact.document, knowledge.documents, "the slug of a document")
    if not (fact.url or fact.message_id or fact.commit or fact.document):
        yield ("url",), "nothing", "a url, a message_id, a commit or a document"
    if fact.url and not fact.url.startswith("https://"):
        yield ("url",), repr(fact.url), "an address that begins with https://"
    if fact.commit and not COMMIT.fullmatch(fact.commit):
        yield ("commit",), repr(fact.commit), "12 to 40 lower-case hexadecimal digits"
    if fact.message_id and not re.fullmatch(r"[^<>\s]+@[^<>\s]+", fact.message_id):
        yield ("message_id",), repr(fact.message_id), "a Message-ID without angle brackets"


def _words_are_closed(knowledge: Knowledge, fact: facts.Fact) -> Broken:
    if isinstance(fact, facts.Register):
        yield from known(("access",), fact.access, ACCESS_TYPES, "RO, WO, RW, none or mixed")
    if isinstance(fact, facts.Group):
        yield from known(("source",), fact.source, knowledge.sources, "the id of a source")
    if isinstance(fact, facts.Condition) and len(fact.tag) > TAG:
        yield ("tag",), f"{len(fact.tag)} characters", f"at most {TAG}"
    if isinstance(fact, facts.Annotation) and fact.pages:
        numbers = [int(n) for n in re.findall(r"\d+", fact.pages)]
        last = max((d.pages for d in knowledge.documents.values()), default=0)
        if not PAGES.fullmatch(fact.pages) or max(numbers) > last:
            yield ("pages",), repr(fact.pages), f"pages such as 567 or 658, 661-662, up to {last}"


def _dates_are_dates(_: Knowledge, fact: facts.Fact) -> Broken:
    dates: list[tuple[Place, str]] = []
    if isinstance(fact, facts.Source | facts.Observation) and fact.date:
        dates.append((("date",), fact.date))
    if isinstance(fact, facts.Difference):
        dates += [(("life", i, "date"), event.date) for i, event in enumerate(fact.life)]
    if isinstance(fact, facts.Document):
        dates += [(("revisions", i, "date"), r.date) for i, r in enumerate(fact.revisions)]
    for place, text in dates:
        if text and not DATE.fullmatch(text):
            yield place, repr(text), "a date: YYYY, YYYY-MM or YYYY-MM-DD"


def _orders_are_unique(knowledge: Knowledge, fact: facts.Fact) -> Broken:
    if isinstance(fact, facts.Register | facts.Family | facts.Policy):
        of_kind: Iterable[facts.Fact] = knowledge.by_kind[kind_of(fact)].values()
        # Each hypervisor counts its own versions.
        mine = knowledge.hypervisors[fact.hypervisor] if isinstance(fact, facts.Policy) else of_kind
        for other in mine:
            if getattr(other, "order", None) == fact.order and key_of(other) < key_of(fact):
                yield ("order",), f"{fact.order}, as {key_of(other)!r} has", "an order of its own"
    last = len(knowledge.differences)
    if isinstance(fact, facts.Difference) and not 1 <= fact.number <= last:
        yield ("number",), str(fact.number), "numbers without a gap"


def _references_resolve(knowledge: Knowledge, fact: facts.Fact) -> Broken:
    lists: list[tuple[str, Iterable[str], Iterable[str], str]] = [
        ("registers", getattr(fact, "registers", ()), knowledge.registers, "a register"),
        ("families", getattr(fact, "families", ()), knowledge.families, "a family"),
        ("observations", getattr(fact, "observations", ()), knowledge.observations, "an id"),
        ("errata", getattr(fact, "errata", ()), knowledge.errata, "the slug of an erratum"),
    ]
    for field, names, valid, what in lists:
        for i, name in enumerate(names):
            yield from known((field, i), name, valid, what)
    if isinstance(fact, facts.Observation):
        yield from known(("family",), fact.family, knowledge.families, "a family")
        yield from known(("condition",), fact.condition, knowledge.conditions, "a condition")
    if isinstance(fact, facts.Erratum):
        for i, part in enumerate(fact.affected):
            yield from known(("affected", i, "family"), part.family, knowledge.families, "a family")


def _cells_resolve(knowledge: Knowledge, fact: facts.Fact) -> Broken:
    for i, pattern in enumerate(getattr(fact, "cells", ())):
        try:
            keys = expand(pattern, knowledge.members)
        except ValueError as error:
            yield ("cells", i), str(error), "register/mode/access, with * or @group"
            continue
        for name in dict.fromkeys(key.register for key in keys):
            yield from known(("cells", i), name, knowledge.registers, "the slug of a register")
        if isinstance(fact, facts.Observation):
            for mode in {key.mode for key in keys if fact.outcome in IMPOSSIBLE[key.mode]}:
                yield ("outcome",), f"{fact.outcome.value!r} under {mode.label}", "one it can have"


def _conditions_nest(knowledge: Knowledge, fact: facts.Fact) -> Broken:
    if not isinstance(fact, facts.Condition) or not fact.within:
        return
    outer = knowledge.conditions.get(fact.within)
    if outer is None or outer.axis != fact.axis:
        yield ("within",), repr(fact.within), f"a condition on the axis {fact.axis!r}"
    seen = {fact.slug}
    while outer is not None and outer.within:
        if outer.slug in seen:
            yield ("within",), f"a circle through {outer.slug!r}", "an outer condition"
            return
        seen.add(outer.slug)
        outer = knowledge.conditions.get(outer.within)


def _families_do_not_overlap(knowledge: Knowledge, fact: facts.Fact) -> Broken:
    if not isinstance(fact, facts.Family):
        return
    for i, mine in enumerate(fact.cpuid):
        for other in knowledge.families.values():
            for theirs in other.cpuid if other.slug < fact.slug else ():
                same = theirs.family == mine.family
                if same and Span.parse(theirs.models).overlaps(Span.parse(mine.models)):
                    found = f"{mine.family} {mine.models}, which overlaps {other.slug}"
                    yield ("cpuid", i, "models"), found, "no overlap"


RULES: tuple[Rule, ...] = (
    _key_is_a_slug,
    _texts_are_not_empty,
    _sources_resolve,
    _source_can_be_found,
    _words_are_closed,
    _dates_are_dates,
    *REGISTER_RULES,
    *CLAIM_RULES,
    *REVISION_RULES,
    *OBSERVATION_RULES,
    _orders_are_unique,
    _references_resolve,
    _cells_resolve,
    _conditions_nest,
    _families_do_not_overlap,
    *POLICY_RULES,
    *LEDGER_RULES,
)
