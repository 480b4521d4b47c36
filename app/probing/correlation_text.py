"""What probing came to, for people: at most 75 columns."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from app.core.numbers import format_hex
from app.pens.plain import Plain
from app.probing.correlation import Correlation
from app.probing.guest import GuestAccess
from app.probing.majority import Result
from app.probing.probe_document import note_of

WIDTHS = (20, 5, 18, 12, 7, 6)
# More of one kind is counted, not printed: the document has all of it.
MOST_NOTES = 20
MOST_ACCESSES_OF_A_NOTE = 3


def correlation_text(run: Correlation) -> str:
    """Return the report of one boot: results, noise, and everything that came to none."""
    page, machine = Plain(), run.machine
    signature = f"{machine.family:02X}h/{machine.model:02X}h"
    name = machine.brand.strip() or machine.vendor
    page.title(f"{name} ({signature}), {machine.apic} mode")
    _facts(page, run)
    _list(page, "Contradictions between guest and trace", run.contradictions)
    if run.results:
        page.heading("Results")
        rows = [("register", "", "condition", "outcome", "count", "noise")]
        page.grid([*rows, *map(_row, run.results)], WIDTHS)
    _list(page, "Notes", _notes(run.results))
    elsewhere = [
        f"{r.access.apic} mode, {r.access.way} {r.access.access} of {r.access.address:#05x}, "
        f"{r.access.why}: {r.outcome}, {r.count}/{r.counted}"
        for r in run.elsewhere
    ]
    _list(page, "No cell of the table", elsewhere)
    _list(page, "Unexplained", run.unexplained)
    _list(page, "Discarded", [f"{count} x {why}" for why, count in run.discarded])
    _list(page, "What the guest remarked", run.remarks)
    return page.render()


def _facts(page: Plain, run: Correlation) -> None:
    page.field("Measured at", run.machine.measured_at)
    if trace := run.trace:
        unread = f", {trace.unread} could not be read" if trace.unread else ""
        page.field("Trace", f"{trace.layout}, {trace.lines} lines{unread}")
        for example in trace.examples:
            page.para(example, 16)
        page.field("Windows", f"{run.matched} for {run.accesses} accesses")
        page.field("Noise", f"{run.noise} asynchronous exits, dropped")
    else:
        page.field("Trace", "none: nobody watched for exits")
    if run.void:
        page.field("Discarded", f"the whole run: {run.void}")


def _register(access: GuestAccess) -> str:
    member = "" if access.member is None else f"#{access.member}"
    return f"{format_hex(access.address)} {access.slug}{member}"


def _row(result: Result) -> tuple[str, ...]:
    return (
        _register(result.access),
        result.access.access.value,
        result.condition or "-",
        result.outcome.value,
        f"{result.count}/{result.counted}",
        str(result.noise),
    )


def _notes(results: Sequence[Result]) -> Iterable[str]:
    """Return each note once, with the first of the accesses that it is about."""
    places: dict[str, list[str]] = defaultdict(list)
    for result in results:
        if note := note_of(result):
            places[note].append(f"{_register(result.access)} {result.access.access}")
    for note, where in places.items():
        more = (
            f", {len(where) - MOST_ACCESSES_OF_A_NOTE} more"
            if len(where) > MOST_ACCESSES_OF_A_NOTE
            else ""
        )
        yield f"{note} ({', '.join(where[:MOST_ACCESSES_OF_A_NOTE])}{more})"


def _list(page: Plain, title: str, texts: Iterable[str]) -> None:
    listed = list(texts)
    if listed:
        page.heading(title)
    for text in listed[:MOST_NOTES]:
        page.item(text)
    if len(listed) > MOST_NOTES:
        page.item(f"{len(listed) - MOST_NOTES} more")
