"""What each address promises. A test holds this list against the routes of the application."""

from __future__ import annotations

from dataclasses import dataclass

from app.pages.registry import KINDS


@dataclass(frozen=True)
class Promise:
    """One form of address.

    ``path`` is the route's own template; ``twins`` are the extensions that it answers to
    besides HTML. ``stable`` addresses answer for ever, redirect to what replaced them, or say
    that they are gone and what to use; of the others only the existence is documented.
    """

    path: str
    text: str
    twins: str = ""
    stable: bool = True

    @property
    def shown(self) -> str:
        """The address with its parts named in capitals, as documentation writes it."""
        return self.path.replace(":path", "").replace("{", "").replace("}", "")


PAGES = (
    *(Promise(kind.pattern, kind.promise, kind.twins) for kind in KINDS),
    Promise("/m/{slug}.raw", "its bytes exactly as they came"),
    Promise("/changes/{version}", "what one data version changed", "txt json"),
    Promise("/docs", "documentation", "txt"),
    Promise("/docs/{slug}", "one page of it", "txt"),
    Promise("/docs/apm/{span}", "redirects to /docs/apm", "txt json"),
)
CITING = (
    Promise("/mail", "a selection of rows as a block for a mail", "txt"),
    Promise("/r/{name}/mail", "the block of a register", "txt"),
    Promise("/r/{name}/{mode}/{access}/mail", "the block of a cell", "txt"),
    Promise("/d/{number}/mail", "the block of a difference", "txt"),
    Promise("/{path:path}/since/{version}", "what changed in a page since then", "txt json"),
    Promise("/since/{version}", "the same of the table, with its filter", "txt json"),
)
DATA = (
    Promise("/api/v1/cells", "cells under the table's filter"),
    Promise("/api/v1/cells/{register}/{mode}/{access}", "one cell"),
    Promise("/api/v1/registers", "registers"),
    Promise("/api/v1/families", "families"),
    Promise("/api/v1/errata", "errata"),
    Promise("/api/v1/differences", "differences"),
    Promise("/api/v1/search", "what a search finds"),
    Promise("/api/v1/measurements", "POST: send a measurement"),
    Promise("/api/v1/check-mail", "POST: check the quotes of a mail"),
    Promise("/api/v1/openapi.json", "the description of the API"),
    Promise("/api/v1/docs", "the same to read", "txt"),
    Promise("/schema/measurement-1.json", "the schema of format 1, for ever"),
    Promise("/schema/export-1.json", "the schema of the JSON export"),
    Promise("/schema/expectations-1.json", "the schema of `vapic export expectations`"),
    Promise("/export", "everything in one file", "txt json"),
    Promise("/export/{name}", "one such file; a name with a data version always means the same"),
    Promise("/healthz", "200 while the process answers"),
    Promise("/readyz", "200 and the data version while pages can be served, else 503"),
)
UNSTABLE = (
    Promise("/search", "search", "txt json", stable=False),
    Promise("/robots.txt", "what search engines need not ask for", stable=False),
    Promise("/sitemap.xml", "the pages that they may list", stable=False),
    Promise("/opensearch.xml", "search from the browser's address bar", stable=False),
    Promise("/upload", "send a measurement from a form", "txt", stable=False),
    Promise("/m/{slug}/withdraw", "POST of its receipt", stable=False),
    Promise("/vapic-probe.pyz", "the packed probe, where this site has one", stable=False),
    Promise("/check-mail", "check the quotes of a mail", "txt", stable=False),
    Promise("/review", "for reviewers", stable=False),
    Promise("/review/{slug}", "for reviewers", stable=False),
    Promise("/review/login", "for reviewers", stable=False),
    Promise("/review/logout", "for reviewers", stable=False),
    Promise("/static", "styles and scripts, by the hash of their content", stable=False),
)
GONE = (
    Promise("/cite", "was CSL-JSON; 410, and how to cite the page", "json"),
    Promise("/cite.bib", "was BibTeX; the same"),
)
SECTIONS = {
    "Pages": PAGES,
    "For citing": CITING,
    "Data": DATA,
    "May change without notice": UNSTABLE,
    "Gone": GONE,
}
EVERY = tuple(promise for section in SECTIONS.values() for promise in section)
# The first parts of all of them: an address that begins otherwise is none of ours.
OURS = frozenset(promise.path.strip("/").partition("/")[0] for promise in EVERY)
