"""The targets: one entry a line of the table."""

from __future__ import annotations

import operator
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from tests.bench.kept_pages import PAGES
from tests.bench.running import Figures

HEAD = ("", "what; against what", "ours", "theirs", "ratio", "limit", "")
LEAST, MOST = ">=", "<="
HOLDS: dict[str, Callable[[float, float], bool]] = {LEAST: operator.ge, MOST: operator.le}


@dataclass(frozen=True)
class Target:
    """A figure, or its ratio to another of the same round, and what is enough of it.

    Without a limit it is told and not judged.
    """

    part: str
    says: str
    ours: str
    theirs: str = ""
    side: str = ""
    limit: float = 0.0
    unit: str = "/s"

    def value(self, figures: Figures) -> float:
        """Return the median of the figure, or of the ratio in each round."""
        mine = figures[self.ours]
        other = figures[self.theirs] if self.theirs else [1.0] * len(mine)
        return median(x / max(y, 1e-9) for x, y in zip(mine, other, strict=True))

    def verdict(self, figures: Figures) -> str:
        """Return what the line ends in."""
        if self.ours not in figures:
            return "not measured"
        if not self.side:
            return "told"
        return "pass" if HOLDS[self.side](self.value(figures), self.limit) else "short"

    def row(self, figures: Figures) -> tuple[str, ...]:
        """Return the cells of its line, in the order of ``HEAD``."""
        limit = f"{self.side} {self.limit:g}" if self.side else ""
        if self.ours not in figures:
            return self.part, self.says, "", "", "", limit, self.verdict(figures)
        mine, theirs = (self._figure(figures, name) for name in (self.ours, self.theirs))
        ratio = _number(self.value(figures)) if self.theirs else ""
        return self.part, self.says, mine, theirs, ratio, limit, self.verdict(figures)

    def _figure(self, figures: Figures, name: str) -> str:
        return f"{_number(median(figures[name]))} {self.unit}".strip() if name else ""


def _number(value: float) -> str:
    """Return three digits that count, and all before the point."""
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def _pages(part: str, says: str, ours: str, theirs: str, *limit: str | float) -> list[Target]:
    """Return a line for each kept page; ``{}`` is its address."""
    return [
        Target(part, says.format(f"`{page}`"), ours.format(page), theirs.format(page), *limit)
        for page in PAGES
    ]


TARGETS: tuple[Target, ...] = (
    *_pages("a", "{} to a browser; FastAPI hello", "{} browser", "hello", LEAST, 1.5),
    *_pages("a", "{} to a browser; sender of the same bytes",
            "{} browser", "{} browser sent", LEAST, 0.5),
    *_pages("a", "{} unpacked; sender of the same bytes",
            "{} plain", "{} plain sent", LEAST, 0.5),
    *_pages("a", "{} unpacked; FastAPI hello", "{} plain", "hello"),
    *_pages("b", "{} that is known, 304; the same, 200", "{} 304", "{} browser", LEAST, 1.0),
    Target("c", "a miss, full table; FastAPI hello", "miss full", "hello", LEAST, 0.07),
    Target("c", "a miss, a quarter; FastAPI hello", "miss quarter", "hello", LEAST, 0.15),
    Target("c", "the same packed, full table", "miss full browser", "hello"),
    Target("c", "the same packed, a quarter", "miss quarter browser", "hello"),
    Target("d", "page, kept; Datasette", "page", "datasette page", LEAST, 200),
    Target("d", "page, uncached; Datasette", "page uncached", "datasette page", LEAST, 20),
    Target("d", "JSON; Datasette", "json", "datasette json", LEAST, 40),
    Target("e", "lines of stored measurements that are short", "stored short", "", MOST, 0, ""),
    *(line for who, sent, *pace in (
        # A trusted one is every verdict that it touches anew: so many as are taken.
        ("waiting", "a stranger's", LEAST, 19), ("accepted", "a trusted")
    ) for line in (
        Target("f", f"{sent} upload, four at once: p99; p50",
               f"{who} p99", f"{who} p50", MOST, 4, "ms"),
        Target("f", "reads beside 20 of them a second, or what is taken; idle",
               f"reads {who}", f"reads idle {who}", LEAST, 0.7),
        Target("f", "uploads a second that were taken beside them", f"pace {who}", "", *pace),
        Target("f", "acknowledged uploads that are not there", f"lost {who}", "", MOST, 0, ""),
        Target("f", "of acknowledged uploads in all", f"acknowledged {who}", unit=""),
    )),
    Target("g", "256 clients at once: p99; p50", "burst p99", "burst p50", MOST, 4, "ms"),
    Target("g", "errors of them", "burst errors", "", MOST, 0, ""),
    Target("h", "start to the first page; importing the frameworks",
           "first page", "imports", MOST, 1.5, "ms"),
    Target("h", "`vapic version`; importing the frameworks", "version", "imports", unit="ms"),
    Target("i", "`/` in brotli", "page KB", "", MOST, 12, "KB"),
    Target("i", "`/` with all it needs", "all KB", "", MOST, 35, "KB"),
    Target("i", "first render in Chromium, nothing kept there", "paint", "", MOST, 500, "ms"),
    Target("i", "a filter in Chromium, from sending to paint", "filter", "", MOST, 250, "ms"),
    Target("j", "`vapic correlate` of 32 MB", "correlate", "", MOST, 30, "s"),
    Target("j", "its most memory", "correlate memory", unit="MB"),
    Target("j", "`make test`, as it last ended well", "tests", "", MOST, 240, "s"),
)  # fmt: skip
