"""Rendered pages that are kept: their bodies, packed, within a bound of memory."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from app.web.encodings import UNPACKERS, pack, pack_quickly

# What an entry takes beside its bytes, about: objects, its heads, its place in the order.
ENTRY_BYTES = 2048
Head = tuple[int, str, bool]
# Data version, path, format and query.
KeptKey = tuple[int, str, str, bytes]


@dataclass(frozen=True)
class Kept:
    """A rendered page: its body in each encoding that was asked for, the empty one as it is.

    Most ask for a packed one alone, which takes a fifth of the memory; others are made of it.
    What few ask for is packed in a hurry, ``hasty`` until somebody asks again.
    """

    headers: tuple[tuple[bytes, bytes], ...]
    tag: str
    bodies: Mapping[str, bytes]
    packs: bool
    hasty: bool = True
    # As they are sent, by status, encoding, and whether headers chose the format.
    heads: dict[Head, list[tuple[bytes, bytes]]] = field(default_factory=dict, init=False)

    @property
    def size(self) -> int:
        """The memory it takes, in bytes."""
        headers = sum(len(name) + len(value) for name, value in self.headers)
        bodies = sum(map(len, self.bodies.values()))
        return bodies + headers + ENTRY_BYTES

    def hastily(self, encoding: str) -> Kept:
        """Return it as it is first answered to who takes an encoding: in that alone."""
        if not (self.packs and encoding):
            return self
        return replace(self, bodies={encoding: pack_quickly(encoding, self.bodies[""])})

    def well(self, encoding: str) -> Kept:
        """Return it with its body in an encoding too, and in all of them as small as they get."""
        known, body = next(iter(self.bodies.items()))
        body = UNPACKERS[known](body)
        again = {*self.bodies, encoding} if self.hasty else {encoding}
        bodies = {**self.bodies, **{name: pack(name, body) for name in again}}
        return replace(self, bodies=bodies, hasty=False)


class KeptBytes:
    """A bounded store of rendered pages of the newest data version that was asked for.

    Nobody asks for those of an older one again. The least recently used go first.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._size = self._version = 0
        self._pages: OrderedDict[KeptKey, Kept] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def size(self) -> int:
        """The memory that they take, in bytes."""
        return self._size

    def get(self, key: KeptKey) -> Kept | None:
        """Return a kept page, or None."""
        with self._lock:
            if key in self._pages:
                self._pages.move_to_end(key)
            return self._pages.get(key)

    def put(self, key: KeptKey, kept: Kept) -> None:
        """Keep a page, dropping others beyond the limit."""
        version = key[0]
        with self._lock:
            if version < self._version:
                return
            if version > self._version:
                self._version, self._size = version, 0
                self._pages.clear()
            if old := self._pages.pop(key, None):
                self._size -= _size(key, old)
            self._pages[key] = kept
            self._size += _size(key, kept)
            while self._size > self._limit and self._pages:
                self._size -= _size(*self._pages.popitem(last=False))


def _size(key: KeptKey, kept: Kept) -> int:
    return kept.size + len(key[1]) + len(key[3])
