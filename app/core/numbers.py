"""Hexadecimal as the manual writes it, where registers live, and how things are counted.

x2APIC MSR = 800h + (xAPIC offset >> 4) (APM vol. 2, 24593 rev 3.44, 16.11.1, p.657),
except ICR (300h and 310h merge into 830h) and Self IPI (83Fh, no offset).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

MSR_BASE = 0x800
MSR_LAST = 0x8FF
ICR_MSR = 0x830
PAGE_LAST = 0xFFF
SLOT = 0x10

_HEX = re.compile(r"(?:0x(?P<prefixed>[0-9a-f]+)|(?P<plain>[0-9a-f]+)h?)", re.IGNORECASE)


def parse_hex(text: str) -> int:
    """Return the value of ``0x300``, ``300h`` or ``300``: hexadecimal, any case.

    Raises ValueError when ``text`` is none of those.
    """
    match = _HEX.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a hexadecimal number such as 300h or 0x300")
    return int(match["prefixed"] or match["plain"], 16)


def format_hex(value: int) -> str:
    """Return ``value`` as the manual writes it: ``0D0h``, ``80Dh``."""
    return f"{value:03X}h"


@dataclass(frozen=True, order=True)
class Span:
    """An inclusive run of addresses, ``100h-170h`` or the single ``0D0h``."""

    first: int
    last: int

    @classmethod
    @lru_cache(maxsize=4096)  # Every view of a cell asks for the same few dozen.
    def parse(cls, text: str) -> Span:
        """Read ``first-last`` or one address; raises ValueError."""
        first, dash, last = text.partition("-")
        span = cls(parse_hex(first), parse_hex(last if dash else first))
        if span.last < span.first:
            raise ValueError(f"{text!r} ends before it begins")
        return span

    def __contains__(self, value: int) -> bool:
        return self.first <= value <= self.last

    def addresses(self, step: int = 1) -> range:
        """Return its addresses: of MSRs each, of the page those a ``SLOT`` apart."""
        return range(self.first, self.last + 1, step)

    def overlaps(self, other: Span) -> bool:
        """Whether any address belongs to both."""
        return self.first <= other.last and other.first <= self.last

    def __str__(self) -> str:
        if self.first == self.last:
            return format_hex(self.first)
        return f"{format_hex(self.first)}-{format_hex(self.last)}"


def msr_of(offset: int) -> int:
    """Return the x2APIC MSR of an xAPIC offset (16.11.1, p.657)."""
    return MSR_BASE + (offset >> 4)


def count_noun(number: int, noun: str) -> str:
    """Return ``1 cell``, ``2 cells``."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def bits_of(ranges: str) -> int:
    """Return the mask of bits as claims write them: ``63:18,15:13,11``; 0 where it is empty."""
    mask = 0
    for part in ranges.split(",") if ranges else ():
        high, _, low = part.partition(":")
        mask |= (2 << int(high)) - (1 << int(low or high))
    return mask


def ranges_of(bits: Iterable[int]) -> str:
    """Return bits as the manual writes them, from the highest down: ``63:18,15:13,11``."""
    runs: list[list[int]] = []
    for bit in sorted(bits, reverse=True):
        if runs and runs[-1][-1] == bit + 1:
            runs[-1].append(bit)
        else:
            runs.append([bit])
    return ",".join(f"{run[0]}:{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs)
