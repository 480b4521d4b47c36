"""The documentation: Markdown templates, as pages and as the text that they are."""

from __future__ import annotations

from fastapi import APIRouter, Request
from markdown_it import MarkdownIt
from markupsafe import Markup
from starlette.responses import Response

from app import explore
from app.domain import words
from app.domain.filters import KEYS
from app.errors import NotFound
from app.formats import ledger_text
from app.formats.plain import Plain
from app.settings import Settings
from app.snapshots import Snapshot
from app.web.deps import Config, Render, Snap
from app.web.render import Page, Renderer

router = APIRouter(prefix="/docs", include_in_schema=False)
# slug: title; the order is that of the list on /docs.
PAGES = {
    "words": "Words: modes, behaviours, verdicts, evidence",
    "verdicts": "How a verdict comes about",
    "data": "Where the data comes from",
    "api": "API: the same facts as JSON",
    "terminal": "In the terminal: curl and vapic",
    "settings": "Settings",
}
TITLES = {"index": "Documentation", **PAGES}


@router.get("/sources")
def sources(request: Request, snapshot: Snap, render: Render) -> Response:
    """Every source, with how far it was read."""
    page = Page(
        template="docs/sources.html",
        view={"annotations": explore.table_annotations(snapshot)},
        text=lambda: ledger_text.sources_text(snapshot.knowledge, render.place(snapshot)),
    )
    return render.respond(request, snapshot, page)


@router.get("")
@router.get("/{slug}")
def show(request: Request, snapshot: Snap, render: Render, config: Config) -> Response:
    """One page of the documentation, or the list of them."""
    slug = request.path_params.get("slug", "index")
    if slug not in TITLES:
        raise NotFound(f"There is no page {slug!r}.", hints=tuple(f"/docs/{p}" for p in PAGES))
    source = _source(snapshot, render, config, slug)
    body = Markup(MarkdownIt("js-default").render(source))  # noqa: S704 - our own text
    view = {"title": TITLES[slug], "pages": PAGES, "slug": slug, "body": body}
    page = Page(template="docs/show.html", view=view, text=lambda: source)
    return render.respond(request, snapshot, page)


def _source(snapshot: Snapshot, render: Renderer, settings: Settings, slug: str) -> str:
    return render.text_template(
        f"docs/{slug}.md",
        pages=PAGES,
        words=words,
        site=settings.site,
        version=snapshot.name,
        knowledge=snapshot.knowledge,
        filter_keys=KEYS,
        vocabulary=snapshot.vocabulary.values,
        settings=setting_lines(),
        entry=entry,
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
        default = str(field.default).replace(str(Settings.model_fields["seed"].default.parent), ".")
        found.append((variable, default, field.description or ""))
    return tuple(found)
