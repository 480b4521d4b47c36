"""Traces as text: `trace-cmd report`, the tracefs file `trace`, and `perf script`.

The layouts differ in what stands before an event's text, so the first line that names an
event tells which one it is. Lines of other events are passed over, lines that cannot be
read are counted, and what a tracer lost is an event of its own.

The forms of events are those of the kernel's format strings (arch/x86/kvm/trace.h) and of
trace-cmd's kvm plugin (``reason EXIT_MSR rip 0x... info 1 0``). Kernels from 6.14 on put
more behind kvm_exit and kvm_entry, so a form holds the front of a line and leaves its end
open. ``%#x`` of zero is ``0x0`` in the kernel and ``0`` in user space: both are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.pens.plain import to_ascii
from app.probing import trace

EXAMPLES = 3
LONGEST_LINE = 4096
LONGEST_EXAMPLE = 60
TRACE_CMD, TRACEFS, PERF = "trace-cmd report", "tracefs trace", "perf script"
HEX = r"(?:0x)?[0-9a-fA-F]+"

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
_FTRACE_LOST = re.compile(r"\s*CPU:(?P<cpu>\d+) \[(?:LOST )?(?:\d+ )?EVENTS(?: DROPPED)?\]")
_PERF_LOST = re.compile(r".*?(?:\[(?P<cpu>\d+)\].*)?PERF_RECORD_LOST\b.*")
# What stands around events and says nothing: headers, comments, blank lines, buffer changes.
_HEADER = re.compile(
    r"\s*(#.*|cpus\s*=\s*\d+|version\s*=\s*\d+|CPU \d+ is empty|##### CPU \d+ buffer.*)?"
)

# How a part of an event's text is read: as the first letter of its name says.
_READ: Mapping[str, Callable[[str], Any]] = {
    # ICRH:ICRL is one number.
    "x": lambda text: int(text.replace(":", ""), 16),
    "d": int,
    "t": str,
    "b": lambda text: text in ("write", " (#GP)"),
}


def _form(made: type[trace.TraceEvent], *pattern: str) -> tuple[type, re.Pattern[str]]:
    return made, re.compile("".join(pattern))


# An event that stands here must be readable; any other one is of no interest. Neither is one
# in a form without parts.
_FORMS = {
    "kvm_exit": _form(
        trace.KvmExit,
        rf"(?:vcpu \d+,? )?reason (?P<t_reason>\S.*?) rip (?P<x_rip>{HEX})",
        rf" info1? (?P<x_info1>{HEX}) (?:info2 )?(?P<x_info2>{HEX}).*",
    ),
    "kvm_pio": _form(
        trace.PortWrite,
        rf"pio_write at (?P<x_port>{HEX}) size (?P<d_size>\d+) count 1 val (?P<x_value>{HEX}).*",
        rf"|pio_(?:read|write) at {HEX} size \d+ count \d+ val {HEX}.*",
    ),
    "kvm_cpuid": _form(trace.CpuidAsked, rf"func (?P<x_function>{HEX}) idx (?P<x_index>{HEX}) .*"),
    "kvm_msr": _form(
        trace.MsrEmulated,
        rf"msr_(?P<b_write>read|write) (?P<x_number>{HEX}) = (?P<x_value>{HEX})",
        r"(?P<b_refused>| \(#GP\))",
    ),
    "kvm_avic_unaccelerated_access": _form(
        trace.Unaccelerated,
        # The word between brackets and direction is KVM's own trap or fault: not kept.
        rf"vcpu=\d+, offset=(?P<x_offset>{HEX})\([^)]*\), \w+, (?P<b_write>read|write), ",
        rf"vec={HEX}",
    ),
    "kvm_avic_incomplete_ipi": _form(
        trace.IncompleteIpi,
        rf"vcpu=\d+, icrh:icrl=(?P<x_icr>{HEX}:[0-9a-f]{{8}}), id=(?P<d_reason>\d+), index=\d+",
    ),
    "kvm_inj_exception": _form(trace.Injected, r"(?P<t_exception>#\w+).*"),
    "kvm_page_fault": _form(
        trace.PageFault, rf"(?:.* )?address (?P<x_address>{HEX}) error_code {HEX}.*"
    ),
    "kvm_apicv_inhibit_changed": _form(
        trace.InhibitChanged,
        rf"(?:set|cleared) reason=(?P<d_reason>\d+), inhibits=(?P<x_inhibits>{HEX})",
    ),
}


def read_event(name: str, text: str, where: Mapping[str, Any]) -> trace.TraceEvent | None:
    """Return an event, None where it is of no interest.

    Raises ValueError for one that matters and cannot be read.
    """
    if name not in _FORMS:
        return None
    made, pattern = _FORMS[name]
    match = pattern.fullmatch(text.rstrip())
    if match is None:
        raise ValueError(f"{name} in a form that is not known")
    told = {name: text for name, text in match.groupdict().items() if text is not None}
    parts = {name[2:]: _READ[name[0]](text) for name, text in told.items()}
    return made(**parts, **where) if parts else None


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

    def prefix(self, line: str) -> re.Match[str] | None:
        """Return the parts of a line; the first one that can be read decides on the layout."""
        if self.layout:
            return self.pattern.fullmatch(line)
        for pattern, layout in ((_PERF, PERF), (_FTRACE, TRACEFS if self.headed else TRACE_CMD)):
            if match := pattern.fullmatch(line):
                self.pattern, self.layout = pattern, layout
                return match
        return None


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
    short = line if len(line) <= LONGEST_LINE else ""
    if line == short and _HEADER.fullmatch(line):
        reading.headed = reading.headed or line.startswith("# tracer:")
    elif lost := _lost(short, number):
        reading.events.append(lost)
    elif match := reading.prefix(short):
        where = {"thread": match["pid"], "cpu": int(match["cpu"]), "line": number}
        try:
            event = read_event(match["event"], match["text"], where)
        except ValueError as error:
            reading.complain(number, line, str(error), match["pid"])
        else:
            reading.events += [event] if event else []
    else:
        reading.complain(number, line, "no event of this layout")


def _lost(line: str, number: int) -> trace.Lost | None:
    match = (_PERF_LOST if "PERF_RECORD_LOST" in line else _FTRACE_LOST).fullmatch(line)
    if match is None:
        return None
    cpu = int(match["cpu"]) if match["cpu"] else None
    return trace.Lost(thread="", cpu=cpu, line=number)
