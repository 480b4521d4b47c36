"""Templates: what every page of a snapshot may call, and the pages made from them."""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable, MutableMapping
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from app import __version__
from app.core import words
from app.core.citations import address_of, cite_claim, cite_source, sources_of
from app.core.numbers import count_noun
from app.core.views import CellView
from app.mail import citing
from app.pages import measurement_text, policy_phrases
from app.pages.cell_text import measurements_of
from app.pages.explore import Keyed
from app.pages.table_columns import cell_columns
from app.pens import phrases
from app.settings import ROOT, Settings
from app.store.snapshots import Snapshot
from app.web.compiled import Compiled
from app.web.headings import linked
from app.web.static import has_htmx, static_url

# Where a part of a page goes that was made before, by its number.
MARK = re.compile(r"<\?(\d+)\?>")
MARKED = re.compile(r"`([^`]+)`|(/(?:docs|upload|wanted|review)(?:/[a-z-]+)?)\b")
# The pages that every other leads to, by address.
NAV = {
    "/": "Table",
    "/corrected": "Corrected",
    "/c": "CPUs",
    "/d": "Differences",
    "/errata": "Errata",
    "/policy": "Hypervisors",
    "/wanted": "Measure",
}


class _Environment(jinja2.Environment):
    """An environment whose templates have its globals and no other, so that none looks twice."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return {**self.globals, **(d or {})}


@cache
def make_environment(*, read_only: bool = False) -> jinja2.Environment:
    """Return the template environment of this process: everything escaped, a typo is an error."""
    environment = _Environment(
        loader=jinja2.FileSystemLoader(ROOT / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        # Templates belong to the release, like the code.
        auto_reload=False,
        bytecode_cache=Compiled(Path(__file__).parent / "__pycache__", (Path(__file__),)),
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "static": static_url,
        "nav": NAV,
        "htmx": has_htmx(),
        "read_only": read_only,
        "app_version": __version__,
        "words": words,
        "distinct": lambda claims: tuple(dict.fromkeys((c.behaviour, c.condition) for c in claims)),
        "measurements_of": measurements_of,
        "measuring": measurement_text,
        "phrases": phrases,
        "policy_phrases": policy_phrases,
        "address_of": address_of,
        "cite_source": cite_source,
        "counted": count_noun,
    }
    environment.filters["marked"] = _marked
    # Words without a look of their own: most of a long page, so they are told apart at once.
    environment.tests["bare"] = lambda said: type(said) is str
    return environment


def _marked(text: str) -> Markup:
    """Return our own words with what stands in backticks as code, and our addresses as links."""
    ways = (Markup("{}"), Markup("<code>{}</code>"), Markup('<a href="{0}">{0}</a>'))
    pieces = enumerate(MARKED.split(text))
    return Markup("").join(ways[i % len(ways)].format(piece) for i, piece in pieces if piece)


class _Parts:
    """The parts of one page that are made once for all pages, as bytes.

    The page that templates make has marks in their places, so that what is large is neither
    looked through nor copied again and again. Nothing that is escaped can look like one.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._parts: list[bytes] = []

    def once(self, *key: Hashable, caller: Callable[[], str]) -> Markup:
        """Return a part of a page, made once by its key."""
        return self._mark(self._made(key, caller))

    def each(self, part: str, items: Keyed, caller: Callable[..., str]) -> Markup:
        """Return a part of a page for each of the caller's arguments, made once by the key of each.

        Without a key it is made anew. The same as calls of ``once`` in a loop, which cost more.
        """
        made = (self._made((part, *key) if key else (), caller, given) for key, given in items)
        return self._mark(b"".join(made))

    def whole(self, html: str) -> bytes:
        """Return what a template made with its parts in their places, and its headings linked."""
        pieces = enumerate(MARK.split(linked(html)))
        return b"".join(self._parts[int(p)] if i % 2 else p.encode() for i, p in pieces)

    def _made(
        self, key: tuple[Hashable, ...], caller: Callable[..., str], given: tuple[Any, ...] = ()
    ) -> bytes:
        # Of a past snapshot none is kept: there are many.
        if self._snapshot.pinned or not key:
            return self.whole(caller(*given))
        return self._snapshot.once(("html", *key), lambda: self.whole(caller(*given)))

    def _mark(self, part: bytes) -> Markup:
        self._parts.append(part)
        return Markup(f"<?{len(self._parts) - 1}?>")  # noqa: S704 - ours alone


def _told(snapshot: Snapshot, cell: CellView) -> str:
    """Return all that columns say of a cell in a text, a line each."""
    every = snapshot.once("columns", lambda: cell_columns(snapshot.knowledge, ()))
    return "\n".join(line for column in every for line in column.lines(cell) if line)


class Renderer:
    """Fills templates."""

    def __init__(self, settings: Settings) -> None:
        self._site = settings.site
        self._environment = make_environment(read_only=settings.export_file is not None)
        # Compiled apart: in what is kept, everything is escaped.
        self._plain = self._environment.overlay(autoescape=False, bytecode_cache=None)

    def page(self, name: str, snapshot: Snapshot, **context: Any) -> bytes:
        """Return a page of a snapshot.

        What a template calls with ``once`` or ``each`` and a key is made once for all pages, so the
        key has to say all that it depends on, and there may not be too many of them.
        """
        knowledge, parts = snapshot.knowledge, _Parts(snapshot)
        html = self._environment.get_template(name).render(
            **context,
            site=self._site,
            version=snapshot.name,
            knowledge=knowledge,
            conditions=knowledge.conditions,
            cite=lambda claim: cite_claim(claim, knowledge.sources, knowledge.documents),
            sources_of=lambda ids: sources_of(ids, knowledge.sources),
            copies=lambda address: citing.find_citation(snapshot, address, self._site),
            once=parts.once,
            each=parts.each,
            told=lambda cell: _told(snapshot, cell),
        )
        return parts.whole(html)

    def bare(self, name: str, **context: Any) -> str:
        """Return a page that needs no snapshot: an error page."""
        return self._environment.get_template(name).render(**context)

    def text(self, name: str, **context: Any) -> str:
        """Return a text from a Markdown template; what it prints is text, not markup."""
        return self._plain.get_template(name).render(**context).strip() + "\n"
