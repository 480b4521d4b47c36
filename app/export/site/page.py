"""One HTML page taken apart: its links, and the rest as it is.

What needs a server or a script is left out: forms become a line of text, scripts and their
attributes go, but for those that are meant for a copy.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from html import escape
from html.parser import HTMLParser

LINKS = ("href", "src")
# A script that is for the copy.
COPIED = ("data-copy", None)
# A dialog's form closes it and needs no server.
LOCAL_FORM = ("method", "dialog")
# What stands in the place of a form: the words of its button, as a link to the site.
NOTE = '<p class="fine">Only the site can do this: <a href="{}">{}</a>.</p>'
SEARCH = '<a href="{}">{}</a>'


class Link(str):
    """A link as the page has it."""

    __slots__ = ()


class CopiedPage:
    """A page in pieces: text that stays, and links.

    ``live`` makes the address that a form's line links, of the form's method and its action.
    """

    def __init__(self, html: str, live: Callable[[str, str], str]) -> None:
        parser = _Parser(live)
        parser.feed(html)
        parser.close()
        self._pieces = parser.pieces

    @property
    def links(self) -> Iterable[str]:
        """Every address that the page links."""
        return (piece for piece in self._pieces if isinstance(piece, Link))

    def render(self, resolve: Callable[[str], str]) -> str:
        """Return the page with each link replaced by what ``resolve`` makes of it."""
        return "".join(
            escape(resolve(piece)) if isinstance(piece, Link) else piece for piece in self._pieces
        )


class _Parser(HTMLParser):
    def __init__(self, live: Callable[[str, str], str]) -> None:
        super().__init__(convert_charrefs=False)
        self.pieces: list[str] = []
        self._live = live
        # The element that is being left out, empty for none.
        self._skipping = ""
        self._form: Mapping[str, str | None] = {}
        self._button = ""
        self._in_button = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        # A field without an end may belong to a form that stands elsewhere.
        lonely = tag == "input" and any(name == "form" for name, _ in attrs)
        if self._skipping:
            self._in_button = tag == "button" and not self._button
        elif tag == "form" and LOCAL_FORM not in attrs:
            self._skipping, self._form, self._button = tag, dict(attrs), ""
        elif tag == "script" and COPIED not in attrs:
            self._skipping = tag
        elif not lonely and ("name", "htmx-config") not in attrs:
            self._keep(tag, attrs)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self._skipping:
            self._keep(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self._skipping:
            self.pieces.append(f"</{tag}>")
        elif tag == "button":
            self._in_button = False
        elif tag == self._skipping:
            self._skipping = ""
            if tag == "form":
                self.pieces.append(self._note())

    def _note(self) -> str:
        address = self._live(self._form.get("method") or "get", self._form.get("action") or "")
        note = SEARCH if self._form.get("role") == "search" else NOTE
        return note.format(escape(address), " ".join(self._button.split()) or "send it")

    def handle_data(self, data: str) -> None:
        if not self._skipping:
            self.pieces.append(data)
        elif self._in_button:
            self._button += data

    def handle_entityref(self, name: str) -> None:
        self.handle_data(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.handle_data(f"&#{name};")

    def handle_decl(self, decl: str) -> None:
        self.handle_data(f"<!{decl}>")

    def _keep(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not any(name in LINKS or name.startswith("hx-") for name, _ in attrs):
            self.pieces.append(self.get_starttag_text() or "")
            return
        self.pieces.append(f"<{tag}")
        for name, value in attrs:
            if name.startswith("hx-"):
                continue
            if name in LINKS and value is not None:
                self.pieces += [f' {name}="', Link(value), '"']
            else:
                self.pieces.append(f" {name}" if value is None else f' {name}="{escape(value)}"')
        self.pieces.append(">")
