"""The ledger of differences, and one difference."""

from __future__ import annotations

from app.core.citations import commit_form
from app.core.ledger import columns_of
from app.pages import difference_data, difference_text, explore, ledger
from app.pages.kinds.kind import Address, PageKind
from app.pages.subjects import LEDGER, Subject
from app.pens.page import Page


class LedgerPage(PageKind):
    """Every difference; the query is a filter."""

    pattern = "/d"
    promise = "the ledger of differences"
    twins = "txt json csv md atom"
    lists = True

    def find(self, asked: Address) -> Page:
        """Return the ledger under the filter. Raises InvalidFilter."""
        snapshot, knowledge = asked.snapshot, asked.knowledge
        view = ledger.view(snapshot, ledger.read_filter(snapshot, asked.pairs))
        query = view.wanted.query()
        return Page(
            path=f"/d?{query}" if query else "/d",
            title="The ledger of differences",
            template="differences/index.html",
            fragment="differences/_results.html",
            subject=Subject(LEDGER, "The ledger of differences: changes"),
            view={
                "view": view,
                "chips": view.vocabulary.chips(view.wanted),
                "wording": difference_text,
                "columns_of": columns_of,
                "commit_form": commit_form,
            },
            text=lambda place: difference_text.differences_text(view, knowledge, place),
            table=lambda place: difference_data.differences_table(view, knowledge, place.site),
            data=lambda place: difference_data.ledger_body(
                view, snapshot.name, knowledge, place.site
            ),
        )


class DifferencePage(PageKind):
    """One numbered difference."""

    pattern = "/d/{number}"
    promise = "one difference; D-3 redirects to 3"
    twins = "txt json csv md atom"

    def find(self, asked: Address) -> Page:
        """Return one difference with its life. Raises NotFound."""
        found = explore.find_difference(asked.snapshot, asked.parts["number"])
        entry, knowledge = ledger.entry(asked.snapshot, found), asked.knowledge
        path = f"/d/{found.slug}"
        return Page(
            path=path,
            title=f"D-{found.number}: {found.title}",
            template="differences/show.html",
            subject=Subject(path, f"D-{found.number} {found.title}: changes"),
            view={
                "entry": entry,
                "difference": found,
                "keys": entry.keys,
                "wording": difference_text,
                "commit_form": commit_form,
            },
            text=lambda place: difference_text.difference_text(entry, knowledge, place),
            table=lambda _: difference_data.difference_table(entry, knowledge),
            data=lambda place: {
                "data_version": asked.snapshot.name,
                **difference_data.difference_body(entry, knowledge, place.site),
            },
        )


KINDS: tuple[PageKind, ...] = (LedgerPage(), DifferencePage())
