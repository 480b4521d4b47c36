"""Errata and quirks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping

from app.core.facts import Affected, Erratum
from app.core.knowledge import Knowledge
from app.core.words import ErratumGrade, Reading
from app.curation.seed import body_of
from app.pages import explore
from app.pages.kinds.kind import Address, PageKind
from app.pages.listing import list_cells, list_sources
from app.pages.subjects import Subject
from app.pens.lines import Linked, Sourced, join_lines
from app.pens.page import Page
from app.pens.parts import Field, Item, Para, Record, Section, Sheet
from app.pens.tables import Table

LEAD = (
    "AMD's numbered errata about AVIC, x2AVIC and the local APIC, and quirks without a number, as "
    "software tells of them. Each says how far it was read; where only the title was seen, nothing "
    "is filled in."
)
GRADES = {
    "text": "AMD's own description was read",
    "title": "only AMD's title was seen",
    "software": "as software tells of it",
}
COLUMNS = ("slug", "kind", "read", "title", "families", "fix", "cells", "url")


class ErrataPage(PageKind):
    """Published errata and informal quirks."""

    pattern = "/errata"
    promise = "errata and quirks"
    twins = "txt json csv md"
    lists = True

    def find(self, asked: Address) -> Page:
        """Return the list of errata."""
        knowledge = asked.knowledge
        errata = knowledge.errata.values()
        title = "Errata and quirks of AVIC, x2AVIC and the local APIC"
        return Page.of(
            Sheet(title, "/errata").holding(Para(LEAD, "lead"), *_lists(errata, knowledge)),
            title="Errata and quirks",
            table=lambda place: Table(
                COLUMNS, tuple(_row(e, knowledge, place.site) for e in errata)
            ),
            data=lambda _: {
                "data_version": asked.snapshot.name,
                "errata": [body_of(e) for e in errata],
            },
        )


class ErratumPage(PageKind):
    """One erratum or quirk, by its slug or another of its numbers."""

    pattern = "/errata/{slug}"
    promise = "one of them"
    twins = "txt json atom"

    def find(self, asked: Address) -> Page:
        """Return one erratum with the cells that it touches. Raises NotFound."""
        found = explore.find_erratum(asked.snapshot, asked.parts["slug"])
        sheet = _sheet(found, asked.knowledge)
        return Page.of(
            sheet,
            title=found.title,
            subject=Subject(sheet.path, f"{found.title}: changes"),
            data=lambda _: {"data_version": asked.snapshot.name, **body_of(found)},
        )


def _row(e: Erratum, knowledge: Knowledge, site: str) -> tuple[str, ...]:
    families = " ".join(dict.fromkeys(a.family for a in e.affected if a.family))
    cells = " ".join(map(str, knowledge.cells_named(e.cells)))
    url = f"{site}/errata/{e.slug}"
    return (e.slug, str(e.kind), str(e.grade), e.title, families, e.fix, cells, url)


def _lists(errata: Iterable[Erratum], knowledge: Knowledge) -> Iterator[Section]:
    """Yield what touches cells of the table, then the rest."""
    touching: list[Record] = []
    rest: list[Record] = []
    for e in errata:
        slugs = dict.fromkeys(key.register for key in knowledge.cells_named(e.cells))
        labels = {slug: knowledge.registers[slug].label for slug in slugs}
        (touching if labels else rest).append(_listed(e, labels))
    yield Section("They touch cells of the table").holding(touching)
    yield Section("The rest").holding(rest)


def _listed(e: Erratum, registers: Mapping[str, str]) -> Record:
    name = f"{e.number}: {e.title}" if e.number else e.title
    return Record(name, href=f"/errata/{e.slug}", level=3).holding(
        Field("touches", join_lines((Linked(r, f"/r/{slug}"),) for slug, r in registers.items())),
        Field("kind", f"{e.kind}, {GRADES[e.grade]}"),
        Field("affected", "; ".join(a.cpuid for a in e.affected) or "not stated"),
    )


def _sheet(e: Erratum, knowledge: Knowledge) -> Sheet:
    title = f"Erratum {e.number}: {e.title}" if e.number else e.title
    ids = [*e.sources, *(a.source for a in e.affected), *(s for n in e.software for s in n.sources)]
    return Sheet(title, f"/errata/{e.slug}", up=(Linked("Errata", "/errata"), e.slug)).holding(
        Field("Kind", str(e.kind)),
        Field("Read", GRADES[e.grade]),
        Field("Also called", ", ".join(e.aliases)),
        Field("What happens", e.symptom or "not seen beyond the title"),
        Field("Workaround", e.workaround or "not seen"),
        Field("Fix", e.fix),
        Field("Touches", e.touches),
        Field("Not listed", e.not_listed),
        Field("Inference", e.inference),
        Section("Affected").holding(_affected(e, part, knowledge) for part in e.affected),
        Section("What software does").holding(
            Item((f"{note.text} ", Sourced(note.sources))) for note in e.software
        ),
        list_cells(knowledge.cells_named(e.cells), knowledge),
        list_sources(ids, knowledge),
    )


def _affected(e: Erratum, part: Affected, knowledge: Knowledge) -> Item:
    unread = knowledge.sources[part.source].read is Reading.TITLE and e.grade is ErratumGrade.TEXT
    name = part.family and knowledge.families[part.family].name
    family = (" (", Linked(name, f"/c/{part.family}"), ")") if name else ()
    limits = ", ".join(filter(None, (part.stepping, GRADES["title"] * unread)))
    return Item((part.cpuid, *family, f", {limits} " if limits else " ", Sourced((part.source,))))


KINDS: tuple[PageKind, ...] = (ErrataPage(), ErratumPage())
