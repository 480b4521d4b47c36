"""What strangers write to be run, and how each format is looked through for what would run."""

import csv
import io
import json
import re
import unicodedata
from urllib.parse import quote, urlsplit

from lxml import etree
from markdown_it import MarkdownIt

from app.core.words import State, TokenScope
from app.intake import reviewing
from app.store.engine import writer_sessions
from tests.conftest import engine_of
from tests.reviewables import RECEIVED_AT, make_document
from tests.running import state_of

MARK = "pwned"
PAYLOADS = (
    "<script>pwned(1)</script>",
    "</title></textarea></pre><script>pwned(2)</script>",
    "<img src=x onerror=pwned(3)>",
    "<svg/onload=pwned(4)>",
    '"><img src=//pwned.example/5.png onload=pwned(5)>',
    "' autofocus onfocus=pwned(6) x='",
    "<iframe src='javascript:pwned(7)'></iframe>",
    "[x](javascript:pwned(8)) ![y](https://pwned.example/8.png)",
    "<https://pwned.example/9> [z]: https://pwned.example/9",
    "| a | <b onclick=pwned(10)>b</b> | `c` |",
    "`<script>pwned(11)</script>` ``` <script>pwned(11)</script>",
    "**x** <style>*{background:url(//pwned.example/12)}</style>",
    "<meta http-equiv=refresh content='0;url=//pwned.example/13'>",
    "<base href=//pwned.example/><form action=//pwned.example/14><button>",
    "&lt;script&gt;pwned(15)&lt;/script&gt; &#60;script&#62;pwned(15)&#60;/script&#62;",
    "<!--><script>pwned(16)</script>--> <![CDATA[<script>pwned(16)</script>]]>",
    "]]><script xmlns='http://www.w3.org/1999/xhtml'>pwned(17)</script>",
    "{{7*7}} ${7*7} {% include 'base.html' %} %s %(x)s {0}",
    "<a href='data:text/html,<script>pwned(18)</script>'>x</a>",
    "<div hx-get='//pwned.example/19' hx-trigger=load hx-on:load=pwned(19)>x</div>",
    '=HYPERLINK("https://pwned.example/20","x")',
    "=cmd|' /C calc'!A0",
    "+1+pwned(22)",
    "-1+pwned(23)",
    "@SUM(pwned24)",
    "\uff1dpwned(25)",
    "\uff0bpwned(26)",
    "\uff0dpwned(27)",
    "\uff20pwned(28)",
    "\u00a0=pwned(29)",
    "\u3000=pwned(30)",
    " \t=pwned(31)",
    "\r=pwned(32)",
    "\n=pwned(33)",
    "\ufeff=pwned(34)",
    "\u200b=pwned(35)",
    'x","=pwned(36)',
    "\x1b[2J\x1b]8;;https://pwned.example/37\x1b\\x\x1b]8;;\x1b\\",
    "\x9b2J\x1b]0;pwned38\x07",
    "\x08\x08\x08pwned39\x7f",
    "a\u202eexe.pwned\u202c \u2066pwned40\u2069 \u200fx",
    "x\r\nX-Pwned: 41\r\n\r\n<script>pwned(41)</script>",
    'x\n{"level": "info", "request": "pwned42"}',
    "x\u2028pwned43\u2029\u0085pwned43",
    "<xmp><plaintext><noscript><p title='</noscript><img src=x onerror=pwned(44)>'>",
    "<math><mtext></form><form><mglyph><style></math><img src=x onerror=pwned(45)>",
    "\ud800pwned46",
)
# What a page of ours may hold that loads or sends anything.
OURS = {("script", "src"), ("link", "href"), ("form", "action"), ("button", "formaction")}
LOADS = (
    "src",
    "srcset",
    "href",
    "action",
    "formaction",
    "xlink:href",
    "data",
    "poster",
    "background",
)
NEVER = (
    "iframe",
    "object",
    "embed",
    "base",
    "style",
    "frame",
    "applet",
    "math",
    "xmp",
    "plaintext",
)


def in_html(text, *, whole=True):
    """Yield what a browser would run, load or send elsewhere."""
    for tag in _tags(text):
        if tag.tag in NEVER and next(tag.iterancestors("svg"), None) is None:
            yield f"<{tag.tag}>"
        if tag.tag == "script" and (not whole or "".join(tag.itertext()).strip()):
            yield f"script {tag.attrib}"
        if tag.tag == "meta" and tag.get("http-equiv"):
            yield f"meta {tag.attrib}"
        for name, value in tag.attrib.items():
            if name.startswith(("on", "hx-on")) or (name == "style"):
                yield f"{tag.tag} {name}"
            if name not in LOADS:
                continue
            target = urlsplit("".join(value.split()).lower())
            foreign = target.netloc not in ("", "127.0.0.1:8000", "testserver")
            if target.scheme not in ("", "http", "https", "mailto"):
                yield f"{tag.tag} {name}={value}"
            if foreign and (tag.tag != "a" or (not whole and MARK in target.netloc)):
                yield f"{tag.tag} {name}={value}"


def _tags(text, *named):
    tree = etree.fromstring(text.encode(), etree.HTMLParser(encoding="utf-8"))
    return () if tree is None else tree.iter(*(named or (etree.Element,)))


def in_text(text):
    """Yield what would move a terminal, and what is no ASCII."""
    yield from re.findall(r"[^\n\x20-\x7e]", text)


def in_csv(text):
    """Yield the cells that a spreadsheet would run."""
    rows = list(csv.reader(io.StringIO(text, newline="")))
    yield from (f"{len(row)} columns" for row in rows if len(row) != len(rows[0]))
    for cell in (cell for row in rows for cell in row):
        # As a spreadsheet reads it: without blanks and what has no width, wide letters as others.
        seen = "".join(c for c in cell if unicodedata.category(c) not in ("Cf", "Cc", "Cs"))
        seen = unicodedata.normalize("NFKC", seen).strip()
        if (cell[:1] in "\t\r" and cell) or (seen[:1] in ("=", "+", "-", "@") and seen != "-"):
            yield cell


def in_markdown(text):
    """Yield what a renderer that lets tags through would make of a table or a list."""
    html = MarkdownIt("commonmark", {"html": True}).enable("table").render(text)
    yield from in_html(html, whole=False)
    yield from (f"<{tag.tag}>" for tag in _tags(html, "img", "svg", "form"))
    yield from re.findall(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2066-\u2069]", text
    )


def in_json(text):
    json.loads(text)
    return iter(())


def in_atom(text):
    """Yield what a reader of feeds would run of its entries."""
    feed = etree.fromstring(text.encode())
    for node in feed.iter("{*}content", "{*}title", "{*}summary"):
        if node.get("type") == "html":
            yield from in_html(node.text or "", whole=False)
        elif len(node):
            yield etree.tostring(node).decode()
    yield from (n.get("href") for n in feed.iter("{*}link") if not n.get("href").startswith("http"))


LOOKS = {
    "text/html": in_html,
    "text/plain": in_text,
    "text/csv": in_csv,
    "text/markdown": in_markdown,
    "application/json": in_json,
    "application/x-ndjson": in_json,
    "application/atom+xml": in_atom,
    "application/opensearchdescription+xml": in_json,
}


def live(answer):
    """Return what of an answer would run, with where it stands."""
    kind = answer.headers.get("content-type", "").partition(";")[0]
    found = list(LOOKS[kind](answer.text)) if answer.content else []
    names = [name for name in answer.headers if MARK in name]
    sniffed = (
        [] if "nosniff" == answer.headers.get("x-content-type-options") else ["may be sniffed"]
    )
    return found + names + sniffed


def quoted(payload):
    """Return a payload as a part of an address."""
    return quote(payload.encode("utf-8", "surrogatepass"), safe="")


# Written where a document has words: as many of them as take it.
PLACES = ("tool", "cpu", "hypervisor", "guest", "submitter", "notes", "observations", "links")


def documents(payload):
    """Return a document with a payload in each place that has words, and one with it in all."""
    changes = {
        "tool": {"name": payload[:100], "version": "1"},
        "cpu": {"vendor": "AuthenticAMD", "family": 26, "model": 2, "stepping": 1, "brand": payload[:100]},
        "hypervisor": {"name": payload[:100], "version": "6.12"},
        "guest": {"name": payload[:100], "command": payload},
        "submitter": {"name": payload[:100], "contact": payload[:100]},
        "notes": payload,
        "observations": [{"register": "ldr", "mode": "x2avic", "access": "write", "outcome": "gp",
                          "note": payload, "condition": payload}],
        "links": [payload],
    }  # fmt: skip
    assert PLACES == tuple(changes)
    everything = {key: changes[key] for key in PLACES[:-1]}
    return [json.dumps({**json.loads(make_document()), **one})
            for one in [everything, *({key: changes[key]} for key in PLACES)]]  # fmt: skip


def fill(client, url):
    """Send every payload in every place that takes it, and accept it.

    Returns the measurements, and what would run of the answers.
    """
    slugs, refused = [], []
    for payload in PAYLOADS:
        everything, *each = documents(payload)
        for raw in (everything, *each):
            answer = client.post(
                "/api/v1/measurements", content=raw.encode("utf-8", "surrogatepass")
            )
            assert answer.status_code in (200, 201, 422)
            refused += live(answer)
            slugs += [answer.json()["id"]] if answer.is_success else []
            if raw is everything and answer.is_success:
                break
    slugs = list(dict.fromkeys(slugs))
    with engine_of(url) as engine, writer_sessions(engine).begin() as session:
        reviewer, _ = reviewing.new_token(session, PAYLOADS[0], TokenScope.REVIEW, RECEIVED_AT)
        for slug in slugs:
            why = reviewing.Decision(State.ACCEPTED, PAYLOADS[2], RECEIVED_AT, reviewer.name)
            reviewing.decide(session, slug, why)
    state_of(client).snapshots.refresh()
    return slugs, refused
