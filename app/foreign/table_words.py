"""The words of tables in mails: what a cell says that an access did.

A closed vocabulary: the behaviours with their labels and short forms as our own pages print
them, and the spellings that name exactly one of them. ``402h`` or ``#VMEXIT`` alone could be
a trap or a fault, so they are refused like any unknown word.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from app.core.facts import Condition
from app.core.words import Behaviour, Mode
from app.intake.format1 import OUTCOMES

NEAR = 0.75
LONGEST_WORD = 40
# What names a mode.
MODES = {Mode.AVIC: "avic xavic xapic mmio", Mode.X2AVIC: "x2avic x2apic"}


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


# Spellings beside slug, label and short form.
_MORE = {
    Behaviour.GP: ("gp", "#gp(0)", "gp(0)", "gp#"),
    Behaviour.VMEXIT_TRAP: ("trap-like", "402h trap", "402h (trap)", "vmexit (trap)"),
    Behaviour.VMEXIT_FAULT: ("fault-like", "402h fault", "402h (fault)", "vmexit (fault)"),
    Behaviour.VMEXIT_IPI: ("401h", "0x401", "incomplete ipi", "avic_incomplete_ipi"),
    Behaviour.VMEXIT_MSR: ("7ch", "0x7c", "07ch", "intercepted"),
    Behaviour.VMEXIT_NPF: ("400h", "0x400"),
    Behaviour.PF: ("pf",),
}
WORDS: Mapping[str, Behaviour] = {
    word.lower(): b
    for b in OUTCOMES
    for word in (b.value, b.label, b.label.replace(",", ""), b.short, *_MORE.get(b, ()))
}
# Cells that say nothing about an access: not selected, not existing, not known.
SILENT = frozenset(
    {"", ".", "-", "--", "?", "n/a", "tbd", "nothing", "absent", "undef", "undefined", "(no entry)"}
)
# Words that may be either of two, and what to say instead.
EITHER = (
    (re.compile(r"(?:exit|#?vmexit)? ?\(?(?:(?:0x)?402h?)?\)?|.*unaccel.*|.*noaccel.*"),
     "trap or fault"),
    (re.compile(r"ok|yes|works|pass(?:es|ed)?|no (?:exit|#?vmexit)"),
     "allowed or accelerated, or completed where nobody watched for exits"),
)  # fmt: skip
# How the printed table says two things in one cell, and how we say them.
PRINTED = (
    (re.compile(r"accelerated\b.* edge\b.*\btrap\b.* level\b.*"), "accelerated edge; trap level"),
    (
        re.compile(r"accelerated\b.*\btrap\b.* advanced\b.*"),
        "accelerated simple-ipi; trap advanced",
    ),
)
# What is struck out, notes, and how Markdown sets words.
NOT_SAID = re.compile(r"\\(?=[#_*])|~~.*?~~|\[\^?\d+\]|[`*\"]|(?<!\w)_+(?=\w)|(?<=\w)_+(?!\w)")
# A mode behind an outcome, as tables print it whose columns name none.
IN_MODE = re.compile(r"(?P<said>.+) \((?P<mode>x?avic|x2avic|xapic|x2apic)\)")
# A bit of CPUID as tables print it, the tag of a condition; and a condition that comes first.
FEATURE = re.compile(
    r"(?:cpuid )?(?:fn[0-9a-f]{4}_[0-9a-f]{4}_)?(e[abcd]x)\[?(\d+)\]? ?==? ?([01])"
)
FIRST = re.compile(r"(?:if |when )?(?P<when>[^:]+): (?P<said>.+)")
# An exit of which the code says it all.
CODED = re.compile(
    r"(?:#?vmexit|exit)[ :=]*\(?(avic_incomplete_ipi|(?:0x)?(?:40[01]|7c)h?)\)?(?=$|[ ;,])"
)
VALID = ", ".join(dict.fromkeys(b.short for b in OUTCOMES)) + ", 7Ch, 401h, 400h, or -"


def read_cell(
    text: str,
    conditions: Mapping[str, Condition],
    mode: Mode | None = None,
    *,
    assumed: bool = False,
) -> tuple[Said, ...]:
    """Read a cell: ``#GP``, ``trap [2]``, ``accel edge; trap level``; empty if it says nothing.

    A condition is a slug or the tag that our pages print; ``mode`` that of the cell's column,
    and ``Allowed (xAVIC)`` may say no other, unless it was ``assumed``: then it says nothing of
    this one. Raises UnknownWord.
    """
    bare = FEATURE.sub(r"\1\2=\3", text.lower())
    bare = " ".join(NOT_SAID.sub(" ", bare).split())
    bare = CODED.sub(r"\1", bare)
    bare = next((ours for printed, ours in PRINTED if printed.fullmatch(bare)), bare)
    parts = [" ".join(part.split()) for part in bare.split(";")]
    plain = (_in_mode(FIRST.sub(r"\g<said> \g<when>", part), mode, assumed) for part in parts)
    return tuple(_said(part, conditions) for part in plain if part not in SILENT)


def _in_mode(text: str, mode: Mode | None, assumed: bool) -> str:  # noqa: FBT001 - of one caller
    """Return an outcome without the mode behind it, which has to be ``mode`` if that is known."""
    found = IN_MODE.fullmatch(text)
    if not found:
        return text
    if mode and found["mode"] not in MODES[mode].split():
        if assumed:
            return ""
        raise UnknownWord(repr(text), f"a word of {mode.label}, the mode of this column")
    return found["said"]


def _said(text: str, conditions: Mapping[str, Condition]) -> Said:
    slugs = {name.lower(): slug for slug, c in conditions.items() for name in (slug, c.tag) if name}
    for word in sorted(WORDS, key=len, reverse=True):
        rest = text.removeprefix(word)
        if rest == text or (rest and not rest.startswith((" ", ","))):
            continue
        when = re.sub(r"^(if|when)\s+", "", rest.strip(" ,"))
        if not when or when in slugs:
            return Said(WORDS[word], slugs.get(when, ""), WORDS[word] is Behaviour.VMEXIT_MSR)
    if meant := next((meant for word, meant in EITHER if word.fullmatch(text)), ""):
        raise UnknownWord(repr(text), f"{meant}: this word may be either")
    raise UnknownWord(repr(text[:LONGEST_WORD]), f"one of {VALID}", nearest_word(text, WORDS))


def nearest_word(word: str, known: Mapping[str, object] | tuple[str, ...]) -> str:
    """Return ``did you mean ...?`` for a typo, empty when nothing is near."""
    found = get_close_matches(word[:LONGEST_WORD].lower(), list(known), 1, NEAR)
    return f"did you mean `{found[0]}`?" if found else ""
