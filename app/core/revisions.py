"""The revisions of AMD's manual: which there are, and which of them were read here."""

from __future__ import annotations

from app.core.facts import Document, Source
from app.core.knowledge import Knowledge
from app.core.words import Reading
from app.errors import NotFound

MANUAL = "apm"
# Grades of reading that tell what a text says.
READ = (Reading.WHOLE, Reading.EXCERPT, Reading.SECONDARY)


def manual_of(knowledge: Knowledge) -> Document:
    """Return the manual with its revisions, oldest first; raises NotFound without any."""
    found = knowledge.documents.get(MANUAL)
    if found is None or not found.revisions:
        raise NotFound("No revision of the manual is known.")
    return found


def read_through(knowledge: Knowledge) -> dict[str, Source]:
    """Return the source through which each revision of the manual was read."""
    sources = (s for s in knowledge.sources.values() if s.document == MANUAL and s.read in READ)
    return {source.revision: source for source in sources}


def revision_read(knowledge: Knowledge) -> str:
    """Return the newest revision that was read, empty without any: the one that pages show."""
    read = read_through(knowledge)
    document = knowledge.documents.get(MANUAL)
    listed = document.revisions if document else ()
    return next((r.revision for r in reversed(listed) if r.revision in read), "")
