"""What nobody has measured yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from app.core import wanted
from app.core.knowledge import Knowledge
from app.core.wanted import FORCED, REASONS, RECORD, Batch, Need, Want
from app.core.words import Access, Mode
from app.pages.kinds.kind import Address, PageKind
from app.pages.wanted_feed import Times, times_of
from app.pens.atom import Feed, FeedEntry, atom
from app.pens.lines import CELLS_AT, SITE, Line, Linked, Styled, joined, told
from app.pens.page import Page
from app.pens.parts import Field, Included, Item, Para, Passage, Section, Sheet
from app.pens.place import Place
from app.pens.plain import parts_text, words
from app.pens.tables import Table

LEAD = (
    "Cells that nobody has measured on a family, or whose reports do not settle them, and what it "
    "takes to do so."
)
NOT_WANTED = (
    "cells that a mode does not have, and x2AVIC on families none of whose public dumps reports it."
)
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
    "Check it and send it:",
)
COMMAND = ("vapic check FILE && vapic submit FILE --to ", SITE)
NOTHING = "Nothing is wanted here: every cell is measured, or there is no such machine."
PROSE = ("/docs/measure", "/docs/format", "/docs/upload")


class WantedPage(PageKind):
    """What would settle each cell; the query names families."""

    pattern = "/wanted"
    promise = "what nobody measured yet"
    twins = "txt json csv md atom"
    lists = True

    def find(self, asked: Address) -> Page:
        """Return what is wanted of the families. Raises InvalidFilter."""
        knowledge, cells = asked.knowledge, asked.snapshot.cells
        families = wanted.read_families(asked.pairs, knowledge.families)
        wants = wanted.list_wants(knowledge, cells, families)
        # What would be said of each of them is the same; who asks for one gets all of it.
        unheard = wanted.unheard(knowledge, cells) if not families else ()
        silent = tuple(f for f in unheard if any(want.family == f for want in wants))

        def feed(place: Place) -> str:
            times = times_of(*asked.snapshot.steps.evidence(), knowledge)
            return atom(_feed(wants, families, knowledge, place, times), place.site)

        return Page.of(
            _sheet(wants, families, silent, knowledge),
            view={"chosen": families, "silent": silent, "silent_path": path_of(silent)},
            table=lambda place: _table(wants, place.site),
            data=lambda place: _body(wants, place),
            feed=feed,
        )


def nothing_yet(families: Iterable[str]) -> Line:
    """Return the one line of the families of which nothing was reported at all."""
    listed = joined((Linked(family, f"/c/{family}"),) for family in families)
    made = (Styled("", told=": "), Linked("", "/c/FAMILY", told=True))
    return ("Nothing yet for ", *listed, *made) if listed else ""


def path_of(families: Iterable[str]) -> str:
    """Return the page's path for a filter."""
    chosen = ",".join(families)
    return f"/wanted?family={chosen}" if chosen else "/wanted"


def counts(wants: Iterable[Want]) -> str:
    """``3 disputed, 64 unmeasured``."""
    tally = wanted.tally(wants).items()
    return ", ".join(f"{number} {why}" for why, number in tally) or "nothing"


def _sheet(
    wants: tuple[Want, ...],
    families: tuple[str, ...],
    silent: tuple[str, ...],
    knowledge: Knowledge,
) -> Sheet:
    """Return what is wanted, grouped by family and by what it takes; one line for ``silent``."""
    batches = wanted.batches(want for want in wants if want.family not in silent)
    firsts = {batch.family: batch for batch in reversed(batches)}
    return Sheet(TITLE, path_of(families), parts=[
        Field("Now", counts(wants)),
        Field("Not listed", NOT_WANTED),
        Para(LEAD, "lead"),
        Para(CELLS_AT, only="text"),
        Included("wanted/_filters.html"),
        Section("How to settle any of them", parts=[*_how()]),
        Para(nothing_yet(silent), only="text", above=True),
        Para((told(path_of(silent)),) if silent else "", only="text"),
        *([Included("wanted/_silent.html")] if silent else []),
        *(_batch(batch, knowledge, at=batch.family if batch is firsts[batch.family] else "")
          for batch in batches),
        Para("" if wants else NOTHING, "empty", above=True),
    ])  # fmt: skip


def _how() -> Iterator[Passage]:
    yield from (Item(step, f"{number}.") for number, step in enumerate(STEPS, 1))
    yield Para(COMMAND, "command", margin=4, hanging=4)
    yield Para("An observation must say:", above=True)
    yield from map(Item, RECORD)
    measure, form, upload = (Linked(path, path) for path in PROSE)
    yield Para(("How to run it is in ", measure, ", the keys are in ", form,
                ", the way of a document in ", upload, "."), above=True)  # fmt: skip


def _batch(batch: Batch, knowledge: Knowledge, at: str) -> Section:
    name, mode = knowledge.families[batch.family].name, batch.need.mode
    stated = f"to be stated where they hold: {', '.join(batch.conditions)}"
    linked = ((access, joined((Linked(register, f"/r/{register}/{mode}/{access}"),)
                              for register, wanted in batch.rows if access in wanted))
              for access in Access)  # fmt: skip
    return Section(f"{name}, {mode.label}: {len(batch.wants)} {batch.why}", at, parts=[
        Para(REASONS[batch.why]),
        *_need(batch.need),
        Field("Conditions", stated if batch.conditions else ""),
        *(Field(label, ", ".join(r for r, wanted in batch.rows if wanted == accesses), only="text")
          for label, accesses in COLUMNS.items()),
        *(Field(access.capitalize(), line, only="html") for access, line in linked),
    ])  # fmt: skip


def _need(need: Need) -> Iterator[Field]:
    yield Field("CPU reports", ", ".join(need.features))
    yield Field("Parameters", parameters(need))
    yield from (Field(label, versions) for label, versions in need.versions)
    yield Field("Guest", GUEST[need.mode])


def parameters(need: Need) -> str:
    """Return the kernel parameters of a need in one line."""
    plain = " ".join(need.parameters)
    if not need.forced:
        return plain
    parts = ", ".join(need.forced)
    return f"{plain}; {FORCED} as well where CPUID shows AVIC 0, as it does on {parts}"


def _table(wants: Iterable[Want], site: str) -> Table:
    """Return one row per want."""
    rows = [
        (w.family, str(w.key), str(w.why), " ".join(w.conditions), ", ".join(w.need.features),
         parameters(w.need), w.need.kernel, f"{site}{w.key.url}")
        for w in wants
    ]  # fmt: skip
    names = ("family", "cell", "why", "conditions", "features", "parameters", "kernel", "url")
    return Table(names, tuple(rows))


def _body(wants: tuple[Want, ...], place: Place) -> dict[str, Any]:
    """Return what is wanted as JSON data, grouped as on the page."""
    return {
        "data_version": place.version,
        "count": len(wants),
        "record": list(RECORD),
        "command": words(COMMAND, place),
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
                    {
                        "cell": str(w.key),
                        "conditions": list(w.conditions),
                        "url": place.site + w.key.url,
                    }
                    for w in b.wants
                ],
            }
            for b in wanted.batches(wants)
        ],
    }


def _feed(
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
    return Feed(
        name=f"wanted{query}",
        title=TITLE,
        url=place.site + path,
        own_url=f"{place.site}/wanted.atom{query}",
        updated=times.latest(families or tuple(knowledge.families)),
        entries=tuple(
            FeedEntry(
                name=f"wanted/{w.family}/{w.key}",
                title=f"{w.key} on {knowledge.families[w.family].name}: {w.why}",
                url=place.site + w.key.url,
                updated=times.of(w),
                text=parts_text(_entry(w, knowledge), place),
            )
            for w in wants
        ),
    )


def _entry(want: Want, knowledge: Knowledge) -> Passage:
    listed = Linked("", "/wanted", told=True)
    return Passage(parts=[
        Field("Cell", str(want.key)),
        Field("Family", knowledge.families[want.family].name),
        Field("Why", f"{want.why}. {REASONS[want.why]}"),
        *_need(want.need),
        Field("Conditions", ", ".join(want.conditions)),
        # The same for every entry, and longer than all the rest of it.
        Field("Record", ("what ", listed, " lists under: an observation must say")),
        Para(("Then: ", *COMMAND), hanging=4),
    ])  # fmt: skip


KINDS: tuple[PageKind, ...] = (WantedPage(),)
