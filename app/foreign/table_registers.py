"""How tables in mails name registers: any of our names, full names, addresses and ranges."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from app.core.facts import Register
from app.core.names import members, resolve
from app.core.numbers import MSR_BASE, PAGE_LAST, SLOT, Span
from app.curation.aliases import find_register
from app.errors import NotFound

ADDRESSES = re.compile(
    r"((0x)?[0-9a-f]+h?-(0x)?[0-9a-f]+h?|(0x)?[0-9a-f]{3}h?|[0-9a-f]{2}h|0x[0-9a-f]{2})",
    re.IGNORECASE,
)
# How Markdown sets a name.
SET = str.maketrans("", "", '`*\\"')
SHORTEST = 3
# A slug, and the member that was named of a vector.
NamedPlace = tuple[str, int | None]


def places_of(
    text: str, registers: Mapping[str, Register], known: tuple[NamedPlace, ...] = ()
) -> tuple[NamedPlace, ...]:
    """Return everything that a cell names, ``ID``, ``TPR (808h)``, ``810h-817h``.

    ``known`` is what its row said before. Raises NotFound for an unknown name, and for names
    of several registers.
    """
    if known and len(text) > SHORTEST and known[0][0].startswith(text.lower()):
        # Our own blocks cut long slugs.
        return known
    text = text.translate(SET).strip()
    bare, _, inside = text.rstrip(")").partition("(")
    names = (part.strip() for part in (bare, inside) if part.strip())
    try:
        found = tuple(dict.fromkeys(place for name in names for place in _named(name, registers)))
    except NotFound:
        # With a remark behind it.
        whole = find_register(text, registers)
        found = ((whole.register.slug, whole.member),)
    if len({slug for slug, _ in found}) > 1:
        raise NotFound(f"{text!r} names several registers.")
    return found


def _named(name: str, registers: Mapping[str, Register]) -> Iterator[NamedPlace]:
    parts = re.split(r"[,\s]+", name)
    addresses = re.split(r"[,/\s]+", name)
    if all(ADDRESSES.fullmatch(part) for part in addresses):
        for part in addresses:
            yield from _spanned(part, registers)
    else:
        found = find_register(name if name in registers else "_".join(parts), registers)
        yield found.register.slug, found.member


def _spanned(part: str, registers: Mapping[str, Register]) -> Iterator[NamedPlace]:
    """Yield the registers of a range; all members of a vector are the vector itself."""
    try:
        span = Span.parse(part)
    except ValueError:
        raise NotFound(f"{part!r} is no range of addresses.") from None
    if span.last > PAGE_LAST:
        raise NotFound(f"{part!r} ends behind the APIC page and its MSRs.")
    # Offsets behind 7FFh are numbers of MSRs too: 540h-FFFh is one row all the same.
    rows = (r.slug for r in registers.values() if (span,) in (r.offset_spans, r.msr_spans))
    if row := next(rows, ""):
        yield row, None
        return
    step = 1 if span.first >= MSR_BASE else SLOT
    found = [resolve(f"0x{at:x}", registers) for at in span.addresses(step)]
    register = found[0].register
    several = any(one.register.slug != register.slug for one in found)
    if several or (register.vector and len(found) != members(register)):
        yield from ((one.register.slug, one.member) for one in found)
    else:
        yield register.slug, None
