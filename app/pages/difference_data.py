"""The ledger and its differences as rows and as JSON."""

from __future__ import annotations

from typing import Any

from app.core.citations import address_of, commit_form
from app.core.knowledge import Knowledge
from app.core.ledger import LedgerEntry, Unfiled, documented_in
from app.core.ledger_filter import LedgerView
from app.curation.seed import body_of
from app.pages.difference_text import branch_words, event_words, evidence_words, reached_words
from app.pens.tables import Table


def differences_table(view: LedgerView, knowledge: Knowledge, site: str) -> Table:
    """Return the ledger as rows; what no entry covers comes last, without a number."""
    rows = [_cells_of_row(entry, knowledge, site) for entry in view.entries]
    rows += [
        ("", "unfiled", "", "", branch_words(g.table), branch_words(g.rules),
         " ".join(g.families), " ".join(map(str, g.keys)),
         "; ".join(f"{s.family} {s.verdict}: {' '.join(s.behaviours)}" for s in g.seen),
         "", "", "", "")
        for g in view.unfiled
    ]  # fmt: skip
    columns = ("number", "state", "reached", "title", "table_says", "instead", "families",
               "cells", "evidence", "threads", "commits", "retracted", "url")  # fmt: skip
    return Table(columns, tuple(rows))


def _cells_of_row(entry: LedgerEntry, knowledge: Knowledge, site: str) -> tuple[str, ...]:
    d = entry.difference
    return (
        f"D-{d.number}",
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
        f"{site}/d/{d.number}",
    )


def difference_table(entry: LedgerEntry, knowledge: Knowledge) -> Table:
    """Return the life of one difference as rows."""
    rows = [
        (e.date, str(e.state), event_words(e, knowledge), e.text, " ".join(e.sources))
        for e in entry.difference.life
    ]
    return Table(("date", "state", "where", "text", "sources"), tuple(rows))


def difference_body(entry: LedgerEntry, knowledge: Knowledge, site: str) -> dict[str, Any]:
    """Return one difference as JSON data: its seed entry, and what follows from it."""
    d = entry.difference
    return {
        **body_of("difference", d),
        "url": f"{site}/d/{d.number}",
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
        "differences": [difference_body(entry, knowledge, site) for entry in view.entries],
        "unfiled": [unfiled_body(group) for group in view.unfiled],
    }


def unfiled_body(group: Unfiled) -> dict[str, Any]:
    """Return cells that no entry covers as JSON data."""
    return {
        "cells": [str(key) for key in group.keys],
        "table": branch_words(group.table),
        "rules": branch_words(group.rules),
        "manual": group.manual,
        "verdicts": [
            {"family": s.family, "verdict": str(s.verdict), "behaviours": list(s.behaviours)}
            for s in group.seen
        ],
        "beside": [f"D-{d.number}" for d in group.beside],
    }
