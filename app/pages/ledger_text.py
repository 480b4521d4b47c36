"""Errata and the list of sources, as sheets and as rows."""

from __future__ import annotations

from collections.abc import Iterable

from app.core.citations import address_of, cite_source, sources_of
from app.core.facts import Document, Erratum, Revision
from app.core.knowledge import Knowledge
from app.pens import leads
from app.pens.sheet import Linked, Passage, Sheet, Sourced
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


def errata_sheet(knowledge: Knowledge) -> Sheet:
    """Return the list of errata and quirks."""
    out = Sheet(title="Errata and quirks of AVIC, x2AVIC and the local APIC", path="/errata")
    out.para(leads.ERRATA, "lead")
    for e in knowledge.errata.values():
        name = f"{e.number + ': ' if e.number else ''}{e.title}"
        record = out.record(name, href=f"/errata/{e.slug}")
        record.field("kind", f"{e.kind}, {GRADES[e.grade.value]}")
        record.field("affected", "; ".join(a.cpuid for a in e.affected) or "not stated")
    return out


GRADES = {
    "text": "AMD's own description was read",
    "title": "only AMD's title was seen",
    "software": "documented by software only",
}


def erratum_sheet(e: Erratum, knowledge: Knowledge) -> Sheet:
    """Return one erratum or quirk."""
    title = f"Erratum {e.number}: {e.title}" if e.number else e.title
    up = (Linked("Errata", "/errata"), e.slug)
    out = Sheet(title=title, path=f"/errata/{e.slug}", up=up)
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
            name = part.family and knowledge.families[part.family].name
            family = (" (", Linked(name, f"/c/{part.family}"), ")") if name else ()
            stepping = f", {part.stepping} " if part.stepping else " "
            out.item((part.cpuid, *family, stepping, Sourced((part.source,))))
    if e.software:
        out.heading("What software does")
        for note in e.software:
            out.item((f"{note.text} ", Sourced(note.sources)))
    cells = knowledge.cells_named(e.cells)
    if cells:
        out.heading("Cells")
        for key in cells:
            out.item((Linked(str(key), key.url, told=True),))
    ids = [*e.sources, *(a.source for a in e.affected), *(s for n in e.software for s in n.sources)]
    list_sources(out, ids, knowledge)
    return out


def document_heading(document: Document) -> str:
    """``AMD 24593: AMD64 Architecture ...``."""
    return f"{document.publisher} {document.number}: {document.title}"


def revision_heading(revision: Revision) -> str:
    """``3.44, 2026-03``; the number alone where no date is known."""
    return ", ".join(part for part in (revision.revision, revision.date) if part)


def sources_sheet(knowledge: Knowledge) -> Sheet:
    """Return the documents, the remarks on the whole table, and every source."""
    out = Sheet(title="Sources", path="/docs/sources")
    out.para(leads.SOURCES, "lead")
    out.heading("The manual")
    for document in knowledge.documents.values():
        record = out.record(document_heading(document))
        record.para(document.note)
        for r in document.revisions:
            record.field(revision_heading(r), (f"{r.change} ", Sourced((r.source,))))
    notes = knowledge.annotations.values()
    whole = (a for a in notes if not (a.cells or a.registers or a.families))
    out.remarks(leads.ON_THE_TABLE, whole)
    out.heading("All sources")
    for source in knowledge.sources.values():
        told = f" {cite_source(source)}"
        record = out.record((Sourced((source.id,)),), told, id=source.id, mark="- ")
        record.field("Message-ID", source.message_id)
        record.field("commit", source.commit)
        record.field("repository", source.repository)
        record.fetched(address_of(source))
        record.para(source.note)
    return out


def list_sources(out: Passage, ids: Iterable[str], knowledge: Knowledge) -> None:
    """Add the named sources, each once, with the address where it can be read."""
    out.heading("Sources")
    for source in sources_of(ids, knowledge.sources):
        item = out.item((Sourced((source.id,)), f" {cite_source(source)}"))
        item.fetched(address_of(source), f"/docs/sources#{source.id}")
