"""One HTML page taken apart: its links, and the rest as it is.

What needs a server or a script is left out: forms become a line of text, scripts and their
attributes go, but for those that are meant for a copy.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from html import escape, unescape

LINKS = ("href", "src")
# A script that is for the copy.
COPIED = "data-copy"
# What stands in the place of a form: the words of its button, as a link to the site.
NOTE = '<p class="fine">Only the site can do this: <a href="{}">{}</a>.</p>'
SEARCH = '<a href="{}">{}</a>'
# The pages are the site's own: every value is quoted, and no text holds a bracket.
TAG = re.compile(r"""<([a-z][\w-]*)((?:\s+[^\s=>"'/]+(?:="[^"]*"|='[^']*')?)*)\s*/?>""")
ATTRIBUTE = re.compile(r"""([^\s=]+)(?:="([^"]*)"|='([^']*)')?""")
# Any other tag stays as it is, unread.
READ = re.compile(r"<(?:form|script|input|meta)\b|\s(?:href|src|hx-)")
BUTTON = re.compile(r"<button\b.*?</button>", re.DOTALL)
ANY_TAG = re.compile(r"<[^>]*>")

Attributes = Mapping[str, str | None]
Live = Callable[[str, str], str]


class PageLink(str):
    """A link as the page has it."""

    __slots__ = ()


class CopiedPage:
    """A page in pieces: text that stays, and links.

    ``live`` makes the address that a form's line links, of the form's method and its action.
    """

    def __init__(self, html: str, live: Live) -> None:
        self._pieces = tuple(_pieces(html, live))

    @property
    def links(self) -> Iterable[str]:
        """Every address that the page links."""
        return (piece for piece in self._pieces if isinstance(piece, PageLink))

    def render(self, resolve: Callable[[str], str]) -> str:
        """Return the page with each link replaced by what ``resolve`` makes of it."""
        return "".join(
            escape(resolve(piece)) if isinstance(piece, PageLink) else piece
            for piece in self._pieces
        )


def _pieces(html: str, live: Live) -> Iterator[str]:
    done = 0
    for tag in TAG.finditer(html):
        if tag.start() < done or not READ.search(tag[0]):
            continue
        yield html[done : tag.start()]
        name, attributes, done = tag[1], _attributes(tag[2]), tag.end()
        if (name == "form" and attributes.get("method") != "dialog") or (
            name == "script" and COPIED not in attributes
        ):
            end = html.index(f"</{name}>", done)
            if name == "form":
                yield _note(attributes, html[done:end], live)
            done = end + len(f"</{name}>")
        # A field without an end may belong to a form that stands elsewhere.
        elif not (name == "input" and "form" in attributes) and (
            attributes.get("name") != "htmx-config"
        ):
            yield from _kept(tag, attributes)
    yield html[done:]


def _attributes(text: str) -> Attributes:
    found = ((a[1], a[3] if a[2] is None else a[2]) for a in ATTRIBUTE.finditer(text))
    return {name: None if value is None else unescape(value) for name, value in found}


def _note(form: Attributes, inside: str, live: Live) -> str:
    address = live(form.get("method") or "get", form.get("action") or "")
    words = (" ".join(ANY_TAG.sub("", button).split()) for button in BUTTON.findall(inside))
    note = SEARCH if form.get("role") == "search" else NOTE
    return note.format(escape(address), next(filter(None, words), "send it"))


def _kept(tag: re.Match[str], attributes: Attributes) -> Iterator[str]:
    if not any(name in LINKS or name.startswith("hx-") for name in attributes):
        yield tag[0]
        return
    yield f"<{tag[1]}"
    for name, value in attributes.items():
        if name in LINKS and value is not None:
            yield from (f' {name}="', PageLink(value), '"')
        elif not name.startswith("hx-"):
            yield f" {name}" if value is None else f' {name}="{escape(value)}"'
    yield ">"
