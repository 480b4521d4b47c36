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
        every = knowledge.errata.values()
        return Page(
            path="/errata",
            title="Errata and quirks",
            template="errata/index.html",
            view={"grades": ledger_text.GRADES},
            text=lambda place: ledger_text.errata_text(knowledge, place),
            table=lambda place: ledger_text.errata_table(knowledge, place.site),
            data=lambda _: {
                "data_version": asked.snapshot.name,
                "errata": [body_of("erratum", erratum) for erratum in every],
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
        path = f"/errata/{found.slug}"
        return Page(
            path=path,
            title=found.title,
            template="errata/show.html",
            subject=Subject(path, f"{found.title}: changes"),
            view={
                "erratum": found,
                "keys": asked.knowledge.cells_named(found.cells),
                "grades": ledger_text.GRADES,
            },
            text=lambda place: ledger_text.erratum_text(found, asked.knowledge, place),
            data=lambda _: {
                "data_version": asked.snapshot.name,
                **body_of("erratum", found),
            },
        )


KINDS: tuple[PageKind, ...] = (ErrataPage(), ErratumPage())
