"""Where every fact comes from, and how far each source was read."""

from __future__ import annotations

from app.pages import explore, ledger_text
from app.pages.kinds.kind import Address, PageKind
from app.pens.page import Page


class SourcesPage(PageKind):
    """Every source, with the documents and the remarks on the table as a whole."""

    pattern = "/docs/sources"
    promise = "every source, and how far it was read"
    twins = "txt"

    def find(self, asked: Address) -> Page:
        """Return the list of sources."""
        notes = explore.table_annotations(asked.snapshot)
        return Page(
            path="/docs/sources",
            title="Sources",
            template="docs/sources.html",
            view={"annotations": notes, "wording": ledger_text},
            text=lambda place: ledger_text.sources_text(asked.knowledge, notes, place),
        )


KINDS: tuple[PageKind, ...] = (SourcesPage(),)
