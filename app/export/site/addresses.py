"""From an address of the site to the file that holds it, or back to the site."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote, urljoin, urlsplit

HTML = "text/html"
EXTENSIONS = {"application/json": ".json", "text/plain": ".txt", HTML: ".html"}
# Pages that make no sense without the site, and pages of every pair of something.
ASKS = ("/check-mail", "/search")
PAIRS = ("/since/", "/diff/")


@dataclass(frozen=True)
class LinkTarget:
    """Where a link leads: a path to copy, or (with ``live``) an address of the site."""

    path: str
    fragment: str
    live: str = ""


@dataclass(frozen=True)
class CopiedSite:
    """The site that is copied: its address and its data version."""

    address: str
    version: str

    def live(self, path: str, query: str = "") -> str:
        """Return an address of the site, pinned to the data version of the copy."""
        pinned = any(part.startswith("at=") for part in query.split("&"))
        parts = (query, "" if pinned else f"at={self.version}")
        return f"{self.address}{path}?{'&'.join(part for part in parts if part)}"

    def form(self, page: str, method: str, action: str) -> str:
        """Return where a form can be used: what is changed is changed as it is now."""
        if method.lower() == "post":
            return self.address + page
        path = urlsplit(urljoin(page, action)).path
        return self.address + path if path in ASKS else self.live(path)

    def target(self, page: str, link: str) -> LinkTarget | None:
        """Return where a link of a page leads; None when that is another site or the page."""
        if link.startswith("#") or not link:
            return None
        # Most links are the same from every page.
        return self._target("/" if link.startswith("/") else page, link)

    @lru_cache(maxsize=50_000)  # noqa: B019 - there is one site, for one command
    def _target(self, page: str, link: str) -> LinkTarget | None:
        parts = urlsplit(urljoin(page, link))
        if parts.scheme or parts.netloc:
            return None
        fragment = f"#{parts.fragment}" if parts.fragment else ""
        path = parts.path or "/"
        hashed = path.startswith("/static/")
        if parts.query and not hashed:
            return LinkTarget(path, fragment, self.live(path, parts.query) + fragment)
        if path in ASKS:
            return LinkTarget(path, fragment, self.address + path + fragment)
        if any(part in path for part in PAIRS):
            return LinkTarget(path, fragment, self.live(path) + fragment)
        return LinkTarget(path, fragment)


def file_of(path: str, media_type: str) -> str:
    """Return the file, relative to the folder of the copy, that holds a path's answer.

    Raises ValueError for a path that would leave the folder.
    """
    name = unquote(path).removeprefix("/")
    if not name:
        return "index.html"
    if posixpath.normpath(name) != name or name.startswith(("../", "/")):
        raise ValueError(f"{path!r} is no path of the site")
    if media_type == HTML:
        return f"{name}.html"
    return name if "." in posixpath.basename(name) else name + EXTENSIONS.get(media_type, "")


@lru_cache(maxsize=50_000)
def _path(folder: str, target: str) -> str:
    return quote(posixpath.relpath(target, folder or "."))


def relative(file: str, target: str) -> str:
    """Return the link from one file to another."""
    return _path(posixpath.dirname(file), target)
