"""A selection of rows: the words of ``rows=``, in one canonical order.

A word is a register under any of its names (``ldr``, ``80Dh``), a cell
(``ldr/x2avic/write``), a group of registers, or an access type of Table 16-6.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from urllib.parse import quote_plus

from app.core import names
from app.core.cells import CellKey, cells_of, expand
from app.core.filters import CellFilter
from app.core.knowledge import Knowledge
from app.errors import InvalidFilter, NotFound

ROWS = "rows"
# Of so many unknown words the nearest known one is sought.
MOST_SOUGHT = 50
# The short word is canonical: a link for a mail has 72 columns.
ACCESS_TYPES = {"ro": "read-only", "wo": "write-only", "rw": "read-write"}
_LONG = {long: short for short, long in ACCESS_TYPES.items()}


@dataclass(frozen=True)
class Selection:
    """Rows to cite, and the filter that their cells must pass; no rows mean all of them."""

    rows: tuple[str, ...]
    wanted: CellFilter

    @property
    def query(self) -> str:
        """The canonical query string, empty for the whole table."""
        rows = f"{ROWS}={quote_plus(','.join(self.rows), safe=',/')}" if self.rows else ""
        return "&".join(part for part in (rows, self.wanted.query()) if part)

    @property
    def path(self) -> str:
        """The canonical address, without a pin."""
        return f"/mail?{self.query}" if self.query else "/mail"


def read_rows(texts: Iterable[str], knowledge: Knowledge) -> tuple[str, ...]:
    """Return the words of ``rows=`` in canonical form and order, each once.

    Wide ones come first, and what they already hold is left out. Raises InvalidFilter
    naming every word that means nothing, with the nearest that does (of the first fifty).
    """
    words = dict.fromkeys(word.strip() for text in texts for word in text.split(","))
    known = _words(knowledge)
    found: set[str] = set()
    problems: list[str] = []
    hints: list[str] = []
    for word in filter(None, words):
        try:
            found.add(_canonical(word, knowledge))
        except NotFound as error:
            sought = known if len(problems) < MOST_SOUGHT else ()
            near = get_close_matches(word.lower(), sought, 1) or list(error.hints)
            offer = f"did you mean {near[0]!r}?" if near else "a register, a cell or a group is one"
            problems.append(f"{word!r} is not a value of {ROWS!r}; {offer}")
            hints += near[:1]
    if problems:
        raise InvalidFilter(" ".join(problems), hints=tuple(dict.fromkeys(hints)))
    kept: list[str] = []
    covered: set[CellKey] = set()
    for word in (w for w in known if w in found):
        cells = cells_of_row(word, knowledge)
        kept += [] if cells <= covered else [word]
        covered |= cells
    return tuple(kept)


def cells_of_row(word: str, knowledge: Knowledge) -> set[CellKey]:
    """Return the cells of one canonical word."""
    if "/" in word:
        return set(expand(word, knowledge.members))
    registers = knowledge.members.get(word, (word,))
    if word in ACCESS_TYPES:
        registers = tuple(r.slug for r in knowledge.registers.values() if r.access.lower() == word)
    return {key for slug in registers for key in cells_of(slug)}


def _words(knowledge: Knowledge) -> tuple[str, ...]:
    """Return every canonical word, wide ones first."""
    cells = (str(key) for key in knowledge.cells)
    # Facts come in the order in which they were loaded; an address must not depend on it.
    return (*ACCESS_TYPES, *sorted(knowledge.groups), *knowledge.registers, *cells)


def _canonical(word: str, knowledge: Knowledge) -> str:
    folded = word.lower()
    if folded in ACCESS_TYPES or folded in _LONG or folded in knowledge.groups:
        return _LONG.get(folded, folded)
    name, slash, rest = word.partition("/")
    register = names.resolve(name, knowledge.registers).register.slug
    if not slash:
        return register
    cells = tuple(map(str, cells_of(register)))
    key = f"{register}/{rest.lower()}"
    if key not in cells:
        raise NotFound(f"{word!r} is no cell.", hints=cells)
    return key
