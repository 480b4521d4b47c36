"""What the linter holds against facts of any kind, and against those with few rules.

A rule takes what is known and one fact, and yields what is broken: the place inside the fact,
what was found there, and what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from typing import Any

from app.core import facts
from app.core.cells import CellKey, expand
from app.core.emulator_words import Avic
from app.core.inhibits import trees_read
from app.core.knowledge import Knowledge, key_of, kind_of
from app.core.numbers import Span
from app.core.revisions import MANUAL
from app.core.words import Reading

Broken = Iterator[tuple[facts.FactPath, str, str]]
# The kind of fact, or several, that each rule is about.
Rules = tuple[tuple[Any, Callable[[Knowledge, Any], Broken]], ...]

PAGES = re.compile(r"\d+(-\d+)?(, \d+(-\d+)?)*")
SLUG = re.compile(r"[a-z0-9]+(?:[.-][a-z0-9]+)*")
DATE = re.compile(r"\d{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?")
TAG = 10
COMMIT = re.compile(r"[0-9a-f]{12,40}")
REVISION = re.compile(r"(\d+)\.(\d\d)")
OWN_TITLE = re.compile(r"\[.*\]")
UNREAD = frozenset({Reading.TITLE, Reading.CITED})

# Where facts name sources: a field of their own, or one of each of their parts.
OWN_SOURCES = (
    facts.Observation
    | facts.Annotation
    | facts.Policy
    | facts.Erratum
    | facts.Difference
    | facts.Family
)
PARTS = ("affected", "software", "life", "claims", "revisions", "cpuid", "readings", "ranges",
         "sets", "clears", "settings", "seen")  # fmt: skip
# Fields of facts and of their parts that hold keys of other facts, and which.
REFERENCES = (
    ("registers", "registers", "a register"),
    ("families", "families", "a family"),
    ("observations", "observations", "an id"),
    ("errata", "errata", "the slug of an erratum"),
    ("family", "families", "a family"),
    ("condition", "conditions", "a condition"),
    ("question", "annotations", "a question"),
    ("document", "documents", "the slug of a document"),
    ("policy", "policies", "the slug of a policy"),
)


def check_name(place: facts.FactPath, name: str, names: Iterable[str], what: str) -> Broken:
    """Complain about a name that is not one of ``names``, with the nearest that is."""
    names = list(names)
    if name and name not in names:
        near = get_close_matches(name, names, 1)
        yield place, repr(name), f"{what}" + (f" (did you mean {near[0]!r}?)" if near else "")


def cell_lists(fact: facts.Fact) -> Iterator[tuple[facts.FactPath, tuple[str, ...]]]:
    """Yield the cell patterns of a fact: its own, and those that its side effect spoils."""
    yield ("cells",), getattr(fact, "cells", ())
    if isinstance(fact, facts.Observation) and fact.side_effect:
        yield ("side_effect", "cells"), fact.side_effect.cells


def cells_known(knowledge: Knowledge, patterns: Iterable[str]) -> Iterator[tuple[int, CellKey]]:
    """Yield the cells of patterns that exist, each with the place of its pattern."""
    for i, pattern in enumerate(patterns):
        try:
            keys = expand(pattern, knowledge.members)
        except ValueError:
            continue
        yield from ((i, key) for key in keys if key.register in knowledge.registers)


def _key_is_a_slug(_: Knowledge, fact: facts.Fact) -> Broken:
    key = key_of(fact)
    if not SLUG.fullmatch(key):
        yield ("slug",), repr(key), "lower-case letters, digits, - and ."


def _texts_are_not_empty(_: Knowledge, fact: facts.Fact) -> Broken:
    for name in ("text", "title", "name"):
        if getattr(fact, name, None) == "" and not isinstance(fact, facts.Group):
            yield (name,), "nothing", "a text"


def _sources_resolve(knowledge: Knowledge, fact: facts.Fact) -> Broken:
    lists: list[tuple[facts.FactPath, tuple[str, ...]]] = []
    if isinstance(fact, OWN_SOURCES):
        lists.append((("sources",), fact.sources))
    for name in PARTS:
        for i, part in enumerate(getattr(fact, name, ())):
            several = getattr(part, "sources", None)
            field, ids = ("source", (part.source,)) if several is None else ("sources", several)
            lists.append(((name, i, field), ids))
    for place, ids in lists:
        if not ids or ids == ("",):
            yield place, "no source", "at least one source"
        for name in ids:
            yield from check_name(place, name, knowledge.sources, "the id of a source")


def _references_resolve(knowledge: Knowledge, fact: facts.Fact) -> Broken:
    parts: list[tuple[facts.FactPath, object]] = [((), fact)]
    for name in ("claims", "affected"):
        parts += [((name, i), part) for i, part in enumerate(getattr(fact, name, ()))]
    for place, part in parts:
        for field, kind, what in REFERENCES:
            held, valid = getattr(part, field, ()), getattr(knowledge, kind)
            if isinstance(held, str):
                yield from check_name((*place, field), held, valid, what)
                continue
            for i, name in enumerate(held):
                yield from check_name((*place, field, i), name, valid, what)


def _cells_resolve(knowledge: Knowledge, fact: facts.Fact) -> Broken:
    for place, patterns in cell_lists(fact):
        for i, pattern in enumerate(patterns):
            try:
                keys = expand(pattern, knowledge.members)
            except ValueError as error:
                yield (*place, i), str(error), "register/mode/access, with * or @group"
                continue
            for name in dict.fromkeys(key.register for key in keys):
                what = "the slug of a register"
                yield from check_name((*place, i), name, knowledge.registers, what)


def _dates_are_dates(_: Knowledge, fact: facts.Fact) -> Broken:
    dates: list[tuple[facts.FactPath, str]] = [(("date",), getattr(fact, "date", ""))]
    for name in ("life", "revisions"):
        parts = enumerate(getattr(fact, name, ()))
        dates += [((name, i, "date"), part.date) for i, part in parts]
    for place, text in dates:
        if text and not DATE.fullmatch(text):
            yield place, repr(text), "a date: YYYY, YYYY-MM or YYYY-MM-DD"


def _order_is_unique(knowledge: Knowledge, fact: Any) -> Broken:
    others: Iterable[Any] = knowledge.by_kind[kind_of(fact)].values()
    if isinstance(fact, facts.Policy):
        # Each hypervisor counts its own versions.
        others = knowledge.hypervisors[fact.hypervisor]
    for other in others:
        if other.order == fact.order and other.slug < fact.slug:
            yield ("order",), f"{fact.order}, as {other.slug!r} has", "an order of its own"


# The page of what was measured of emulations, which the seed keeps documents of.
EMULATIONS = "/e"


def _source_can_be_found(_: Knowledge, source: facts.Source) -> Broken:
    if not (source.url or source.message_id or source.commit or source.document):
        yield ("url",), "nothing", "a url, a message_id, a commit or a document"
    if source.url and not source.url.startswith("https://") and source.url != EMULATIONS:
        yield ("url",), repr(source.url), "an address that begins with https://"
    if source.commit and not COMMIT.fullmatch(source.commit):
        yield ("commit",), repr(source.commit), "12 to 40 lower-case hexadecimal digits"
    if source.message_id and not re.fullmatch(r"[^<>\s]+@[^<>\s]+", source.message_id):
        yield ("message_id",), repr(source.message_id), "a Message-ID without angle brackets"


def _own_title_was_read(_: Knowledge, source: facts.Source) -> Broken:
    """Brackets mark a title of ours; it tells what a source says, so somebody read it."""
    if source.read in UNREAD and OWN_TITLE.fullmatch(source.title):
        found = f"{source.title!r}, our own title, with read: {source.read}"
        yield ("title",), found, "the source's own title, or words that do not tell what it says"


def _revisions_are_in_order(_: Knowledge, document: facts.Document) -> Broken:
    names = [revision.revision for revision in document.revisions]
    modes = [mode for revision in document.revisions for mode in revision.modes]
    numbers = [tuple(map(int, m.groups())) if (m := REVISION.fullmatch(n)) else () for n in names]
    for i, revision in enumerate(document.revisions):
        place: facts.FactPath = ("revisions", i, "revision")
        if names[i] in names[:i]:
            yield place, f"{names[i]!r} twice", "each revision once"
        elif document.slug == MANUAL and not numbers[i]:
            yield place, repr(names[i]), "a number such as 3.44"
        elif document.slug == MANUAL and i and numbers[i] <= numbers[i - 1]:
            yield place, f"{names[i]!r} after {names[i - 1]!r}", "the oldest revision first"
        for mode in revision.modes:
            if modes.count(mode) > 1:
                found = f"{mode.value!r} in more than one revision"
                yield ("revisions", i, "modes"), found, "only the first that documents it"


def _group_has_a_source(knowledge: Knowledge, group: facts.Group) -> Broken:
    yield from check_name(("source",), group.source, knowledge.sources, "the id of a source")


def _pages_are_pages(knowledge: Knowledge, annotation: facts.Annotation) -> Broken:
    pages = annotation.pages
    last = max((d.pages for d in knowledge.documents.values()), default=0)
    if pages and (not PAGES.fullmatch(pages) or max(map(int, re.findall(r"\d+", pages))) > last):
        yield ("pages",), repr(pages), f"pages such as 567 or 658, 661-662, up to {last}"


def _hypervisor_is_whole(knowledge: Knowledge, note: facts.Annotation) -> Broken:
    for name in note.hypervisors:
        if name in knowledge.hypervisors:
            yield ("hypervisors",), repr(name), "one without a policy"
    if bool(note.hypervisors) != bool(note.avic):
        yield ("avic",), "one of hypervisors and avic", "both or neither"
    if bool(note.version) != (note.avic not in (None, Avic.UNKNOWN)):
        yield ("version",), repr(note.version), "what was read, unless that is not known"


def _conditions_nest(knowledge: Knowledge, condition: facts.Condition) -> Broken:
    if len(condition.tag) > TAG:
        yield ("tag",), f"{len(condition.tag)} characters", f"at most {TAG}"
    outer = knowledge.conditions.get(condition.within)
    if condition.within and (outer is None or outer.axis != condition.axis):
        yield ("within",), repr(condition.within), f"a condition on the axis {condition.axis!r}"
    seen = {condition.slug}
    while outer is not None and outer.within:
        if outer.slug in seen:
            yield ("within",), f"a circle through {outer.slug!r}", "an outer condition"
            return
        seen.add(outer.slug)
        outer = knowledge.conditions.get(outer.within)


def _families_do_not_overlap(knowledge: Knowledge, family: facts.Family) -> Broken:
    for i, mine in enumerate(family.cpuid):
        for other in knowledge.families.values():
            for theirs in other.cpuid if other.slug < family.slug else ():
                same = theirs.family == mine.family
                if same and Span.parse(theirs.models).overlaps(Span.parse(mine.models)):
                    found = f"{mine.family} {mine.models}, which overlaps {other.slug}"
                    yield ("cpuid", i, "models"), found, "no overlap"


def _reasons_are_those_of_kernels(knowledge: Knowledge, reason: facts.InhibitReason) -> Broken:
    read = {inhibit.name for tree in trees_read(knowledge) for inhibit in tree.inhibits}
    for place, name in ((("name",), reason.name), *((("names",), name) for name in reason.names)):
        if name not in read:
            yield place, repr(name), "a reason that a tree has which was read"


def _every_reason_is_explained(knowledge: Knowledge, policy: facts.Policy) -> Broken:
    explained = {n for r in knowledge.inhibits.values() for n in (r.name, *r.names)}
    for i, reading in enumerate(policy.readings):
        for j, inhibit in enumerate(reading.inhibits):
            if inhibit.name not in explained:
                place = ("readings", i, "inhibits", j, "name")
                yield place, repr(inhibit.name), "a reason that inhibits.yaml explains"


RULES: Rules = (
    (facts.Fact, _key_is_a_slug),
    (facts.Fact, _texts_are_not_empty),
    (facts.Fact, _sources_resolve),
    (facts.Fact, _references_resolve),
    (facts.Fact, _cells_resolve),
    (facts.Fact, _dates_are_dates),
    (facts.Register | facts.Family | facts.Policy, _order_is_unique),
    (facts.Source, _source_can_be_found),
    (facts.Source, _own_title_was_read),
    (facts.Document, _revisions_are_in_order),
    (facts.Group, _group_has_a_source),
    (facts.Annotation, _pages_are_pages),
    (facts.Annotation, _hypervisor_is_whole),
    (facts.Condition, _conditions_nest),
    (facts.Family, _families_do_not_overlap),
    (facts.InhibitReason, _reasons_are_those_of_kernels),
    (facts.Policy, _every_reason_is_explained),
)
