"""The parts of the pages of the ledger, the errata and the changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.core import ledger_filter
from app.core.citations import commit_form
from app.core.facts import Erratum, Fact
from app.core.knowledge import kind_of
from app.core.ledger import Entry, columns_of
from app.core.ledger_filter import LedgerView
from app.curation.seed import body_of
from app.pages import changes_text, difference_data, difference_text, ledger_text
from app.pages.changes_text import Edition
from app.pens.page import Page
from app.pens.place import Place
from app.store.snapshots import Snapshot


def differences_page(snapshot: Snapshot, view: LedgerView, place: Place) -> Page:
    """Return the ledger under a filter."""
    knowledge = snapshot.knowledge
    return Page(
        template="differences/index.html",
        feed="/d",
        fragment="differences/_results.html",
        view={
            "view": view,
            "chips": ledger_filter.chips(view.wanted, view.values),
            "wording": difference_text,
            "columns_of": columns_of,
            "commit_form": commit_form,
        },
        text=lambda: difference_text.differences_text(view, knowledge, place),
        table=lambda: difference_data.differences_table(view, knowledge, place.site),
        data=lambda: difference_data.ledger_body(view, snapshot.name, knowledge, place.site),
    )


def difference_page(snapshot: Snapshot, entry: Entry, place: Place) -> Page:
    """Return one difference."""
    knowledge, site = snapshot.knowledge, place.site
    return Page(
        template="differences/show.html",
        feed=f"/d/{entry.difference.slug}",
        view={
            "entry": entry,
            "difference": entry.difference,
            "keys": entry.keys,
            "wording": difference_text,
            "commit_form": commit_form,
        },
        text=lambda: difference_text.difference_text(entry, knowledge, place),
        table=lambda: difference_data.difference_table(entry, knowledge),
        data=lambda: {
            "data_version": snapshot.name,
            **difference_data.difference_body(entry, knowledge, site),
        },
    )


def errata_page(snapshot: Snapshot, place: Place) -> Page:
    """Return the list of errata."""
    knowledge = snapshot.knowledge
    return Page(
        template="errata/index.html",
        view={"grades": ledger_text.GRADES},
        text=lambda: ledger_text.errata_text(knowledge, place),
        table=lambda: ledger_text.errata_table(knowledge, place.site),
        data=lambda: {"data_version": snapshot.name, "errata": _bodies(knowledge.errata.values())},
    )


def erratum_page(snapshot: Snapshot, erratum: Erratum, place: Place) -> Page:
    """Return one erratum."""
    keys = snapshot.knowledge.cells_named(erratum.cells)
    return Page(
        template="errata/show.html",
        feed=f"/errata/{erratum.slug}",
        view={"erratum": erratum, "keys": keys, "grades": ledger_text.GRADES},
        text=lambda: ledger_text.erratum_text(erratum, snapshot.knowledge, place),
        data=lambda: {"data_version": snapshot.name, **body_of("erratum", erratum)},
    )


def changes_page(snapshot: Snapshot, editions: tuple[Edition, ...], place: Place) -> Page:
    """Return what changed and when."""
    return Page(
        template="changes/index.html",
        feed="/changes",
        view={"editions": editions},
        text=lambda: changes_text.changes_text(editions, place),
        table=lambda: changes_text.changes_table(editions),
        data=lambda: {
            "data_version": snapshot.name,
            "changes": [changes_text.edition_body(edition) for edition in editions],
        },
    )


def _bodies(found: Iterable[Fact]) -> list[dict[str, Any]]:
    return [body_of(kind_of(fact), fact) for fact in found]
