"""Strangers' words, made harmless for whatever reads them next: one function for each reader."""

from __future__ import annotations

import re
import unicodedata

# What moves a terminal's cursor, or turns what follows around: controls but the ends of lines and
# tabs, marks of direction, and what has no width.
UNSEEN = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff"
    "\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
# What Markdown makes something of in the middle of a line.
MARKUP = re.compile(r"[\\`*<|]|\](?=[(\[:])|&(?=[#\w])")
FORMULA = frozenset("=+-@")


def for_terminal(text: str) -> str:
    """Return a text with what cannot be seen spelled as JSON spells it."""
    if text.isascii() and text.isprintable():
        return text
    return UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


def for_markdown(text: str) -> str:
    """Return a text as one line of Markdown that reads as it stands: no tag, link or column."""
    line = for_terminal(" ".join(text.splitlines()))
    return MARKUP.sub(lambda found: f"\\{found[0]}", line)


def for_spreadsheet(cell: str) -> str:
    """Return a cell that no spreadsheet runs: a quote before what begins like a formula.

    Spreadsheets pass over blanks, and take wide characters for what they look like.
    """
    if cell[:1].isalnum():
        return cell
    # A tab or a return in front may be taken for one between cells.
    split = cell[:1] in ("\t", "\r")
    bare = unicodedata.normalize("NFKC", UNSEEN.sub("", cell)).lstrip()
    return f"'{cell}" if split or (bare[:1] in FORMULA and bare != "-") else cell
