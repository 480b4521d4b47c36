"""What the linter holds against the ledger: lives that are told in order, with their reasons."""

from __future__ import annotations

from itertools import pairwise

from app.core import facts
from app.core.knowledge import Knowledge
from app.core.ledger import document_of
from app.core.words import DifferenceState
from app.curation.lint_registers import Broken, Rule


def _an_entry_is_whole(_: Knowledge, fact: facts.Fact) -> Broken:
    if not isinstance(fact, facts.Difference):
        return
    if not fact.cells:
        yield ("cells",), "nothing", "at least one cell"
    for name in ("table_says", "instead"):
        if not getattr(fact, name):
            yield (name,), "nothing", "a few words"


def _every_event_is_told(_: Knowledge, fact: facts.Fact) -> Broken:
    if not isinstance(fact, facts.Difference):
        return
    for i, event in enumerate(fact.life):
        if not event.date:
            yield ("life", i, "date"), "nothing", "a date: YYYY, YYYY-MM or YYYY-MM-DD"
        if not event.text:
            retracted = event.state is DifferenceState.RETRACTED
            yield ("life", i, "text"), "nothing", "the reason" if retracted else "what happened"


def _a_life_runs_forwards(_: Knowledge, fact: facts.Fact) -> Broken:
    """Dates may be of unequal length: 2026-03 is neither before nor after 2026-03-05."""
    if not isinstance(fact, facts.Difference):
        return
    for i, (before, after) in enumerate(pairwise(fact.life), 1):
        length = min(len(before.date), len(after.date))
        if after.date[:length] < before.date[:length]:
            found = f"{after.date}, after {before.date}"
            yield ("life", i, "date"), found, "events in the order of their dates"
        if before.state is DifferenceState.RETRACTED:
            yield ("life", i), "an event after the retraction", "a difference with a new number"


def _documented_names_its_revision(knowledge: Knowledge, fact: facts.Fact) -> Broken:
    if not isinstance(fact, facts.Difference):
        return
    for i, event in enumerate(fact.life):
        place = ("life", i, "revision")
        documented = event.state is DifferenceState.DOCUMENTED
        if event.revision and not documented:
            yield place, repr(event.revision), f"none: {event.state} is no word of a document"
        elif documented and not event.revision:
            yield place, "nothing", "the revision of the document that says it"
        elif documented and document_of(event, knowledge) is None:
            expected = "a revision in documents.yaml of a document among the event's sources"
            yield place, repr(event.revision), expected


LEDGER_RULES: tuple[Rule, ...] = (
    _an_entry_is_whole,
    _every_event_is_told,
    _a_life_runs_forwards,
    _documented_names_its_revision,
)
