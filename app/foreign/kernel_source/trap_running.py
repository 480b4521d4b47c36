"""Somebody's own function that takes an exit 402h for a trap or a fault, run over all addresses.

It may ask an offset of the page or an MSR, name registers as kernels, Xen, bhyve, VirtualBox and
the manual do, and answer with a truth or with a name that has trap or fault in it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from tree_sitter import Node

from app.core.facts import Register
from app.core.numbers import MSR_BASE, MSR_LAST, PAGE_LAST, SLOT
from app.curation.aliases import find_register
from app.errors import NotFound
from app.foreign.kernel_source.c_numbers import Frame, Num, Opaque, Value, WrittenArray
from app.foreign.kernel_source.c_running import Runner
from app.foreign.kernel_source.c_text import (
    CodePlace,
    UnknownShape,
    declared_parameters,
    node_text,
    parameters,
    read_c,
)

# Where something stands that addresses are held against, its text, and its number if it is one.
HeldNumber = tuple[CodePlace, str, int]
OFFSETS, MSRS = range(0, PAGE_LAST + 1, SLOT), range(MSR_BASE, MSR_LAST + 1)
TRAP, FAULT = "trap", "fault"
# How other hypervisors' names of registers begin, before what the table of names knows.
_BEFORE = re.compile(
    r"^(?:MSR_|IA32_|(?:X2?|L|V)?A?V?I?APIC_|X2AVIC_|AVIC_|OFFSET_|OFF_|REG_)+", re.IGNORECASE
)
_OF_MSR = re.compile(r"MSR|X2A", re.IGNORECASE)
_WRITES = {"write", "is_write", "iswrite", "wr", "w", "fwrite"}
_BOUNDS = ("!=", "^", "<", "<=", ">", ">=")
_KIND = re.compile(r"trap|(?<!de)fault", re.IGNORECASE)


@dataclass(frozen=True)
class TakenFor:
    """What a function says of an address: ``trap`` or ``fault``, where; ``case`` names it there."""

    word: str
    place: CodePlace
    case: bool


# Of a file; and of what all runs of its functions do, each for about a thousand addresses.
MOST_BYTES = 4 << 20
MOST_SPENT = 1_500_000


@dataclass(frozen=True)
class Switch:
    """A function's answers, by address and whether it is a write; both where it does not ask."""

    name: str
    place: CodePlace
    msrs: bool
    said: Mapping[tuple[int, bool], TakenFor]


class Handler(Runner):
    """A file with such a function. ``true`` says what a bare truth is, if no name does."""

    def __init__(self, file: Path, registers: Mapping[str, Register], true: str = "") -> None:
        """Read a file of C; raises UnknownShape for one of more than MOST_BYTES."""
        with file.open("rb") as opened:
            raw = opened.read(MOST_BYTES + 1)
        if len(raw) > MOST_BYTES:
            raise CodePlace(str(file), 1).unknown("a longer file", f"{MOST_BYTES} bytes at most")
        self.file = read_c(str(file), raw.decode("utf-8", "replace"), lambda _: None)
        self.registers, self.true = registers, true
        self._named: dict[str, int | None] = {}
        # All that addresses are held against in a run, and how near one came: 0 if one met it.
        self._met: dict[HeldNumber, int] = {}
        # The place of the address that is asked for: what is made of it has the same one.
        self._asked = CodePlace(str(file), 0)
        super().__init__(lambda: [self.file], {})

    def find(self, name: str = "") -> Switch:
        """Return the function that tells traps from faults, or the one of a name.

        Raises UnknownShape with the place of what cannot be read, NotFound where none or more than
        one tells both.
        """
        functions = self.file.functions
        if name and name not in functions:
            raise NotFound(f"{self.file.name} has no function {name}.", hints=tuple(functions))
        found: list[Switch] = []
        wrong: list[UnknownShape] = []
        for one in [name] if name else sorted(functions, key=self._likely, reverse=True):
            try:
                found.append(self._switch(one))
            except UnknownShape as error:
                wrong.append(error)
        told = [switch for switch in found if len({s.word for s in switch.said.values()}) > 1]
        if not told and wrong:
            raise wrong[0]
        if len(told) != 1:
            many = f"{len(told)} functions tell" if told else "no function tells"
            names = tuple(switch.name for switch in told)
            message = f"In {self.file.name} {many} traps from faults; name one with --function."
            raise NotFound(message, hints=names)
        return told[0]

    def _likely(self, name: str) -> tuple[bool, bool]:
        """Whether a function looks like one: what is wrong in it is told before all else."""
        return bool(_KIND.search(name)), "switch" in node_text(self.file.functions[name])

    def _switch(self, name: str) -> Switch:
        function = self.file.whole(self.file.functions[name])
        place, names = self.file.place(function), parameters(function)
        self._asked = self.file.place(function)
        writes = [one for one in names if one.lower() in _WRITES]
        declared = zip(names, declared_parameters(function), strict=True)
        pointers = [name for name, one in declared if "*" in node_text(one)]
        asked = next((one for one in names if one not in (*writes, *pointers)), "")
        if not asked:
            raise place.unknown(
                f"{name} without a number to ask", "one parameter that is an address"
            )
        runs: list[tuple[tuple[bool, int], Switch, dict[HeldNumber, int]]] = []
        wrong: list[UnknownShape] = []
        for msrs in (False, True):
            self._met, said = {}, {}
            try:
                for at, write in product(MSRS if msrs else OFFSETS, (False, True)):
                    given: dict[str, Value] = {one: Opaque(one) for one in names}
                    given[asked] = Num(at, self._asked, carried=True)
                    given |= dict.fromkeys(writes, Num(int(write), place, carried=True))
                    said[at, write] = self._answer(name, function, given)
            except UnknownShape as error:
                wrong.append(error)
                continue
            tells = len({one.word for one in said.values()}) > 1
            rank = (tells, sum(one.case for one in said.values()))
            runs.append((rank, Switch(name, place, msrs, said), self._met))
        if wrong and not any(tells for (tells, _), _, _ in runs):
            raise wrong[0]
        # What it asks for is what its cases meet.
        _, switch, met = max(runs, key=lambda run: (*run[0], run[1].msrs))
        for (place, text, value), away in met.items():
            # An MSR may be asked for that an earlier case has, or that is none of the page.
            if away > SLOT or (away and value not in MSRS):
                expected = "the offset of a register, a multiple of 10h, or an MSR"
                raise place.unknown(text, expected)
        return switch

    def _answer(self, name: str, function: Node, given: dict[str, Value]) -> TakenFor:
        self.decided = None
        if self.spent > MOST_SPENT:
            message = f"{self.file.name} has too much to run; name one function with --function."
            raise NotFound(message, hints=(name,))
        value, place = self.run(self.file, function, given), self.file.place(function)
        where = self.decided or (value.place if isinstance(value, Num) else place)
        if isinstance(value, Opaque) and (kind := _KIND.search(value.said)):
            return TakenFor(kind[0].lower(), where, self.decided is not None)
        truth = self.true or next((k.lower() for k in _KIND.findall(name)), "")
        if not isinstance(value, Num) or value.value not in (0, 1):
            raise place.unknown(
                f"{name} that gives {value}", "a truth, or a name with trap or fault"
            )
        if not truth and (word := self._enumerated(value.value)):
            return TakenFor(word, where, case=False)
        if not truth:
            raise place.unknown(f"a truth of {name}", "--true trap or --true fault")
        other = FAULT if truth == TRAP else TRAP
        case = self.decided is not None or bool(value.value)
        return TakenFor(truth if value.value else other, where, case)

    def _enumerated(self, number: int) -> str:
        """Return what the only enumerator of a number is that is named so: of what is not set."""
        named = {name: _KIND.search(name) for name in self.file.enumerators}
        kinds = ((name, kind[0].lower()) for name, kind in named.items() if kind)
        nodes = self.file.enumerators
        found = [kind for name, kind in kinds if self.enumerator(self.file, nodes[name]) == number]
        return found[0] if len(found) == 1 else ""

    def named(self, name: str, frame: Frame, place: CodePlace) -> Value | None:
        """Return what a name of this file is, else what a register of that name has."""
        if _KIND.search(name) and name not in self.file.arrays:
            return Opaque(name)
        if (value := super().named(name, frame, place)) is not None:
            return value
        if name not in self._named:
            self._named[name] = self._address(name)
        at = self._named[name]
        return None if at is None else Num(at, place)

    def _address(self, name: str) -> int | None:
        """Return the offset or the MSR of what somebody calls a register."""
        for spelled in dict.fromkeys((name, _BEFORE.sub("", name))):
            with suppress(NotFound):
                found = find_register(spelled, self.registers)
                as_msr = bool(_OF_MSR.search(name))
                spans = found.register.msr_spans if as_msr else found.register.offset_spans
                if spans:
                    return spans[0].first + (1 if as_msr else SLOT) * (found.member or 0)
        return None

    def _meets(self, case: Node, asked: int, frame: Frame) -> bool:
        met = super()._meets(case, asked, frame)
        stated = case.child_by_field_name("value")
        if stated is not None and stated.type != "call_expression":
            number = self.number(stated, frame)
            held = number.place, f"case {number.value:#x}", number.value
            self._hold(held, 0 if met else abs(number.value - asked))
        return met

    def _hold(self, held: HeldNumber, away: int) -> None:
        self._met[held] = min(away, self._met.get(held, away))

    def compared(self, word: str, left: Num, right: Num) -> None:
        """Hold a number against the address: it has to be one, or a bound of a list near one."""
        for number, other in ((left, right), (right, left)):
            if other.place is not self._asked or number.place is self._asked:
                continue
            away = abs(number.value - other.value)
            if word == "==" or (word in _BOUNDS and number.listed):
                near = 0 if word in ("==", "!=", "^") else SLOT
                held = number.place, f"{number.value:#x}", number.value
                self._hold(held, max(0, away - near))

    def subscripted(self, items: list[Value], index: int) -> None:
        """Hold all elements that were written in a table against those that are asked for."""
        if not isinstance(items, WrittenArray):
            return
        if items.held_by is not self._met:
            items.held_by = self._met
            for place, text in items.written.values():
                self._hold((place, repr(text), -1), 1)
        for place, text in [items.written[index]] if index in items.written else ():
            self._hold((place, repr(text), -1), 0)
