"""What stands between a text and its words: colours, entities, HTML, invisible characters."""

from __future__ import annotations

import html
import re
from html.entities import html5

# Of terminals: colours and links, also as `cat -v` shows them and as a copy leaves them.
ESCAPES = re.compile(
    r"\x1b(?:\[[0-9;?]*[@-~]|\][^\x07\x1b\n]*(?:\x07|\x1b\\)|[()].)"
    r"|\^\[\[[0-9;?]*[A-Za-z]|\[\d{1,2}(?:;\d{1,3})*m(?:\[K)?|\[m\[K"
)
# In capitals too.
OLD = frozenset({"&gt;", "&lt;", "&amp;", "&quot;", "&apos;", "&nbsp;"})
ENTITY = re.compile(r"&(?:[a-z][a-z0-9]{1,30}|#\d{1,6}|#x[0-9a-f]{1,6});", re.IGNORECASE)
# A mail quoted in a page of an archive that was quoted again has entities of entities.
NESTED = 3
# Zero-width characters, marks of the byte order, soft hyphens and NUL say nothing; some spaces
# and ends of lines are spaces.
INVISIBLE = dict.fromkeys((0, 0xAD, 0x200B, 0x200C, 0x200D, 0x2060, 0xFEFF), "") | dict.fromkeys(
    (0x0B, 0x0C, 0x1C, 0x1D, 0x1E, 0x85, 0xA0, 0x2007, 0x2028, 0x2029, 0x202F), " "
)
HTML = re.compile(
    r"</(?:pre|p|div|span|html|body|table|t[dhr]|a|b|i|font|blockquote|code|li)\s*>|<br\s*/?>",
    re.IGNORECASE,
)
TAG = re.compile(
    r"<(/?)([a-z][a-z0-9]*(?::[a-z]\w*)?)(?=[\s/>])((?:[^<>\"']|\"[^\"<]*\"|'[^'<]*')*)>",
    re.IGNORECASE,
)
HREF = re.compile(r"(?<=href=\")[^\"]*|(?<=href=')[^']*|(?<=href=)[^\s>\"']+", re.IGNORECASE)
SPACE = re.compile(r"[ \t\r\n]+")
# What a reader sees struck out, as Markdown has it.
STRUCK = re.compile(r"</?(?:del|s|strike)(?:\s[^<>]*)?>", re.IGNORECASE)
UNSEEN = frozenset({"head", "script", "style", "title"})
LINES = re.compile(r"p|div|[bh]r|li|[oud]l|d[dt]|table|h[1-6]|pre|blockquote|section")
# A cell alone in its row is a line of text, whatever laid it out so.
ALONE = re.compile(r"^\| ([^|\n]*|\|[^\n]*\|) \|$", re.MULTILINE)
# A page of more tags than these is read as it stands.
MOST_TAGS = 20_000


def plain_text(text: str) -> str:
    """Return a text without colours, entities and what cannot be seen, in as many lines."""
    if "\x1b" in text or "^[[" in text or "m[K" in text or "[0m" in text:
        text = ESCAPES.sub("", text)
    for _ in range(NESTED if "&" in text else 0):
        text = ENTITY.sub(_meant, text)
    return text.translate(INVISIBLE) if "\0" in text or not text.isascii() else text


def _meant(entity: re.Match[str]) -> str:
    """Return what an entity stands for; what only looks like one is left as it is."""
    text = entity[0] if entity[0].lower() not in OLD else entity[0].lower()
    known = text[1] == "#" or text[1:] in html5
    return html.unescape(text).replace("\n", " ") if known else text


def is_html(text: str) -> bool:
    """Whether a text is the source of a page."""
    return bool(HTML.search(text))


def from_html(text: str) -> str:
    """Return the text of HTML: lines as they are seen, cells between bars, addresses of links."""
    text = STRUCK.sub("~~", _without_comments(text))
    reader, at = _HtmlReader(), 0
    for tag in TAG.finditer(text):
        reader.read_text(text[at : tag.start()])
        reader.read_tag(tag[2].lower(), opens=not tag[1], attributes=tag[3])
        at = tag.end()
    if not reader.unseen:
        reader.out.append(text[at:])
    return ALONE.sub(r"\1", "".join(reader.out))


class _HtmlReader:
    """What has been read of a page, and where in it the reader stands."""

    def __init__(self) -> None:
        self.out: list[str] = []
        # The element whose content is not shown, as that of a script.
        self.unseen = ""
        self.as_is = self.in_cell = False
        # Whether a line has just begun: a block begins one, unless it has.
        self.fresh = True
        # Where in ``out`` the text of a link begins, and where the link leads.
        self.link, self.address = 0, ""

    def read_text(self, run: str) -> None:
        """Take what stands between two tags."""
        if self.unseen:
            return
        if not self.as_is:
            run = SPACE.sub(" ", run.lstrip() if self.fresh else run)
        self.out.append(run)
        if run:
            self.fresh = self.fresh and not run.strip()

    def read_tag(self, name: str, *, opens: bool, attributes: str) -> None:
        """Take a tag that opens an element or closes it."""
        if self.unseen:
            if name == self.unseen and not opens:
                self.unseen = ""
        elif name in UNSEEN and opens:
            self.unseen = name
        elif name in ("td", "th"):
            self.in_cell, self.fresh = opens, False
            self.out.append("| " if opens else " ")
        elif name == "tr":
            self.out.append(self._line() if opens else "|\n")
            self.fresh = True
        elif LINES.fullmatch(name):
            self._read_block(name, opens=opens)
        elif name == "a":
            self._read_link(attributes, opens=opens)

    def _line(self) -> str:
        return "" if self.fresh else "\n"

    def _read_block(self, name: str, *, opens: bool) -> None:
        if name == "pre":
            self.as_is = opens
        if self.in_cell:
            self.out.append(" ")
        else:
            self.out.append("\n" if name == "br" else self._line())
        self.fresh = not self.in_cell

    def _read_link(self, attributes: str, *, opens: bool) -> None:
        """Put the address behind the text of a link that does not show it."""
        if opens:
            self.link, self.address = len(self.out), "".join(HREF.findall(attributes)[:1])
            return
        # What it shows is put together once, however often it is closed.
        if self.address and self.address not in "".join(self.out[self.link :]):
            self.out.append(f" <{self.address}>")
        self.address = ""


def _without_comments(text: str) -> str:
    parts = text.split("<!--")
    return parts[0] + "".join(part.partition("-->")[2] for part in parts[1:])
