"""Where a page is published."""

from __future__ import annotations

from dataclasses import dataclass

# The query key that pins a page in time.
PIN = "at"


@dataclass(frozen=True)
class Place:
    """Where a page is published: the site's address and the data version.

    ``pinned`` when the reader asked for that version and no other.
    """

    site: str
    version: str
    pinned: bool = False

    def pin(self, path: str) -> str:
        """Return the address that shows a page as it is at this data version, for ever."""
        return f"{self.site}{path}{'&' if '?' in path else '?'}at={self.version}"

    def link(self, path: str) -> str:
        """Return the address of a page: pinned on a pinned page, today's on any other."""
        return self.pin(path) if self.pinned else f"{self.site}{path}"

    def absolute(self, address: str) -> str:
        """Return an address with the site in front of it, if it is one of ours or none."""
        return address if address and not address.startswith("/") else self.site + address


NOWHERE = Place("", "")
