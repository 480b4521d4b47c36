"""The CSV files of an export: one table each of what a spreadsheet can hold."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from app.core.facts import Observation
from app.core.measuring import observations_of, source_of
from app.pages.measurement_data import list_table
from app.pages.table_text import cells_table
from app.pens.place import NOWHERE
from app.pens.tables import Table
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


def tables(snapshot: Snapshot) -> dict[str, Table]:
    """Return every table of a snapshot by name, in the order in which they are listed."""
    knowledge, cells = snapshot.knowledge, snapshot.cells
    measurements = tuple(snapshot.records.every())
    accepted = [m for m in measurements if m.accepted]
    observations = {o.id: o for m in accepted for o in observations_of(m)}
    curated = (o for o in knowledge.observations.values() if o.id not in observations)
    sources = knowledge.sources | {source.id: source for source in map(source_of, accepted)}
    entries: dict[str, Iterable[Mapping[str, Any]]] = {
        "judgements": (vars(judgement) | {"cell": key, "family": family,
                                          "sources": judgement.sources}
                       for key, view in cells.items()
                       for family, judgement in view.judgements.items()),
        "claims": ({"register": register.slug, **vars(claim)}
                   for register in knowledge.registers.values() for claim in register.claims),
        "observations": map(vars, sorted((*curated, *observations.values()), key=_dated)),
        "errata": map(vars, knowledge.errata.values()),
        "differences": (vars(d) | {"number": f"D-{d.number}", "state": d.state}
                        for d in knowledge.differences.values()),
        "policies": ({"policy": p.slug, **vars(p), "versions": p.releases, **vars(msrs)}
                     for p in knowledge.policies.values() for msrs in p.msrs),
        "families": map(vars, knowledge.families.values()),
        "sources": map(vars, sources.values()),
    }  # fmt: skip
    return {
        "cells": cells_table(cells, knowledge, SITE),
        **{name: _table(columns, entries[name]) for name, columns in COLUMNS.items()},
        "measurements": list_table((m.listed for m in measurements), NOWHERE),
    }


def _dated(seen: Observation) -> tuple[str, str]:
    return seen.date, seen.id


def _table(columns: tuple[str, ...], rows: Iterable[Mapping[str, Any]]) -> Table:
    return Table(columns, tuple(tuple(_text(row[name]) for name in columns) for row in rows))


def _text(value: object) -> str:
    """Return a field as a spreadsheet's cell; a list has one space between its items."""
    if isinstance(value, tuple):
        return " ".join(map(str, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
