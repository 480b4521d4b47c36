"""What probing came to, for people: at most 75 columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from app.core.numbers import format_hex
from app.pens.plain import Plain
from app.probing.correlation import Correlation
from app.probing.guest import Machine
from app.probing.majority import Result
from app.probing.probe_document import note_of

WIDTHS = (20, 5, 18, 12, 7, 6)
# More of one kind is counted, not printed: the document has all of it.
LISTED = 20
NAMED = 3


def correlation_text(run: Correlation) -> str:
    """Return the report of one boot: results, noise, and everything that came to none."""
    page = Plain()
    machine = run.machine
    page.title(f"{_name(machine)}, {machine.apic} mode")
    _facts(page, run)
    if run.contradictions:
        page.heading("Contradictions between guest and trace")
        _list(page, run.contradictions)
    if run.results:
        page.heading("Results")
        rows = [("register", "", "condition", "outcome", "count", "noise")]
        page.grid([*rows, *map(_row, run.results)], WIDTHS)
    _list_of(page, "Notes", _notes(run.results))
    _list_of(page, "No cell of the table", [_elsewhere(r) for r in run.elsewhere])
    _list_of(page, "Unexplained", run.unexplained)
    _list_of(page, "Discarded", [f"{count} x {why}" for why, count in run.discarded])
    _list_of(page, "What the guest remarked", run.remarks)
    return page.render()


def _name(machine: Machine) -> str:
    signature = f"{machine.family:02X}h/{machine.model:02X}h"
    return f"{machine.brand.strip() or machine.vendor} ({signature})"


def _facts(page: Plain, run: Correlation) -> None:
    page.field("Measured at", run.machine.measured_at)
    if run.trace is None:
        page.field("Trace", "none: nobody watched for exits")
    else:
        trace = run.trace
        unread = f", {trace.unread} could not be read" if trace.unread else ""
        page.field("Trace", f"{trace.layout}, {trace.lines} lines{unread}")
        for example in trace.examples:
            page.para(example, 16)
        page.field("Windows", f"{run.matched} for {run.accesses} accesses")
        page.field("Noise", f"{run.noise} asynchronous exits, dropped")
    if run.void:
        page.field("Discarded", f"the whole run: {run.void}")


def place_of(result: Result) -> str:
    """Return ``813h isr#3 write``: what was touched, in a few words."""
    access = result.access
    member = "" if access.member is None else f"#{access.member}"
    return f"{format_hex(access.address)} {access.slug}{member} {access.access}"


def _row(result: Result) -> tuple[str, ...]:
    access = result.access
    member = "" if access.member is None else f"#{access.member}"
    return (
        f"{format_hex(access.address)} {access.slug}{member}",
        access.access.value,
        result.condition or "-",
        result.outcome.value,
        f"{result.count}/{result.counted}",
        str(result.noise),
    )


def _notes(results: Sequence[Result]) -> list[str]:
    """Return each note once, with the first of the accesses that it is about."""
    places: dict[str, list[str]] = defaultdict(list)
    for result in results:
        if note := note_of(result):
            places[note].append(place_of(result))
    return [f"{note} {_first(where)}" for note, where in places.items()]


def _first(places: Sequence[str]) -> str:
    more = f", {len(places) - NAMED} more" if len(places) > NAMED else ""
    return f"({', '.join(places[:NAMED])}{more})"


def _elsewhere(result: Result) -> str:
    access = result.access
    return (
        f"{access.apic} mode, {access.way} {access.access} of {access.address:#05x}, "
        f"{access.why}: {result.outcome}, {result.count}/{result.counted}"
    )


def _list_of(page: Plain, title: str, texts: Sequence[str]) -> None:
    if texts:
        page.heading(title)
        _list(page, texts)


def _list(page: Plain, texts: Sequence[str]) -> None:
    for text in texts[:LISTED]:
        page.item(text)
    if len(texts) > LISTED:
        page.item(f"{len(texts) - LISTED} more")
