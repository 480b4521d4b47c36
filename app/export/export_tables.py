"""The CSV files of an export: one table each of what a spreadsheet can hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from heapq import merge
from itertools import chain
from typing import Any

from app.core.facts import Observation
from app.core.measuring import observations_of, source_of
from app.pages.measurement_data import COLUMNS as LISTED
from app.pages.measurement_data import list_rows
from app.pages.table_text import cells_table
from app.pens.place import NOWHERE
from app.pens.tables import csv_lines
from app.store.snapshots import Snapshot

# Addresses stay relative: the same facts are the same bytes, whoever publishes them.
SITE = ""
TEXTS = {
    "cells": "what the table says, what rules, and the verdict of each family, per cell",
    "judgements": "the verdict on each cell and family, with what stands behind it",
    "claims": "what the manual says about the cells, place by place",
    "observations": "what was seen, report by report",
    "errata": "published errata and informal quirks",
    "differences": "the ledger",
    "policies": "what hypervisors do with each MSR",
    "families": "CPU families",
    "sources": "where everything comes from",
    "measurements": "measurements, with their state",
}
COLUMNS = {
    "judgements": ("cell", "family", "verdict", "behaviours", "reports", "machines", "microcodes",
                   "masked", "evidence", "scope", "sources"),
    "claims": ("register", "modes", "access", "kind", "strength", "behaviour", "condition",
               "family", "models", "bits", "since", "question", "qualifier", "section", "table",
               "page", "source", "text", "inference"),
    "observations": ("id", "family", "cpu", "evidence", "scope", "cells", "member", "outcome",
                     "condition", "exit", "rip", "hedge", "intercepted", "reporter", "date",
                     "report", "machine", "microcode", "sources", "text"),
    "errata": ("slug", "number", "kind", "grade", "title", "cells", "symptom", "workaround",
               "fix", "inference", "sources"),
    "differences": ("number", "state", "title", "cells", "families", "table_says", "instead",
                    "text", "inference", "observations", "errata", "sources"),
    "policies": ("policy", "hypervisor", "versions", "msrs", "read", "write", "note"),
    "families": ("slug", "name", "products", "default_avic", "caveat", "sources", "text"),
    "sources": ("id", "kind", "read", "author", "date", "title", "url", "message_id",
                "repository", "commit", "document", "revision", "note"),
}  # fmt: skip


def lines(snapshot: Snapshot, name: str) -> Iterator[str]:
    """Return a table of a snapshot as CSV, line by line."""
    if name == "cells":
        table = cells_table(snapshot.cells, snapshot.knowledge, SITE)
        return csv_lines(table.columns, table.rows)
    if name == "measurements":
        return csv_lines(LISTED, list_rows((m.listed for m in snapshot.records.every()), NOWHERE))
    columns = COLUMNS[name]
    rows = _entries(snapshot, name)
    return csv_lines(columns, (tuple(_text(row[column]) for column in columns) for row in rows))


def _entries(snapshot: Snapshot, name: str) -> Iterable[Mapping[str, Any]]:
    """Return what the rows of a table are made of, one by one."""
    known = snapshot.knowledge
    accepted = (source_of(m) for m in snapshot.records.every() if m.accepted)
    entries: Mapping[str, Iterable[Mapping[str, Any]]] = {
        "judgements": (vars(judgement) | {"cell": key, "family": family,
                                          "sources": judgement.sources}
                       for key, view in snapshot.cells.items()
                       for family, judgement in view.judgements.items()),
        "claims": ({"register": register.slug, **vars(claim)}
                   for register in known.registers.values() for claim in register.claims),
        "observations": map(vars, _observations(snapshot)),
        "errata": map(vars, known.errata.values()),
        "differences": (vars(d) | {"number": d.label, "state": d.state}
                        for d in known.differences.values()),
        "policies": ({"policy": p.slug, **vars(p), "versions": p.releases, **vars(msrs)}
                     for p in known.policies.values() for msrs in p.msrs),
        "families": map(vars, known.families.values()),
        "sources": map(vars, chain(known.sources.values(),
                                   (s for s in accepted if s.id not in known.sources))),
    }  # fmt: skip
    return entries[name]


def _observations(snapshot: Snapshot) -> Iterator[Observation]:
    """Return every observation by its day and id, those of measurements one by one."""
    known = snapshot.knowledge
    counted = {i for measured in known.measured.values() for i in measured.of_id}
    curated = (seen for i, seen in known.observations.items() if i not in counted)
    # All of a measurement are of one day, and their ids begin with its name.
    measured = (
        seen
        for measurement in snapshot.records.by_day()
        for seen in sorted(observations_of(measurement), key=_dated)
    )
    yield from merge(sorted(curated, key=_dated), measured, key=_dated)


def _dated(seen: Observation) -> tuple[str, str]:
    return seen.date, seen.id


def _text(value: object) -> str:
    """Return a field as a spreadsheet's cell; a list has one space between its items."""
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
