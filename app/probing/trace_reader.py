"""Traces as text: `trace-cmd report`, the tracefs file `trace`, and `perf script`.

The layouts differ in what stands before an event's text (``trace_forms`` reads that), so the
first line that names an event tells which one it is. Events of others and the stacks between
events are passed over. Every other line that cannot be read is counted and stays in the trace,
since it may have said anything: one that names an event that we rely on even more. What a
tracer lost is an event of its own where it says where, else a loss of the whole trace.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from app.pens.plain import to_ascii
from app.probing import trace
from app.probing.trace_forms import RELIED, find_event_name, read_event

EXAMPLES = 3
LONGEST_LINE = 4096
LONGEST_EXAMPLE = 100
TRACE_CMD, TRACEFS, PERF = "trace-cmd report", "tracefs trace", "perf script"
WRAPPED = "are lines wrapped?"
JOINED = "more than one event"
EARLIER = "earlier than its thread's line before it"

# comm-pid (tgid) [cpu] flags time: (+difference) event: text. A comm may hold anything.
_FTRACE = re.compile(
    r"\s*\S.*?-(?P<pid>\d+)\s+(?:\(\s*[-\d]+\)\s+)?\[(?P<cpu>\d+)\](?:\s+[^\s:]{1,9})?"
    r"\s+(?P<time>\d+(?:\.\d+)?):\s+(?:\([-+]?\s*\d+\)\s+)?"
    r"(?:(?P<system>[a-z]\w*):)?(?P<event>[a-z]\w*):\s*(?P<text>.*)",
    re.IGNORECASE,
)
# comm pid/tid [cpu] misc date time: (period) system:event: text; `perf script -F` leaves some out.
_PERF = re.compile(
    r"\s*(?:\S.*?\s+)?(?:\d+/)?(?P<pid>\d+)(?=\s+[\[\d])(?:\s+\[(?P<cpu>\d+)\])?"
    r"(?:\s+[KUHGMESp]{1,6}(?=\s))?(?:\s+\d{4}(?:-\d\d){2}\s+[\d:]{8}\.\d+)?"
    r"(?:\s+(?P<time>\d+(?:\.\d+)?):)?\s+(?:\d+\s+)?(?P<system>[a-z]\w*):(?P<event>[a-z]\w*):\s*(?P<text>.*)",
    re.IGNORECASE,
)
# The processor of an event: of another one where it stands in front of one, or of one cut short.
_ANOTHER = re.compile(r"\s\[\d{3,}\]\s")
# Whatever a mail or grep put before it: what is not seen here would count as nothing lost. Where
# perf throttles an event, it has no samples of it until it does no more.
_FTRACE_LOST = re.compile(r".*\bCPU:(?P<cpu>\d+) \[(?:LOST )?(?:\d+ )?EVENTS(?: DROPPED)?\]\s*")
_PERF_LOST = re.compile(
    r".*?(?:\[(?P<cpu>\d+)\].*)?PERF_RECORD_(?:LOST(?:_SAMPLES)?|(?:UN)?THROTTLE)\b.*"
)
# Of a whole buffer: tracefs' header and its per_cpu/*/stats, the summaries of perf and trace-cmd.
_KEPT = re.compile(r"entries-in-buffer/entries-written:\s*(?P<kept>\d+)/(?P<made>\d+)")
_DROPPED = re.compile(
    r"\b(?:overrun|(?:dropped|lost|missed) (?:events|samples)|(?:events|samples) (?:lost|missed))"
    r"\s*[:=]\s*(\d+)|\blost\s+(\d[\d.]*)\s*(?:%|chunks|events|samples)"
    r"|\b(\d+)\s+(?:chunks|events|samples)\s+(?:were\s+)?(?:lost|dropped|missed)\b"
    r"|\b(\d+)\s+(?:lost|dropped|missed)\s+(?:chunks|events|samples)\b"
    r"|\[[^]]*\b(?:lost|dropped)\b[^]]*\]",
    re.IGNORECASE,
)
# What stands around events and says nothing: headers, comments, blank lines, buffer changes.
_HEADER = re.compile(
    r"\s*(#.*|cpus\s*=\s*\d+|version\s*=\s*\d+|CPU \d+ is empty|##### CPU \d+ buffer.*"
    # The zeros of per_cpu/*/stats.
    r"|(?:cpu|CPU):? ?\d+|(?:entries|(?:commit )?overrun|bytes|dropped events|read events): \d+"
    r"|(?:oldest event|now) ts: *[\d.]+)?"
)
# Stacks: of perf (address, symbol, where it is from), and of ftrace.
_STACK = re.compile(
    # What the function tracer has between events, and records of perf that say nothing of them.
    r".*\s[a-z_][\w.]*\s+<-\s?[a-z_][\w.]*(?: \[\w+\])?"
    r"|.*\bPERF_RECORD_(?:MMAP2?|COMM|FORK|EXIT|SWITCH|NAMESPACES|CGROUP|KSYMBOL|BPF_EVENT"
    r"|SAMPLE|ITRACE_START|HEADER_\w+|ID_INDEX|THREAD_MAP|CPU_MAP|EVENT_UPDATE|BUILD_ID|READ"
    r"|TEXT_POKE|FINISHED_ROUND|FINISHED_INIT|TIME_CONV|SWITCH_CPU_WIDE)\b.*"
    r"| \.\.\. thread: .*:\d+| \.{6} dso: .*|"
    r"\s+[0-9a-f]{4,16} \S.*|\s*=> .*|.*:\s+(?:kernel_stack:\s*)?<(?:user )?stack trace ?>"
    r"|\s+[\w./+-]+\.[chS]:\d+"
)
# Bytes of events, which `perf script -D` has before each; a dot alone elsewhere may stand for what
# somebody left out.
_BYTES = re.compile(
    r"0x[0-9a-f]+(?:@.*)? \[(?:0x)?[0-9a-f]+\]: event: \d+|\. \.\.\. raw event: .*"
    r"|\.  [0-9a-f]{4}:  (?:[0-9a-f ]{2} )+.*"
)
# A line of a stack that looks like an event; no text of an event is a number alone.
_SYMBOL = re.compile(r"\s*=> \w+: 0x[0-9a-f]+(?:/0x[0-9a-f]+)?(?: \[\w+\])?\s*")
# Colours, also as programs show or spell their first character, and as a copy from a terminal
# leaves them; links, and what was struck twice.
_COLOUR = re.compile(
    r"(?:\x1b|\^\[|\u241b|ESC|\\(?:e|033|x1b))\[[0-9;:?]*[A-Za-z]|\x1b\(B|\x1b\].*?(?:\x07|\x1b\\)"
    r"|\[(?:\d{1,3}(?:[;:]\d{0,3})*m(?:\[K)?|m\[K)|.\x08"
)
# Layouts that are known and not read.
_REFUSED = (
    (
        "the latency format (trace-cmd report -l, options/latency-format)",
        re.compile(r"\s*\S.*-\d+\s+\d+[^\s:\[]{4,9}\s+[\d.]+(?:us)?\s*[^\s:]?\s*:\s.*"),
    ),
    ("function_graph", re.compile(r".*/\* kvm_\w+: .*\*/\s*")),
    ("`perf trace`", re.compile(r".*\bkvm:\w+\(.*")),
)


@dataclass
class _Reading:
    """A trace on the way through its lines."""

    layout: str = ""
    pattern: re.Pattern[str] = _FTRACE
    headed: bool = False
    in_bytes: bool = False
    events: list[trace.TraceEvent] = field(default_factory=list)
    unread: int = 0
    examples: list[str] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)
    times: dict[str, tuple[int, str]] = field(default_factory=dict)
    refused: str = ""

    def complain(self, number: int, line: str, why: str) -> None:
        """Take a line that cannot be read."""
        self.unread += 1
        shown = to_ascii(" ".join(line.split()))[:LONGEST_EXAMPLE]
        if len(self.examples) < EXAMPLES:
            self.examples.append(f"line {number}: {why}: {shown}")
        last = self.events[-1] if self.events else None
        name = find_event_name(line)
        if not name and isinstance(last, trace.Unreadable) and last.line == number - 1:
            # What follows is no line of its own either.
            self.events[-1] = replace(last, why=WRAPPED)
        event = name[1] if name else "cut" if _ANOTHER.search(line) else ""
        self.events.append(
            trace.Unreadable(thread="", cpu=None, line=number, event=event, text=shown, why=why)
        )
        if name:
            self.refused = self.refused or next((n for n, p in _REFUSED if p.fullmatch(line)), "")

    def why_not_one(self, line: str, match: re.Match[str]) -> str:
        """Return why a line is not one event in its place, empty if it is."""
        if find_event_name(match["text"]) or _ANOTHER.search(line, 0, match.start("pid")):
            return JOINED
        whole, _, rest = (match["time"] or "0").partition(".")
        time = (int(whole), rest)
        latest = self.times.setdefault(match["pid"], time)
        self.times[match["pid"]] = max(time, latest)
        return EARLIER if time < latest else ""

    def prefix(self, line: str) -> re.Match[str] | None:
        """Return the parts of a line; the first one that can be read decides on the layout."""
        if self.layout:
            return self.pattern.fullmatch(line)
        for pattern, layout in ((_FTRACE, TRACEFS if self.headed else TRACE_CMD), (_PERF, PERF)):
            if match := pattern.fullmatch(line):
                self.pattern, self.layout = pattern, layout
                return match
        return None


def read_trace(text: str, progress: Callable[[int], object] | None = None) -> trace.Trace:
    """Read a trace in any of the layouts; ``progress`` is told of lines now and then.

    Nothing is raised: what could not be read is counted in the result.
    """
    reading = _Reading()
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        plain = _COLOUR.sub("", line[:LONGEST_LINE]).replace("\xa0", " ")
        reading.in_bytes = bool(_BYTES.fullmatch(plain)) or (reading.in_bytes and plain == ".")
        if not reading.in_bytes:
            _take(reading, number, plain)
        if progress and not number % 1000:
            progress(number)
    return trace.Trace(
        layout=reading.layout or "none that is known",
        events=tuple(reading.events),
        lines=len(lines),
        unread=reading.unread,
        examples=tuple(reading.examples),
        losses=tuple(reading.losses),
        refused=reading.refused,
    )


def _take(reading: _Reading, number: int, line: str) -> None:
    comment = line.lstrip().startswith("#")
    if match := None if comment else reading.prefix(line):
        if match["system"] not in (None, "kvm") and match["event"] not in RELIED:
            return
        if why := reading.why_not_one(line, match):
            reading.complain(number, line, why)
            return
        cpu = int(match["cpu"]) if match["cpu"] else None
        where = {"thread": match["pid"], "cpu": cpu, "line": number}
        try:
            event = read_event(match["event"], match["text"], where)
        except ValueError as error:
            reading.complain(number, line, str(error))
        else:
            reading.events += [event] if event else []
    elif lost := (_PERF_LOST if "PERF_RECORD_" in line else _FTRACE_LOST).fullmatch(line):
        cpu = int(lost["cpu"]) if lost["cpu"] else None
        reading.events.append(trace.Lost(thread="", cpu=cpu, line=number))
    elif loss := _loss(line):
        reading.losses.append(f"line {number}: {loss}")
    elif _HEADER.fullmatch(line) and not find_event_name(line):
        reading.headed = reading.headed or line.startswith("# tracer:")
    elif not _SYMBOL.fullmatch(line) and (find_event_name(line) or not _STACK.fullmatch(line)):
        reading.complain(number, line, "no event of this layout")


def _loss(line: str) -> str:
    """Return what a line says of events that are missing somewhere, empty if nothing is."""
    if (kept := _KEPT.search(line)) and int(kept["kept"]) < int(kept["made"]):
        return f"{kept['kept']} of {kept['made']} entries are left"
    dropped = _DROPPED.search(line)
    if not dropped:
        return ""
    # Without a number it may have been any.
    number = next(filter(None, dropped.groups()), "any")
    return to_ascii(line.strip())[:LONGEST_EXAMPLE] if number.strip("0.") else ""
