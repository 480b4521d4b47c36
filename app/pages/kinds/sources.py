"""Where every fact comes from, and how far each source was read."""

from __future__ import annotations

from app.pages import ledger_text
from app.pages.kinds.kind import Address, PageKind
from app.pens.page import Page


class SourcesPage(PageKind):
    """Every source, with the documents and the remarks on the table as a whole."""

    pattern = "/docs/sources"
    promise = "every source, and how far it was read"
    twins = "txt"

    def find(self, asked: Address) -> Page:
        """Return the list of sources."""
        return ledger_text.sources_sheet(asked.knowledge).page()


KINDS: tuple[PageKind, ...] = (SourcesPage(),)
