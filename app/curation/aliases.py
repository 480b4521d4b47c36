"""What people call things: the one table of names beside those that the facts have themselves."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache

import yaml
from pydantic import TypeAdapter

from app.core import inhibits, names
from app.core.facts import Register
from app.core.knowledge import Knowledge
from app.core.names import NamedRegister, fold
from app.core.numbers import SLOT
from app.errors import NotFound, Problem
from app.settings import ROOT

FILE = "aliases.yaml"
# What traces and headers write around the name or the number of an exit, or behind an event.
_EXIT = re.compile(
    r"(?:(?:.*[-:])?kvm-exit:.*?)?(?:#?(?:svm-)?(?:vm-?)?exit(?:-(?:code|reason))?|reason)"
    r"[-:=(]+(?P<name>[\w-]+?)\)?(?:-(?:rip|info\d?)-.*)?"
    r"|(?:.*[-:])?(?P<event>kvm-[\w-]+)(?::.*)?"
)
# A register's name, and what is added to it.
_ADDED = re.compile(
    r"\(?(?P<name>[a-z_][\w\[\]]*)\s*\+\s*(?P<by>0x[0-9a-f]+|\d+)\s*(?:\*\s*(?P<times>\d+))?\)?",
    re.IGNORECASE,
)
# Whose name it is, or where it stands.
_OWNER = re.compile(
    r"\S+\.h:(?:\d+:)?\s*|v?l?apic(?:->|\.)|(?:xen|kvm|linux|qemu|freebsd|bhyve|vbox|virtualbox|edk2|ovmf|tianocore"
    r"|coreboot|seabios|zircon|hyper-?v|hv[_ ]x64)(?:'s)?(?:\s*(?::+|->|[./])\s*"
    r"|[\s_-]+(?=(?:vl?|l|x2?)?apic|msr|ia32|local.?apic))",
    re.IGNORECASE,
)
# What a question about a CPU, a setting or a section says beside its name.
_SUPPORT = re.compile(
    r"^(?:x2)?avic\b\s*(?:(?:support(?:ed)?|works?|compatible|possible|use)\b\s*)*|\s+(?:affected|errata|bugs?)\W*$"
    r"|\s*(?:\bsupport(?:s|ed)?)?\s*\b(?:x2)?avic(?: support)?\W*$"
    r"|^(?:amd(?:64)? )?2,? (?=\d+[.-]\d)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Called:
    """An address and what it is called; ``title`` and ``text`` of what has no page of its own."""

    to: str
    names: tuple[str, ...]
    title: str = ""
    text: str = ""
    pattern: str = ""

    @property
    def key(self) -> str:
        """What identifies it among the pages that search finds."""
        return self.title if "#" in self.to else self.to


@cache
def alias_entries() -> tuple[Called, ...]:
    """Return the table, which belongs to the release and not to a data version."""
    text = (ROOT / "seed" / FILE).read_text("utf-8")
    return TypeAdapter(tuple[Called, ...]).validate_python(yaml.load(text, yaml.BaseLoader))  # noqa: S506


@cache
def _table() -> Mapping[str, Called]:
    return {fold(name): called for called in alias_entries() for name in called.names}


def find_alias(name: str) -> Called | None:
    """Return what a name is called in the table, None for any other one."""
    folded = fold(name)
    exact = _table().get(folded)
    if not exact and (exit_ := _EXIT.fullmatch(folded)):
        said = exit_["name"] or exit_["event"]
        exact = _table().get(f"exit-{said}") or _table().get(said)
    products = (c for c in alias_entries() if c.pattern and re.fullmatch(c.pattern, folded))
    return exact or next(products, None)


def find_register(
    name: str, registers: Mapping[str, Register], notes: Collection[str] = ()
) -> NamedRegister:
    """Return what any name of a register means; raises NotFound.

    ``notes`` are the annotations that a name may lead to: 3F0h is no offset, and a word on why.
    """
    called = None if name.strip().lower() in registers else find_alias(name)
    if called and called.to.startswith("/r/"):
        slug, _, anchor = called.to.removeprefix("/r/").partition("#")
        if slug in registers and (not anchor or anchor.removeprefix("note-") in notes):
            return NamedRegister(registers[slug], anchor=anchor)
    try:
        return names.resolve(name, registers)
    except NotFound:
        if found := _taken_apart(name, registers, notes):
            return found
        raise


def _taken_apart(
    name: str, registers: Mapping[str, Register], notes: Collection[str]
) -> NamedRegister | None:
    """Return what a name means that says more: whose it is, its address, a sum, a member."""
    if added := _ADDED.fullmatch(name):
        found = find_register(added["name"], registers)
        for span in found.register.offset_spans[:1]:
            first = span.first + SLOT * (found.member or 0)
            by = int(added["by"], 0) * int(added["times"] or 1)
            return names.resolve(f"{first + by:x}h", registers)
    addressed = re.fullmatch(r"(.+\S)\s*\((?:0x[0-9a-f]+|[0-9a-f]+h)\)", name, re.IGNORECASE)
    owner = _OWNER.match(name)
    if rest := name[owner.end() :] if owner else addressed[1] if addressed else "":
        return find_register(rest, registers, notes)
    member = names.MEMBER.fullmatch(fold(name))
    if slug := _squeezed(name, registers):
        return NamedRegister(registers[slug])
    # A member of what the table calls by another name.
    called = find_alias(member["name"]) if member else None
    if member and called and (slug := called.to.removeprefix("/r/")) in registers:
        return names.resolve(f"{slug}#{member['member']}", registers)
    return None


def _squeezed(name: str, registers: Mapping[str, Register]) -> str:
    """Return the slug of a register by a name in which nothing parts words, or other things do."""
    bare = fold(name).replace("-", "")
    called = ((one, c.to.removeprefix("/r/")) for one, c in _table().items())
    own = ((fold(one), slug) for slug, r in registers.items() for one in names.aliases(r))
    every = (*called, *own)
    return next((to for one, to in every if to in registers and one.replace("-", "") == bare), "")


def family_slug(name: str, knowledge: Knowledge) -> str:
    """Return the family that a name, a product or a CPUID means; empty for none."""
    called = find_alias(name)
    if called and called.to.removeprefix("/c/") in knowledge.families:
        return called.to.removeprefix("/c/")
    return names.family_of(name, knowledge.families)


def asked_about(question: str) -> str:
    """Return what a question is about that asks whether AVIC is there, or works with it."""
    return _SUPPORT.sub("", question)


def reason_slug(name: str, knowledge: Knowledge) -> str:
    """Return the reason to keep AVIC off that a name means; empty for none."""
    called = find_alias(name)
    slug = called.to.removeprefix("/inhibit/") if called else ""
    found = inhibits.find_reason(knowledge, slug if slug in knowledge.inhibits else name)
    return found.slug if found else ""


def name_families(
    pairs: Iterable[tuple[str, str]], knowledge: Knowledge
) -> tuple[tuple[str, str], ...]:
    """Return decoded query pairs with each name of a family as its slug."""
    return tuple(
        (key, ",".join(family_slug(one, knowledge) or one for one in text.split(",")))
        if key == "family"
        else (key, text)
        for key, text in pairs
    )


def problems(knowledge: Knowledge) -> Iterator[Problem]:
    """Yield names that lead to two addresses, and addresses that are none."""
    own = {fold(n): f"/r/{r.slug}" for r in knowledge.registers.values() for n in names.aliases(r)}
    own |= {fold(f.slug): f"/c/{f.slug}" for f in knowledge.families.values()}
    known: Mapping[str, Collection[str]] = {
        "r": knowledge.registers,
        "c": knowledge.families,
        "inhibit": knowledge.inhibits,
    }
    for called in alias_entries():
        page, _, anchor = called.to.partition("#")
        kind, _, key = page.strip("/").partition("/")
        if key and key not in known.get(kind, (key,)):
            yield Problem(FILE, "to", called.to, "an address of this site")
        if anchor.startswith("note-") and anchor[5:] not in knowledge.annotations:
            yield Problem(FILE, "to", called.to, "the slug of an annotation behind #note-")
        for name in called.names:
            before = own.setdefault(fold(name), called.to)
            if before != called.to:
                yield Problem(FILE, "names", repr(name), f"a name that does not lead to {before}")
            others = (c for c in alias_entries() if c is not called and c.pattern)
            if other := next((c for c in others if re.fullmatch(c.pattern, fold(name))), None):
                yield Problem(FILE, "names", repr(name), f"no number of {other.to}")
