"""What lies between the two markers of an access, thread by thread.

``kvm_pio`` carries no vCPU, so a thread's markers are only held against its own events.
BEGIN's exit comes before its ``kvm_pio`` and so lies outside; END's own exit comes before
its ``kvm_pio`` too and is the last one inside: it is dropped. Where it is not there, lines
are missing, and nothing can be said of the window: only an exit that is known to be
recorded makes the absence of another one evidence.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from app.probing import trace
from app.probing.markers import END_OF_MEASURING, LEAF, PORT, Marker

MARKER_SIZE = 4
CUT_OFF = "its END marker is missing"
NO_OWN_EXIT = "the exit of its END marker is missing"
LOST = "events were lost in it"
INHIBITED = "AVIC was inhibited during it"
GARBLED = "a line in it could not be read"
NO_EXIT = "the guest was entered in it more often than it was left: an exit is missing"


@dataclass(frozen=True, kw_only=True)
class Window:
    """The events of one access; ``unfit`` says why they prove nothing, empty if they do."""

    begin: Marker
    thread: str
    first: int
    last: int
    events: tuple[trace.TraceEvent, ...] = ()
    unfit: str = ""

    @property
    def exits(self) -> tuple[trace.KvmExit, ...]:
        """Its exits, without that of the END marker."""
        return tuple(event for event in self.events if isinstance(event, trace.KvmExit))


@dataclass(frozen=True)
class Cut:
    """A trace cut into windows, in the order in which they began.

    ``strays`` are markers that fit no window; ``inhibited`` is the change after which AVIC
    stayed off when the last window ended; ``ended`` is the line of the marker that ends the
    measuring, 0 without one.
    """

    windows: tuple[Window, ...]
    strays: tuple[str, ...]
    inhibited: trace.InhibitChanged | None
    ended: int


@dataclass
class _Thread:
    """One thread on the way through the trace."""

    begin: Marker | None = None
    first: int = 0
    events: list[trace.TraceEvent] = field(default_factory=list)


def cut_windows(told: trace.Trace) -> Cut:
    """Return the windows of a trace, with the reasons for which some are unfit."""
    threads: dict[str, _Thread] = {}
    windows: list[Window] = []
    strays: list[str] = []
    ended = 0
    for event in told.events:
        thread = threads.setdefault(event.thread, _Thread())
        value = _marker_value(event)
        if value == END_OF_MEASURING:
            ended = ended or event.line
        elif value is None:
            thread.events.append(event)
        elif ended:
            strays.append(f"line {event.line}: a marker after the end of measuring")
        elif (marker := Marker.read(value)) is None:
            strays.append(f"line {event.line}: {value:#010x} is no marker")
        else:
            windows += _step(thread, marker, event, strays)
    windows += [_cut_off(thread, name) for name, thread in threads.items() if thread.begin]
    windows.sort(key=lambda window: window.first)
    lost = _lost_spans(told.events)
    done = max((window.last for window in windows), default=0)
    garbled = [(e.line, e.line) for e in told.events if isinstance(e, trace.Unreadable)]
    off, inhibited = _inhibited_spans(told.events, done)
    # Of several reasons the first one stays.
    fit = (_spoiled(window, lost.get(window.thread, []), LOST) for window in windows)
    fit = (_spoiled(window, garbled, GARBLED) for window in fit)
    fit = (_spoiled(window, off, INHIBITED) for window in fit)
    return Cut(tuple(fit), tuple(strays), inhibited, ended)


def _marker_value(event: trace.TraceEvent) -> int | None:
    """Return the marker that an event carries, by port or by CPUID."""
    if isinstance(event, trace.PortWrite) and (event.port, event.size) == (PORT, MARKER_SIZE):
        return event.value
    if isinstance(event, trace.CpuidAsked) and event.function == LEAF:
        return event.index
    return None


def _step(
    thread: _Thread, marker: Marker, event: trace.TraceEvent, strays: list[str]
) -> Iterable[Window]:
    """Take one marker; return the windows that it closes."""
    if marker.begins:
        if thread.begin:
            yield _cut_off(thread, event.thread)
        thread.begin, thread.first, thread.events = marker, event.line, []
        return
    if thread.begin is None:
        strays.append(f"line {event.line}: END of {marker.seq} without its BEGIN")
    elif (thread.begin.tag, thread.begin.seq) != (marker.tag, marker.seq):
        strays.append(f"line {event.line}: END of {marker.seq} after BEGIN of {thread.begin.seq}")
        yield _cut_off(thread, event.thread)
    else:
        yield _closed(thread, thread.begin, event)
    thread.begin = None


def _closed(thread: _Thread, begin: Marker, end: trace.TraceEvent) -> Window:
    own = trace.IOIO if isinstance(end, trace.PortWrite) else trace.CPUID
    exits = [event for event in thread.events if isinstance(event, trace.KvmExit)]
    whole = bool(exits) and exits[-1].code == own
    # Where entries are recorded, there is one before each exit.
    entered = sum(isinstance(event, trace.Entered) for event in thread.events)
    return Window(
        begin=begin,
        thread=end.thread,
        first=thread.first,
        last=end.line,
        events=tuple(e for e in thread.events if not whole or e is not exits[-1]),
        unfit=NO_OWN_EXIT if not whole else NO_EXIT if entered > len(exits) else "",
    )


def _cut_off(thread: _Thread, name: str) -> Window:
    begin = thread.begin
    assert begin is not None  # noqa: S101 - callers look first
    last = max((event.line for event in thread.events), default=thread.first)
    return Window(begin=begin, thread=name, first=thread.first, last=last, unfit=CUT_OFF)


def _lost_spans(events: tuple[trace.TraceEvent, ...]) -> dict[str, list[tuple[int, int]]]:
    """Return, for each thread, the runs of lines from which some of its own may be missing.

    A tracer tells of a processor's losses with the next line of that processor, so they
    went missing since the line before. Only the thread's own lines count as that one: what
    others did there proves nothing about the thread.
    """
    homes = {(event.thread, event.cpu) for event in events if event.thread}
    latest: dict[tuple[str, int | None], int] = {}
    spans: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for event in events:
        if isinstance(event, trace.Lost) and event.cpu is not None:
            for thread, cpu in homes:
                # A layout without processors: any thread may have run there.
                if cpu in (None, event.cpu):
                    spans[thread].append((latest.get((thread, cpu), 0), event.line))
        elif isinstance(event, trace.Lost):
            for thread in {thread for thread, _ in homes}:
                spans[thread].append((event.line, event.line))
        else:
            latest[event.thread, event.cpu] = event.line
    return spans


def _inhibited_spans(
    events: tuple[trace.TraceEvent, ...], done: int
) -> tuple[list[tuple[int, int]], trace.InhibitChanged | None]:
    """Return the lines between which AVIC was off, and the change by which it is at line ``done``.

    With AVIC inhibited every access exits, for reasons that are none of AVIC's. A reason lasts
    until it is taken back itself: a mask of zero may be that of another virtual machine.
    """
    changes = [e for e in events if isinstance(e, trace.InhibitChanged) and e.line <= done]
    mask, began = 0, 0
    spans: list[tuple[int, int]] = []
    for change in changes:
        kept = mask if change.set else mask & ~(1 << change.reason)
        before, mask = mask, kept | change.inhibits
        if mask and not before:
            began = change.line
        elif before and not mask:
            spans.append((began, change.line))
    return spans, next((c for c in reversed(changes) if c.inhibits & mask), None)


def _spoiled(window: Window, spans: list[tuple[int, int]], why: str) -> Window:
    hit = any(first < window.last and window.first < last for first, last in spans)
    return replace(window, unfit=window.unfit or why) if hit else window
