"""Any name finds the row: slug, APM abbreviation, kernel macro, offset or MSR."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import lru_cache

from app.core.facts import Family, Register
from app.core.numbers import MSR_BASE, MSR_LAST, SLOT, Span, format_hex, parse_hex
from app.errors import NotFound

MEMBER = re.compile(r"(?P<name>.*?[a-z_])(?:[-#\[]?(?P<member>[0-9])\]?)", re.IGNORECASE)
# What stands before and behind a name and says nothing.
_BEFORE = re.compile(
    r"(?:k?local-?apic-?(?=[a-z])|(?:the|amd|msr|reg|register|rdmsr|wrmsr|rd|wr|[vx]?2?l?apic-off(?:set)?|offset|exit-reason|core::x86::msr"
    r"|ia32-x2apic|x2apic-msr|x2apic|ia32|[lxv]?apic-base|(?:[lx]|vl?)?apic)(?:[-:(\[+]+(?!base$)|(?=[0-9][0-9a-f]+h?$)))+"
)
_BEHIND = re.compile(
    r"(?:-registers?|-reg|-msr|-offset|-address|(?:-[0-9]+-core)?-processor|-with-radeon.*)+$"
)
# How AMD's own manuals of processors write addresses, and which bits of a register are meant.
_PRINTED = re.compile(r"^(?:msr0000_0|apicx)(?=[0-9a-f]{2,3}h?$)|\[\d+:\d+\]$")
_UNPAIRED = re.compile(r"[)\]]+$")
# Where the page of the APIC stands.
APIC_BASE = 0xFEE00000
_CPUID = re.compile(
    r"(?:family-?|fam-?)?(?P<family>(?:0x)?[0-9a-f]+h?)[-/,]+(?:models?-?)?(?P<model>(?:0x)?[0-9a-f]+h?)"
    r"(?:[-/,]+(?:stepping-?)?(?:0x)?[0-9a-f]+h?)?"
)
# EAX of CPUID function 1, of families behind 0Fh; what of it is fixed, reserved bits as 0.
_FIXED, _BASE = 0xF000FF00, 0xF00
_SIGNATURE = re.compile(
    r"(?:cpuid|signature|eax|fn0*1)?[\s:=_-]*(?:0x)?(?P<eax>[0-9a-f]{5,8})h?", re.IGNORECASE
)


@dataclass(frozen=True)
class NamedRegister:
    """A register, and for vector registers the member that was named (0-based)."""

    register: Register
    member: int | None = None
    anchor: str = ""

    @property
    def path(self) -> str:
        """The page of the register, with the member or a note as its anchor."""
        anchor = self.anchor or ("" if self.member is None else str(self.member))
        return f"/r/{self.register.slug}{f'#{anchor}' if anchor else ''}"


def resolve(name: str, registers: Mapping[str, Register]) -> NamedRegister:
    """Return what a name means.

    Accepts the slug, the APM abbreviation, the kernel macro with or without ``APIC_``, a
    member of a vector register (``ISR3``), and offsets and MSRs as ``0x300``, ``300h``,
    ``MSR 830`` or ``0xfee00300``, in any case. Raises NotFound with near misses.
    """
    name = name.strip()
    if name in registers:
        return NamedRegister(registers[name])
    wanted = fold(name)
    table = {fold(alias): r for r in registers.values() for alias in aliases(r)}
    if wanted in table:
        return NamedRegister(table[wanted])
    if (match := MEMBER.fullmatch(wanted)) and (r := table.get(fold(match["name"]))):
        member = int(match["member"])
        if r.vector and member < members(r):
            return NamedRegister(r, member)
    try:
        return _by_address(name, registers)
    except ValueError:
        # Letters that changed places are nearer than others that stand there.
        swapped = [alias for alias in table if sorted(alias) == sorted(wanted)]
        near = [*swapped, *get_close_matches(wanted, table, 3, 0.5)]
        hints = tuple(dict.fromkeys(table[alias].slug for alias in near))
        raise NotFound(f"No register is called {name!r}.", hints=hints) from None


def members(register: Register) -> int:
    """How many 32-bit registers a row stands for."""
    return sum(len(span.addresses(SLOT)) for span in register.offset_spans)


def aliases(register: Register) -> tuple[str, ...]:
    """Return every name of a register, without its addresses."""
    names = (register.slug, register.abbreviation, register.macro, register.name, *register.aliases)
    macro = register.macro.removesuffix("n")
    return tuple(name for name in (*names, macro) if name and name != "-")


def words_of(register: Register) -> tuple[str, ...]:
    """Return all that somebody may look for a register by: names and addresses."""
    return (register.name, *aliases(register), *register.offsets, *register.msrs)


@lru_cache(maxsize=2048)
def fold(name: str) -> str:
    """Return a name as it is compared: without case, blanks, and words that say nothing."""
    plain = re.sub(r"\((?:r|tm)\)|(?<=\S) \([a-z][^)]*\)$", "", name.strip().lower())
    bare = re.sub(r"[\s_-]+", "-", _PRINTED.sub("", plain)).strip("-?")
    rest = _BEHIND.sub("", _BEFORE.sub("", bare, count=1))
    return (
        _UNPAIRED.sub("", re.sub(r"(?<=\w)[(\[](?=[0-9a-f]+h?[)\]]*$)", "", rest)) or bare
    ).strip("-")


def family_of(name: str, families: Mapping[str, Family]) -> str:
    """Return the slug of the family that a name, a code name or a CPUID means; empty for none."""

    def squeezed(text: str) -> str:
        return re.sub(r"[^a-z0-9]", "", text.lower())

    wanted = squeezed(name)
    # "Zen" alone may be any of them.
    several = sum(squeezed(family.name).startswith(wanted) for family in families.values()) > 1
    for family in families.values() if not several else ():
        called = (family.slug, family.name, *family.products, *(r.name for r in family.readings))
        if wanted in {squeezed(one) for part in called for one in (part, *part.split(","))}:
            return family.slug
    cpu = _cpuid(name)
    for family in families.values() if cpu else ():
        for span in family.cpuid:
            if cpu and cpu[0] == parse_hex(span.family):
                models = Span.parse(span.models) if span.models[:1].isdigit() else None
                if models is None or cpu[1] in models:
                    return family.slug
    return ""


def cpuid_of(name: str) -> str:
    """Return a family and a model as ``19h/11h``, also of ``0x00a10f11``; empty for no CPUID."""
    cpu = _cpuid(name)
    return f"{cpu[0]:02X}h/{cpu[1]:02X}h" if cpu else ""


def _cpuid(name: str) -> tuple[int, int] | None:
    if sign := _SIGNATURE.fullmatch(name.strip()):
        # Family and model in two parts each.
        eax = int(sign["eax"], 16)
        if eax & _FIXED == _BASE and eax >> 20:
            return 0xF + (eax >> 20), eax >> 12 & 0xF0 | eax >> 4 & 0xF
    match = _CPUID.fullmatch(re.sub(r"\s+", "-", name.strip().lower()))
    return (_number(match["family"]), _number(match["model"])) if match else None


def _number(text: str) -> int:
    return int(text) if text.isdecimal() else parse_hex(text)


def _by_address(name: str, registers: Mapping[str, Register]) -> NamedRegister:
    address = parse_hex(fold(name).replace("-", ""))
    address -= APIC_BASE if APIC_BASE <= address < APIC_BASE + 0x1000 else 0
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


def plural(kind: str) -> str:
    """Return a kind of fact in the plural."""
    return {"family": "families", "policy": "policies", "erratum": "errata"}.get(kind, f"{kind}s")
