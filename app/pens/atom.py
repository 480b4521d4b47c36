"""Atom feeds (RFC 4287): the same feed gives the same bytes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from html import escape
from urllib.parse import urlsplit

# The year in which the names were given out; it belongs to them and never changes.
TAG_YEAR = "2026"
AUTHOR = "vAPIC Explorer"
# What XML 1.0 cannot hold, not even escaped.
_FORBIDDEN = re.compile(r"[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\U00010000-\U0010FFFF]")


@dataclass(frozen=True)
class FeedEntry:
    """One entry; ``name`` identifies it for ever, ``text`` is all of its plain text."""

    name: str
    title: str
    url: str
    updated: datetime
    text: str


@dataclass(frozen=True)
class Feed:
    """A feed; ``url`` is the page, ``own_url`` the feed itself, ``next_url`` its older entries."""

    name: str
    title: str
    url: str
    own_url: str
    updated: datetime
    entries: tuple[FeedEntry, ...]
    next_url: str = ""


def feed_xml(feed: Feed, site: str) -> str:
    """Return a feed as XML; names become tag: addresses (RFC 4151) under ``site``'s host."""
    # They bring all of libxml2, which nothing but a feed needs.
    from feedgen.entry import FeedEntry as Made  # type: ignore[import-untyped]  # noqa: PLC0415
    from feedgen.feed import FeedGenerator  # type: ignore[import-untyped]  # noqa: PLC0415

    out = FeedGenerator()
    out.id(tag_address(site, feed.name))
    out.title(_clean(feed.title))
    out.author(name=AUTHOR)
    out.link(href=feed.own_url, rel="self", type="application/atom+xml")
    out.link(href=feed.url, rel="alternate", type="text/html")
    if feed.next_url:
        out.link(href=feed.next_url, rel="next", type="application/atom+xml")
    # Both would otherwise change with the clock and with the library.
    out.updated(feed.updated)
    out.generator(AUTHOR)
    for entry in feed.entries:
        made = Made()
        made.id(tag_address(site, entry.name))
        made.title(_clean(entry.title))
        made.updated(entry.updated)
        made.link(href=entry.url, rel="alternate", type="text/html")
        # Readers run the lines of type="text" together, and these stand in columns.
        made.content(f"<pre>{escape(_clean(entry.text), quote=False)}</pre>", type="html")
        out.add_entry(made, order="append")
    found: bytes = out.atom_str(pretty=True)
    return found.decode("utf-8")


def tag_address(site: str, name: str) -> str:
    """Return ``tag:HOST,2026:NAME``."""
    return f"tag:{urlsplit(site).hostname or 'localhost'},{TAG_YEAR}:{name}"


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
