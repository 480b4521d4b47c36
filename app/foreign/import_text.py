"""What an import found and could not use, as text."""

from __future__ import annotations

from app.foreign.foreign_logs import RULES, LogReading
from app.pens.plain import Plain

MOST = 20


def reading_text(reading: LogReading) -> str:
    """Return what became of the lines of a log."""
    out = Plain()
    used = len({seen.line for seen in reading.seen})
    out.item(f"{reading.lines} lines, {reading.results} results of tests, {used} used.")
    for why, count in sorted(reading.unused.items()):
        out.item(f"not used, {count}: {why}.")
    out.item(f"{reading.unknown} lines are no result of a test.")
    for number, line in reading.remarkable[:MOST]:
        out.item(f"line {number}: {line}")
    if len(reading.remarkable) > MOST:
        out.item(f"and {len(reading.remarkable) - MOST} more that failed or were skipped.")
    return out.render()


def wrapped(text: str) -> str:
    """Return a text as lines of a terminal."""
    out = Plain()
    out.para(text)
    return out.render()


def rules_text() -> str:
    """Return every line that is used, what it says, and where that was read."""
    out = Plain()
    for tool, rules in RULES.items():
        out.title(f"vapic import {tool}")
        for rule in rules:
            out.item(rule.line)
            out.para(rule.says, 4)
            out.para(f"[{rule.source}]", 4)
        out.blank()
    return out.render()
