"""A line of a page as a value: words, or pieces in a row, as text and as HTML."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Linked:
    """Words that lead to an address; a text page gives the address if it is ``told``.

    ``rel`` is what HTML says of the address, such as ``next``.
    """

    words: str
    href: str
    told: bool = False
    rel: str = ""


@dataclass(frozen=True)
class Sourced:
    """Sources by name, each leading to what is known of it: ``[apm-3.44, kvm-7.2]``."""

    ids: tuple[str, ...]


@dataclass(frozen=True)
class Styled:
    """Words with a look of their own in HTML, where ``tag`` of the class ``look`` holds them.

    ``told`` is what a text page says in their place, if that is anything else.
    """

    words: str
    look: str = ""
    tag: str = "span"
    told: str | None = None


# A word of the vocabulary is a piece too: its slug in text, its chip in HTML.
Piece = str | Linked | Sourced | Styled
Pieces = tuple[Piece, ...]
Line = str | Pieces


# The address of the site itself.
SITE = Linked("", "", told=True)


# How the address of any cell is made, for pages that name cells in columns.
_CELL = Linked("", "/r/REGISTER/MODE/ACCESS", told=True)
CELLS_AT = ("A cell stands at ", _CELL, ", by any name of the register.")


def full_address(href: str) -> Linked:
    """Return an address that a page gives in full."""
    return Linked(href, href, told=True)


def join_lines(lines: Iterable[Pieces], between: Piece = ", ") -> Pieces:
    """Return lines as one, with words between them."""
    return tuple(piece for line in lines for piece in (between, *line))[1:]
