"""An archive as one JSON document, and its JSON Schema."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from pydantic import TypeAdapter

from app.core.knowledge import KINDS
from app.export.archive import FORMAT, Archive, Row
from app.intake.format1 import Untitled
from app.store.models import DataVersionRow, DecisionRow, FactRow, SubmissionRow, VerdictRow

SCHEMA = "/schema/export-1.json"
TEXT, NUMBER = {"type": "string"}, {"type": "integer"}
# The lists of the document: the table, what an item is, and the type of each key.
LISTS: dict[str, tuple[Any, str, dict[str, Any]]] = {
    "data_versions": (
        DataVersionRow, "Every data version, oldest first.",
        {"id": NUMBER, "name": TEXT, "created_at": TEXT, "reason": TEXT}),
    "history": (
        FactRow, ("Each fact for the data versions (by id) from since up to but not "
                  "until; null means: still. The body of one that ended stands here."),
        {"kind": {"enum": list(KINDS)}, "key": TEXT, "origin": TEXT, "since": NUMBER,
         "until": {"type": ["integer", "null"]}, "body": {"type": "object"}}),
    "verdicts": (
        VerdictRow, "The judgement on each cell and family.",
        {"register": TEXT, "mode": TEXT, "access": TEXT, "family": TEXT, "verdict": TEXT,
         "behaviours": TEXT, "reports": NUMBER, "masked": NUMBER, "evidence": TEXT,
         "scope": TEXT}),
    "documents": (
        SubmissionRow, ("Measurement documents as they came; raw is null when it holds a "
                        "contact that is withheld."),
        {"digest": TEXT, "slug": TEXT, "received_at": TEXT, "raw": {"type": ["string", "null"]}}),
    "decisions": (
        DecisionRow, "What was decided on measurements; version is a data version's id.",
        {"slug": TEXT, "state": TEXT, "reason": TEXT, "decided_at": TEXT, "decided_by": TEXT,
         "version": NUMBER}),
}  # fmt: skip
# Keys that are named otherwise than their columns.
COLUMNS = {"since": "valid_from", "until": "valid_to", "version": "version_id"}


def to_json(archive: Archive) -> str:
    """Return an archive as text: equal archives give equal text."""
    lists = {
        name: [{key: _said(row, key) for key in keys} for row in archive[table]]
        for name, (table, _, keys) in LISTS.items()
    }
    facts: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    for fact in lists["history"]:
        fact["body"] = json.loads(fact["body"])
        if fact["until"] is None:
            facts[fact["kind"]][fact["key"]] = fact.pop("body")
    document = {
        "$schema": SCHEMA,
        "format": FORMAT,
        "data_version": lists["data_versions"][-1]["name"],
        "created_at": lists["data_versions"][-1]["created_at"],
        "facts": facts,
        **lists,
    }
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _said(row: Row, key: str) -> Any:
    match row[COLUMNS.get(key, key)]:
        case datetime() as moment:
            return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        case bytes() as raw:
            return raw.decode() or None
        case value:
            return value


def json_schema(site: str = "") -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of an export of format 1."""
    found, parts = TypeAdapter.json_schemas(
        [(kind, "validation", TypeAdapter(cls)) for kind, cls in KINDS.items()],
        ref_template="#/$defs/{model}",
        schema_generator=Untitled,
    )
    bodies = {
        kind: {"type": "object", "additionalProperties": found[kind, "validation"]}
        for kind in KINDS
    }
    lists = {name: _list(description, keys) for name, (_, description, keys) in LISTS.items()}
    properties = {
        "$schema": {"const": SCHEMA},
        "format": {"const": FORMAT},
        "data_version": TEXT | {"description": "The version that this is of."},
        "created_at": TEXT | {"format": "date-time"},
        "data_versions": lists.pop("data_versions"),
        "facts": {
            "description": "What is public, by kind and key; defaults are left out.",
            "type": "object",
            "properties": bodies,
            "required": list(bodies),
            "additionalProperties": False,
        },
        **lists,
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{site}{SCHEMA}",
        "title": "vAPIC export, format 1",
        "description": "Everything that was public up to one data version.",
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
        "$defs": parts["$defs"],
    }


def _list(description: str, keys: Mapping[str, Any]) -> dict[str, Any]:
    item = {
        "type": "object",
        "properties": keys,
        # Only of a fact that ended.
        "required": [key for key in keys if key != "body"],
        "additionalProperties": False,
    }
    return {"description": description, "type": "array", "items": item}
