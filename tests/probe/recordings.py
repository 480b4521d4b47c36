"""Recordings of real kernels (tests/data/traces/README.md), and lines in the form of theirs."""

from __future__ import annotations

import lzma
import re
from functools import cache
from pathlib import Path

DATA = Path(__file__).parents[1] / "data" / "traces"
NAMES = sorted(path.name.removesuffix(".trace.xz") for path in DATA.glob("*.trace.xz"))


def recording(name: str) -> tuple[bytes, str]:
    """The guest's log and the host's trace of one recorded boot."""
    return _unpacked(f"{name}.log.xz"), _unpacked(f"{name}.trace.xz").decode()


def printed(kernel: str, event: str, *values: object) -> str:
    """What a kernel makes of an event's values, by the format string of its own."""
    front = re.sub("%([#0-9]*)l+x", r"%\1x", _format(kernel, event)[1].split('"')[1])
    return f"{event}: {front % values}"


def recorded_size(event: str) -> int:
    """How many bytes of a buffer an event takes in Linux 7.2: its fields, and 4 before them."""
    return (int(_format("7.2", event)[0]) + 3) // 4 * 4 + 4


@cache
def _format(kernel: str, event: str) -> tuple[str, str]:
    for line in _unpacked("formats.xz").decode().splitlines():
        if line.startswith(f"{kernel} {event} "):
            size, _, form = line.removeprefix(f"{kernel} {event} ").partition(" ")
            return size, form
    raise LookupError(event)


def _unpacked(name: str) -> bytes:
    return lzma.decompress((DATA / name).read_bytes())
