"""Read ``seed/``: YAML files that a maintainer edits, checked against the fact classes.

A folder or file stem names the kind (``registers/ldr.yaml``, ``conditions.yaml``); a file
holds one entry or a list of them. Every scalar is read as text and converted by the field
it lands in, so YAML's own guesses (``no`` as false, dates, octal) cannot change a fact.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from pydantic import TypeAdapter, ValidationError

from app.core.facts import Fact, FactPath
from app.core.knowledge import KINDS, Knowledge, key_of, kind_of
from app.core.names import plural
from app.curation import aliases
from app.errors import InvalidSeed, Problem

# Measurements are sent in; everything else is curated.
FOLDERS = {plural(kind): kind for kind in KINDS if kind != "measurement"}
# The C parser is five times as fast; both read every scalar as text.
FAST = getattr(yaml, "CBaseLoader", yaml.BaseLoader)
# Scanning is slow, so a file is scanned only when something in it looks like an anchor.
ANCHOR = re.compile(r"(?:^|[\s\[,])[&*]\w", re.MULTILINE)
LineNumbers = dict[FactPath, int]
NodeParts = list[tuple[FactPath, yaml.Node]]


@dataclass(frozen=True)
class SeedEntry:
    """One fact and where it stands: file relative to the seed, 1-based line of each part."""

    fact: Fact
    file: str
    lines: LineNumbers

    def problem(self, path: FactPath, found: str, expected: str) -> Problem:
        """Return a problem at ``path`` inside this entry."""
        return _problem(self.file, self.lines, path, found, expected)


@cache
def _adapter(kind: str) -> TypeAdapter[Fact]:
    """Return what reads and writes facts of a kind, made on first use."""
    return TypeAdapter(KINDS[kind])


def fact_from(kind: str, body: object) -> Fact:
    """Return the fact of ``kind`` that plain data describes.

    Raises pydantic's ValidationError with every problem in ``body``.
    """
    return _adapter(kind).validate_python(body)


def body_of(fact: Fact) -> dict[str, Any]:
    """Return a fact as plain JSON data; ``fact_from`` reads it back unchanged."""
    adapter = _adapter(kind_of(fact))
    body: dict[str, Any] = adapter.dump_python(fact, mode="json", exclude_defaults=True)
    return body


def read_seed(folder: Path) -> tuple[SeedEntry, ...]:
    """Read every file of a seed folder.

    Raises InvalidSeed with all problems of form (syntax, unknown keys, wrong words,
    keys given twice). What facts say about each other is the linter's part.
    """
    read: list[SeedEntry | Problem] = []
    for path in sorted(p for p in folder.rglob("*.y*ml") if p.is_file()):
        name = path.relative_to(folder).as_posix()
        if name == aliases.FILE:
            continue
        if kind := FOLDERS.get(name.removesuffix(".yaml").split("/")[0]):
            read += read_file(path, name, kind)
        else:
            read.append(Problem(name, "", "a file of no kind", " or ".join(FOLDERS)))
    if not read:
        read.append(Problem(str(folder), "", "no seed files", "YAML files such as registers/"))
    entries = tuple(entry for entry in read if isinstance(entry, SeedEntry))
    first: dict[tuple[type, str], SeedEntry] = {}
    for entry in entries:
        one = first.setdefault((type(entry.fact), key_of(entry.fact)), entry)
        if one is not entry:
            found = f"{key_of(one.fact)!r} again (first in {one.file}:{one.lines[()]})"
            read.append(entry.problem((), found, "a key of its own"))
    if problems := tuple(problem for problem in read if isinstance(problem, Problem)):
        raise InvalidSeed(problems)
    return entries


def read_file(path: Path, name: str, kind: str) -> Iterator[SeedEntry | Problem]:
    """Yield the entries of one file of a kind, called ``name``, and what is wrong in it."""
    try:
        text = path.read_text("utf-8")
        if line := _anchor(text):
            yield Problem(name, "", "a YAML anchor or alias", "the value itself", line)
            return
        root = _compose(text)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        found = getattr(error, "problem", None) or str(error)
        yield Problem(name, "", found, "YAML", mark.line + 1 if mark else 0)
        return
    for node in root.value if isinstance(root, yaml.SequenceNode) else [root] if root else []:
        parts = _walk(node)
        lines = {path: part.start_mark.line + 1 for path, part in parts}
        yield from _misread(parts, name, text)
        try:
            yield SeedEntry(fact_from(kind, _plain(node)), name, lines)
        except ValidationError as error:
            for detail in error.errors():
                yield _problem(name, lines, tuple(detail["loc"]), *_refusal(detail))


def _compose(text: str) -> yaml.Node | None:
    """Parse YAML; what is wrong is told by the Python parser, the same on every machine."""
    try:
        return yaml.compose(text, Loader=FAST)
    except yaml.YAMLError:
        return yaml.compose(text, Loader=yaml.BaseLoader)


def _anchor(text: str) -> int:
    """Return the line of an anchor or alias: an entry says all it says in its own place."""
    # What is no YAML is told where it is parsed.
    with suppress(yaml.YAMLError):
        for token in yaml.scan(text, Loader=FAST) if ANCHOR.search(text) else ():
            if isinstance(token, yaml.AnchorToken | yaml.AliasToken):
                return int(token.start_mark.line) + 1
    return 0


def _walk(node: yaml.Node) -> NodeParts:
    """Return a node and all in it, each with its path."""
    found: NodeParts = [((), node)]
    for path, part in found:
        if isinstance(part, yaml.SequenceNode):
            found += [((*path, i), item) for i, item in enumerate(part.value)]
        elif isinstance(part, yaml.MappingNode):
            found += [((*path, key.value), value) for key, value in part.value]
    return found


def _plain(node: yaml.Node) -> object:
    if isinstance(node, yaml.SequenceNode):
        return [_plain(part) for part in node.value]
    if isinstance(node, yaml.MappingNode):
        return {key.value: _plain(value) for key, value in node.value}
    return str(node.value).strip()


def _misread(parts: NodeParts, name: str, text: str) -> Iterator[Problem]:
    """Find what YAML loses without a word.

    Of two values of one key it keeps the last, and it cuts a value off at `` #``: most of
    them mean #GP or #VMEXIT.
    """
    for path, part in parts:
        if isinstance(part, yaml.MappingNode):
            keys = [key.value for key, _ in part.value]
            for i, (key, _) in enumerate(part.value):
                if key.value in keys[:i]:
                    place, line = spell((*path, key.value)), key.start_mark.line + 1
                    yield Problem(name, place, "the key twice", "once", line)
        elif isinstance(part, yaml.ScalarNode) and not part.style:
            rest = text[part.end_mark.index :].split("\n", 1)[0].strip()
            if rest.startswith("#"):
                found = f"{rest[:20]!r} behind a value, a comment to YAML"
                yield Problem(name, "", found, "quotes", part.end_mark.line + 1)


def _problem(file: str, lines: LineNumbers, path: FactPath, found: str, expected: str) -> Problem:
    """Return a problem at a path, with the line of the innermost part of it that is there."""
    parts = (path[:n] for n in range(len(path), -1, -1))
    line = next(lines[part] for part in parts if part in lines)
    return Problem(file, spell(path), found, expected, line)


def _refusal(detail: Any) -> tuple[str, str]:
    """Return what pydantic found and expected, in the words of this site."""
    match detail["type"]:
        case "missing" | "missing_keyword_only_argument":
            return "nothing", "a value: this key is required"
        case "unexpected_keyword_argument" | "extra_forbidden":
            return "an unknown key", "a key of the format"
        case "enum" | "literal_error":
            return repr(detail["input"]), detail["ctx"]["expected"]
        case _:
            found = repr(detail["input"]) if isinstance(detail["input"], str) else "a value"
            said = detail["msg"].removeprefix("Value error, ").removeprefix("Input should be ")
            return found, said.partition(", unable to")[0]


def spell(path: FactPath) -> str:
    """Return ``claims[2].page`` for ``("claims", 2, "page")``."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return text.removeprefix(".")


def check_seed(folder: Path) -> tuple[SeedEntry, ...]:
    """Read a seed and hold its facts against each other.

    Returns the entries; raises InvalidSeed with every problem, each with file and place.
    """
    entries = read_seed(folder)
    places = {id(entry.fact): entry for entry in entries}
    knowledge = Knowledge.of(entry.fact for entry in entries)
    # Whoever only reads facts from a database never lints any.
    from app.curation.lint import lint  # noqa: PLC0415

    found = [places[id(f.fact)].problem(f.place, f.found, f.expected) for f in lint(knowledge)]
    found += aliases.problems(knowledge) if (folder / aliases.FILE).exists() else ()
    if found:
        raise InvalidSeed(tuple(found))
    return entries
