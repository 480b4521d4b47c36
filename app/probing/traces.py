"""Traces as text: `trace-cmd report`, the tracefs file `trace`, and `perf script`.

The layouts differ in what stands before an event's text, so the first line that names an
event tells which one it is. Lines of other events are passed over, lines that cannot be
read are counted, and what a tracer lost is an event of its own.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from app.pens.plain import to_ascii
from app.probing import trace
from app.probing.trace_events import read_event

EXAMPLES = 3
LONGEST_LINE = 4096
LONGEST_EXAMPLE = 60
TRACE_CMD, TRACEFS, PERF = "trace-cmd report", "tracefs trace", "perf script"

# comm-pid (tgid) [cpu] flags time: event: text. A comm may hold blanks, dashes and slashes.
_FTRACE = re.compile(
    r"\s*(?P<comm>\S.*?)-(?P<pid>\d+)\s+(?:\(\s*[-\d]+\)\s+)?\[(?P<cpu>\d+)\]"
    r"(?:\s+[^\s:]{1,9})?\s+\d+(?:\.\d+)?:\s+(?:kvm:)?(?P<event>\w+):\s*(?P<text>.*)"
)
# comm pid/tid [cpu] time: (period) system:event: text
_PERF = re.compile(
    r"\s*(?P<comm>\S.*?)\s+(?:\d+/)?(?P<pid>\d+)\s+\[(?P<cpu>\d+)\]"
    r"\s+\d+(?:\.\d+)?:\s+(?:\d+\s+)?(?P<system>\w+):(?P<event>\w+):\s*(?P<text>.*)"
)
_FTRACE_LOST = re.compile(
    r"\s*CPU:(?P<cpu>\d+) \[(?:LOST )?(?:(?P<count>\d+) )?EVENTS(?: DROPPED)?\]"
)
_PERF_LOST = re.compile(r".*?(?:\[(?P<cpu>\d+)\].*)?PERF_RECORD_LOST\b(?:\D*(?P<count>\d+))?.*")
# What stands around events and says nothing: headers, comments, blank lines, buffer changes.
_HEADER = re.compile(
    r"\s*(#.*|cpus\s*=\s*\d+|version\s*=\s*\d+|CPU \d+ is empty|##### CPU \d+ buffer.*)?"
)


@dataclass
class _Reading:
    """A trace on the way through its lines."""

    layout: str = ""
    pattern: re.Pattern[str] = _FTRACE
    headed: bool = False
    events: list[trace.TraceEvent] = field(default_factory=list)
    unread: int = 0
    examples: list[str] = field(default_factory=list)

    def complain(self, number: int, text: str, why: str, thread: str = "") -> None:
        if thread or "kvm_" in text:
            # It may have been the exit of an access: its window must not look empty.
            self.events.append(trace.Unreadable(thread=thread, cpu=None, line=number))
        self.unread += 1
        if len(self.examples) < EXAMPLES:
            shown = to_ascii(text.strip()[:LONGEST_EXAMPLE])
            self.examples.append(f"line {number}: {why}: {shown}")


def read(text: str, progress: Callable[[int], object] | None = None) -> trace.Trace:
    """Read a trace in any of the layouts; ``progress`` is told of lines now and then.

    Nothing is raised: what could not be read is counted in the result.
    """
    reading = _Reading()
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        _take(reading, number, line)
        if progress and not number % 1000:
            progress(number)
    return trace.Trace(
        layout=reading.layout or "none that is known",
        events=tuple(reading.events),
        lines=len(lines),
        unread=reading.unread,
        examples=tuple(reading.examples),
    )


def _take(reading: _Reading, number: int, line: str) -> None:
    if len(line) <= LONGEST_LINE and _HEADER.fullmatch(line):
        reading.headed = reading.headed or line.startswith("# tracer:")
        return
    if lost := _lost(line, number):
        reading.events.append(lost)
        return
    match = _prefix(reading, line) if len(line) <= LONGEST_LINE else None
    if match is None:
        reading.complain(number, line, "no event of this layout")
        return
    where = {"thread": match["pid"], "cpu": int(match["cpu"]), "line": number}
    try:
        event = read_event(match["event"], match["text"], where)
    except ValueError as error:
        reading.complain(number, line, str(error), match["pid"])
        return
    if event:
        reading.events.append(event)


def _prefix(reading: _Reading, line: str) -> re.Match[str] | None:
    """Return the parts of a line; the first one that can be read decides on the layout."""
    if reading.layout:
        return reading.pattern.fullmatch(line)
    for pattern, layout in ((_PERF, PERF), (_FTRACE, TRACEFS if reading.headed else TRACE_CMD)):
        if match := pattern.fullmatch(line):
            reading.pattern, reading.layout = pattern, layout
            return match
    return None


def _lost(line: str, number: int) -> trace.Lost | None:
    match = _FTRACE_LOST.fullmatch(line[:LONGEST_LINE])
    if match is None and "PERF_RECORD_LOST" in line:
        match = _PERF_LOST.fullmatch(line)
    if match is None:
        return None
    cpu, count = match["cpu"], match["count"]
    return trace.Lost(
        thread="",
        cpu=int(cpu) if cpu else None,
        line=number,
        count=int(count) if count else None,
    )
