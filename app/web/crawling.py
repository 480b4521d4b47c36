"""What search engines are told: which pages there are, and which are not worth a visit.

They are to find each page once, as it is today: pins and filters are other views of it, without
number, and what waits for a decision is a stranger's word alone.
"""

from __future__ import annotations

from fastapi import APIRouter, Request
from starlette.responses import PlainTextResponse, Response

from app.core.words import State
from app.pages.registry import KINDS
from app.search.search_entries import entries
from app.store.snapshots import Snapshot
from app.web.deps import NO_FILTER, Config, Snap
from app.web.docs import PAGES
from app.web.page_request import keep

router = APIRouter(include_in_schema=False, dependencies=NO_FILTER)
# The newest measurements are enough: /m leads to all of them.
MOST_MEASUREMENTS = 1000
ROBOTS = """User-agent: *
Allow: /static/
Disallow: /*?
Disallow: /*/since/
Disallow: /since/
Disallow: /*/diff/
Disallow: /api/
Disallow: /check-mail
Disallow: /export/
Disallow: /review
Disallow: /search

Sitemap: {}/sitemap.xml
"""


@router.get("/robots.txt")
async def robots(config: Config) -> Response:
    """What a crawler need not ask for."""
    return PlainTextResponse(ROBOTS.format(config.site))


@router.get("/sitemap.xml")
def sitemap(request: Request, snapshot: Snap, config: Config) -> Response:
    """Every page that is worth finding, once."""
    keep(request)
    urls = "".join(f"<url><loc>{config.site}{path}</loc></url>\n" for path in addresses(snapshot))
    space = "http://www.sitemaps.org/schemas/sitemap/0.9"
    body = f'<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="{space}">\n{urls}</urlset>\n'
    return Response(body, media_type="application/xml")


def addresses(snapshot: Snapshot) -> tuple[str, ...]:
    """Return the paths of pages that say something of their own, in the order of the site."""
    lists = [kind.pattern for kind in KINDS if "{" not in kind.pattern]
    facts = (entry.path for entry in entries(snapshot.knowledge, snapshot.cells))
    found = snapshot.records.page({"state": (str(State.ACCEPTED),)}, most=MOST_MEASUREMENTS)
    docs = ("/docs", *(f"/docs/{slug}" for slug in PAGES), "/export", "/upload")
    every = (*lists, *docs, *facts, *(f"/m/{m.slug}" for m in found))
    return tuple(dict.fromkeys(path.partition("#")[0] for path in every))
