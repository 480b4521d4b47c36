"""An archive as one JSON document, as JSON in lines, and the JSON Schema of the first."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from app.core.knowledge import KINDS
from app.export.archive import FORMAT, Archive, TableRow
from app.intake.format1 import Untitled
from app.store.models import DataVersionRow, DecisionRow, FactRow, SubmissionRow, VerdictRow

SCHEMA = "/schema/export-1.json"
TEXT, NUMBER = {"type": "string"}, {"type": "integer"}


class ExportList(NamedTuple):
    """A list of the document: its table, what an item is, and the type of each key."""

    row: Any
    text: str
    keys: dict[str, Any]


LISTS: dict[str, ExportList] = {
    "data_versions": ExportList(
        DataVersionRow, "Every data version, oldest first.",
        {"id": NUMBER, "name": TEXT, "created_at": TEXT, "reason": TEXT}),
    "history": ExportList(
        FactRow, ("Each fact for the data versions (by id) from since up to but not "
                  "until; null means: still. The body of one that ended stands here."),
        {"kind": {"enum": list(KINDS)}, "key": TEXT, "origin": TEXT, "since": NUMBER,
         "until": {"type": ["integer", "null"]}, "body": {"type": "object"}}),
    "verdicts": ExportList(
        VerdictRow, "The judgement on each cell and family.",
        {"register": TEXT, "mode": TEXT, "access": TEXT, "family": TEXT, "verdict": TEXT,
         "behaviours": TEXT, "reports": NUMBER, "masked": NUMBER, "evidence": TEXT,
         "scope": TEXT}),
    "documents": ExportList(
        SubmissionRow, ("Measurement documents as they came; raw is null when it holds a "
                        "contact that is withheld."),
        {"digest": TEXT, "slug": TEXT, "received_at": TEXT, "raw": {"type": ["string", "null"]}}),
    "decisions": ExportList(
        DecisionRow, "What was decided on measurements; version is a data version's id.",
        {"slug": TEXT, "state": TEXT, "reason": TEXT, "decided_at": TEXT, "decided_by": TEXT,
         "version": NUMBER}),
}  # fmt: skip
# Keys that are named otherwise than their columns.
COLUMNS = {"since": "valid_from", "until": "valid_to", "version": "version_id"}
# The name of a part of an object, empty in a list, and its text.
ObjectPart = tuple[str, Iterable[str]]


def to_json(archive: Archive) -> Iterator[str]:
    """Return an archive as text, piece by piece: equal archives give equal text."""
    parts = {name: [_dumped(value)] for name, value in _head(archive).items()} | {
        name: _nested("[]", _items(archive, name)) for name in LISTS
    }
    kinds = ((_named(kind), _nested("{}", _bodies(archive, kind))) for kind in sorted(KINDS))
    parts["facts"] = _nested("{}", kinds)
    yield from _nested("{}", ((_named(name), part) for name, part in sorted(parts.items())))
    yield "\n"


def to_lines(archive: Archive) -> Iterator[str]:
    """Return a line for each item of each list, behind one that says of what they are."""
    yield _line(_head(archive))
    for name in LISTS:
        for row in _rows(archive, name):
            line = _line({"list": name, **_item(row, name)})
            # A body is JSON already.
            yield f'{line[:-2]},"body":{row["body"]}}}\n' if name == "history" else line


def _head(archive: Archive) -> dict[str, Any]:
    version = archive.snapshot.version
    return {
        "$schema": SCHEMA,
        "format": FORMAT,
        "data_version": version.name,
        "created_at": _said(version.created_at),
    }


def _rows(archive: Archive, name: str) -> Iterator[TableRow]:
    return archive.facts() if name == "history" else archive.rows(LISTS[name].row)


def _items(archive: Archive, name: str) -> Iterator[ObjectPart]:
    for row in _rows(archive, name):
        ended = name == "history" and row["valid_to"] is not None
        body = {"body": json.loads(row["body"])} if ended else {}
        yield "", [_dumped(_item(row, name) | body)]


def _bodies(archive: Archive, kind: str) -> Iterator[ObjectPart]:
    for row in archive.facts(kind):
        yield _named(row["key"]), [_dumped(json.loads(row["body"]))]


def _item(row: TableRow, name: str) -> dict[str, Any]:
    keys = (key for key in LISTS[name].keys if key != "body")
    return {key: _said(row[COLUMNS.get(key, key)]) for key in keys}


def _nested(brackets: str, parts: Iterable[ObjectPart]) -> Iterator[str]:
    """Return a list or an object as ``json.dumps`` indents it, by one a level."""
    comma = ""
    yield brackets[0]
    for name, pieces in parts:
        yield f"{comma}\n {name}"
        yield from (piece.replace("\n", "\n ") for piece in pieces)
        comma = ","
    yield ("\n" if comma else "") + brackets[1]


def _named(key: str) -> str:
    return f"{_dumped(key)}: "


def _dumped(value: Any) -> str:
    return json.dumps(value, indent=1, sort_keys=True, ensure_ascii=False)


def _line(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")) + "\n"


def _said(value: Any) -> Any:
    match value:
        case datetime() as moment:
            return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
        case bytes() as raw:
            return raw.decode() or None
        case other:
            return other


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
    lists = {name: _list(of.text, of.keys) for name, of in LISTS.items()}
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
