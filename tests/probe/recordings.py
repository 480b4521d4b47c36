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


def watched(name: str) -> str:
    """What a trace had beside the doctor's own."""
    return _unpacked(f"{name}.watched.xz").decode()


def printed(kernel: str, event: str, *values: object) -> str:
    """What a kernel makes of an event's values, by the format string of its own."""
    front = re.sub("%([#0-9]*)l+x", r"%\1x", _format(kernel, event).split('"')[1])
    return f"{event}: {front % values}"


@cache
def _format(kernel: str, event: str) -> str:
    for line in _unpacked("formats.xz").decode().splitlines():
        if line.startswith(f"{kernel} {event} "):
            return line
    raise LookupError(event)


def _unpacked(name: str) -> bytes:
    return lzma.decompress((DATA / name).read_bytes())
