"""Numbers of C that remember the line on which they were written, and what else a name can be."""

from __future__ import annotations

import operator as op
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from tree_sitter import Node

from app.foreign.kernel_source.c_text import CFile, CodePlace

WIDTHS = {"u8": 8, "u16": 16, "u32": 32, "u64": 64, "uint32_t": 32, "uint64_t": 64, "bool": 1}
_LONGEST = 64
_TWO: Mapping[str, Callable[[int, int], int]] = {
    "+": op.add, "-": op.sub, "*": op.mul, "/": op.floordiv, "%": op.mod,
    "<<": op.lshift, ">>": op.rshift, "|": op.or_, "&": op.and_, "^": op.xor,
    "==": op.eq, "!=": op.ne, "<": op.lt, "<=": op.le, ">": op.gt, ">=": op.ge,
}  # fmt: skip


@dataclass(frozen=True)
class Num:
    """A number, and where it was written; ``bits`` where each bit of a mask was.

    ``carried`` says that it came there through a variable: what it is added to is not its place;
    ``listed`` that it was written in an array or a structure.
    """

    value: int
    place: CodePlace
    carried: bool = False
    listed: bool = False
    bits: Mapping[int, CodePlace] = field(default_factory=dict)

    def held(self, name: str) -> Num:
        """Return it as a variable of a type holds it."""
        width = WIDTHS.get(name)
        value = self.value if width is None else self.value & ((1 << width) - 1)
        return replace(self, value=int(bool(self.value)) if width == 1 else value, carried=True)

    def where(self, bit: int) -> CodePlace:
        """Return where a bit of it was written."""
        return self.bits.get(bit, self.place)


@dataclass(frozen=True)
class Opaque:
    """Something of which only the text is known, a pointer as a rule."""

    said: str


Value = Num | Opaque | list["Value"] | dict[str, "Value"]


class WrittenArray(list[Value]):
    """An array, and where each element that was written stands, with its text.

    ``held_by`` is whoever took notice of them last.
    """

    def __init__(self) -> None:
        super().__init__()
        self.written: dict[int, tuple[CodePlace, str]] = {}
        self.held_by: object = None


@dataclass
class Frame:
    """The variables of a running function: values, and the types that were declared.

    ``at`` is the place of the macro in whose text the expression stands, None outside of one.
    """

    file: CFile
    values: dict[str, Value] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    at: CodePlace | None = None

    def place(self, node: Node) -> CodePlace:
        """Return where an expression stands."""
        return self.at or self.file.place(node)


def combine(word: str, left: Num, right: Num, place: CodePlace) -> Num:
    """Return what two numbers are together, with the place of the one that says which it is.

    Raises UnknownShape where C does not say what they are.
    """
    shifted = word in ("<<", ">>") and not 0 <= right.value < _LONGEST
    if word not in _TWO or shifted or (word in ("/", "%") and not right.value):
        raise place.unknown(f"{left.value} {word} {right.value}", "a number that C defines")
    value = int(_TWO[word](left.value, right.value))
    if value.bit_length() > 2 * _LONGEST:
        raise place.unknown("a number of more than 128 bits", "a number that C defines")
    if word == "|":
        bits = {**_bits(right), **_bits(left)}
        return Num(value, left.place, left.carried or right.carried, bits=bits)
    if word == "&":
        bits = {n: at for n, at in _bits(left).items() if value >> n & 1}
        carried = right if right.carried and not left.carried else left
        return Num(value, carried.place, carried.carried, bits=bits)
    if word in ("==", "!=", "<", "<=", ">", ">="):
        return Num(value, place)
    said = next((one for one in (left, right) if one.carried), None)
    listed = said is not None and said.listed
    return Num(value, said.place if said else place, carried=said is not None, listed=listed)


def _bits(number: Num) -> dict[int, CodePlace]:
    """Return where each bit of a mask was written; of a negative number none."""
    if number.value < 0:
        return {}
    return {n: number.where(n) for n in range(number.value.bit_length()) if number.value >> n & 1}
