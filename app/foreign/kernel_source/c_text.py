"""C files as trees: where things are defined, on which lines, and what the preprocessor takes.

Nothing is compiled. Lines keep their numbers, so that every fact can name its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import NamedTuple

import tree_sitter_c
from tree_sitter import Language, Node, Parser

from app.errors import AppError, Problem

_PARSER = Parser(Language(tree_sitter_c.language()))
# What the C grammar takes for a type, or for a mistake, and what says nothing of a value.
_ATTRIBUTES = re.compile(
    r"\b(?:__init|__exit|__always_inline|__maybe_unused|__read_mostly|__ro_after_init|noinline)\b"
)
_RANGE = re.compile(r"\bcase\b([^:;{}]*?)\.\.\.([^:;{}]*?):")
_BITS = "for_each_set_bit"
_COMMENT = re.compile(r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)
_DEFINE = re.compile(
    r"\s*#\s*define\s+(?P<name>\w+)(?:\((?P<params>[^)]*)\))?(?P<body>.*)", re.DOTALL
)
_DIRECTIVE = re.compile(r"\s*#\s*(?P<word>\w+)\s*(?P<rest>.*)", re.DOTALL)
_GUARD = re.compile(r"!\s*defined\(\w+_H_*\)")


class UnknownShape(AppError):
    """C of a form that cannot be read; ``problem`` has its place, what was found and expected."""

    code = "unknown-shape"

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


@dataclass(frozen=True, order=True)
class CodePlace:
    """A line of a file, as ``arch/x86/kvm/svm/avic.c:145``."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"

    def unknown(self, found: str, expected: str) -> UnknownShape:
        """Return the error that something here has an unknown form."""
        return UnknownShape(Problem(self.file, "", found, expected, self.line))


@dataclass(frozen=True)
class Macro:
    """A ``#define``: its parameters, None where it takes none, and the text of its body."""

    params: tuple[str, ...] | None
    body: str
    place: CodePlace


@dataclass
class CFile:
    """One file: its tree, and its definitions by name.

    ``unsettled`` are lines under a condition of the preprocessor that cannot be decided; they are
    left out of the tree.
    """

    name: str
    root: Node
    macros: dict[str, Macro]
    unsettled: list[tuple[range, str]]
    functions: dict[str, Node] = field(default_factory=dict)
    arrays: dict[str, Node] = field(default_factory=dict)
    enumerators: dict[str, Node] = field(default_factory=dict)

    def place(self, node: Node) -> CodePlace:
        """Return where a node begins."""
        return CodePlace(self.name, node.start_point[0] + 1)

    def whole(self, node: Node) -> Node:
        """Return a node in which nothing is unread. Raises UnknownShape."""
        lines = range(node.start_point[0] + 1, node.end_point[0] + 2)
        for skipped, condition in self.unsettled:
            if skipped.start in lines:
                place = CodePlace(self.name, skipped.start)
                raise place.unknown(f"code under {condition!r}", "a condition that can be decided")
        for part in walk(node) if node.has_error else ():
            if part.is_error or part.is_missing:
                raise self.place(part).unknown(repr(node_text(part)[:40]), "C that can be read")
        return node


def node_text(node: Node | None) -> str:
    """Return the text of a node, empty for none."""
    return node.text.decode() if node and node.text else ""


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and all that is in it, in the order of the text, however deep."""
    left = [node]
    while left:
        found = left.pop()
        yield found
        left += reversed(found.children)


def child(node: Node, name: str) -> Node:
    """Return the part of a node that the grammar always gives it."""
    found = node.child_by_field_name(name)
    if found is None:
        raise ValueError(f"{node.type} without {name}")
    return found


@lru_cache(maxsize=4096)
def expression(source: str) -> Node:
    """Return an expression as a tree of its own. Raises ValueError where it is none."""
    root = _PARSER.parse(f"int x = ({source}\n);".encode()).root_node
    if root.has_error or root.named_child_count != 1:
        raise ValueError(f"{source!r} is no expression")
    return child(child(root.named_children[0], "declarator"), "value").named_children[0]


def read_c(name: str, source: str, decide: Callable[[str], bool | None]) -> CFile:
    """Return a file of C; ``decide`` says of an ``#if`` whether it holds, None if it cannot."""
    plain = _COMMENT.sub(_blanked, source.replace("\r\n", "\n"))
    kept, macros, unsettled = _preprocess(name, plain.split("\n"), decide)
    code = _ATTRIBUTES.sub(lambda m: " " * len(m[0]), "\n".join(kept))
    code = _while_bits(_RANGE.sub(r"case __range(\1,\2):", code))
    file = CFile(name, _PARSER.parse(code.encode()).root_node, macros, unsettled)
    for node in walk(file.root):
        if node.type == "function_definition":
            if declared := _declared(node):
                file.functions[declared] = node
        elif node.type == "init_declarator" and _declares_array(node):
            file.arrays.setdefault(_declared(node), node)
        elif node.type == "enumerator":
            file.enumerators[node_text(child(node, "name"))] = node
    return file


def fields_of(array: Node, file: CFile) -> tuple[str, ...]:
    """Return the names of the fields of a structure that an array holds; empty for another one."""
    declared = array.parent.child_by_field_name("type") if array.parent else None
    if declared is None or declared.type != "struct_specifier":
        return ()
    named = node_text(declared.child_by_field_name("name"))
    same = (n for n in walk(file.root) if n.type == declared.type)
    same = (n for n in same if node_text(n.child_by_field_name("name")) == named)
    every = same if named else [declared]
    body = next(filter(None, (one.child_by_field_name("body") for one in every)), None)
    rows = body.named_children if body else []
    found = (n for row in rows for n in walk(row) if n.type == "field_identifier")
    return tuple(map(node_text, found))


def _blanked(match: re.Match[str]) -> str:
    """Return a comment as blanks, line by line; a string stays."""
    kept = match[0]
    return kept if kept[0] in "\"'" else re.sub(r"[^\n]", " ", kept)


def _declares_array(node: Node) -> bool:
    return child(node, "declarator").type == "array_declarator"


def _declared(node: Node) -> str:
    """Return the name that a declarator declares."""
    inner: Node | None = node
    while inner is not None and inner.type != "identifier":
        inner = inner.child_by_field_name("declarator")
    return node_text(inner)


def parameters(function: Node) -> tuple[str, ...]:
    """Return the names of a function's parameters, empty where one has none."""
    return tuple(_declared(one) for one in declared_parameters(function))


def declared_parameters(function: Node) -> list[Node]:
    """Return the parameters of a function as they are declared."""
    declarator = child(function, "declarator")
    while declarator.type != "function_declarator":
        declarator = child(declarator, "declarator")
    listed = child(declarator, "parameters").named_children
    return [one for one in listed if node_text(one) != "void"]


def _while_bits(code: str) -> str:
    """Write the kernel's loop over bits as a ``while`` that the grammar knows."""
    at = 0
    while (at := code.find(f"{_BITS}(", at)) >= 0:
        depth, end = 0, at + len(_BITS)
        while end < len(code):
            depth += {"(": 1, ")": -1}.get(code[end], 0)
            end += 1
            if not depth:
                break
        code = f"{code[:at]}while ({code[at:end]}){code[end:]}"
        at = end + len("while ()")
    return code


def _preprocess(
    name: str, lines: list[str], decide: Callable[[str], bool | None]
) -> tuple[list[str], dict[str, Macro], list[tuple[range, str]]]:
    """Return the lines with directives and what is left out blank, macros, and what is unsettled.

    Of what is unsettled the numbers of its lines, and the condition.
    """
    kept, macros, unsettled = [""] * len(lines), {}, []
    conditions: list[_Condition] = []
    at = 0
    while at < len(lines):
        first = at
        while lines[at].endswith("\\") and at + 1 < len(lines):
            at += 1
        joined = " ".join(line.removesuffix("\\") for line in lines[first : at + 1])
        at += 1
        taken = all(condition.taken for condition in conditions)
        if not (found := _DIRECTIVE.match(joined)):
            if taken:
                kept[first:at] = lines[first:at]
            elif joined.strip() and not any(c.taken is False for c in conditions):
                why = next(c.text for c in conditions if c.taken is None)
                unsettled.append((range(first + 1, at + 1), why))
            continue
        word, rest = found["word"], found["rest"].strip()
        if word == "define" and taken and (macro := _DEFINE.match(joined)):
            listed = macro["params"]
            stripped = (one.strip() for one in (listed or "").split(","))
            names = None if listed is None else tuple(filter(None, stripped))
            macros[macro["name"]] = Macro(names, macro["body"].strip(), CodePlace(name, first + 1))
        else:
            _nest(conditions, word, rest, decide)
    return kept, macros, unsettled


class _Condition(NamedTuple):
    """An open condition; ``taken`` and ``met`` are None where that cannot be decided.

    ``taken`` says whether its present branch is, ``met`` whether that or one before it was.
    """

    taken: bool | None
    met: bool | None
    text: str

    def turned(self, holds: bool | None) -> _Condition:  # noqa: FBT001 - one of three
        """Return it in its next branch, whose own words hold or not."""
        taken = holds if self.met is False else None
        if self.met or holds is False:
            taken = False
        met = self.met if taken is False else taken
        return _Condition(taken, met, self.text)


def _nest(
    conditions: list[_Condition], word: str, rest: str, decide: Callable[[str], bool | None]
) -> None:
    """Open, turn or close a condition."""
    if word in ("if", "ifdef", "ifndef"):
        asked = {"if": rest, "ifdef": f"defined({rest})", "ifndef": f"!defined({rest})"}[word]
        holds = True if _GUARD.fullmatch(asked) else decide(asked)
        conditions.append(_Condition(holds, holds, asked))
    elif word in ("elif", "else") and conditions:
        conditions.append(conditions.pop().turned(True if word == "else" else decide(rest)))
    elif word == "endif" and conditions:
        conditions.pop()
