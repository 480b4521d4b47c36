"""The answer to a search as text: for terminals, mail and the text twin."""

from __future__ import annotations

from collections.abc import Iterable

from app.errors import InvalidQuery
from app.pens.place import Place
from app.pens.plain import COLUMNS, Plain, add_head, to_ascii
from app.search.model import Hit, Keys, Parts, SearchResult, address_of_query

# How much of a long query stands before and behind what is wrong in it.
_BEFORE, _BEHIND = 40, 20
NOTHING = "Nothing was found."
CLOSEST = "What answers most of it"


def without_marks(parts: Parts) -> str:
    """Return a text without its marks."""
    return "".join(text for text, _ in parts)


def found_text(found: SearchResult, place: Place) -> str:
    """Return the results of a query."""
    out = Plain()
    query = str(found.query)
    out.title(f"Search: {query}")
    add_head(out, place, address_of_query(query))
    out.field("Found", f"{found.total} found." if found.total else NOTHING)
    if found.exact:
        out.heading("Exactly")
        _hits(out, found.exact, place)
    for group in found.groups:
        out.heading(f"{group.label} ({group.total})")
        _hits(out, group.hits, place)
        if group.total > len(group.hits):
            out.para(f"{group.total - len(group.hits)} more:")
            out.address(f"{place.site}{address_of_query(group.rest)}", 0)
    if found.table and found.total:
        out.heading("In the table")
        what = "These cells" if found.table.same else f"The {found.table.cells} cells of the keys"
        out.link(f"{what}:", f"{place.site}{found.table.path}")
    if found.closest:
        out.heading(CLOSEST)
        _hits(out, found.closest, place)
    for number, near in enumerate(found.near):
        if not number:
            out.para("Near misses:")
        out.item(near)
        out.address(f"{place.site}{address_of_query(near)}")
    return out.render()


def _hits(out: Plain, hits: Iterable[Hit], place: Place) -> None:
    for hit in hits:
        out.item(without_marks(hit.title))
        out.para(without_marks(hit.snippet), 2)
        out.address(f"{place.site}{hit.path}")


def refusal_text(error: InvalidQuery) -> str:
    """Return what is wrong with a query, with a caret under the place."""
    out = Plain()
    out.title("This search cannot be read")
    out.raw("\n".join(point_at_error(error)))
    out.blank()
    out.para(error.message)
    for number, hint in enumerate(error.hints):
        out.para(f"{'Or' if number else 'Perhaps'}: {hint}")
    return out.render()


def point_at_error(error: InvalidQuery) -> tuple[str, str]:
    """Return the query, cut around the place if it is long, and carets under the place."""
    text, (start, end) = error.text, error.where
    before, wrong, behind = map(to_ascii, (text[:start], text[start:end], text[end:]))
    if len(before) + len(wrong) + len(behind) > COLUMNS:
        before = before if len(before) <= _BEFORE else f"...{before[3 - _BEFORE :]}"
        room = COLUMNS - len(before)
        wrong = wrong[:room]
        behind = behind[: min(room - len(wrong), _BEHIND)]
    return f"{before}{wrong}{behind}", f"{' ' * len(before)}{'^' * max(len(wrong), 1)}"


def help_text(keys: Keys, examples: Iterable[tuple[str, str]], place: Place) -> str:
    """Return the page of an empty query: the language, with examples that work."""
    out = Plain()
    out.title("Search")
    add_head(out, place, "/search")
    out.blank()
    out.para(INTRODUCTION)
    out.heading("Examples")
    for query, meaning in examples:
        out.item(query)
        out.para(meaning, 4)
        out.address(f"{place.site}{address_of_query(query)}", 4)
    out.heading("Keys")
    for key, values in keys.items():
        out.field(f"{key}:", ", ".join(values), width=12)
    return out.render()


INTRODUCTION = (
    "Registers, cells, differences, errata, annotations, measurements, families, policies and "
    "sources: a name finds its own page first, then the full text is searched, that of the "
    "documentation too. Words must all occur but for the empty ones of a question, "
    'the last one may be a beginning; "quoted words" stay together; -word must not occur. '
    "The keys of the table's filter choose cells; a comma between values means or."
)
