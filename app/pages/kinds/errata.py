"""Errata and quirks."""

from __future__ import annotations

from app.curation.seed import body_of
from app.pages import explore, ledger_text
from app.pages.kinds.kind import Address, PageKind
from app.pages.subjects import Subject
from app.pens.page import Page


class ErrataPage(PageKind):
    """Published errata and informal quirks."""

    pattern = "/errata"
    promise = "errata and quirks"
    twins = "txt json csv md"
    lists = True

    def find(self, asked: Address) -> Page:
        """Return the list of errata."""
        knowledge = asked.knowledge
        return ledger_text.errata_sheet(knowledge).page(
            title="Errata and quirks",
            table=lambda place: ledger_text.errata_table(knowledge, place.site),
            data=lambda _: {
                "data_version": asked.snapshot.name,
                "errata": [body_of("erratum", e) for e in knowledge.errata.values()],
            },
        )


class ErratumPage(PageKind):
    """One erratum or quirk, by its slug or another of its numbers."""

    pattern = "/errata/{slug}"
    promise = "one of them"
    twins = "txt json atom"

    def find(self, asked: Address) -> Page:
        """Return one erratum with the cells that it touches. Raises NotFound."""
        found = explore.find_erratum(asked.snapshot, asked.parts["slug"])
        sheet = ledger_text.erratum_sheet(found, asked.knowledge)
        return sheet.page(
            title=found.title,
            subject=Subject(sheet.path, f"{found.title}: changes"),
            data=lambda _: {"data_version": asked.snapshot.name, **body_of("erratum", found)},
        )


KINDS: tuple[PageKind, ...] = (ErrataPage(), ErratumPage())
