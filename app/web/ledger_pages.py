"""The parts of the pages of the ledger, the errata and the changes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.domain.facts import Difference, Erratum, Fact
from app.domain.knowledge import kind_of
from app.formats import changes_text, ledger_text
from app.formats.cell_text import Place
from app.formats.changes_text import Edition
from app.formats.seed import body_of
from app.snapshots import Snapshot
from app.web.render import Page


def differences_page(snapshot: Snapshot, place: Place) -> Page:
    """Return the ledger."""
    knowledge = snapshot.knowledge
    return Page(
        template="differences/index.html",
        text=lambda: ledger_text.differences_text(knowledge, place),
        table=lambda: ledger_text.differences_table(knowledge, place.site),
        data=lambda: {
            "data_version": snapshot.name,
            "differences": _bodies(knowledge.differences.values()),
        },
    )


def difference_page(snapshot: Snapshot, difference: Difference, place: Place) -> Page:
    """Return one difference."""
    keys = snapshot.knowledge.cells_named(difference.cells)
    return Page(
        template="differences/show.html",
        view={"difference": difference, "keys": keys},
        text=lambda: ledger_text.difference_text(difference, snapshot.knowledge, place),
        data=lambda: {"data_version": snapshot.name, **body_of("difference", difference)},
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
        view={"erratum": erratum, "keys": keys, "grades": ledger_text.GRADES},
        text=lambda: ledger_text.erratum_text(erratum, snapshot.knowledge, place),
        data=lambda: {"data_version": snapshot.name, **body_of("erratum", erratum)},
    )


def changes_page(snapshot: Snapshot, editions: tuple[Edition, ...], place: Place) -> Page:
    """Return what changed and when."""
    return Page(
        template="changes.html",
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
