"""The ledger of differences, and one difference."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from app.core.citations import address_of, commit_form
from app.core.filters import CellFilter
from app.core.knowledge import Knowledge
from app.core.ledger import LedgerEntry, Unfiled, documented_in, entry_of
from app.core.ledger_filter import WHOLE_LEDGER, LedgerView, view_ledger, vocabulary_of
from app.core.rulings import Branch
from app.curation.seed import body_of
from app.pages import explore
from app.pages.difference_text import (
    difference_sheet,
    event_words,
    evidence_words,
    ledger_sheet,
    reached_words,
)
from app.pages.kinds.kind import Address, PageKind
from app.pages.subjects import Subject
from app.pens import phrases
from app.pens.page import Page
from app.pens.plain import line_text
from app.pens.tables import Table, column_names
from app.store.snapshots import Snapshot
from app.store.stepping import LEDGER

COLUMNS = column_names(
    "number state reached title table_says instead families cells evidence threads commits "
    "retracted url"
)


class LedgerPage(PageKind):
    """Every difference; the query is a filter."""

    pattern = "/d"
    promise = "the ledger of differences"
    twins = "txt json csv md atom"
    lists = True

    def find(self, asked: Address) -> Page:
        """Return the ledger under the filter. Raises InvalidFilter."""
        snapshot, knowledge = asked.snapshot, asked.knowledge
        wanted = vocabulary_of(knowledge).read(asked.pairs)
        view = view_ledger(knowledge, snapshot.cells, wanted)
        return Page.of(
            ledger_sheet(view, knowledge),
            title="The ledger of differences",
            subject=Subject(LEDGER, "The ledger of differences: changes"),
            view={"view": view, "chips": view.vocabulary.chips(view.wanted)},
            table=lambda place: _ledger_table(view, knowledge, place.site),
            data=lambda place: ledger_body(view, snapshot.name, knowledge, place.site),
        )


class DifferencePage(PageKind):
    """One numbered difference."""

    pattern = "/d/{number}"
    promise = "one difference; D-3 redirects to 3"
    twins = "txt json csv md atom"

    def find(self, asked: Address) -> Page:
        """Return one difference with its life. Raises NotFound."""
        found = explore.find_difference(asked.snapshot, asked.parts["number"])
        knowledge = asked.knowledge
        entry = entry_of(found, knowledge, asked.snapshot.cells)
        sheet = difference_sheet(entry, knowledge)
        return Page.of(
            sheet,
            title=f"{found.label}: {found.title}",
            view={"entry": entry},
            subject=Subject(sheet.path, f"{found.label} {found.title}: changes"),
            table=lambda _: _life_table(entry, knowledge),
            data=lambda place: {
                "data_version": asked.snapshot.name,
                **_difference_body(entry, knowledge, place.site),
            },
        )


def filter_ledger(snapshot: Snapshot, wanted: CellFilter) -> LedgerView:
    """Return what of the ledger touches a cell that the table's filter admits, in its order."""
    whole = view_ledger(snapshot.knowledge, snapshot.cells, WHOLE_LEDGER)
    if not wanted.active:
        return whole
    shown = set(explore.filter_table(snapshot, wanted).cells)
    return replace(
        whole,
        entries=tuple(e for e in whole.entries if shown.intersection(e.keys)),
        unfiled=tuple(g for g in whole.unfiled if shown.intersection(g.keys)),
    )


def _ledger_table(view: LedgerView, knowledge: Knowledge, site: str) -> Table:
    """Return the ledger as rows; what no entry covers comes last, without a number."""
    rows = [_row(entry, knowledge, site) for entry in view.entries]
    rows += [_unfiled_row(group) for group in view.unfiled]
    return Table(COLUMNS, tuple(rows))


def _unfiled_row(group: Unfiled) -> tuple[str, ...]:
    seen = (f"{s.family} {s.verdict}: {' '.join(s.behaviours)}" for s in group.seen)
    said = {
        "state": "unfiled",
        "table_says": _branches(group.table),
        "instead": _branches(group.rules),
        "families": " ".join(group.families),
        "cells": " ".join(map(str, group.keys)),
        "evidence": "; ".join(seen),
    }
    return tuple(said.get(column, "") for column in COLUMNS)


def _row(entry: LedgerEntry, knowledge: Knowledge, site: str) -> tuple[str, ...]:
    d = entry.difference
    return (
        d.label,
        str(d.state),
        reached_words(d, knowledge),
        d.title,
        d.table_says,
        d.instead,
        " ".join(d.families),
        " ".join(map(str, entry.keys)),
        evidence_words(entry),
        " ".join(address_of(s) for s in entry.threads),
        "; ".join(commit_form(s) for s in entry.commits),
        d.retraction.text if d.retraction else "",
        f"{site}{d.path}",
    )


def _life_table(entry: LedgerEntry, knowledge: Knowledge) -> Table:
    """Return the life of one difference as rows."""
    rows = [
        (e.date, str(e.state), event_words(e, knowledge), e.text, " ".join(e.sources))
        for e in entry.difference.life
    ]
    return Table(("date", "state", "where", "text", "sources"), tuple(rows))


def _difference_body(entry: LedgerEntry, knowledge: Knowledge, site: str) -> dict[str, Any]:
    """Return one difference as JSON data: its seed entry, and what follows from it."""
    d = entry.difference
    return {
        **body_of(d),
        "url": f"{site}{d.path}",
        "state": str(d.state),
        "reached": [{"state": str(e.state), "date": e.date} for e in d.reached],
        "documented_in": list(documented_in(d, knowledge)),
        "retracted": d.retraction.text if d.retraction else "",
        "cell_keys": [str(key) for key in entry.keys],
        "evidence": {
            "reports": entry.reports,
            "machines": entry.machines,
            "measurements": entry.measurements,
            "grades": [str(grade) for grade in entry.evidence],
            "verdicts": [
                {"cell": str(key), "family": j.family, "verdict": str(j.verdict)}
                for key, j in entry.judged
            ],
        },
        "threads": [
            {"source": s.id, "date": s.date, "message_id": s.message_id, "url": address_of(s)}
            for s in entry.threads
        ],
        "commits": [
            {"source": s.id, "citation": commit_form(s), "url": address_of(s)}
            for s in entry.commits
        ],
    }


def ledger_body(view: LedgerView, version: str, knowledge: Knowledge, site: str) -> dict[str, Any]:
    """Return the ledger under a filter as JSON data."""
    return {
        "data_version": version,
        "differences": [_difference_body(entry, knowledge, site) for entry in view.entries],
        "unfiled": [_unfiled_body(group) for group in view.unfiled],
    }


def _unfiled_body(group: Unfiled) -> dict[str, Any]:
    """Return cells that no entry covers as JSON data."""
    return {
        "cells": [str(key) for key in group.keys],
        "table": _branches(group.table),
        "rules": _branches(group.rules),
        "manual": group.manual,
        "verdicts": [
            {"family": s.family, "verdict": str(s.verdict), "behaviours": list(s.behaviours)}
            for s in group.seen
        ],
        "beside": [d.label for d in group.beside],
    }


def _branches(found: Iterable[Branch]) -> str:
    return line_text(phrases.branch_line(found))


KINDS: tuple[PageKind, ...] = (LedgerPage(), DifferencePage())
