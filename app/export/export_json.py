"""An archive as one JSON document, its JSON Schema, and the way back."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema

from app.core.knowledge import KINDS
from app.export.archive import FORMAT, Archive, PastDecision, PastDocument, PastFact, PastVersion

SCHEMA = "/schema/export-1.json"
VERDICT = ("register", "mode", "access", "family", "verdict", "behaviours", "reports", "masked",
           "evidence", "scope")  # fmt: skip
NUMBERS = ("reports", "masked")


def to_json(archive: Archive) -> str:
    """Return an archive as text: equal archives give equal text."""
    current = [fact for fact in archive.facts if fact.until is None]
    facts: dict[str, dict[str, Any]] = {kind: {} for kind in KINDS}
    for fact in current:
        facts[fact.kind][fact.key] = json.loads(fact.body)
    document = {
        "$schema": SCHEMA,
        "format": FORMAT,
        "data_version": archive.version.name,
        "created_at": archive.version.created_at,
        "data_versions": [vars(version) for version in archive.versions],
        "facts": facts,
        "history": [_range(fact) for fact in archive.facts],
        "verdicts": [dict(zip(VERDICT, row, strict=True)) for row in archive.verdicts],
        "documents": [vars(d) | {"raw": d.raw.decode() or None} for d in archive.documents],
        "decisions": [vars(decision) for decision in archive.decisions],
    }
    return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def from_json(text: str | bytes) -> Archive:
    """Return the archive that ``to_json`` wrote. Raises ValueError for anything else."""
    document = json.loads(text)
    if not isinstance(document, dict) or document.get("$schema") != SCHEMA:
        raise ValueError(f'it has no "$schema": "{SCHEMA}"')
    if document.get("format") != FORMAT:
        raise ValueError(f"it is an export of format {document.get('format')!r}, not {FORMAT}")
    try:
        return _archive(document)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"it is no complete export ({type(error).__name__}: {error})") from None


def _archive(document: Mapping[str, Any]) -> Archive:
    facts = document["facts"]
    return Archive(
        versions=tuple(PastVersion(**v) for v in document["data_versions"]),
        facts=tuple(
            PastFact(
                kind=h["kind"],
                key=h["key"],
                since=h["since"],
                until=h["until"],
                origin=h["origin"],
                body=_canonical(h.get("body") or facts[h["kind"]][h["key"]]),
            )
            for h in document["history"]
        ),
        documents=tuple(
            PastDocument(**d | {"raw": (d["raw"] or "").encode()}) for d in document["documents"]
        ),
        decisions=tuple(PastDecision(**d) for d in document["decisions"]),
        verdicts=tuple(tuple(v[name] for name in VERDICT) for v in document["verdicts"]),
    )


def _range(fact: PastFact) -> dict[str, Any]:
    """Return a fact's range; the body of one that is still so stands under ``facts``."""
    known = {name: value for name, value in vars(fact).items() if name != "body"}
    return known if fact.until is None else known | {"body": json.loads(fact.body)}


def _canonical(body: Mapping[str, Any]) -> str:
    return json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


class _Schema(GenerateJsonSchema):
    """Titles and defaults say nothing here that the names do not."""

    def field_title_should_be_set(self, schema: Any) -> bool:
        """No titles on fields."""
        del schema
        return False


def json_schema(site: str = "") -> dict[str, Any]:
    """Return the JSON Schema (2020-12) of an export of format 1."""
    found, parts = TypeAdapter.json_schemas(
        [(kind, "validation", TypeAdapter(cls)) for kind, cls in KINDS.items()],
        ref_template="#/$defs/{model}",
        schema_generator=_Schema,
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
    bodies = {kind: _object_of(body) for kind, body in kinds.items()}
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


def _object_of(body: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": body}


def _list(description: str, fields: Mapping[str, Any], optional: str = "") -> dict[str, Any]:
    item = {
        "type": "object",
        "properties": dict(fields),
        "required": [name for name in fields if name != optional],
        "additionalProperties": False,
    }
    return {"description": description, "type": "array", "items": item}
