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
    out: list[str] = []
    at, link, address = 0, 0, ""
    unseen, as_is, in_cell, fresh = "", False, False, True
    for tag in TAG.finditer(text):
        run, opens, name = text[at : tag.start()], not tag[1], tag[2].lower()
        at = tag.end()
        if unseen:
            unseen = unseen if opens or name != unseen else ""
            continue
        if not as_is:
            run = SPACE.sub(" ", run.lstrip() if fresh else run)
        out.append(run)
        # A block begins a line, unless one has just begun.
        fresh = fresh and not run.strip() if run else fresh
        line = "" if fresh else "\n"
        if name in UNSEEN and opens:
            unseen = name
        elif name in ("td", "th"):
            in_cell, fresh = opens, False
            out.append("| " if opens else " ")
        elif name == "tr":
            out.append(line if opens else "|\n")
            fresh = True
        elif LINES.fullmatch(name):
            as_is = opens if name == "pre" else as_is
            out.append(" " if in_cell else "\n" if name == "br" else line)
            fresh = not in_cell
        elif name == "a" and opens:
            link, address = len(out), "".join(HREF.findall(tag[3])[:1])
        elif name == "a":
            shown = "".join(out[link:])
            out.append(f" <{address}>" if address and address not in shown else "")
            address = ""
    out.append("" if unseen else text[at:])
    return ALONE.sub(r"\1", "".join(out))


def _without_comments(text: str) -> str:
    parts = text.split("<!--")
    return parts[0] + "".join(part.partition("-->")[2] for part in parts[1:])
