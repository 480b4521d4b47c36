"""The titles of columns in tables of mails: what a column holds, of which access."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from app.core.words import OWN_ORDER, Access, Mode
from app.foreign.table_words import LONGEST_WORD, MODES, UnknownWord, nearest_word

T = TypeVar("T")


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
    """A title that was understood; for outcomes with mode, access and variant if it says.

    ``assumed`` when --mode says the mode: then cells may speak of the other one.
    """

    kind: Kind
    mode: Mode | None = None
    access: Access | None = None
    variant: Column | None = None
    assumed: bool = False

    @property
    def way(self) -> tuple[Mode | None, Access | None]:
        """The access, as far as it says."""
        return self.mode, self.access


# What the words of titles mean.
_MEANINGS: Mapping[tuple[Kind | Mode | Access | Column, ...], str] = {
    (Access.READ, Mode.X2AVIC): "rdmsr",
    (Access.WRITE, Mode.X2AVIC): "wrmsr",
    (Access.READ,): "read reads rd",
    (Access.WRITE,): "write writes wr",
    **{(mode,): words for mode, words in MODES.items()},
    (Column.BEFORE,): "before old unpatched without w/o",
    (Column.AFTER,): "after new patched with",
    (Column.TABLE,): "documented apm manual 15-22",
    (Column.RULES,): "rules",
    (Kind.MSR,): "msr msrs",
    (Kind.OFFSET,): "offset offsets off",
    (Kind.NAME,): "register registers reg name",
    (Kind.ACCESS,): "access",
    (Kind.NOTE,): "note notes comment comments remark remarks",
}
_TITLES = {word: meaning for meaning, words in _MEANINGS.items() for word in words.split()}
# Words that add nothing to a title that says the rest.
_FILLERS = "table what the patch patches series kernel behavior behaviour result address apic"
TITLES = "MSR, register, offset, RDMSR, WRMSR, AVIC read, AVIC write, before, after, note"


def read_title(text: str) -> Title:
    """Read a column's title: ``RDMSR (before)``, ``old WRMSR``, ``x2APIC MSR``, ``AVIC read``.

    Raises UnknownWord for the first word that is not known, and for a title that says
    two things or nothing.
    """
    words = _tokens(text)
    for word in words:
        if word not in _TITLES and word not in _FILLERS.split():
            raise UnknownWord(
                repr(text[:LONGEST_WORD]), f"a title: {TITLES}", nearest_word(word, _TITLES)
            )
    said = dict.fromkeys(meaning for word in words for meaning in _TITLES.get(word, ()))
    modes, accesses, variants = _only(Mode, said), _only(Access, said), _only(Column, said)
    kinds = _only(Kind, said)
    if accesses or len(kinds) > 1:
        # "MSR access" and "RDMSR access" say one thing with two words.
        kinds = [kind for kind in kinds if kind is not Kind.ACCESS]
    if not {Kind.MSR, Kind.OFFSET}.isdisjoint(kinds):
        kinds = [kind for kind in kinds if kind is not Kind.NAME]
    if len(kinds) == 1 and not accesses and not variants:
        return Title(kinds[0])
    if kinds or any(len(part) > 1 for part in (modes, accesses, variants)):
        raise UnknownWord(repr(text[:LONGEST_WORD]), f"a title that says one thing: {TITLES}")
    if not said:
        raise UnknownWord(repr(text[:LONGEST_WORD]), f"a title: {TITLES}")
    return Title(
        Kind.OUTCOME,
        next(iter(modes), None),
        next(iter(accesses), None),
        next(iter(variants), None),
    )


def with_group(title: Title, over: str, mode: Mode | None) -> Title:
    """Complete a title by the one above its group, and by --mode; prose above is no group."""
    if title.kind is not Kind.OUTCOME:
        return title
    group = Title(Kind.OUTCOME)
    if over:
        with suppress(UnknownWord):
            group = read_title(over)
    return Title(
        Kind.OUTCOME,
        title.mode or group.mode or mode,
        title.access or group.access,
        title.variant or group.variant,
        assumed=not (title.mode or group.mode),
    )


def is_head(cells: Sequence[str]) -> bool:
    """Whether a line is one of titles: an address or a name, and an access, alone in cells."""
    kinds = {_rough(cell) for cell in cells}
    places = {Kind.MSR, Kind.OFFSET, Kind.NAME, Kind.ACCESS}
    return len(cells) > 1 and not places.isdisjoint(kinds) and Kind.OUTCOME in kinds


def mode_meant(heads: Iterable[str], above: Sequence[str]) -> Mode | None:
    """Return the mode of titles that name none: that of the line above, or of their MSRs.

    AVIC alone may be either, so it names none; two names are none too.
    """
    words = [word for line in above[:1] for word in _tokens(line) if word != Mode.AVIC]
    said = {*_only(Mode, (meaning for word in words for meaning in _TITLES.get(word, ())))}
    kinds = {_rough(head) for head in heads}
    if Kind.MSR in kinds and Kind.OFFSET not in kinds:
        said.add(Mode.X2AVIC)
    return next(iter(said)) if len(said) == 1 else None


def _rough(text: str) -> Kind | None:
    """Guess at a title, so that a line of titles with a typo is still one."""
    words = _tokens(text)
    if len(words) > 5:  # noqa: PLR2004 - titles are short
        return None
    said = [meaning for word in words for meaning in _TITLES.get(word, ())]
    if any(isinstance(meaning, Access | Column) for meaning in said):
        return Kind.OUTCOME
    return next(iter(_only(Kind, said)), None)


def _only(kind: type[T], found: Iterable[object]) -> list[T]:
    return [one for one in found if isinstance(one, kind)]


def _tokens(text: str) -> list[str]:
    plain = text.lower().replace(OWN_ORDER.lower(), Column.RULES).replace("*", "")
    return re.findall(r"w/o|[a-z0-9]+(?:-[0-9]+)?", plain)
