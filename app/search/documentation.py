"""The pages of the documentation and what the table of names says itself, as search finds them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace

from app.curation import aliases
from app.search.model import SearchEntry
from app.settings import ROOT

FOLDER = ROOT / "templates" / "docs"
PART = re.compile(r'\{% include "(.*?)" %\}')
# Of a template only the words count: comments, values and loops are left out, texts in them stay.
VALUE, QUOTED = re.compile(r"\{\{(.*?)\}\}"), re.compile(r"'([^']*)'")
ROW = re.compile(r"^\|.*", re.MULTILINE)
TAGS = re.compile(
    r"^```.*?$|^#+ |\{[%#](?s:.*?)[%#]\}|\*+(?=[\w`])|(?<=[^\s_`])\*+|[`\[\]]|\(/[\w/.-]*\)|https?://\S+",
    re.MULTILINE,
)


def names_of(address: str) -> tuple[str, ...]:
    """Return what an address is called in the table of names."""
    return tuple(name for one in aliases.alias_entries() if one.to == address for name in one.names)


def with_names(entries: Iterable[SearchEntry]) -> Iterator[SearchEntry]:
    """Yield entries with what the table of names calls them."""
    for entry in entries:
        yield replace(entry, names=" ".join((entry.names, *names_of(entry.path))))


def pages() -> Iterator[SearchEntry]:
    """Yield the pages of the documentation, then the answers of the table of names."""
    seen = set()
    for path in sorted(FOLDER.glob("[a-z]*.md")):
        address = "/docs" if path.stem == "index" else f"/docs/{path.stem}"
        head, _, rest = path.read_text("utf-8").partition("\n")
        seen.add(address)
        rest = PART.sub(lambda part: (FOLDER.parent / part[1]).read_text("utf-8"), rest)
        rest = VALUE.sub(lambda value: " ".join(QUOTED.findall(value[1])), rest)
        rest = ROW.sub(lambda row: row[0].replace("|", " "), rest)
        words, title = " ".join(TAGS.sub("", rest).split()), head.strip("# ")
        yield SearchEntry("page", address, address, title, " ".join(names_of(address)), words)
    for one in aliases.alias_entries():
        if one.title and one.to not in seen:
            yield SearchEntry("page", one.key, one.to, one.title, " ".join(one.names), one.text)
