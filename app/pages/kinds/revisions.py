"""The revisions of the manual: which there are, what each changed, and how far it was read."""

from __future__ import annotations

from app.core.facts import Document
from app.core.revisions import manual_of, read_through
from app.pages.kinds.kind import Address, PageKind
from app.pages.ledger_text import document_heading, revision_heading
from app.pens.page import Page
from app.pens.sheet import Linked, Sheet, Sourced
from app.pens.tables import Table

PATH = "/docs/apm"
TITLE = "The manual, revision by revision"
LEAD = "The revisions that matter for these cells, what each changed, and how far it was read here."
CITED = (
    "Every claim was read in one revision, and cites it with the page. Whether other revisions "
    "say the same was not compared."
)
COLUMNS = ("revision", "date", "change", "source", "read")


class RevisionsPage(PageKind):
    """The revisions, newest first."""

    pattern = PATH
    promise = "the revisions of the manual"
    twins = "txt json csv md"

    def find(self, asked: Address) -> Page:
        """Return the list. Raises NotFound where no revision is known."""
        document = manual_of(asked.knowledge)
        read = read_through(asked.knowledge)
        table = Table(COLUMNS, tuple(
            (r.revision, r.date, r.change, r.source,
             read[r.revision].read.label if r.revision in read else "not read here")
            for r in reversed(document.revisions)
        ))  # fmt: skip
        modes = {r.revision: list(r.modes) for r in document.revisions}
        return _sheet(document, table).page(
            table=lambda _: table,
            data=lambda _: {
                "data_version": asked.snapshot.name,
                "document": document.number,
                "title": document.title,
                "note": document.note,
                "revisions": [{**r, "modes": modes[r["revision"]]} for r in table.records()],
            },
        )


def _sheet(document: Document, table: Table) -> Sheet:
    out = Sheet(title=TITLE, path=PATH, up=(Linked("Documentation", "/docs"), "the manual"))
    for text in (f"{document_heading(document)}. {LEAD}", document.note, CITED):
        out.para(text, "lead")
    for revision, row in zip(reversed(document.revisions), table.records(), strict=True):
        out.heading(revision_heading(revision), revision.revision)
        out.field("What changed", revision.change)
        read = f"{row['read']}; what changed is from "
        out.field("Read", (read, Sourced((revision.source,))))
    return out


KINDS: tuple[PageKind, ...] = (RevisionsPage(),)
