"""Read ``seed/``: YAML files that a maintainer edits, checked against the fact classes.

A folder or file stem names the kind (``registers/ldr.yaml``, ``conditions.yaml``); a file
holds one entry or a list of them. Every scalar is read as text and converted by the field
it lands in, so YAML's own guesses (``no`` as false, dates, octal) cannot change a fact.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from app.core.facts import Fact
from app.core.knowledge import KINDS, Knowledge, key_of
from app.curation.lint import lint
from app.errors import InvalidSeed, Problem

FOLDERS = {
    "sources": "source",
    "documents": "document",
    "conditions": "condition",
    "groups": "group",
    "registers": "register",
    "families": "family",
    "observations": "observation",
    "errata": "erratum",
    "policies": "policy",
    "differences": "difference",
    "annotations": "annotation",
    "keys": "key",
}
_ADAPTERS: dict[str, TypeAdapter[Fact]] = {kind: TypeAdapter(cls) for kind, cls in KINDS.items()}
# The C parser is five times as fast; both read every scalar as text.
FAST = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
# Scanning is slow, so a file is scanned only when something in it looks like an anchor.
ANCHOR = re.compile(r"(?:^|[\s\[,])[&*]\w", re.MULTILINE)
Path_ = tuple[str | int, ...]


@dataclass(frozen=True)
class SeedEntry:
    """One fact and where it stands: file relative to the seed, 1-based line."""

    fact: Fact
    file: str
    line: int
    lines: dict[Path_, int]

    def problem(self, path: Path_, found: str, expected: str) -> Problem:
        """Return a problem at ``path`` inside this entry."""
        line = next((self.lines[path[:n]] for n in range(len(path), 0, -1)
                     if path[:n] in self.lines), self.line)  # fmt: skip
        return Problem(self.file, spell(path), found, expected, line)


def fact_from(kind: str, body: object) -> Fact:
    """Return the fact of ``kind`` that plain data describes.

    Raises pydantic's ValidationError with every problem in ``body``.
    """
    return _ADAPTERS[kind].validate_python(body)


def body_of(kind: str, fact: Fact) -> dict[str, Any]:
    """Return a fact as plain JSON data; ``fact_from`` reads it back unchanged."""
    data: dict[str, Any] = _ADAPTERS[kind].dump_python(fact, mode="json", exclude_defaults=True)
    return data


def read_seed(folder: Path) -> tuple[SeedEntry, ...]:
    """Read every file of a seed folder.

    Raises InvalidSeed with all problems of form (syntax, unknown keys, wrong words,
    keys given twice). What facts say about each other is the linter's part.
    """
    entries: list[SeedEntry] = []
    problems: list[Problem] = []
    for path in sorted(p for p in folder.rglob("*.y*ml") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        kind = FOLDERS.get(name.removesuffix(".yaml").split("/")[0])
        if kind is None:
            problems.append(Problem(name, "", "a file of no kind", " or ".join(FOLDERS)))
            continue
        _read_file(path, name, kind, entries, problems)
    if not entries and not problems:
        problems.append(Problem(str(folder), "", "no seed files", "YAML files such as registers/"))
    problems += _given_twice(entries)
    if problems:
        raise InvalidSeed(tuple(problems))
    return tuple(entries)


def _read_file(
    path: Path, name: str, kind: str, entries: list[SeedEntry], problems: list[Problem]
) -> None:
    try:
        text = path.read_text("utf-8")
        if problem := _anchor(text, name):
            problems.append(problem)
            return
        root = _compose(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        found = getattr(error, "problem", None) or str(error)
        problems.append(Problem(name, "", found, "YAML", mark.line + 1 if mark else 0))
        return
    problems += _cut_off(root, text, name) if root else []
    nodes = root.value if isinstance(root, yaml.SequenceNode) else [root] if root else []
    for node in nodes:
        lines: dict[Path_, int] = {}
        body = _plain(node, (), lines, name, problems)
        first = node.start_mark.line + 1
        try:
            entries.append(SeedEntry(fact_from(kind, body), name, first, lines))
        except ValidationError as error:
            problems += [_problem(detail, name, first, lines) for detail in error.errors()]


def _compose(text: str) -> yaml.Node | None:
    """Parse YAML; what is wrong is told by the Python parser, the same on every machine."""
    try:
        return yaml.compose(text, Loader=FAST)
    except yaml.YAMLError:
        return yaml.compose(text, Loader=yaml.BaseLoader)


def _anchor(text: str, name: str) -> Problem | None:
    """Refuse anchors and aliases: an entry says all it says in its own place."""
    if not ANCHOR.search(text):
        return None
    for token in yaml.scan(text, Loader=yaml.BaseLoader):
        if isinstance(token, yaml.AnchorToken | yaml.AliasToken):
            line = token.start_mark.line + 1
            return Problem(name, "", "a YAML anchor or alias", "the value itself", line)
    return None


def _plain(
    node: yaml.Node, path: Path_, lines: dict[Path_, int], name: str, problems: list[Problem]
) -> object:
    lines[path] = node.start_mark.line + 1
    if isinstance(node, yaml.SequenceNode):
        return [_plain(n, (*path, i), lines, name, problems) for i, n in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return str(node.value).strip()
    found: dict[str, object] = {}
    for key, value in node.value:
        if key.value in found:
            line = key.start_mark.line + 1
            problems.append(Problem(name, spell((*path, key.value)), "the key twice", "once", line))
        found[key.value] = _plain(value, (*path, key.value), lines, name, problems)
    return found


def _cut_off(node: yaml.Node, text: str, name: str) -> list[Problem]:
    """Find values that YAML cuts off at `` #``: most of them mean #GP or #VMEXIT."""
    if not isinstance(node, yaml.ScalarNode):
        inner = [n for pair in node.value for n in (pair if isinstance(pair, tuple) else (pair,))]
        return [problem for child in inner for problem in _cut_off(child, text, name)]
    rest = text[node.end_mark.index :].split("\n", 1)[0].strip()
    if not node.style and rest.startswith("#"):
        line = node.end_mark.line + 1
        return [
            Problem(name, "", f"{rest[:20]!r} behind a value, a comment to YAML", "quotes", line)
        ]
    return []


def _problem(detail: Any, name: str, first: int, lines: dict[Path_, int]) -> Problem:
    path: Path_ = tuple(detail["loc"])
    line = next((lines[path[:n]] for n in range(len(path), -1, -1) if path[:n] in lines), first)
    match detail["type"]:
        case "missing" | "missing_keyword_only_argument":
            return Problem(name, spell(path), "nothing", "a value: this key is required", line)
        case "unexpected_keyword_argument" | "extra_forbidden":
            return Problem(name, spell(path), "an unknown key", "a key of the format", line)
        case "enum" | "literal_error":
            return Problem(
                name, spell(path), repr(detail["input"]), detail["ctx"]["expected"], line
            )
        case _:
            found = repr(detail["input"]) if isinstance(detail["input"], str) else "a value"
            expected = detail["msg"].removeprefix("Value error, ")
            return Problem(name, spell(path), found, expected, line)


def _given_twice(entries: list[SeedEntry]) -> list[Problem]:
    seen: dict[tuple[type, str], SeedEntry] = {}
    problems = []
    for entry in entries:
        key = (type(entry.fact), key_of(entry.fact))
        first = seen.setdefault(key, entry)
        if first is not entry:
            found = f"{key[1]!r} again (first in {first.file}:{first.line})"
            problems.append(Problem(entry.file, "", found, "a key of its own", entry.line))
    return problems


def spell(path: Path_) -> str:
    """Return ``claims[2].page`` for ``("claims", 2, "page")``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def check_seed(folder: Path) -> tuple[SeedEntry, ...]:
    """Read a seed and hold its facts against each other.

    Returns the entries; raises InvalidSeed with every problem, each with file and place.
    """
    entries = read_seed(folder)
    places = {id(entry.fact): entry for entry in entries}
    findings = lint(Knowledge.of(entry.fact for entry in entries))
    if findings:
        raise InvalidSeed(
            tuple(places[id(f.fact)].problem(f.place, f.found, f.expected) for f in findings)
        )
    return entries
