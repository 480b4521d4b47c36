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

SCHEMA = "/schema/export-1.json"
VERDICT = ("register", "mode", "access", "family", "verdict", "behaviours", "reports", "masked",
           "evidence", "scope")  # fmt: skip
NUMBERS = ("reports", "masked")


def _named(*names: str, **others: str) -> dict[str, str]:
    return {name: name for name in names} | others


# Key of the document: column of the database.
VERSION = _named("id", "name", "created_at", "reason")
RANGE = _named("kind", "key", "origin", since="valid_from", until="valid_to")
DOCUMENT = _named("digest", "slug", "received_at", "raw")
DECISION = _named("slug", "state", "reason", "decided_at", "decided_by", version="version_id")


def to_json(archive: Archive) -> str:
    """Return an archive as text: equal archives give equal text."""
    version = archive.versions[-1]
    facts: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    for fact in archive.facts:
        if fact["valid_to"] is None:
            facts[fact["kind"]][fact["key"]] = json.loads(fact["body"])
    document = {
        "$schema": SCHEMA,
        "format": FORMAT,
        "data_version": version["name"],
        "created_at": _said(version["created_at"]),
        "data_versions": [_item(row, VERSION) for row in archive.versions],
        "facts": facts,
        # The body of a fact that is still so stands under "facts".
        "history": [
            _item(row, RANGE)
            | ({} if row["valid_to"] is None else {"body": json.loads(row["body"])})
            for row in archive.facts
        ],
        "verdicts": archive.verdicts,
        "documents": [_item(row, DOCUMENT) for row in archive.documents],
        "decisions": [_item(row, DECISION) for row in archive.decisions],
    }
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _item(row: Row, names: Mapping[str, str]) -> dict[str, Any]:
    return {name: _said(row[column]) for name, column in names.items()}


def _said(value: Any) -> Any:
    match value:
        case datetime():
            return value.strftime("%Y-%m-%dT%H:%M:%SZ")
        case bytes():
            return value.decode() or None
        case _:
            return value


def json_schema(site: str = "") -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of an export of format 1."""
    found, parts = TypeAdapter.json_schemas(
        [(kind, "validation", TypeAdapter(cls)) for kind, cls in KINDS.items()],
        ref_template="#/$defs/{model}",
        schema_generator=Untitled,
    )
    kinds = {kind: found[kind, "validation"] for kind in KINDS}
    properties = _properties(kinds)
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


def _properties(kinds: Mapping[str, Any]) -> dict[str, Any]:
    text, number = {"type": "string"}, {"type": "integer"}
    maybe_number = {"type": ["integer", "null"]}
    bodies = {
        kind: {"type": "object", "additionalProperties": body} for kind, body in kinds.items()
    }
    verdict = {name: number if name in NUMBERS else text for name in VERDICT}
    return {
        "$schema": {"const": SCHEMA},
        "format": {"const": FORMAT},
        "data_version": text | {"description": "The version that this is of."},
        "created_at": text | {"format": "date-time"},
        "data_versions": _list("Every data version, oldest first.",
            {"id": number, "name": text, "created_at": text, "reason": text}),
        "facts": {
            "description": "What is public, by kind and key; defaults are left out.",
            "type": "object",
            "properties": bodies,
            "required": list(bodies),
            "additionalProperties": False,
        },
        "history": _list("Each fact for the data versions (by id) from since up to but not "
            "until; null means: still. The body of one that ended stands here.",
            {"kind": {"enum": list(kinds)}, "key": text, "origin": text, "since": number,
             "until": maybe_number, "body": {"type": "object"}}, optional="body"),
        "verdicts": _list("The judgement on each cell and family.", verdict),
        "documents": _list("Measurement documents as they came; raw is null when it holds a "
            "contact that is withheld.", {"digest": text, "slug": text, "received_at": text,
            "raw": {"type": ["string", "null"]}}),
        "decisions": _list("What was decided on measurements; version is a data version's id.",
            {"slug": text, "state": text, "reason": text, "decided_at": text,
             "decided_by": text, "version": number}),
    }  # fmt: skip


def _list(description: str, fields: Mapping[str, Any], optional: str = "") -> dict[str, Any]:
    item = {
        "type": "object",
        "properties": dict(fields),
        "required": [name for name in fields if name != optional],
        "additionalProperties": False,
    }
    return {"description": description, "type": "array", "items": item}
