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
# The rest of a list is copied like its beginning; no other query is.
AFTER = "after="


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

    def target(self, page: str, link: str) -> str:
        """Return where a link of a page leads: a path to copy, or an address of the site.

        Both with their fragment; empty when it is another site, or the page itself.
        """
        if link.startswith("#") or not link:
            return ""
        # Most links are the same from every page.
        return self._target("/" if link.startswith("/") else page, link)

    @lru_cache(maxsize=50_000)  # noqa: B019 - there is one site, for one command
    def _target(self, page: str, link: str) -> str:
        parts = urlsplit(urljoin(page, link))
        if parts.scheme or parts.netloc:
            return ""
        path = parts.path or "/"
        # The query of a static file is its hash.
        query = "" if path.startswith("/static/") else parts.query
        found = path
        if query.startswith(AFTER) and "&" not in query:
            found = f"{path}?{query}"
        elif query or any(pair in path for pair in PAIRS):
            found = self.live(path, query)
        elif path in ASKS:
            found = self.address + path
        return f"{found}#{parts.fragment}" if parts.fragment else found


def file_of(path: str, media_type: str) -> str:
    """Return the file, relative to the folder of the copy, that holds a path's answer.

    The rest of a list, ``/m.txt?after=X``, is ``m/after-X.txt``. Raises ValueError for a path
    that would leave the folder.
    """
    base, _, after = path.partition(f"?{AFTER}")
    if after:
        stem, extension = posixpath.splitext(base)
        base = f"{stem}/after-{after}{extension}"
    name = unquote(base).removeprefix("/")
    if not name:
        return "index.html"
    if posixpath.normpath(name) != name or name.startswith(("../", "/")):
        raise ValueError(f"{path!r} is no path of the site")
    if media_type == HTML:
        return f"{name}.html"
    return name if "." in posixpath.basename(name) else name + EXTENSIONS.get(media_type, "")


@lru_cache(maxsize=50_000)
def relative(folder: str, file: str) -> str:
    """Return the link from the files of one folder to a file."""
    return quote(posixpath.relpath(file, folder or "."))
