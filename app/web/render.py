"""From a page's parts to a response in the format that the request wants."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

import jinja2
from fastapi import Request
from markupsafe import Markup
from starlette.responses import Response

from app import __version__
from app.core import words
from app.core.cells import CellKey
from app.core.citations import address_of, cite_claim, cite_source, sources_of
from app.core.rulings import Conditions
from app.core.wanted import list_wants
from app.errors import NotFound
from app.mail import citing
from app.pages import feeds, measurement_text, policy_phrases, wanted_text
from app.pens import atom, leads, phrases
from app.pens.page import Page
from app.pens.place import Place
from app.settings import ROOT, Settings
from app.store.snapshots import Snapshot
from app.store.trail import Trail
from app.web.negotiate import Format
from app.web.pins import Pin
from app.web.static import has_htmx, static_url

# Data versions whose summaries were looked at last.
FRAGMENTS = 8


def make_environment() -> jinja2.Environment:
    """Return the template environment: everything escaped, a typo is an error."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROOT / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "static": static_url,
        "htmx": has_htmx(),
        "app_version": __version__,
        "words": words,
        "distinct": lambda claims: tuple(dict.fromkeys((c.behaviour, c.condition) for c in claims)),
        "leads": leads,
        "measuring": measurement_text,
        "phrases": phrases,
        "policy_phrases": policy_phrases,
        "address_of": address_of,
        "list_wants": list_wants,
        "wanted_counts": wanted_text.counts,
    }
    return environment


class Renderer:
    """Renders pages; keeps the fragments of cells of the newest data version."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._environment = make_environment()
        self._environment.globals["read_only"] = settings.export_file is not None
        self._lock = threading.Lock()
        self._fragments: OrderedDict[int, Mapping[CellKey, Markup]] = OrderedDict()

    def place(self, snapshot: Snapshot) -> Place:
        """Return where this snapshot's pages are published."""
        return Place(self._settings.site, snapshot.name, pinned=snapshot.pinned)

    def respond(self, request: Request, snapshot: Snapshot, page: Page) -> Response:
        """Return the page in the format that the request wants; raises NotFound."""
        wanted: Format = request.state.format
        place = self.place(snapshot)
        match wanted:
            case Format.TEXT:
                body = page.text(place)
            case Format.JSON if page.data:
                body = _json(page.data(place))
            case Format.CSV if page.table:
                body = page.table(place).csv()
            case Format.MARKDOWN if page.table:
                body = page.table(place).markdown()
            case Format.ATOM if page.feed:
                with request.app.state.readers() as session:
                    body = page.feed(place, session)
            case Format.ATOM if page.subject:
                trail: Trail = request.app.state.trail
                body = atom.atom(feeds.feed_of(snapshot, trail, page.subject, place), place.site)
            case Format.HTML:
                body = self.html(request, snapshot, page)
            case _:
                raise NotFound(
                    f"This page has no .{wanted} twin.",
                    hints=tuple(f"{request.url.path}.{name}" for name in page.formats),
                )
        request.state.keep = page.status == HTTPStatus.OK
        response = Response(body, page.status, media_type=wanted.media_type)
        if request.state.partial:
            # The form sends what was asked; the address bar shows what is canonical.
            response.headers["HX-Push-Url"] = _address(request)
        return response

    def html(self, request: Request, snapshot: Snapshot, page: Page) -> str:
        """Return the page, or its fragment when htmx asks for a part."""
        partial = bool(page.fragment) and request.state.partial
        name = page.fragment if partial else page.template
        knowledge = snapshot.knowledge
        conditions = Conditions(knowledge.conditions)
        return self._environment.get_template(name).render(
            **page.view,
            path=request.url.path,
            twin=twin_path(request.url.path),
            query=request.url.query,
            formats=page.formats,
            site=self._settings.site,
            version=snapshot.name,
            pin=Pin(request, snapshot, self._settings.site),
            knowledge=knowledge,
            conditions=conditions,
            cite=lambda claim: cite_claim(claim, knowledge.sources, knowledge.documents),
            sources_of=lambda ids: sources_of(ids, knowledge.sources),
            cite_source=cite_source,
            copies=lambda address: citing.find(snapshot, address, self._settings.site),
            fragments=lambda: self.fragments(snapshot),
        )

    def bare(self, name: str, **context: Any) -> str:
        """Render a template that needs no snapshot: an error page."""
        return self._environment.get_template(name).render(**context)

    def text_template(self, name: str, **context: Any) -> str:
        """Render a Markdown template; what it prints is text, not markup."""
        plain = self._environment.overlay(autoescape=False)
        return plain.get_template(name).render(**context).strip() + "\n"

    def fragments(self, snapshot: Snapshot) -> Mapping[CellKey, Markup]:
        """Return each cell's summary, rendered once per data version."""
        key = snapshot.version.id
        with self._lock:
            if key not in self._fragments:
                self._fragments[key] = self._render_cells(snapshot)
                while len(self._fragments) > FRAGMENTS:
                    self._fragments.popitem(last=False)
            self._fragments.move_to_end(key)
            return self._fragments[key]

    def _render_cells(self, snapshot: Snapshot) -> Mapping[CellKey, Markup]:
        template = self._environment.get_template("table/_summary.html")
        shared = {
            "knowledge": snapshot.knowledge,
            "conditions": Conditions(snapshot.knowledge.conditions),
        }
        return {
            key: Markup(template.render(cell=view, **shared))  # noqa: S704 - our own template
            for key, view in snapshot.cells.items()
        }


def twin_path(path: str) -> str:
    """Return the path that a format's extension is added to: ``/`` has ``/index``."""
    return "/index" if path == "/" else path


def _address(request: Request) -> str:
    query = request.url.query
    return f"{request.url.path}?{query}" if query else request.url.path


def _json(data: Mapping[str, Any]) -> str:
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"
