"""Entries for reference managers: BibTeX and CSL-JSON, both with the pinned address."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

from app.pens.plain import to_ascii

SITE = "vAPIC Explorer"
MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
# What TeX would take for a command, as it is written instead.
_TEX = {
    "\\": r"\textbackslash{}",
    # Not \{ and \}: BibTeX pairs braces without looking at the backslash.
    "{": r"\textbraceleft{}",
    "}": r"\textbraceright{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{char: f"\\{char}" for char in "&%$#_"},
}


@dataclass(frozen=True)
class Reference:
    """A page at one data version; ``url`` is its pin, ``day`` that of the data version."""

    path: str
    title: str
    url: str
    version: str
    day: date

    @property
    def key(self) -> str:
        """``vapic-r-ldr-x2avic-write-2026-11-22.1``: the same page and version, the same key."""
        words = re.sub(r"[^A-Za-z0-9.]+", "-", self.path).strip("-")
        return "-".join(part for part in ("vapic", words, self.version) if part)


def bibtex(reference: Reference) -> str:
    """Return one ``@misc`` entry; the braces keep the title's capitals."""
    fields = {
        "author": f"{{{{{SITE}}}}}",
        "title": f"{{{{{tex(reference.title)}}}}}",
        "year": f"{{{reference.day.year}}}",
        # Every style knows these words, and prints them in its own way.
        "month": MONTHS[reference.day.month - 1],
        "note": f"{{Data version {reference.version}}}",
        # Styles print it as it stands, so nothing is escaped; ours never hold a brace.
        "url": f"{{{reference.url}}}",
    }
    lines = [f"  {name:<6} = {value}" for name, value in fields.items()]
    return f"@misc{{{reference.key},\n" + ",\n".join(lines) + "\n}\n"


def csl(reference: Reference) -> dict[str, Any]:
    """Return one item of CSL-JSON."""
    day = reference.day
    return {
        "id": reference.key,
        "type": "dataset",
        "title": reference.title,
        "author": [{"literal": SITE}],
        "issued": {"date-parts": [[day.year, day.month, day.day]]},
        "version": reference.version,
        "URL": reference.url,
    }


def tex(text: str) -> str:
    """Return text that TeX prints as it is."""
    return "".join(_TEX.get(char, char) for char in to_ascii(text))
