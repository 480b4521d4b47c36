"""Expressions of C evaluated, by what the files define and by what is given."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from tree_sitter import Node

from app.foreign.kernel_source.c_numbers import (
    WIDTHS,
    Frame,
    Num,
    Opaque,
    Value,
    WrittenArray,
    combine,
)
from app.foreign.kernel_source.c_text import (
    CFile,
    CodePlace,
    child,
    expression,
    fields_of,
    node_text,
    parameters,
)

_ONE: Mapping[str, Callable[[int], int]] = {
    "-": lambda n: -n, "+": lambda n: n, "~": lambda n: ~n, "!": lambda n: not n,
}  # fmt: skip
MOST_ELEMENTS = 0x10000
MOST_STEPS = 100_000
# With 64 binary digits, and what stands around them.
LONGEST_NUMBER = 72
# Of an expression whose value is given; and how many characters of a macro are one step.
LONGEST_GIVEN = 200
CHARACTERS = 4
_PIECE = re.compile(r"[A-Za-z_]\w*|[^A-Za-z_]+")
_LITERAL = re.compile(r"(?P<digits>0[xX][0-9a-fA-F]+|\d+)[uUlL]*")
# What the kernel's headers outside of KVM define.
_KNOWN = {
    "BIT": "(1 << ({0}))", "BIT_ULL": "(1 << ({0}))",
    "GENMASK": "(((2 << ({0})) - 1) & ~((1 << ({1})) - 1))",
    "KERNEL_VERSION": "((({0}) << 16) + (({1}) << 8) + ({2}))",
    "likely": "(({0}) != 0)", "unlikely": "(({0}) != 0)", "READ_ONCE": "({0})",
    "WARN_ON": "(({0}) != 0)", "WARN_ON_ONCE": "(({0}) != 0)",
}  # fmt: skip


class Evaluator:
    """Evaluates expressions; ``run`` of a subclass calls functions of the files.

    ``files`` are searched in their order, the file that asks first. ``given`` are the values of
    expressions that no file can say, by their text without blanks.
    """

    def __init__(self, files: Callable[[], list[CFile]], given: dict[str, int]) -> None:
        self.files = files
        self._arrays: dict[tuple[str, str], Value] = {}
        self.given = given
        self._steps = self.spent = 0

    def step(self, place: CodePlace, number: int = 1) -> None:
        """Count what one run does, and ``spent`` what all do. Raises UnknownShape at too much."""
        self._steps += number
        self.spent += number
        if self._steps > MOST_STEPS:
            raise place.unknown("a loop without an end, or too much to run", "what ends soon")

    def number(self, node: Node, frame: Frame) -> Num:
        """Return the number that an expression is. Raises UnknownShape for anything else."""
        value = self.value(node, frame)
        if isinstance(value, Num):
            return value
        said = node_text(node)[:LONGEST_NUMBER].strip("()")
        raise frame.place(node).unknown(f"{said!r}", "a number, or a value that is known")

    def value(self, node: Node, frame: Frame) -> Value:
        """Return what an expression is. Raises UnknownShape."""
        place = frame.place(node)
        self.step(place)
        # The text of what is nested is long at each level of it.
        if self.given and node.end_byte - node.start_byte <= LONGEST_GIVEN:
            known = self.given.get(re.sub(r"\s", "", node_text(node)))
            if known is not None:
                return Num(known, place, carried=True)
        found = getattr(self, f"_{node.type}", None)
        if found is None:
            said = node_text(node)[:LONGEST_NUMBER]
            raise place.unknown(f"{said!r}", "an expression of a known form")
        result: Value = found(node, frame, place)
        return result

    def _number_literal(self, node: Node, _: Frame, place: CodePlace) -> Value:
        match = _LITERAL.fullmatch(node_text(node)[:LONGEST_NUMBER])
        if not match or match[0] != node_text(node):
            raise place.unknown(f"{node_text(node)[:LONGEST_NUMBER]!r}", "a whole number")
        digits = match["digits"]
        octal = digits[0] == "0" and digits.isdigit()
        return Num(int(digits, 8) if octal else int(digits, 0), place)

    def _true(self, _: Node, __: Frame, place: CodePlace) -> Value:
        return Num(1, place)

    def _false(self, _: Node, __: Frame, place: CodePlace) -> Value:
        return Num(0, place)

    def _parenthesized_expression(self, node: Node, frame: Frame, __: CodePlace) -> Value:
        return self.value(node.named_children[0], frame)

    def _cast_expression(self, node: Node, frame: Frame, __: CodePlace) -> Value:
        value = self.value(child(node, "value"), frame)
        return value.held(node_text(child(node, "type"))) if isinstance(value, Num) else value

    def _pointer_expression(self, node: Node, frame: Frame, __: CodePlace) -> Value:
        inner = child(node, "argument")
        if inner.type == "identifier" and node_text(inner) in frame.values:
            return self.value(inner, frame)
        return Opaque(node_text(node))

    def _identifier(self, node: Node, frame: Frame, place: CodePlace) -> Value:
        name = node_text(node)
        if name in frame.values:
            return frame.values[name]
        value = self.named(name, frame, place)
        if value is None:
            return Opaque(name)
        return value

    def named(self, name: str, frame: Frame, place: CodePlace) -> Value | None:
        """Return what a macro, an enumerator or an array of the files is; None for any other."""
        for file in self._ordered(frame):
            if (macro := file.macros.get(name)) and macro.params is None:
                return self._macro(macro.body, Frame(file), place)
            if name in file.enumerators:
                return Num(self.enumerator(file, file.enumerators[name]), place)
            if name in file.arrays:
                if (file.name, name) not in self._arrays:
                    node = file.whole(file.arrays[name])
                    value = self.value(child(node, "value"), Frame(file))
                    self._arrays[file.name, name] = _rows(value, fields_of(node, file))
                return self._arrays[file.name, name]
        return None

    def _ordered(self, frame: Frame) -> list[CFile]:
        return [frame.file, *(file for file in self.files() if file is not frame.file)]

    def enumerator(self, file: CFile, node: Node) -> int:
        """Return the number of an enumerator, counted from the last one that states its own."""
        value = 0
        listed = node.parent.named_children if node.parent else [node]
        self.step(file.place(node), len(listed))
        for other in (n for n in listed if n.type == "enumerator"):
            if stated := other.child_by_field_name("value"):
                value = self.number(stated, Frame(file)).value
            if other == node:
                break
            value += 1
        return value

    def _macro(self, body: str, frame: Frame, place: CodePlace) -> Value:
        self.step(place, len(body) // CHARACTERS)
        try:
            node = expression(body)
        except ValueError:
            raise place.unknown(f"a macro of {body[:40]!r}", "an expression") from None
        return self.value(node, replace(frame, at=place))

    def _unary_expression(self, node: Node, frame: Frame, __: CodePlace) -> Value:
        inner = self.number(child(node, "argument"), frame)
        done = int(_ONE[node_text(child(node, "operator"))](inner.value))
        return Num(done, inner.place, carried=inner.carried)

    def _binary_expression(self, node: Node, frame: Frame, place: CodePlace) -> Value:
        word = node_text(child(node, "operator"))
        left = self.number(child(node, "left"), frame)
        if word in ("&&", "||"):
            if bool(left.value) == (word == "||"):
                return Num(int(bool(left.value)), left.place)
            right = self.number(child(node, "right"), frame)
            return Num(int(bool(right.value)), right.place)
        right = self.number(child(node, "right"), frame)
        self.compared(word, left, right)
        return combine(word, left, right, place)

    def compared(self, word: str, left: Num, right: Num) -> None:
        """Take notice of two numbers that an expression puts together."""

    def _conditional_expression(self, node: Node, frame: Frame, __: CodePlace) -> Value:
        holds = self.number(child(node, "condition"), frame).value
        return self.value(child(node, "consequence" if holds else "alternative"), frame)

    def _field_expression(self, node: Node, frame: Frame, place: CodePlace) -> Value:
        name = node_text(child(node, "field"))
        if f"->{name}" in self.given:
            return Num(self.given[f"->{name}"], place, carried=True)
        inner = self.value(child(node, "argument"), frame)
        if isinstance(inner, dict):
            return inner.get(name, Num(0, place))
        return Opaque(node_text(node))

    def _subscript_expression(self, node: Node, frame: Frame, place: CodePlace) -> Value:
        inner = self.value(child(node, "argument"), frame)
        index = self.number(child(node, "index"), frame).value
        if not isinstance(inner, list) or index < 0:
            raise place.unknown(f"{node_text(node)!r}", "an element of a known array")
        # Elements that nobody initialised are zero.
        zero: Value = Num(0, place) if inner and isinstance(inner[0], Num) else {}
        self.subscripted(inner, index)
        return inner[index] if index < len(inner) else zero

    def subscripted(self, items: list[Value], index: int) -> None:
        """Take notice of an element of an array that is asked for."""

    def _initializer_list(self, node: Node, frame: Frame, place: CodePlace) -> Value:
        """Return a structure where fields are named, else an array; ``[n] =`` says where in it."""
        fields: dict[str, Value] = {}
        items = WrittenArray()
        last = -1
        for one in node.named_children:
            said = one.children_by_field_name("designator")
            value = self._element(child(one, "value") if said else one, frame)
            if [part.type for part in said] == ["field_designator"]:
                fields[node_text(said[0].named_children[0])] = value
                continue
            parts = (part for part in said if part.type != "field_designator")
            ends = [self.number(n, frame).value for part in parts for n in part.named_children]
            first, last = (ends[0], ends[-1]) if ends else (last + 1, last + 1)
            if len(said) > 1 or not 0 <= first <= last < MOST_ELEMENTS:
                expected = "`.field = value` or `[n] = value`"
                raise frame.file.place(one).unknown(f"{node_text(one)!r}", expected)
            items += [Num(0, place)] * (last + 1 - len(items))
            items[first : last + 1] = [value] * (last + 1 - first)
            as_written = frame.file.place(one), node_text(one)[:LONGEST_NUMBER]
            items.written |= dict.fromkeys(range(first, last + 1), as_written)
        if fields and items:
            raise place.unknown("values with and without names", "one of the two")
        return fields or items

    def _element(self, node: Node, frame: Frame) -> Value:
        value = self.value(node, frame)
        return replace(value, carried=True, listed=True) if isinstance(value, Num) else value

    def _call_expression(self, node: Node, frame: Frame, place: CodePlace) -> Value:
        name = node_text(child(node, "function"))
        arguments = child(node, "arguments").named_children
        texts = [node_text(one) for one in arguments]
        if name == "ARRAY_SIZE" and len(arguments) == 1:
            value = self.value(arguments[0], frame)
            if isinstance(value, list):
                return Num(len(value), place)
        if name == "BITS_PER_TYPE" and (width := WIDTHS.get(frame.types.get(texts[0], texts[0]))):
            return Num(width, place)
        if name in self.given:
            return Num(self.given[name], place, carried=True)
        for file in self._ordered(frame):
            macro = file.macros.get(name)
            if macro and macro.params is not None and len(macro.params) == len(texts):
                given = dict(zip(macro.params, texts, strict=True))
                pieces = [given.get(one, one) for one in _PIECE.findall(macro.body)]
                self.step(place, sum(map(len, pieces)) // CHARACTERS)
                return self._macro("".join(pieces), frame, place)
        if name in _KNOWN:
            return self._macro(_KNOWN[name].format(*texts), frame, place)
        return self.call(name, [self.value(one, frame) for one in arguments], frame, place)

    def call(self, name: str, _: list[Value], __: Frame, place: CodePlace) -> Value:
        """Return what a function returns. Raises UnknownShape: only a subclass runs any."""
        raise place.unknown(f"a call of {name}", "a function that is known")

    def function(self, name: str, frame: Frame) -> tuple[CFile, Node, tuple[str, ...]] | None:
        """Return a function of the files with its parameters."""
        for file in self._ordered(frame):
            if node := file.functions.get(name):
                return file, file.whole(node), parameters(node)
        return None


def _rows(array: Value, fields: Sequence[str]) -> Value:
    """Return an array with each row that names no field as a structure."""
    for n, row in enumerate(array if isinstance(array, list) else ()):
        if isinstance(row, list) and len(row) <= len(fields):
            array[n] = dict(zip(fields, row, strict=False))  # type: ignore[index]
    return array
