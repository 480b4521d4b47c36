"""What is still wanted, as text, as a table, as JSON data and as the entries of a feed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from app.core.cells import CellKey
from app.core.knowledge import Knowledge
from app.core.wanted import (
    FORCED,
    REASONS,
    RECORD,
    Batch,
    Need,
    Want,
    batches,
    command_for,
    tally,
)
from app.core.words import Access, Mode
from app.pens import leads
from app.pens.atom import Feed, FeedEntry
from app.pens.changed import differing
from app.pens.place import Place, head
from app.pens.plain import Plain
from app.pens.tables import Table

TITLE = "Wanted: what nobody has measured yet"
GUEST = {
    Mode.AVIC: "in xAPIC mode: loads and stores to the APIC page",
    Mode.X2AVIC: "in x2APIC mode: RDMSR and WRMSR",
}
COLUMNS = {
    "Read, write": (Access.READ, Access.WRITE),
    "Read only": (Access.READ,),
    "Write only": (Access.WRITE,),
}
STEPS = (
    (
        "Run `vapic probe` on the host, as /docs/measure says: it makes the access and watches "
        "for the exit. Any guest whose exits you record will do as well."
    ),
    "Write down what it did as /docs/format says, one observation for each access and condition.",
)


# What of an observation decides about a verdict; a new wording of its text does not.
DECISIVE = {"cells", "condition", "family", "intercepted", "member", "outcome"}


@dataclass(frozen=True)
class Times:
    """When evidence last changed, by family and cell; ``first`` where there never was any."""

    first: datetime
    newest: Mapping[tuple[str, CellKey], datetime]

    def of(self, want: Want) -> datetime:
        """When a want last changed."""
        return self.newest.get((want.family, want.key), self.first)

    def latest(self, families: Iterable[str]) -> datetime:
        """When anything of ``families`` last changed; an entry may have gone by it."""
        chosen = set(families)
        found = (when for (family, _), when in self.newest.items() if family in chosen)
        return max(found, default=self.first)


def times_of(
    curated: Iterable[tuple[datetime, Iterable[Any]]],
    measured: Mapping[tuple[str, CellKey], datetime],
    knowledge: Knowledge,
) -> Times:
    """Return when the evidence on each cell last changed.

    ``curated`` pairs the time of every version of the seed, in any order, with its changes,
    which have ``kind``, ``before`` and ``after``; it must hold at least one version.
    ``measured`` says when measurements last counted otherwise, by family and cell.
    """
    newest = dict(measured)
    cells = cache(knowledge.cells_named)
    first: datetime | None = None
    for when, changes in curated:
        first = when if first is None else min(first, when)
        for body in (b for c in changes if c.kind == "observation" for b in _decided(c)):
            for key in cells(tuple(body["cells"])):
                place = (body["family"], key)
                newest[place] = max(when, newest.get(place, when))
    if first is None:
        raise ValueError("a history without a version")
    return Times(first, newest)


def _decided(change: Any) -> tuple[Mapping[str, Any], ...]:
    """Return the bodies whose cells a change concerns."""
    bodies = tuple(body for body in (change.before, change.after) if body is not None)
    if len(bodies) == 2 and not DECISIVE.intersection(differing(*bodies)):  # noqa: PLR2004
        return ()
    return bodies


def parameters(need: Need) -> str:
    """Return the kernel parameters of a need in one line."""
    plain = " ".join(need.parameters)
    if not need.forced:
        return plain
    parts = ", ".join(need.forced)
    return f"{plain}; {FORCED} as well where CPUID shows AVIC 0, as it does on {parts}"


def counts(wants: Iterable[Want]) -> str:
    """``3 disputed, 64 unmeasured``."""
    return ", ".join(f"{number} {why}" for why, number in tally(wants).items()) or "nothing"


def path_of(families: Iterable[str]) -> str:
    """Return the page's path for a filter."""
    chosen = ",".join(families)
    return f"/wanted?family={chosen}" if chosen else "/wanted"


def wanted_text(
    wants: tuple[Want, ...],
    families: tuple[str, ...],
    silent: tuple[str, ...],
    knowledge: Knowledge,
    place: Place,
) -> str:
    """Return what is wanted, grouped by family and by what it takes; one line for ``silent``."""
    out = Plain()
    out.title(TITLE)
    head(out, place, path_of(families))
    out.field("Now", counts(wants))
    out.field("Not listed", leads.NOT_WANTED)
    out.blank()
    out.para(leads.WANTED)
    out.para(leads.cells_at(place.site))
    out.heading("How to settle any of them")
    for number, step in enumerate(STEPS, 1):
        out.item(step, mark=f"{number}.")
    out.item("Check it and send it:", mark=f"{len(STEPS) + 1}.")
    out.para(command_for(place.site), 4, 4)
    out.blank()
    out.para("An observation must say:")
    for line in RECORD:
        out.item(line)
    out.blank()
    out.para("How to run it is in /docs/measure, the keys are in /docs/format, the way of a "
             "document in /docs/upload.")  # fmt: skip
    if silent:
        out.blank()
        out.para(leads.nothing_yet(silent, place.site))
        out.para(place.site + path_of(silent))
    for batch in batches(want for want in wants if want.family not in silent):
        _batch(out, batch, knowledge)
    if not wants:
        out.blank()
        out.para("Nothing is wanted here: every cell is measured, or there is no such machine.")
    return out.render()


def _batch(out: Plain, batch: Batch, knowledge: Knowledge) -> None:
    name, mode = knowledge.families[batch.family].name, batch.need.mode.label
    out.heading(f"{name}, {mode}: {len(batch.wants)} {batch.why}")
    out.para(REASONS[batch.why])
    _need(out, batch.need)
    if batch.conditions:
        out.field("Conditions", f"to be stated where they hold: {', '.join(batch.conditions)}")
    for label, accesses in COLUMNS.items():
        out.field(label, ", ".join(r for r, wanted in batch.rows if wanted == accesses))


def _need(out: Plain, need: Need) -> None:
    out.field("CPU reports", ", ".join(need.features))
    out.field("Parameters", parameters(need))
    for label, told in need.versions:
        out.field(label, told)
    out.field("Guest", GUEST[need.mode])


def wanted_table(wants: Iterable[Want], site: str) -> Table:
    """Return one row per want."""
    rows = [
        (w.family, str(w.key), str(w.why), " ".join(w.conditions), ", ".join(w.need.features),
         parameters(w.need), w.need.kernel, f"{site}{w.key.url}")
        for w in wants
    ]  # fmt: skip
    names = ("family", "cell", "why", "conditions", "features", "parameters", "kernel", "url")
    return Table(names, tuple(rows))


def wanted_body(wants: tuple[Want, ...], place: Place) -> dict[str, Any]:
    """Return what is wanted as JSON data, grouped as on the page."""
    return {
        "data_version": place.version,
        "count": len(wants),
        "record": list(RECORD),
        "command": command_for(place.site),
        "wanted": [
            {
                "family": b.family,
                "why": str(b.why),
                "mode": str(b.need.mode),
                "features": list(b.need.features),
                "parameters": list(b.need.parameters),
                "forced": {"parameter": FORCED, "parts": list(b.need.forced)},
                "kernel": b.need.kernel,
                "cells": [
                    {"cell": str(w.key), "conditions": list(w.conditions), "url": _url(w, place)}
                    for w in b.wants
                ],
            }
            for b in batches(wants)
        ],
    }


def wanted_feed(
    wants: tuple[Want, ...],
    families: tuple[str, ...],
    knowledge: Knowledge,
    place: Place,
    times: Times,
) -> Feed:
    """Return one entry per want, each with all of its text.

    Entries are named by cell and family, so that a new data version leaves them alone.
    """
    path = path_of(families)
    query = path.removeprefix("/wanted")
    entries = tuple(
        FeedEntry(
            name=f"wanted/{w.family}/{w.key}",
            title=f"{w.key} on {knowledge.families[w.family].name}: {w.why}",
            url=_url(w, place),
            updated=times.of(w),
            text=_entry_text(w, knowledge, place),
        )
        for w in wants
    )
    return Feed(
        name=f"wanted{query}",
        title=TITLE,
        url=place.site + path,
        own_url=f"{place.site}/wanted.atom{query}",
        updated=times.latest(families or tuple(knowledge.families)),
        entries=entries,
    )


def _entry_text(want: Want, knowledge: Knowledge, place: Place) -> str:
    out = Plain()
    out.field("Cell", str(want.key))
    out.field("Family", knowledge.families[want.family].name)
    out.field("Why", f"{want.why}. {REASONS[want.why]}")
    _need(out, want.need)
    out.field("Conditions", ", ".join(want.conditions))
    # The same for every entry, and longer than all the rest of it.
    out.field("Record", f"what {place.site}/wanted lists under: an observation must say")
    out.para(f"Then: {command_for(place.site)}", 0, 4)
    return out.render()


def _url(want: Want, place: Place) -> str:
    return place.site + want.key.url
