"""The list of the manual's revisions, and two of them side by side: text, rows and JSON."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from app.core.cells import CellKey
from app.core.citations import READING
from app.core.edition_changes import TO, Branches, Change, Comparison, RevisionList, Row, Said
from app.core.editions import AsStated
from app.core.facts import Document, Revision
from app.core.knowledge import Knowledge
from app.pens import stated
from app.pens.place import Place, head
from app.pens.plain import Plain
from app.pens.tables import Table

PATH = "/docs/apm"
LIST_TITLE = "The manual, revision by revision"
_READ = (
    "Every claim was read in one revision, and cites it. That other revisions say the same is "
    "inference. A claim is taken to hold from the first revision here that documents its mode "
    "(AVIC or x2AVIC), or from a later one where its place is known to be newer."
)
_SILENT = (
    "Where a revision documents nothing of a cell, the cell says nothing, and an observation "
    "there settles. Product manuals have revisions of their own: what they say stays wherever "
    "the revision says anything of the cell, and goes where it is silent, since then the order "
    "of the checks is not documented either."
)
_UNLISTED = (
    "A number between two of the list counts as the older one: what the list does not name is "
    "taken to have changed nothing here."
)
HOW = (_READ, _SILENT, _UNLISTED)
WHAT_HOLDS = "What holds in which revision"
LEAD = "the revisions that matter for these cells, what each changed, and how far it was read here."


def any_two(found: RevisionList, site: str) -> str:
    """Return an example of an address that compares two revisions: the oldest and the newest."""
    oldest, newest = found.rows[-1].revision.revision, found.rows[0].revision.revision
    return f"{site}{PATH}/{oldest}{TO}{newest}"


def name(document: Document) -> str:
    """``AMD 24593, AMD64 Architecture ...``."""
    return f"{document.publisher} {document.number}, {document.title}"


def reading(row: Row) -> str:
    """Return how far a revision was read here."""
    return READING[row.read.read] if row.read else "not read here"


def difference(row: Row, total: int) -> str:
    """Return how many cells a revision changed, and against which."""
    if not row.before:
        return "the oldest of the list"
    if not row.changed:
        return f"no change of any of the {total} cells since {row.before} is known"
    return f"{row.changed} of {total} cells are taken to say something else than in {row.before}"


def list_text(found: RevisionList, place: Place) -> str:
    """Return the revisions of the manual, newest first."""
    out = Plain()
    out.title(LIST_TITLE)
    head(out, place, PATH)
    out.blank()
    out.para(f"{name(found.document)}: {LEAD}")
    out.blank()
    out.para(found.document.note)
    out.heading(WHAT_HOLDS)
    for text in (*HOW, f"Any two can be compared: {any_two(found, place.site)}"):
        out.para(text)
        out.blank()
    for row in found.rows:
        revision = row.revision
        out.heading(f"{revision.revision}{f', {revision.date}' if revision.date else ''}")
        out.field("What changed", revision.change)
        out.field("Cells", difference(row, found.total))
        out.field("Read", f"{reading(row)}; what changed is from [{revision.source}]")
        out.field("Table", place.link(stated.address("/", stated_query(found, row))))
        if row.before:
            span = f"{row.before}{TO}{revision.revision}"
            out.field("Compared", place.link(f"{PATH}/{span}"))
    return out.render()


def stated_query(found: RevisionList, row: Row) -> str:
    """Return the query that asks for a revision, empty for the newest."""
    newest = found.rows[0].revision.revision
    return "" if row.revision.revision == newest else f"apm={row.revision.revision}"


def list_table(found: RevisionList) -> Table:
    """Return one row per revision."""
    rows = [
        (r.revision.revision, r.revision.date, r.revision.change, reading(r), r.revision.source,
         r.before, str(r.changed))
        for r in found.rows
    ]  # fmt: skip
    columns = ("revision", "date", "change", "read", "source", "before", "cells_changed")
    return Table(columns, tuple(rows))


def list_body(found: RevisionList, version: str) -> dict[str, Any]:
    """Return the revisions as JSON data."""
    return {
        "data_version": version,
        "document": found.document.number,
        "title": found.document.title,
        "note": found.document.note,
        "inference": " ".join(HOW),
        "cells": found.total,
        "revisions": [
            {
                **_revision(row.revision),
                "read": reading(row),
                "modes": list(row.revision.modes),
                "before": row.before,
                "cells_changed": row.changed,
            }
            for row in found.rows
        ],
    }


def title(found: Comparison) -> str:
    """``What changed for the cells from revision 3.38 to 3.44 of the manual``."""
    one, other = found.older.revision, found.newer.revision
    return f"What changed for the cells from revision {one} to {other} of the manual"


def summary(found: Comparison) -> str:
    """Return in one sentence how much differs."""
    if found.older.revision == found.newer.revision:
        return f"Nothing: {found.older.revision} stands on both sides."
    if not found.changes:
        return f"Nothing: no change of what is said of the {found.total} cells is known."
    taken = "say" if not inferences(found) else "are taken to say"
    return f"{found.changed} of {found.total} cells {taken} something else."


def inferences(found: Comparison) -> tuple[str, ...]:
    """Return what stands behind the two revisions, where nobody here read them."""
    sides = dict.fromkeys((found.older, found.newer))
    return tuple(f"{side.revision}, by inference: {stated.note(side)}" for side in sides
                 if side.inference)  # fmt: skip


def said(what: Said) -> str:
    """``gp (table: vmexit-trap)``: what rules, and the table where that differs."""
    if not what.documented:
        return "not documented"
    rules = _branches(what.rules) or "nothing"
    if frozenset(what.rules) == frozenset(what.table):
        return rules
    return f"{rules} (table: {_branches(what.table) or 'blank'})"


def compared_text(found: Comparison, knowledge: Knowledge, place: Place) -> str:
    """Return two revisions side by side: the notes between them, then the cells."""
    out = Plain()
    out.title(title(found))
    head(out, place, f"{PATH}/{found.span}")
    out.field("In short", summary(found))
    for side in dict.fromkeys((found.older, found.newer)):
        query = side.query
        out.field(f"Table in {side.revision}", place.link(stated.address("/", query)), width=20)
    for line in inferences(found):
        out.blank()
        out.para(line)
    _notes(out, found.between)
    _changes(out, found.changes, place)
    if found.verdicts:
        out.heading("Verdicts that follow")
    for change in found.verdicts:
        family = knowledge.families[change.family].name
        out.item(f"{family}: {change.before} -> {change.after} ({len(change.cells)})")
        out.para(_cells(change.cells), 2)
    return out.render()


def _notes(out: Plain, between: tuple[Revision, ...]) -> None:
    if between:
        out.heading("What the revisions between changed for this site")
    for revision in between:
        date = f" ({revision.date})" if revision.date else ""
        out.item(f"{revision.revision}{date}: {revision.change} [{revision.source}]")


def _changes(out: Plain, changes: tuple[Change, ...], place: Place) -> None:
    if not changes:
        return
    out.heading("Cells")
    out.para("What rules a cell; what Table 15-22 says where that differs. A cell stands at "
             f"{place.site}/r/CELL.")  # fmt: skip
    for before, group in grouped(changes):
        out.blank()
        out.para(f"From {said(before)} to" if before.documented else "Not documented before")
        for change in group:
            out.item(f"{said(change.after)}: {len(change.cells)}", 2)
            out.para(_cells(change.cells), 4)


def grouped(changes: Iterable[Change]) -> tuple[tuple[Said, tuple[Change, ...]], ...]:
    """Return the changes by what was said before, in the order of the first cell."""
    found: dict[Said, list[Change]] = {}
    for change in changes:
        found.setdefault(change.before, []).append(change)
    return tuple((before, tuple(group)) for before, group in found.items())


def compared_table(found: Comparison, site: str) -> Table:
    """Return one row per cell that differs."""
    rows = [
        (
            str(key),
            *(_branches(part) for part in (change.before.table, change.before.rules)),
            *(_branches(part) for part in (change.after.table, change.after.rules)),
            f"{site}{key.url}",
        )
        for change in found.changes
        for key in change.cells
    ]
    columns = ("cell", "table_before", "rules_before", "table_after", "rules_after", "url")
    return Table(columns, tuple(rows))


def compared_body(found: Comparison, version: str, site: str) -> dict[str, Any]:
    """Return two revisions side by side as JSON data."""
    return {
        "data_version": version,
        "older": _side(found.older),
        "newer": _side(found.newer),
        "revisions": [_revision(revision) for revision in found.between],
        "cells": found.total,
        "cells_changed": found.changed,
        "changes": [
            {
                "before": _said(change.before),
                "after": _said(change.after),
                "cells": [f"{site}{key.url}" for key in change.cells],
            }
            for change in found.changes
        ],
        "verdicts": [
            {
                "family": change.family,
                "before": str(change.before),
                "after": str(change.after),
                "cells": [f"{site}{key.url}" for key in change.cells],
            }
            for change in found.verdicts
        ],
    }


def _side(side: AsStated) -> dict[str, Any]:
    found = stated.manual_out(side)
    return found.model_dump(mode="json") if found else {}


def _revision(revision: Revision) -> dict[str, str]:
    return {
        "revision": revision.revision,
        "date": revision.date,
        "change": revision.change,
        "source": revision.source,
    }


def _said(what: Said) -> dict[str, Any]:
    return {
        "documented": what.documented,
        "table": [{"behaviour": str(b), "condition": c} for b, c in what.table],
        "rules": [{"behaviour": str(b), "condition": c} for b, c in what.rules],
    }


def _cells(cells: Iterable[CellKey]) -> str:
    return ", ".join(map(str, cells))


def _branches(branches: Branches) -> str:
    return " | ".join(f"{b} [{c}]" if c else str(b) for b, c in branches)
