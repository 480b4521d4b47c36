"""Releases of a hypervisor, and the branches that they come from.

``7.1`` is a release of the main line, which Linux calls mainline and itself spells 7.1.0;
``7.1.4`` is one of the stable branch ``7.1.y``, which begins at it; ``7.2-rc1`` comes before
7.2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

# Release candidates sort before the release itself.
FINAL = 10_000
_NUMBER = r"(\d{1,4})(?!\d)"
# Fedora builds candidates as 7.2.0-0.rc1.20260701git0123456789ab.1.fc45.
_NUMBERS = rf"v?{_NUMBER}\.{_NUMBER}(?:\.{_NUMBER})?(?:-(?:0\.)?rc{_NUMBER})?"
_EXACT = re.compile(_NUMBERS)
_INSIDE = re.compile(rf"(?<![\w.]){_NUMBERS}(\S*)", re.IGNORECASE)
# Built from a tree behind the release that it names: what was added is not known.
_BEHIND = re.compile(r"\+$|-g[0-9a-f]{7,40}\b|git[0-9a-f]{7,40}\b|-next\b|-dirty\b")
_BRANCH = re.compile(r"(\d{1,4})\.(\d{1,4})\.y")
_MAIN = re.compile(r"[a-z][a-z -]*")


@dataclass(frozen=True, order=True)
class Release:
    """One release; ``bare`` where only a series was named, ``suffix`` is what follows it."""

    major: int
    minor: int
    patch: int = 0
    candidate: int = FINAL
    bare: bool = field(default=False, compare=False)
    suffix: str = field(default="", compare=False)

    @classmethod
    def parse(cls, text: str) -> Release:
        """Read ``7.1``, ``6.18.39`` or ``7.2-rc1`` and no more; raises ValueError."""
        match = _EXACT.fullmatch(text)
        if match is None:
            raise ValueError(f"{text!r} is not a release such as 7.2, 6.18.39 or 7.2-rc1")
        return _release(match, "")

    @classmethod
    def find(cls, text: str) -> Release | None:
        """Return the first release that a text names, as in ``Linux KVM 6.12.30-1-amd64``."""
        match = _INSIDE.search(text)
        return _release(match, match[5].rstrip(",;:)")) if match else None

    @classmethod
    def to_sort(cls, text: str) -> Release:
        """Return the first release that a text names, one before all others where it names none."""
        return cls.find(text) or cls(0, 0)

    @property
    def branch(self) -> str:
        """The stable branch of its series, ``6.18.y``."""
        return f"{self.major}.{self.minor}.y"

    @property
    def start(self) -> Release:
        """The release of the main line at which its stable branch begins."""
        return Release(self.major, self.minor)

    @property
    def behind(self) -> bool:
        """Whether it was built from something behind the release that it names.

        Distributions keep the .0 of the main line while they add what stable branches got.
        """
        kept = not self.patch and self.candidate == FINAL and bool(self.suffix)
        return kept or bool(_BEHIND.search(self.suffix))

    def __str__(self) -> str:
        patch = f".{self.patch}" if self.patch else ""
        candidate = f"-rc{self.candidate}" if self.candidate != FINAL else ""
        return f"{self.major}.{self.minor}{patch}{candidate}"


def _release(match: re.Match[str], suffix: str) -> Release:
    major, minor, patch, candidate = match.groups()[:4]
    return Release(
        int(major),
        int(minor),
        int(patch or 0),
        FINAL if candidate is None else int(candidate),
        bare=patch is None and candidate is None,
        suffix=suffix,
    )


def is_main(branch: str) -> bool:
    """Whether a branch is a main line, which has a name without numbers: ``mainline``."""
    return _MAIN.fullmatch(branch) is not None


def branch_start(branch: str) -> Release:
    """Return the release of the main line at which ``6.18.y`` begins; raises ValueError."""
    match = _BRANCH.fullmatch(branch)
    if match is None:
        raise ValueError(f"{branch!r} is neither a main line nor a stable branch such as 6.18.y")
    return Release(int(match[1]), int(match[2]))
