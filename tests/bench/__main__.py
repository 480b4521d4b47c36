"""`make bench`: measure, hold against the targets, write docs/bench.md; 1 where a line is short."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping

from tests.bench import browsing, datasette, kept_pages, starting, stored, tracing, writing
from tests.bench.load import require_wrk
from tests.bench.report import DOCUMENT, document, table
from tests.bench.running import Figures, Run, a_run
from tests.bench.targets import TARGETS

# By the targets that they are about.
PARTS: Mapping[str, Callable[[Run], Figures]] = {
    "abc": kept_pages.measure,
    "d": datasette.measure,
    "fg": writing.measure,
    "h": starting.measure,
    "i": browsing.measure,
    "j": tracing.measure,
    "e": stored.measure,
}


def main() -> int:
    """Measure the parts that are asked for; only the whole is written."""
    asked = _arguments().parse_args()
    parts = {
        name: act for name, act in PARTS.items() if not asked.only or set(name) & set(asked.only)
    }
    require_wrk()
    figures: Figures = {}
    with a_run(asked.seconds, asked.rounds, tuple(asked.sizes)) as run:
        for name, measure in parts.items():
            print(f"measuring {', '.join(name)} ...", file=sys.stderr, flush=True)
            figures |= measure(run)
        shown = [target for target in TARGETS if target.part in "".join(parts)]
        print("\n".join(table(shown, figures)))
        if not asked.only:
            DOCUMENT.parent.mkdir(exist_ok=True)
            DOCUMENT.write_text(document(run, shown, figures), "utf-8")
    return int(any(target.verdict(figures) == "short" for target in shown))


def _arguments() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=int, default=1, help="of a contestant in a round")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default="", help="parts, such as abc; nothing is written then")
    parser.add_argument("--sizes", type=int, nargs="*", default=stored.SIZES, help="of part e")
    return parser


if __name__ == "__main__":
    sys.exit(main())
