"""Functions of C run, statement by statement, as far as their statements are known.

A ``switch``, an ``if`` and a loop are followed where their conditions are numbers; anything else
is an error with its place.
"""

from __future__ import annotations

from dataclasses import replace

from tree_sitter import Node

from app.foreign.kernel_source.c_numbers import Frame, Num, Opaque, Value, combine
from app.foreign.kernel_source.c_text import CFile, CodePlace, child, node_text
from app.foreign.kernel_source.c_values import Evaluator

_SILENT = ("comment", "empty_statement", ";")


class _Break(Exception):
    pass


class _Continue(Exception):
    pass


class _Return(Exception):
    def __init__(self, value: Value | None) -> None:
        self.value = value


class Runner(Evaluator):
    """Runs functions of the files. ``decided`` is where the last case or condition was met."""

    decided: CodePlace | None = None

    def run(self, file: CFile, function: Node, values: dict[str, Value]) -> Value | None:
        """Return what a function returns, None for nothing. Raises UnknownShape."""
        self._steps = 0
        try:
            return self._body(file, function, values)
        except RecursionError:
            raise file.place(function).unknown(
                "a name in its own definition, or what is nested too deep", "an end"
            ) from None

    def _body(self, file: CFile, function: Node, values: dict[str, Value]) -> Value | None:
        try:
            self._do(child(function, "body"), Frame(file, values))
        except _Return as returned:
            return returned.value
        return None

    def call(self, name: str, values: list[Value], frame: Frame, place: CodePlace) -> Value:
        """Return what a function of the files returns. Raises UnknownShape for any other."""
        found = self.function(name, frame)
        if found is None or len(found[2]) != len(values):
            return super().call(name, values, frame, place)
        file, node, names = found
        returned = self._body(file, node, dict(zip(names, values, strict=True)))
        return Opaque(name) if returned is None else returned

    def _do(self, node: Node, frame: Frame) -> None:
        place = frame.file.place(node)
        self.step(place)
        done = getattr(self, f"_do_{node.type}", None)
        if done is not None:
            done(node, frame)
        elif node.type not in _SILENT:
            raise place.unknown(f"{node_text(node)[:60]!r}", "a statement of a known form")

    def _do_compound_statement(self, node: Node, frame: Frame) -> None:
        for one in node.named_children:
            self._do(one, frame)

    def _do_declaration(self, node: Node, frame: Frame) -> None:
        name = node_text(child(node, "type"))
        for one in node.children_by_field_name("declarator"):
            if one.type == "init_declarator":
                declared = node_text(child(one, "declarator")).strip("* ").split("[")[0]
                value = self.value(child(one, "value"), frame)
                frame.values[declared] = value.held(name) if isinstance(value, Num) else value
            else:
                declared = node_text(one).strip("* ").split("[")[0]
                frame.values[declared] = Opaque(declared)
            frame.types[declared] = name

    def _do_expression_statement(self, node: Node, frame: Frame) -> None:
        for inner in node.named_children:
            if inner.type == "assignment_expression":
                self._assign(inner, frame)
            elif inner.type == "update_expression":
                self._step(inner, frame)
            elif node_text(inner) != "fallthrough":
                self.value(inner, frame)

    def _assign(self, node: Node, frame: Frame) -> None:
        left, word = child(node, "left"), node_text(child(node, "operator"))
        place = frame.file.place(node)
        if left.type == "field_expression" and word == "=":
            # What it leaves in a structure says nothing of a value that is asked for here.
            return
        name = node_text(left)
        if left.type != "identifier" or name not in frame.values:
            raise place.unknown(f"{node_text(node)!r}", "an assignment to a local variable")
        value = self.value(child(node, "right"), frame)
        if word != "=":
            old = self.number(left, frame)
            value = combine(
                word.removesuffix("="), old, self.number(child(node, "right"), frame), place
            )
        held = frame.types.get(name, "")
        frame.values[name] = value.held(held) if isinstance(value, Num) else value

    def _step(self, node: Node, frame: Frame) -> None:
        name, by = node_text(child(node, "argument")), node_text(child(node, "operator"))
        old = self.number(child(node, "argument"), frame)
        frame.values[name] = replace(old, value=old.value + (1 if by == "++" else -1))

    def _do_if_statement(self, node: Node, frame: Frame) -> None:
        holds = self.number(child(node, "condition"), frame).value
        if holds:
            self.decided = frame.file.place(node)
            self._do(child(node, "consequence"), frame)
        elif other := node.child_by_field_name("alternative"):
            self._do(other, frame)

    def _do_else_clause(self, node: Node, frame: Frame) -> None:
        self._do(node.named_children[-1], frame)

    def _do_for_statement(self, node: Node, frame: Frame) -> None:
        started = node.child_by_field_name("initializer")
        if started is not None:
            self._part(started, frame)
        asked, then = node.child_by_field_name("condition"), node.child_by_field_name("update")
        while asked is None or self.number(asked, frame).value:
            if not self._round(child(node, "body"), frame):
                break
            if then is not None:
                self._part(then, frame)

    def _part(self, node: Node, frame: Frame) -> None:
        """Do what stands in the head of a loop, which is no statement."""
        if node.type == "declaration":
            self._do_declaration(node, frame)
        elif node.type == "assignment_expression":
            self._assign(node, frame)
        elif node.type == "update_expression":
            self._step(node, frame)
        else:
            raise frame.file.place(node).unknown(f"{node_text(node)!r}", "an assignment")

    def _round(self, body: Node, frame: Frame) -> bool:
        try:
            self._do(body, frame)
        except _Continue:
            pass
        except _Break:
            return False
        return True

    def _do_while_statement(self, node: Node, frame: Frame) -> None:
        asked = child(node, "condition").named_children[0]
        if (
            asked.type == "call_expression"
            and node_text(child(asked, "function")) == "for_each_set_bit"
        ):
            self._bits(asked, child(node, "body"), frame)
            return
        while self.number(asked, frame).value:
            if not self._round(child(node, "body"), frame):
                break

    def _bits(self, head: Node, body: Node, frame: Frame) -> None:
        """Run a loop over the bits of a mask; a bit's number stands where the bit was written."""
        name, mask, width = child(head, "arguments").named_children
        bits, most = self.number(mask, frame), self.number(width, frame).value
        for bit in (n for n in range(most) if bits.value >> n & 1):
            frame.values[node_text(name)] = Num(bit, bits.where(bit), carried=True)
            if not self._round(body, frame):
                break

    def _do_switch_statement(self, node: Node, frame: Frame) -> None:
        asked = self.number(child(node, "condition"), frame).value
        cases = [one for one in child(node, "body").named_children if one.type not in _SILENT]
        self.step(frame.file.place(node), len(cases))
        found = next((n for n, one in enumerate(cases) if self._meets(one, asked, frame)), None)
        if found is None:
            found = next(
                (n for n, one in enumerate(cases) if one.child_by_field_name("value") is None),
                len(cases),
            )
        else:
            self.decided = frame.file.place(cases[found])
        try:
            for one in cases[found:]:
                self._case(one, frame)
        except _Break:
            pass

    def _meets(self, case: Node, asked: int, frame: Frame) -> bool:
        if case.type != "case_statement":
            raise frame.file.place(case).unknown(f"{node_text(case)[:60]!r}", "a case")
        stated = case.child_by_field_name("value")
        if stated is None:
            return False
        if stated.type == "call_expression" and node_text(child(stated, "function")) == "__range":
            first, last = child(stated, "arguments").named_children
            return self.number(first, frame).value <= asked <= self.number(last, frame).value
        return self.number(stated, frame).value == asked

    def _case(self, case: Node, frame: Frame) -> None:
        stated = case.child_by_field_name("value")
        for one in case.named_children:
            if one != stated:
                self._do(one, frame)

    def _do_break_statement(self, _: Node, __: Frame) -> None:
        raise _Break

    def _do_continue_statement(self, _: Node, __: Frame) -> None:
        raise _Continue

    def _do_return_statement(self, node: Node, frame: Frame) -> None:
        inner = [one for one in node.named_children if one.type != "comment"]
        raise _Return(self.value(inner[0], frame) if inner else None)
