"""Which format a request wants, and under which path its page lives."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from app.pens.page import EXTENSIONS

# Methods that change nothing.
SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})
TERMINALS = ("curl/", "wget/", "httpie/", "xh/")


class Format(StrEnum):
    """The formats of a page; the value is the extension."""

    HTML = "html"
    TEXT = "txt"
    JSON = "json"
    CSV = "csv"
    MARKDOWN = "md"
    ATOM = "atom"
    SVG = "svg"
    DIFF = "diff"

    @property
    def media_type(self) -> str:
        """The Content-Type that goes with the format."""
        return _MEDIA[self]


_MEDIA = {
    Format.HTML: "text/html; charset=utf-8",
    Format.TEXT: "text/plain; charset=us-ascii",
    Format.JSON: "application/json",
    Format.CSV: "text/csv; charset=utf-8",
    Format.MARKDOWN: "text/markdown; charset=utf-8",
    Format.ATOM: "application/atom+xml",
    Format.SVG: "image/svg+xml",
    Format.DIFF: "text/x-diff; charset=us-ascii",
}
# Paths whose dots belong to the name; everything else drops a known extension.
LITERAL = ("/static/", "/api/", "/schema/", "/export/", "/robots.txt")
# A page among them, with twins like any other.
REFERENCE = "/api/v1/docs"


class WantedFormat(NamedTuple):
    """A page's path without its extension, the format, and whether headers chose it."""

    path: str
    format: Format
    by_headers: bool


def negotiate(path: str, headers: Mapping[str, str]) -> WantedFormat:
    """Return what a request wants.

    An extension decides; then ``Accept``; then a terminal's user agent, which gets text
    unasked. ``headers`` have lower-case names.
    """
    stem, dot, extension = path.rpartition(".")
    literal = path.startswith(LITERAL) and stem != REFERENCE
    if dot and extension in EXTENSIONS and not literal:
        # `//index` is no page: led to its canonical query, it would be the name of a host.
        stem = stem if stem == "//index" else stem.removesuffix("/index") or "/"
        return WantedFormat("/" if stem == "/index" else stem, Format(extension), by_headers=False)
    return WantedFormat(path, _by_headers(headers), by_headers=True)


def _by_headers(headers: Mapping[str, str]) -> Format:
    accept = headers.get("accept", "").lower()
    if "text/html" in accept:
        return Format.HTML
    for kind in (Format.TEXT, Format.JSON, Format.CSV, Format.MARKDOWN, Format.ATOM):
        if kind.media_type.split(";")[0] in accept:
            return kind
    terminal = headers.get("user-agent", "").lower().startswith(TERMINALS)
    return Format.TEXT if terminal and accept in ("", "*/*") else Format.HTML
