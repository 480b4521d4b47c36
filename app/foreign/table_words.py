"""The words of tables in mails: titles of columns, and what a cell says that an access did.

A closed vocabulary: the behaviours with their labels and short forms as our own pages print
them, and the spellings that name exactly one of them. ``402h`` or ``#VMEXIT`` alone could be
a trap or a fault, so they are refused like any unknown word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from app.core.facts import Condition
from app.core.words import Access, Behaviour, Mode
from app.intake.format1 import OUTCOMES

NEAR = 0.6
LONGEST = 40


class Kind(StrEnum):
    """What a column holds."""

    MSR = "msr"
    OFFSET = "offset"
    NAME = "name"
    ACCESS = "access"
    OUTCOME = "outcome"
    NOTE = "note"


class Column(StrEnum):
    """Which of several columns of one access is meant."""

    BEFORE = "before"
    AFTER = "after"
    TABLE = "table"
    RULES = "rules"


@dataclass(frozen=True)
class Title:
    """A title that was understood; for outcomes with mode, access and variant if it says."""

    kind: Kind
    mode: Mode | None = None
    access: Access | None = None
    variant: Column | None = None


@dataclass(frozen=True)
class Said:
    """One outcome of a cell, with the slug of its condition."""

    outcome: Behaviour
    condition: str = ""
    intercepted: bool = False


class UnknownWord(ValueError):
    """A word of no vocabulary here: what was found, what is valid, what comes nearest."""

    def __init__(self, found: str, expected: str, hint: str = "") -> None:
        super().__init__(found)
        self.found, self.expected, self.hint = found, expected, hint


_ACCESSES = {
    "rdmsr": (Access.READ, Mode.X2AVIC), "wrmsr": (Access.WRITE, Mode.X2AVIC),
    "read": (Access.READ, None), "write": (Access.WRITE, None),
    "reads": (Access.READ, None), "writes": (Access.WRITE, None),
}  # fmt: skip
_MODES = {
    "avic": Mode.AVIC, "xavic": Mode.AVIC, "xapic": Mode.AVIC, "mmio": Mode.AVIC,
    "x2avic": Mode.X2AVIC, "x2apic": Mode.X2AVIC,
}  # fmt: skip
_VARIANTS = {
    "before": Column.BEFORE, "old": Column.BEFORE, "unpatched": Column.BEFORE,
    "without": Column.BEFORE, "w/o": Column.BEFORE,
    "after": Column.AFTER, "new": Column.AFTER, "patched": Column.AFTER, "with": Column.AFTER,
    "documented": Column.TABLE, "apm": Column.TABLE, "manual": Column.TABLE,
    "15-22": Column.TABLE, "rules": Column.RULES,
}  # fmt: skip
_KINDS = {
    "msr": Kind.MSR, "msrs": Kind.MSR, "offset": Kind.OFFSET, "offsets": Kind.OFFSET,
    "register": Kind.NAME, "registers": Kind.NAME, "reg": Kind.NAME, "name": Kind.NAME,
    "access": Kind.ACCESS, "note": Kind.NOTE, "notes": Kind.NOTE, "comment": Kind.NOTE,
    "comments": Kind.NOTE, "remark": Kind.NOTE, "remarks": Kind.NOTE,
}  # fmt: skip
# Words that add nothing to a title that says the rest.
_FILLERS = frozenset(
    {"table", "what", "the", "patch", "patches", "series", "kernel", "behavior", "behaviour"}
    | {"result", "address", "apic"}
)
_TITLES = (*_ACCESSES, *_MODES, *_VARIANTS, *_KINDS)
TITLES = "MSR, register, offset, RDMSR, WRMSR, AVIC read, AVIC write, before, after, note"


def read_title(text: str) -> Title:
    """Read a column's title: ``RDMSR (before)``, ``old WRMSR``, ``x2APIC MSR``, ``AVIC read``.

    Raises UnknownWord for the first word that is not known, and for a title that says
    two things or nothing.
    """
    kinds, modes, accesses, variants = _meanings(text)
    if len(kinds) == 1 and not accesses and not variants:
        return Title(kinds[0])
    if kinds or any(len(part) > 1 for part in (modes, accesses, variants)):
        raise UnknownWord(repr(text[:LONGEST]), f"a title that says one thing: {TITLES}")
    if not (accesses or variants or modes):
        raise UnknownWord(repr(text[:LONGEST]), f"a title: {TITLES}")
    return Title(
        Kind.OUTCOME,
        next(iter(modes), None),
        next(iter(accesses), None),
        next(iter(variants), None),
    )


def _meanings(
    text: str,
) -> tuple[tuple[Kind, ...], tuple[Mode, ...], tuple[Access, ...], tuple[Column, ...]]:
    """Return what the words of a title mean, each meaning once."""
    words = _tokens(text)
    for word in words:
        if word not in _TITLES and word not in _FILLERS:
            raise UnknownWord(repr(text[:LONGEST]), f"a title: {TITLES}", near(word, _TITLES))
    both = [_ACCESSES[word] for word in words if word in _ACCESSES]
    modes = [mode for _, mode in both if mode] + [_MODES[word] for word in words if word in _MODES]
    kinds = dict.fromkeys(_KINDS[word] for word in words if word in _KINDS)
    if both or len(kinds) > 1:
        # "MSR access" and "RDMSR access" say one thing with two words.
        kinds.pop(Kind.ACCESS, None)
    if Kind.MSR in kinds or Kind.OFFSET in kinds:
        kinds.pop(Kind.NAME, None)
    return (
        tuple(kinds),
        tuple(dict.fromkeys(modes)),
        tuple(dict.fromkeys(access for access, _ in both)),
        tuple(dict.fromkeys(_VARIANTS[word] for word in words if word in _VARIANTS)),
    )


def is_head(cells: Sequence[str]) -> bool:
    """Whether a line is one of titles: an address or a name, and an access, alone in cells."""
    kinds = [_rough(cell) for cell in cells]
    places = {Kind.MSR, Kind.OFFSET, Kind.NAME, Kind.ACCESS}
    return len(cells) > 1 and bool(places & set(kinds)) and Kind.OUTCOME in kinds


def _rough(text: str) -> Kind | None:
    """Guess at a title, so that a line of titles with a typo is still one."""
    words = _tokens(text)
    if not words or len(words) > 5:  # noqa: PLR2004 - titles are short
        return None
    if any(word in _ACCESSES or word in _VARIANTS for word in words):
        return Kind.OUTCOME
    return next((_KINDS[word] for word in words if word in _KINDS), None)


def _tokens(text: str) -> list[str]:
    return re.findall(r"w/o|[a-z0-9]+(?:-[0-9]+)?", text.lower().replace("*", ""))


# Spellings beside slug, label and short form.
_MORE = {
    "gp": Behaviour.GP, "#gp(0)": Behaviour.GP, "gp(0)": Behaviour.GP,
    "trap-like": Behaviour.VMEXIT_TRAP, "402h trap": Behaviour.VMEXIT_TRAP,
    "402h (trap)": Behaviour.VMEXIT_TRAP, "vmexit (trap)": Behaviour.VMEXIT_TRAP,
    "fault-like": Behaviour.VMEXIT_FAULT, "402h fault": Behaviour.VMEXIT_FAULT,
    "402h (fault)": Behaviour.VMEXIT_FAULT, "vmexit (fault)": Behaviour.VMEXIT_FAULT,
    "401h": Behaviour.VMEXIT_IPI, "0x401": Behaviour.VMEXIT_IPI,
    "incomplete ipi": Behaviour.VMEXIT_IPI,
    "7ch": Behaviour.VMEXIT_MSR, "0x7c": Behaviour.VMEXIT_MSR, "07ch": Behaviour.VMEXIT_MSR,
    "intercepted": Behaviour.VMEXIT_MSR,
    "400h": Behaviour.VMEXIT_NPF, "0x400": Behaviour.VMEXIT_NPF, "pf": Behaviour.PF,
}  # fmt: skip
WORDS: Mapping[str, Behaviour] = {
    word.lower(): b for b in OUTCOMES for word in (b.value, b.label, b.short)
} | _MORE
# Cells that say nothing about an access: not selected, not existing, not known.
SILENT = frozenset(
    {"", ".", "-", "--", "?", "n/a", "tbd", "nothing", "absent", "undef", "undefined"}
)
AMBIGUOUS = frozenset(
    {"402h", "0x402", "exit", "vmexit", "#vmexit", "unaccelerated", "avic_unaccelerated_access"}
)
VALID = ", ".join(dict.fromkeys(b.short for b in OUTCOMES)) + ", 7Ch, 401h, 400h, or -"


def read_cell(text: str, conditions: Mapping[str, Condition]) -> tuple[Said, ...]:
    """Read a cell: ``#GP``, ``trap [2]``, ``accel edge; trap level``; empty if it says nothing.

    A condition is a slug or the tag that our pages print. Raises UnknownWord.
    """
    bare = re.sub(r"\[\d+\]|[`*]", " ", text.lower())
    parts = [" ".join(part.split()) for part in bare.split(";")]
    return tuple(_said(part, conditions) for part in parts if part not in SILENT)


def _said(text: str, conditions: Mapping[str, Condition]) -> Said:
    slugs = {name.lower(): slug for slug, c in conditions.items() for name in (slug, c.tag) if name}
    for word in sorted(WORDS, key=len, reverse=True):
        rest = text.removeprefix(word)
        if rest == text or (rest and not rest.startswith((" ", ","))):
            continue
        when = re.sub(r"^(if|when)\s+", "", rest.strip(" ,"))
        if not when or when in slugs:
            return Said(WORDS[word], slugs.get(when, ""), WORDS[word] is Behaviour.VMEXIT_MSR)
    if text in AMBIGUOUS:
        raise UnknownWord(repr(text), "trap or fault: this word may be either")
    raise UnknownWord(repr(text[:LONGEST]), f"one of {VALID}", near(text, WORDS))


def near(word: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
    """Return ``did you mean ...?`` for a typo, empty when nothing is near."""
    found = get_close_matches(word[:LONGEST].lower(), list(known), 1, NEAR)
    return f"did you mean `{found[0]}`?" if found else ""
