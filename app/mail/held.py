"""What a data version says, as mails are held against it: the site's snapshot, or files of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Protocol, Self

from app.core.cells import cells_of
from app.core.facts import Register
from app.curation import aliases
from app.errors import NotFound
from app.mail import citing
from app.pages import comparing, registry
from app.pages.comparing import PageComparison
from app.pages.promises import OURS
from app.pens.place import Place
from app.store.snapshots import Snapshot

UNCOMPARED = "An address of this site; its text is not compared."
NOT_HELD = "Not in this clone, which holds cells alone."


@dataclass(frozen=True)
class HeldPage:
    """What an address means; ``write`` is None for a page whose text is not compared.

    ``note`` says why it is not.
    """

    address: str
    write: Callable[[Place], str] | None = None
    note: str = UNCOMPARED


class Held(Protocol):
    """A data version, wherever it is read from."""

    @property
    def name(self) -> str:
        """The name of the data version."""

    def find(self, address: str) -> HeldPage:
        """Return what an address without a pin means. Raises NotFound, InvalidFilter."""

    def block(self, address: str) -> str:
        """Return the block of a page. Raises NotFound, InvalidFilter."""

    def compare(self, now: Self, address: str) -> PageComparison:
        """Return what changed in a page. Raises NotFound, InvalidFilter."""


@dataclass(frozen=True)
class HeldSnapshot:
    """A snapshot of the site at its address."""

    snapshot: Snapshot
    site: str

    @property
    def name(self) -> str:
        """The name of the data version."""
        return self.snapshot.name

    def find(self, address: str) -> HeldPage:
        """Return what an address means; a page of measurements is not compared."""
        path = address.partition("?")[0]
        parts = path.strip("/").split("/")
        if parts[-1] == "mail":
            cited = citing.find_citation(self.snapshot, address, self.site)
            block = cited.block()
            return HeldPage(cited.path if path == "/mail" else address, lambda _: block)
        try:
            page = registry.find_page(self.snapshot, address)
        except NotFound:
            if "since" in parts or (parts[0] in OURS and not registry.is_page(address)):
                return HeldPage(address)
            raise
        return HeldPage(page.path, page.comparable)

    def block(self, address: str) -> str:
        """Return the block of a page."""
        return citing.find_citation(self.snapshot, address, self.site).block()

    def compare(self, now: Self, address: str) -> PageComparison:
        """Return what changed in a page."""
        return comparing.compare(self.snapshot, now.snapshot, address, self.site)


@dataclass(frozen=True)
class HeldFiles:
    """Pinned text by its path on the site, and the registers by whose names it is found."""

    name: str
    files: Mapping[str, bytes]
    registers: Mapping[str, Register]

    def find(self, address: str) -> HeldPage:
        """Return what an address means: a cell by any name of its register, or its block."""
        path, _, query = address.partition("?")
        kind, *parts = path.strip("/").split("/")
        block = parts[-1:] == ["mail"]
        cell = parts[:-1] if block else parts
        if kind == "r" and cell:
            slug = aliases.find_register(cell[0], self.registers).register.slug
            found = "/".join(("", "r", slug, *(word.lower() for word in cell[1:])))
            text = self._text(found + ("/mail" if block else ""))
            if len(cell) == len(("register", "mode", "access")) and not text:
                hints = tuple(str(key) for key in cells_of(slug))
                raise NotFound(f"{slug!r} has no cell {'/'.join(cell[1:])}.", hints=hints)
            if text and not query:
                return HeldPage(address if block else found, lambda _: text)
        if not (block or "since" in parts or kind in OURS or registry.is_page(path)):
            raise NotFound(f"No page of facts has the address {address!r}.", hints=("/",))
        return HeldPage(address, note=NOT_HELD)

    def block(self, address: str) -> str:
        """Return the block of a cell."""
        if text := self._text(f"{self.find(address.removesuffix('/mail')).address}/mail"):
            return text
        raise NotFound(f"{address} has no block in this clone.")

    def compare(self, now: Self, address: str) -> PageComparison:
        """Return what changed in a cell: in all of its text but its head, which names a version."""
        old, new = self._text(address), now._text(address)
        return comparing.compare_texts(
            address, (self.name, _headless(old)), (now.name, _headless(new))
        )

    def _text(self, path: str) -> str:
        return self.files.get(f"{path.removeprefix('/')}.txt", b"").decode()


def _headless(text: str) -> str:
    title, rule, rest = text.partition("=\n")
    return f"{title}{rule}\n{rest.partition(chr(10) * 2)[2]}" if text else ""


@dataclass(frozen=True)
class MailTarget:
    """What a link leads to; ``write`` is None for a page whose text is not compared."""

    held: Held
    address: str
    pin: str
    write: Callable[[Place], str] | None = None
    note: str = UNCOMPARED

    @property
    def is_block(self) -> bool:
        """Whether the page is a block itself: a selection of rows for a mail."""
        return self.address.partition("?")[0].endswith("/mail")
