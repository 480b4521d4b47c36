"""How tables in mails name registers: any of our names, full names, addresses and ranges."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from app.core.facts import Register
from app.core.names import NamedRegister, members, resolve
from app.core.numbers import MSR_BASE, PAGE_LAST, SLOT, Span
from app.errors import NotFound

SPAN = re.compile(r"(?:0x)?[0-9a-f]+h?-(?:0x)?[0-9a-f]+h?", re.IGNORECASE)
ADDRESS = re.compile(r"(?:0x)?[0-9a-f]{3}h?", re.IGNORECASE)
SHORTEST = 3
Place = tuple[str, int | None]


@dataclass(frozen=True)
class Naming:
    """What a cell means that should name a register: ``ID``, ``TPR (808h)``, ``810h-817h``."""

    registers: Mapping[str, Register]

    def places(self, text: str, known: tuple[Place, ...] = ()) -> tuple[Place, ...]:
        """Return (slug, member) of everything that a cell names; ``known`` is what its row said.

        Raises NotFound for an unknown name, and for names of several registers.
        """
        if known and len(text) > SHORTEST and known[0][0].startswith(text.lower()):
            # Our own blocks cut long slugs.
            return known
        bare, _, inside = text.rstrip(")").partition("(")
        names = [part for part in (bare, inside) if part.strip()]
        found: list[Place] = []
        for name in names:
            found += self._named(name.strip())
        if len({slug for slug, _ in found}) > 1:
            raise NotFound(f"{text!r} names several registers.")
        return tuple(dict.fromkeys(found))

    def _named(self, name: str) -> Iterator[Place]:
        registers = self.registers
        full = {r.name.lower().removesuffix(" register"): r.slug for r in registers.values()}
        if slug := full.get(name.lower().removesuffix(" register")):
            yield slug, None
            return
        parts = re.split(r"[,\s]+", name)
        if all(SPAN.fullmatch(part) or ADDRESS.fullmatch(part) for part in parts):
            for part in parts:
                yield from self._spanned(part)
            return
        found = resolve(name if name in registers else "_".join(parts), registers)
        yield found.register.slug, found.member

    def _spanned(self, part: str) -> Iterator[Place]:
        registers = self.registers
        try:
            span = Span.parse(part)
        except ValueError:
            raise NotFound(f"{part!r} is no range of addresses.") from None
        if span.last > PAGE_LAST:
            raise NotFound(f"{part!r} ends behind the APIC page and its MSRs.")
        step = 1 if span.first >= MSR_BASE else SLOT
        found = [resolve(f"0x{at:x}", registers) for at in range(span.first, span.last + 1, step)]
        if _whole(found):
            yield found[0].register.slug, None
        else:
            yield from ((one.register.slug, one.member) for one in found)


def _whole(found: Sequence[NamedRegister]) -> bool:
    """Whether members of a vector register are all of them, or registers are one row."""
    register = found[0].register
    if any(one.register.slug != register.slug for one in found):
        return False
    return not register.vector or len(found) == members(register)
