"""What the linter holds against revisions, and against those that claims name."""

from __future__ import annotations

import re

from app.core import facts
from app.core.knowledge import Knowledge
from app.core.revisions import MANUAL
from app.curation.lint_registers import Broken, Place, Rule, known

NUMBER = re.compile(r"(\d+)\.(\d\d)")


def _revisions_are_in_order(_: Knowledge, fact: facts.Fact) -> Broken:
    if not isinstance(fact, facts.Document):
        return
    names = [revision.revision for revision in fact.revisions]
    modes = [mode for revision in fact.revisions for mode in revision.modes]
    for i, revision in enumerate(fact.revisions):
        place: Place = ("revisions", i, "revision")
        if revision.revision in names[:i]:
            yield place, f"{revision.revision!r} twice", "each revision once"
        elif fact.slug == MANUAL:
            yield from _follows(place, revision.revision, names[i - 1] if i else "")
        for mode in revision.modes:
            if modes.count(mode) > 1:
                found = f"{mode.value!r} in more than one revision"
                yield ("revisions", i, "modes"), found, "only the first that documents it"


def _follows(place: Place, name: str, before: str) -> Broken:
    """Complain about a number that is none, or that is not above the one before it."""
    number, last = NUMBER.fullmatch(name), NUMBER.fullmatch(before)
    if number is None:
        yield place, repr(name), "a number such as 3.44"
    elif last and [int(n) for n in last.groups()] >= [int(n) for n in number.groups()]:
        yield place, f"{name!r} after {before!r}", "the oldest revision first"


def _since_is_a_revision(knowledge: Knowledge, fact: facts.Fact) -> Broken:
    """A claim holds from ``since`` on, and somebody read it no earlier."""
    if not isinstance(fact, facts.Register):
        return
    for i, claim in enumerate(fact.claims):
        source = knowledge.sources.get(claim.source)
        document = knowledge.documents.get(source.document) if source else None
        if source is None or document is None or not claim.since:
            continue
        names = [revision.revision for revision in document.revisions]
        what = f"a revision of {document.number} in its list"
        broken = [
            *known(("claims", i, "since"), claim.since, names, what),
            *known(("claims", i, "source"), source.revision, names, f"{what}, to compare with"),
        ]
        yield from broken
        if not broken and names.index(claim.since) > names.index(source.revision):
            expected = f"at most {source.revision}, in which it was read"
            yield ("claims", i, "since"), repr(claim.since), expected


REVISION_RULES: tuple[Rule, ...] = (_revisions_are_in_order, _since_is_a_revision)
