"""Use cases for the revisions of AMD's manual: the list of them, and two side by side."""

from __future__ import annotations

from difflib import get_close_matches

from app.core.edition_changes import TO, Comparison, RevisionList, Row, changes, verdict_changes
from app.core.editions import Manual, as_stated
from app.core.words import Reading
from app.errors import NotFound
from app.store.snapshots import Snapshot

# Grades of reading that tell what a text says.
READ = (Reading.WHOLE, Reading.EXCERPT, Reading.SECONDARY)


def revisions(snapshot: Snapshot) -> RevisionList:
    """Return the revisions of the manual; raises NotFound where none is known."""
    manual = Manual.of(snapshot.knowledge)
    manual.at("")
    listed = manual.document.revisions
    sources = snapshot.knowledge.sources.values()
    read = {s.revision: s for s in sources if s.document == manual.document.slug and s.read in READ}
    rows = []
    for at, revision in enumerate(listed):
        before = listed[at - 1].revision if at else ""
        changed = _changed(snapshot, before, revision.revision) if before else 0
        rows.append(Row(revision, read.get(revision.revision), before, changed))
    return RevisionList(manual.document, tuple(reversed(rows)), len(snapshot.knowledge.cells))


def read_span(snapshot: Snapshot, text: str) -> tuple[str, str]:
    """Return the two revisions of ``3.38..3.44`` as they stand there.

    Raises NotFound, with spans that exist, for anything else.
    """
    known = tuple(Manual.of(snapshot.knowledge).revisions)
    first, to, last = text.partition(TO)
    if to and first in known and last in known:
        return first, last
    message = f"{text!r} is not two revisions of the manual such as {TO.join(known[-2:])}."
    raise NotFound(message, hints=("/docs/apm", *_spans(first, last, known)))


def compare(snapshot: Snapshot, older: str, newer: str) -> Comparison:
    """Return what differs for the cells between two revisions.

    Raises NotFound for one that is older or newer than the list.
    """
    knowledge = snapshot.knowledge
    manual = Manual.of(knowledge)
    first, last = manual.at(older), manual.at(newer)
    before, after = snapshot.cells_at(older), snapshot.cells_at(newer)
    one, other = as_stated(knowledge, older), as_stated(knowledge, newer)
    if one is None or other is None:
        raise NotFound("No revision of the manual is known.")
    return Comparison(
        older=one,
        newer=other,
        between=manual.document.revisions[first + 1 : last + 1],
        changes=changes(before, after),
        verdicts=verdict_changes(before, after),
        total=len(after),
    )


def in_order(snapshot: Snapshot, one: str, other: str) -> tuple[str, str]:
    """Return two revisions with the older one first."""
    known = tuple(Manual.of(snapshot.knowledge).revisions)
    older, newer = sorted((one, other), key=known.index)
    return older, newer


def _changed(snapshot: Snapshot, older: str, newer: str) -> int:
    found = changes(snapshot.cells_at(older), snapshot.cells_at(newer))
    return sum(len(change.cells) for change in found)


def _spans(first: str, last: str, known: tuple[str, ...]) -> tuple[str, ...]:
    """Return the address of the nearest two revisions; one alone is held against the newest."""
    if not known:
        return ()
    near = [next(iter(get_close_matches(name, known, 1, 0.3)), "") for name in (first, last)]
    older, newer = near[0] or known[0], near[1] or known[-1]
    return (f"/docs/apm/{known[0] if older == newer else older}{TO}{newer}",)
