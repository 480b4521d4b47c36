"""What nobody has measured yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

from app.core import names, wanted
from app.core.facts import FeatureReading
from app.core.knowledge import Knowledge
from app.core.numbers import count_noun
from app.core.wanted import FORCED, REASONS, RECORD, Need, Want
from app.pages import explore
from app.pages.kinds.kind import Address, PageKind
from app.pages.wanted_feed import Times, times_of
from app.pages.wanted_text import (
    COMMAND,
    GUEST,
    LEAD,
    NOT_WANTED,
    count_wants,
    nothing_yet,
    wanted_path,
    wanted_sections,
)
from app.pens.atom import Feed, FeedEntry, feed_xml
from app.pens.lines import Line, Linked, Sourced, full_address
from app.pens.page import Page
from app.pens.parts import Field, Included, Para, Passage, Sheet
from app.pens.place import Place
from app.pens.plain import line_text, parts_text
from app.pens.tables import Table

TITLE = "Wanted: what nobody has measured yet"


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
        called = ", ".join(knowledge.families[family].name for family in families)
        wants = wanted.list_wants(knowledge, cells, families)
        # What would be said of each of them is the same; who asks for one gets all of it.
        unheard = wanted.families_without_reports(knowledge, cells) if not families else ()
        silent = tuple(f for f in unheard if any(want.family == f for want in wants))

        def feed(place: Place) -> str:
            times = times_of(*asked.snapshot.steps.evidence(), knowledge)
            return feed_xml(_feed(wants, families, knowledge, place, times), place.site)

        return Page.of(
            _sheet(
                tuple(want for want in wants if want.family not in silent),
                wanted_path(families),
                [Field("Now", count_wants(wants)), *_silent(silent, knowledge)],
                knowledge,
                title=f"Wanted of {called}" if called else TITLE,
            ),
            view={"silent": silent, "silent_path": wanted_path(silent)},
            table=lambda place: _table(wants, place.site),
            data=lambda place: _body(wants, place),
            feed=feed,
        )


class WantedCpuPage(PageKind):
    """What is wanted of one CPUID: the family's page, with what public dumps say of the model."""

    pattern = "/wanted/{family}/{model}"
    promise = "what is wanted of a CPUID such as 19h/11h"
    twins = "txt json csv md"

    def find(self, asked: Address) -> Page:
        """Return what is wanted of the model. Raises NotFound."""
        knowledge, name = asked.knowledge, "/".join(asked.parts.values())
        cpuid = names.cpuid_of(name) or name
        family = explore.find_family(asked.snapshot, cpuid)
        known = tuple(r for r in family.readings if r.cpuid == cpuid)
        model = replace(family, readings=known)
        wants = wanted.list_wants(
            knowledge, asked.snapshot.cells, (family.slug,), {family.slug: model}
        )
        about = [
            Field("Now", count_wants(wants)),
            Field("CPU", (f"{cpuid}: ", Linked(family.name, f"/c/{family.slug}"))),
            *(Field("Public dumps", _bits(r)) for r in known),
            Field("", "" if known else "No public dump shows this model."),
        ]
        title = f"Wanted of {cpuid}, {family.name}"
        sheet = _sheet(wants, f"/wanted/{cpuid}", about, knowledge, title)
        return Page.of(
            sheet,
            table=lambda place: _table(wants, place.site),
            data=lambda place: _body(wants, place) | {"cpuid": cpuid, "family": family.slug},
        )


class WantedNamePage(PageKind):
    """What is wanted of a family, by any name of it or of a product."""

    pattern = "/wanted/{name}"
    promise = "the same of a family or a product, as in /wanted/9654; redirects"
    twins = WantedCpuPage.twins

    def find(self, asked: Address) -> Page:
        """Return the page of the family. Raises NotFound."""
        family = explore.find_family(asked.snapshot, asked.parts["name"])
        return WantedPage().find(replace(asked, query=(*asked.pairs, ("family", family.slug))))


def _silent(families: tuple[str, ...], knowledge: Knowledge) -> Iterator[Passage]:
    yield Para(nothing_yet(families, knowledge), only="text", above=True)
    yield Para((full_address(wanted_path(families)),) if families else "", only="text")
    if families:
        yield Included("wanted/_silent.html")


def _bits(r: FeatureReading) -> Line:
    named = f"{r.name}: " if r.name else ""
    return (
        f"{named}AVIC {r.avic}, x2AVIC {r.x2avic}, in {count_noun(r.dumps, 'dump')} ",
        Sourced((r.source,)),
    )


def _sheet(
    wants: tuple[Want, ...],
    path: str,
    about: Iterable[Passage],
    knowledge: Knowledge,
    title: str = TITLE,
) -> Sheet:
    """Return what is wanted: the matrix, one command, and what it takes."""
    return Sheet(title, path).holding(
        Para(LEAD, "lead"),
        Included("wanted/_cpu.html"),
        *about,
        Field("Not listed", NOT_WANTED),
        *wanted_sections(wants, knowledge),
    )


def _need(need: Need) -> Iterator[Field]:
    yield Field("CPU reports", ", ".join(need.features))
    yield Field("Parameters", parameters_line(need))
    yield from (Field(label, versions) for label, versions in need.versions)
    yield Field("Guest", GUEST[need.mode])


def parameters_line(need: Need) -> str:
    """Return the kernel parameters of a need in one line."""
    plain = " ".join(need.parameters)
    if not need.forced:
        return plain
    parts = ", ".join(need.forced)
    return f"{plain}; {FORCED} as well where CPUID shows AVIC 0, as in a public dump of {parts}"


def _table(wants: Iterable[Want], site: str) -> Table:
    """Return one row per want."""
    rows = []
    for want in wants:
        need, conditions = want.need, " ".join(want.conditions)
        takes = (", ".join(need.features), parameters_line(need), need.kernel)
        url = f"{site}{want.key.url}"
        rows.append((want.family, str(want.key), str(want.why), conditions, *takes, url))
    columns = ("family", "cell", "why", "conditions", "features", "parameters", "kernel", "url")
    return Table(columns, tuple(rows))


def _body(wants: tuple[Want, ...], place: Place) -> dict[str, Any]:
    """Return what is wanted as JSON data, grouped as on the page."""
    return {
        "data_version": place.version,
        "count": len(wants),
        "record": list(RECORD),
        "command": line_text(COMMAND, place),
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
    path = wanted_path(families)
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
                title=f"{knowledge.name_of(w.key)} on {knowledge.families[w.family].name}: "
                f"{w.why.label}",
                url=place.site + w.key.url,
                updated=times.of(w),
                text=parts_text(_entry(w, knowledge), place),
            )
            for w in wants
        ),
    )


def _entry(want: Want, knowledge: Knowledge) -> Passage:
    listed = Linked("", "/wanted", told=True)
    return Passage().holding(
        Field("Cell", knowledge.name_of(want.key)),
        Field("Family", knowledge.families[want.family].name),
        Field("Why", f"{want.why.label.capitalize()}. {REASONS[want.why]}"),
        *_need(want.need),
        Field("Conditions", ", ".join(want.conditions)),
        # The same for every entry, and longer than all the rest of it.
        Field("Record", ("what ", listed, " lists under: an observation must say")),
        Para(("Then: ", *COMMAND, ", and ", Linked("", "/upload", told=True)), hanging=4),
    )


KINDS: tuple[PageKind, ...] = (WantedPage(), WantedCpuPage(), WantedNamePage())
