"""The documentation: Markdown templates, as pages and as the text that they are."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import RedirectResponse, Response

from app.core import emulator_words, guest_words, ledger_filter, words
from app.core.assumptions import MarkKind
from app.core.faults import BadDocument
from app.errors import NotFound
from app.intake.faults import meaning_of
from app.intake.format1 import json_schema
from app.intake.measurement import most_kinds, parse
from app.mail import quoting
from app.pages import promises as urls
from app.pages.kinds.sources import RevisionsPage
from app.pens.page import Page
from app.pens.plain import Plain
from app.search import search_pages
from app.settings import Settings
from app.web.deps import NO_FILTER, Ask
from app.web.errors import explain
from app.web.page_request import PageRequest, in_format

router = APIRouter(prefix="/docs", include_in_schema=False, dependencies=NO_FILTER)
# slug: title; the order is that of the list on /docs.
PAGES = {
    "words": "Words: modes, behaviours, verdicts, evidence",
    "verdicts": "How a verdict comes about",
    "ledger": "The ledger of differences",
    "policy": "What hypervisors assume, and what is marked",
    "data": "Where the data comes from",
    "format": "The measurement document, format 1",
    "active": "Is AVIC active, and if not, why not?",
    "measure": "How to measure: from a bare host to a submission",
    "tests": "Tests for kvm-unit-tests, KVM's selftests and others",
    "upload": "How to send a measurement",
    "cite": "How to cite: blocks, trailers, commits",
    "check-mail": "Checking a mail: what it links and quotes",
    "api": "API: the same facts as JSON",
    "search": "Search: names, words and the filter's keys",
    "feeds": "Following what changes: feeds and since",
    "export": "Everything in one file, and offline",
    "urls": "Addresses that hold",
    "terminal": "In the terminal: curl and vapic",
    "settings": "Settings",
}
HEADING = re.compile(r"<h2>([^<]+)</h2>")
TITLES = {"index": "Documentation", **PAGES}


@router.get("/apm/{span}")  # noqa: FAST003 - whichever they were
def compared(request: Request) -> Response:
    """Once two revisions of the manual side by side."""
    return RedirectResponse(in_format(request, RevisionsPage.pattern), 308)


@router.get("")
@router.get("/{slug}")
def show(asked: Ask) -> Response:
    """One page of the documentation, or the list of them."""
    from markdown_it import MarkdownIt  # noqa: PLC0415 - no page of facts needs it

    slug = asked.request.path_params.get("slug", "index")
    if slug not in TITLES:
        raise NotFound(f"There is no page {slug!r}.", hints=tuple(f"/docs/{p}" for p in PAGES))
    source = _source(asked, slug)
    # A wide example scrolls inside itself, so the keyboard must be able to reach it.
    html = MarkdownIt("js-default").render(source).replace("<pre>", '<pre tabindex="0">')
    html = HEADING.sub(lambda m: f'<h2 id="on-{_anchor(m[1])}">{m[1]}</h2>', html)
    body = Markup(html)  # noqa: S704 - our own text
    view = {"title": TITLES[slug], "pages": PAGES, "slug": slug, "body": body}
    return asked.respond(Page(template="docs/show.html", view=view, text=lambda _: source))


def _anchor(title: str) -> str:
    return "-".join(re.findall(r"[a-z0-9]+", title.lower()))


def _source(asked: PageRequest, slug: str) -> str:
    snapshot = asked.snapshot
    return asked.renderer.text(
        f"docs/{slug}.md",
        pages=PAGES,
        words=words,
        emulators=emulator_words,
        guest=guest_words,
        mark_kinds=MarkKind,
        site=asked.place.site,
        version=snapshot.name,
        knowledge=snapshot.knowledge,
        filter_keys=[key.name for key in snapshot.vocabulary.keys],
        vocabulary=snapshot.vocabulary.values,
        most=(
            quoting.MOST_LINKS,
            quoting.MOST_VERSIONS,
            quoting.MOST_BLOCKS,
            quoting.MOST_LINES,
            quoting.MOST_PAGES,
        ),
        ledger_keys=[key.name for key in ledger_filter.KEYS],
        ledger_values=ledger_filter.vocabulary_of(snapshot.knowledge).values,
        **search_pages.documented_search(snapshot),
        settings=setting_lines(),
        entry=entry,
        url_sections=urls.SECTIONS,
        config=asked.settings,
        format_keys=format_keys(),
        most_kinds=most_kinds(snapshot.knowledge),
        refusal=refusal(),
    )


def entry(term: str, text: str) -> str:
    """Return one list item of a Markdown text, wrapped to the columns of a text page."""
    out = Plain()
    out.item(f"`{term}`: {text}")
    return out.render().rstrip()


def setting_lines() -> tuple[tuple[str, str, str], ...]:
    """Return (environment variable, default, description) of each setting."""
    found = []
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        choices = getattr(alias, "choices", None)
        variable = str(choices[0]) if choices else f"VAPIC_{name.upper()}"
        default = {None: "", True: "1", False: "0"}.get(field.default, str(field.default))
        default = default.replace(str(Settings.model_fields["seed"].default.parent), ".")
        found.append((variable, default, field.description or ""))
    return tuple(found)


# The example of a refused document: a key is missing, and one is misspelt.
BROKEN = """{"format": 1, "tool": {"name": "by hand"}, "measured_at": "2026-11-22T10:13:27Z",
  "cpu": {"vendor": "AuthenticAMD", "family": 26, "model": 2, "stepping": 1},
  "hypervisor": {"name": "KVM", "version": "7.1.3"}, "guest": {"name": "g", "command": "./run"},
  "observations": [
    {"register": "ldr", "mode": "x2avic", "aceess": "write", "outcome": "gp"}]}"""


@cache
def format_keys() -> tuple[tuple[str, str], ...]:
    """Return (dotted path, limits in words) of every key of format 1, in the schema's order."""
    schema = json_schema()
    return tuple(
        (path, f"{limits(node)}; {'required' if needed else 'optional'}")
        for path, node, needed in schema_keys(schema, schema["$defs"])
    )


def schema_keys(
    node: Mapping[str, Any], parts: Mapping[str, Any], prefix: str = ""
) -> Iterable[tuple[str, Mapping[str, Any], bool]]:
    """Return (dotted path, schema, whether it is required) of every key below a schema."""
    for name, plain in node.get("properties", {}).items():
        found = _follow(plain, parts)
        yield prefix + name, found, name in node.get("required", ())
        inner = _follow(found.get("items", found), parts)
        yield from schema_keys(inner, parts, f"{prefix}{name}.")


def limits(node: Mapping[str, Any]) -> str:
    """Return a schema's type and limits in words."""
    match node:
        case {"enum": words_}:
            return "one of " + ", ".join(map(str, words_))
        case {"type": "integer", "minimum": low, "maximum": high}:
            return f"a whole number, {low} to {high}" if low != high else str(low)
        case {"type": "array", "maxItems": most, "items": item}:
            each = f", each {limits(item)}" if item.get("type") == "string" else ""
            return f"a list of {node.get('minItems', 0)} to {most} items{each}"
        case {"type": "string", "pattern": pattern}:
            meaning = meaning_of(pattern)
            # The page says once what texts are, not thirty times.
            meaning = "text" if meaning.startswith("text") else meaning
            most = f", at most {node['maxLength']} characters" if "maxLength" in node else ""
            return meaning + most
        case {"type": "boolean"}:
            return "true or false"
        case _:
            return "an object"


@cache
def refusal() -> str:
    """Return the answer to BROKEN as the API gives it."""
    try:
        parse(BROKEN.encode())
    except BadDocument as error:
        return json.dumps(explain(error).body(listed=True), indent=1)
    raise AssertionError("nothing is wrong with the example")


def _follow(node: Mapping[str, Any], parts: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what a ``$ref`` points to."""
    return parts[node["$ref"].rpartition("/")[2]] if "$ref" in node else node
