"""What is known of the reasons to keep AVIC off, for a host that may have no seed.

It is plain data, made from the seed (``app.cli.doctor``, and ``packing`` for the packed probe).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from typing import Any

from app.core.releases import Release

PACKED = "inhibits.json"


@dataclass(frozen=True)
class Reasons:
    """Reasons as data: of each its names, words and settings; and the bits by kernel."""

    reasons: Sequence[Mapping[str, Any]]
    kernels: Sequence[Mapping[str, Any]]

    @classmethod
    def packed(cls) -> Reasons:
        """Return those that a packed probe carries beside this module."""
        return cls(**json.loads((files(__package__) / PACKED).read_text("ascii")))

    def of(self, name: str) -> Mapping[str, Any]:
        """Return a reason by a name of it; of one that is not known its name alone."""
        found = (r for r in self.reasons if name in (r["name"], *r["names"]))
        return next(found, {"name": name, "names": [], "slug": "", "text": "", "settings": []})

    def decode(self, mask: int, release: str) -> tuple[str, ...]:
        """Return the names of a mask's bits; ``bit 9`` where the kernel's are not known."""
        names = {bit: name for name, bit in self._bits(release).items()}
        return tuple(names.get(b, f"bit {b}") for b in range(64) if mask >> b & 1)

    def _bits(self, release: str) -> Mapping[str, int]:
        """Return the bits of a kernel that was read, of its branch, or between two alike."""
        found = Release.find(release)
        for kernel in self.kernels if found else ():
            read = [Release.parse(version) for version in kernel["versions"]]
            alike = any(one.branch == found.branch for one in read if found)
            if alike or (found and read[0] <= found <= read[-1]):
                bits: Mapping[str, int] = kernel["bits"]
                return bits
        return {}
