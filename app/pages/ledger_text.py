"""The text twins of errata and of the list of sources."""

from __future__ import annotations

from collections.abc import Iterable

from app.core.citations import address_of, cite_source
from app.core.facts import Annotation, Document, Erratum, Revision
from app.core.knowledge import Knowledge
from app.pages.cell_text import add_remarks, add_sources
from app.pens import leads
from app.pens.place import Place, head
from app.pens.plain import Plain
from app.pens.tables import Table


def errata_table(knowledge: Knowledge, site: str) -> Table:
    """Return the errata as rows."""
    rows = [
        (e.slug, str(e.kind), str(e.grade), e.title,
         " ".join(dict.fromkeys(a.family for a in e.affected if a.family)), e.fix,
         " ".join(map(str, knowledge.cells_named(e.cells))), f"{site}/errata/{e.slug}")
        for e in knowledge.errata.values()
    ]  # fmt: skip
    columns = ("slug", "kind", "read", "title", "families", "fix", "cells", "url")
    return Table(columns, tuple(rows))


def errata_text(knowledge: Knowledge, place: Place) -> str:
    """Return the list of errata and quirks."""
    out = Plain()
    out.title("Errata and quirks of AVIC, x2AVIC and the local APIC")
    head(out, place, "/errata")
    out.blank()
    out.para(leads.ERRATA)
    for e in knowledge.errata.values():
        out.blank()
        out.para(f"{e.number + ': ' if e.number else ''}{e.title}", 0, 4)
        out.field("kind", f"{e.kind}, {GRADES[e.grade.value]}", indent=2)
        out.field("affected", "; ".join(a.cpuid for a in e.affected) or "not stated", indent=2)
        out.field("URL", f"{place.site}/errata/{e.slug}", indent=2)
    return out.render()


GRADES = {
    "text": "AMD's own description was read",
    "title": "only AMD's title was seen",
    "software": "documented by software only",
}


def erratum_text(e: Erratum, knowledge: Knowledge, place: Place) -> str:
    """Return one erratum or quirk."""
    out = Plain()
    out.title(f"Erratum {e.number}: {e.title}" if e.number else e.title)
    head(out, place, f"/errata/{e.slug}")
    out.field("Kind", str(e.kind))
    out.field("Read", GRADES[e.grade.value])
    out.field("Also called", ", ".join(e.aliases))
    out.field("What happens", e.symptom or "not seen beyond the title")
    out.field("Workaround", e.workaround or "not seen")
    out.field("Fix", e.fix)
    out.field("Touches", e.touches)
    out.field("Not listed", e.not_listed)
    out.field("Inference", e.inference)
    if e.affected:
        out.heading("Affected")
        for part in e.affected:
            family = f" ({knowledge.families[part.family].name})" if part.family else ""
            stepping = f", {part.stepping}" if part.stepping else ""
            out.item(f"{part.cpuid}{family}{stepping} [{part.source}]")
    if e.software:
        out.heading("What software does")
        for note in e.software:
            out.item(f"{note.text} [{', '.join(note.sources)}]")
    cells = knowledge.cells_named(e.cells)
    if cells:
        out.heading("Cells")
        for key in cells:
            out.item(f"{place.site}{key.url}")
    ids = [*e.sources, *(a.source for a in e.affected), *(s for n in e.software for s in n.sources)]
    add_sources(out, ids, knowledge, place)
    return out.render()


def document_heading(document: Document) -> str:
    """``AMD 24593: AMD64 Architecture ...``."""
    return f"{document.publisher} {document.number}: {document.title}"


def revision_heading(revision: Revision) -> str:
    """``3.44, 2026-03``; the number alone where no date is known."""
    return ", ".join(part for part in (revision.revision, revision.date) if part)


def sources_text(knowledge: Knowledge, annotations: Iterable[Annotation], place: Place) -> str:
    """Return the documents, the remarks on the whole table, and every source."""
    out = Plain()
    out.title("Sources")
    head(out, place, "/docs/sources")
    out.blank()
    out.para(leads.SOURCES)
    out.heading("The manual")
    for document in knowledge.documents.values():
        _document(out, document)
    out.heading(leads.ON_THE_TABLE)
    add_remarks(out, annotations)
    out.heading("All sources")
    for source in knowledge.sources.values():
        out.blank()
        out.item(f"[{source.id}] {cite_source(source)}", mark="-")
        out.field("Message-ID", source.message_id, indent=2)
        out.field("commit", source.commit, indent=2)
        out.field("repository", source.repository, indent=2)
        out.address(place.absolute(address_of(source)))
        out.para(source.note, 2)
    return out.render()


def _document(out: Plain, document: Document) -> None:
    out.blank()
    out.para(document_heading(document), 0, 2)
    out.para(document.note, 2)
    for revision in document.revisions:
        told = f"{revision.change} [{revision.source}]"
        out.field(revision_heading(revision), told, indent=2)
