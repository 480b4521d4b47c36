"""How bodies are packed: with brotli, zstd or gzip, whichever they take who ask."""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Protocol, cast

import brotli  # type: ignore[import-untyped]
import zstandard

# Smaller bodies are sent as they are.
PACK_FROM = 512
# So many lists of encodings are remembered, and none that is longer.
USUAL = 100
_WEIGHT = re.compile(r"q\s*=\s*([\d.]+)")


class Packer(Protocol):
    """Packs what comes bit by bit."""

    def compress(self, data: bytes, /) -> bytes:
        """Return what can be sent already."""

    def flush(self) -> bytes:
        """Return the rest."""


class _Brotli:
    def __init__(self) -> None:
        self._packer = brotli.Compressor(quality=5)

    def compress(self, data: bytes) -> bytes:
        packed: bytes = self._packer.process(data)
        return packed

    def flush(self) -> bytes:
        packed: bytes = self._packer.finish()
        return packed


# What packs small first; levels beyond these take ten times as long for a tenth of the size.
# Each is told the size, -1 where it is not known: zstd would take 16 MB for the least.
PACKERS: Mapping[str, Callable[[int], Packer]] = {
    "br": lambda _: _Brotli(),
    "zstd": lambda size: zstandard.ZstdCompressor(level=9).compressobj(size=size),
    "gzip": lambda _: zlib.compressobj(9, wbits=zlib.MAX_WBITS | 16),
}
QUICK: Mapping[str, Callable[[bytes], bytes]] = {
    "br": lambda body: cast("bytes", brotli.compress(body, quality=1)),
    "zstd": lambda body: zstandard.ZstdCompressor(level=1).compress(body),
    "gzip": lambda body: gzip.compress(body, 1, mtime=0),
}
UNPACKERS: Mapping[str, Callable[[bytes], bytes]] = {
    "": lambda body: body,
    "br": brotli.decompress,
    "zstd": lambda body: zstandard.ZstdDecompressor().decompress(body),
    "gzip": gzip.decompress,
}


def encoding_for(accepted: str) -> str:
    """Return the encoding that an ``Accept-Encoding`` likes best, empty for none of ours.

    One has to be named, and not only to be refused. Browsers send a few, again and again.
    """
    return _usual(accepted) if len(accepted) <= USUAL else _best(accepted)


def _best(accepted: str) -> str:
    likes: dict[str, float] = {}
    for part in accepted.lower().split(","):
        name, _, more = part.partition(";")
        weight = _WEIGHT.match(more.strip())
        likes[name.strip()] = _number(weight[1]) if weight else 1.0
    best = max(PACKERS, key=lambda name: likes.get(name, 0.0))
    return best if likes.get(best) else ""


_usual = lru_cache(USUAL)(_best)


def pack(encoding: str, body: bytes) -> bytes:
    """Return a whole body in an encoding; as it is in the empty one."""
    return b"".join(pack_all(encoding, (body,), len(body))) if encoding else body


def pack_quickly(encoding: str, body: bytes) -> bytes:
    """Return a whole body in an encoding, a quarter larger than ``pack`` in a tenth of its time."""
    return QUICK[encoding](body) if encoding else body


def pack_all(encoding: str, blocks: Iterable[bytes], size: int = -1) -> Iterator[bytes]:
    """Return blocks in an encoding as they come; ``size`` is that of all, if it is known."""
    packer = PACKERS[encoding](size)
    for block in blocks:
        if packed := packer.compress(block):
            yield packed
    yield packer.flush()


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 0.0
