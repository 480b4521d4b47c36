"""Any name finds the row: slug, APM abbreviation, kernel macro, offset or MSR."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from app.core.facts import Register
from app.core.numbers import MSR_BASE, MSR_LAST, SLOT, Span, format_hex, parse_hex
from app.errors import NotFound

_MEMBER = re.compile(r"(?P<name>.*?[a-z_])(?:[#\[]?(?P<member>[0-9])\]?)", re.IGNORECASE)


@dataclass(frozen=True)
class NamedRegister:
    """A register, and for vector registers the member that was named (0-based)."""

    register: Register
    member: int | None = None

    @property
    def path(self) -> str:
        """The page of the register, with the member as its anchor."""
        anchor = "" if self.member is None else f"#{self.member}"
        return f"/r/{self.register.slug}{anchor}"


def resolve(name: str, registers: Mapping[str, Register]) -> NamedRegister:
    """Return what a name means.

    Accepts the slug, the APM abbreviation, the kernel macro with or without ``APIC_``, a
    member of a vector register (``ISR3``), and offsets and MSRs as ``0x300``, ``300h`` or
    ``830``, in any case. Raises NotFound with near misses.
    """
    name = name.strip()
    if name in registers:
        return NamedRegister(registers[name])
    wanted = _fold(name)
    table = {_fold(alias): r for r in registers.values() for alias in aliases(r)}
    if wanted in table:
        return NamedRegister(table[wanted])
    if (match := _MEMBER.fullmatch(name)) and (r := table.get(_fold(match["name"]))):
        member = int(match["member"])
        if r.vector and member < members(r):
            return NamedRegister(r, member)
    try:
        return _by_address(name, registers)
    except ValueError:
        near = get_close_matches(wanted, table, 3, 0.5)
        hints = tuple(dict.fromkeys(table[alias].slug for alias in near))
        raise NotFound(f"No register is called {name!r}.", hints=hints) from None


def members(register: Register) -> int:
    """How many 32-bit registers a row stands for."""
    return sum((span.last >> 4) - (span.first >> 4) + 1 for span in register.offset_spans)


def aliases(register: Register) -> tuple[str, ...]:
    """Return every name of a register, without its addresses."""
    names = (register.slug, register.abbreviation, register.macro, *register.aliases)
    macro = register.macro.removesuffix("n")
    return tuple(name for name in (*names, macro) if name and name != "-")


def words_of(register: Register) -> tuple[str, ...]:
    """Return all that somebody may look for a register by: names and addresses."""
    return (register.name, *aliases(register), *register.offsets, *register.msrs)


def _fold(name: str) -> str:
    return name.lower().removeprefix("apic_").replace("_", "-")


def _by_address(name: str, registers: Mapping[str, Register]) -> NamedRegister:
    address = parse_hex(name)
    is_msr = MSR_BASE <= address <= MSR_LAST
    slot = address if is_msr else address - address % SLOT
    for register in registers.values():
        for span in register.msr_spans if is_msr else register.offset_spans:
            if slot in span and slot != address:
                message = f"{format_hex(address)} lies inside the slot of {format_hex(slot)}."
                raise NotFound(message, hints=(register.slug,))
            if slot in span:
                step = slot - span.first if is_msr else (slot - span.first) // SLOT
                return NamedRegister(register, step if register.vector else None)
    message = f"{name!r} is neither an xAPIC offset (000h-FF0h) nor an x2APIC MSR (800h-8FFh)."
    raise NotFound(message, hints=tuple(str(Span.parse(s)) for s in ("300h", "830h")))
