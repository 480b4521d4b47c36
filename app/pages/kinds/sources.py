"""Where every fact comes from: the sources, and the revisions of the manual."""

from __future__ import annotations

from app.core.citations import address_of, cite_source
from app.core.facts import Document, Revision, Source
from app.core.revisions import manual_of, read_through
from app.pages.kinds.kind import Address, PageKind
from app.pens.lines import Linked, Sourced
from app.pens.page import Page
from app.pens.parts import Fetched, Field, Para, Record, Remark, Section, Sheet
from app.pens.tables import Table

FROM = "Where every fact comes from, and how far each source was read by whoever entered it."
LEAD = "The revisions that matter for these cells, what each changed, and how far it was read here."
CITED = (
    "Every claim was read in one revision, and cites it with the page. Whether other revisions "
    "say the same was not compared."
)
COLUMNS = ("revision", "date", "change", "source", "read")


class SourcesPage(PageKind):
    """Every source, with the documents and the remarks on the table as a whole."""

    pattern = "/docs/sources"
    promise = "every source, and how far it was read"
    twins = "txt"

    def find(self, asked: Address) -> Page:
        """Return the list of sources."""
        knowledge = asked.knowledge
        notes = knowledge.annotations.values()
        whole = (a for a in notes if not (a.cells or a.registers or a.families or a.hypervisors))
        return Page.of(
            Sheet("Sources", self.pattern).holding(
                Para(FROM, "lead"),
                Section("The manual").holding(*map(_document, knowledge.documents.values())),
                Section("On the table as a whole").holding(*map(Remark.of, whole)),
                Section("All sources").holding(*map(_source, knowledge.sources.values())),
            )
        )


def _document(document: Document) -> Record:
    return Record(_named(document), level=3).holding(
        Para(document.note),
        *(Field(_dated(r), (f"{r.change} ", Sourced((r.source,)))) for r in document.revisions),
    )


def _source(source: Source) -> Record:
    name, told = (Sourced((source.id,)),), f" {cite_source(source)}"
    return Record(name, told, source.id, mark="- ", level=3).holding(
        Field("Message-ID", source.message_id),
        Field("commit", source.commit),
        Field("repository", source.repository),
        Fetched(address_of(source)),
        Para(source.note),
    )


class RevisionsPage(PageKind):
    """The revisions, newest first."""

    pattern = "/docs/apm"
    promise = "the revisions of the manual"
    twins = "txt json csv md"

    def find(self, asked: Address) -> Page:
        """Return the list. Raises NotFound where no revision is known."""
        document = manual_of(asked.knowledge)
        read = read_through(asked.knowledge)
        newest_first = tuple(reversed(document.revisions))
        labels = {revision: source.read.label for revision, source in read.items()}
        rows = (
            (r.revision, r.date, r.change, r.source, labels.get(r.revision, "not read here"))
            for r in newest_first
        )
        table = Table(COLUMNS, tuple(rows))
        about = (f"{_named(document)}. {LEAD}", document.note, CITED)
        up = (Linked("Documentation", "/docs"), "the manual")
        sheet = Sheet("The manual, revision by revision", self.pattern, up=up).holding(
            (Para(text, "lead") for text in about),
            (
                Section(_dated(r), r.revision).holding(
                    Field("What changed", r.change),
                    Field("Read", (f"{row['read']}; what changed is from ", Sourced((r.source,)))),
                )
                for r, row in zip(newest_first, table.records(), strict=True)
            ),
        )
        return Page.of(
            sheet,
            table=lambda _: table,
            data=lambda _: {
                "data_version": asked.snapshot.name,
                "document": document.number,
                "title": document.title,
                "note": document.note,
                "revisions": [
                    {**row, "modes": list(r.modes)}
                    for r, row in zip(newest_first, table.records(), strict=True)
                ],
            },
        )


def _named(document: Document) -> str:
    """``AMD 24593: AMD64 Architecture ...``."""
    return f"{document.publisher} {document.number}: {document.title}"


def _dated(revision: Revision) -> str:
    """``3.44, 2026-03``; the number alone where no date is known."""
    return ", ".join(part for part in (revision.revision, revision.date) if part)


KINDS: tuple[PageKind, ...] = (SourcesPage(), RevisionsPage())
