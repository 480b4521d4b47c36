"""Coverage, and one family."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from app.core.cells import CellKey
from app.core.citations import cite_source, sources_of
from app.core.facts import Family, FeatureReading
from app.core.knowledge import Knowledge
from app.core.numbers import counted
from app.core.views import CellView
from app.core.wanted import list_wants, unheard
from app.core.words import OWN_ORDER, Verdict
from app.pages import explore
from app.pages import wanted_text as wanted
from app.pages.kinds.kind import Address, PageKind
from app.pages.subjects import Subject
from app.pens import phrases
from app.pens.lines import Line, Linked, Sourced, joined, told
from app.pens.page import Page
from app.pens.parts import Field, Item, Para, Passage, Remark, Section, Sheet, Tabular
from app.pens.tables import Table

LEAD = "Which family has which evidence. Nothing is inferred from one family to another."
UNHEARD = "Nobody has published a measurement on this family yet; no cell is measured."
Cells = Mapping[CellKey, CellView]


class CoveragePage(PageKind):
    """Which family has which evidence."""

    pattern = "/c"
    promise = "coverage"
    twins = "txt json csv md"
    lists = True

    def find(self, asked: Address) -> Page:
        """Return the coverage matrix: how many cells of each family have which verdict."""
        cells, knowledge = asked.snapshot.cells, asked.knowledge
        counts = {slug: _coverage(cells, slug) for slug in knowledge.families}
        silent = unheard(knowledge, cells)
        table = Table(("family", "name", *map(str, Verdict)), tuple(
            (slug, family.name, *map(str, counts[slug].values()))
            for slug, family in knowledge.families.items()
        ))  # fmt: skip

        heard = {f.slug: f for f in knowledge.families.values() if f.slug not in silent}
        sheet = Sheet("Coverage: which family has which evidence", "/c", parts=[
            Para(f"{LEAD} {len(cells)} cells per family.", "lead"),
            Tabular("Coverage matrix", [("Family", *Verdict)], [
                ((Linked(family.name, f"/c/{slug}"),), *_linked(slug, counts[slug]))
                for slug, family in heard.items()
            ], (), "matrix", only="html"),
            *(Field(family.name, (told(f"/c/{slug}"),), above=True, only="text", parts=[
                Field(verdict, str(number or "")) for verdict, number in counts[slug].items()
            ]) for slug, family in heard.items()),
            Para(wanted.nothing_yet(silent), above=True),
        ])  # fmt: skip
        return Page.of(
            sheet,
            title="Coverage",
            table=lambda _: table,
            data=lambda _: {"data_version": asked.snapshot.name, "families": table.records()},
        )


def _linked(family: str, counts: Mapping[Verdict, int]) -> Iterator[Line]:
    """Yield numbers of cells, those of which something is known with a link to them."""
    for verdict, number in counts.items():
        found = Linked(str(number), f"/?family={family}&verdict={verdict}")
        plain = str(number) if number else "\N{MIDDLE DOT}"
        yield (found,) if number and verdict is not Verdict.UNMEASURED else plain


class FamilyPage(PageKind):
    """One CPU family."""

    pattern = "/c/{slug}"
    promise = "one family"
    twins = "txt json csv md atom"

    def find(self, asked: Address) -> Page:
        """Return a family: where it differs, who says so, what is unmeasured. Raises NotFound."""
        family = explore.find_family(asked.snapshot, asked.parts["slug"])
        cells = asked.snapshot.cells
        judged = {str(key): view.judgements[family.slug] for key, view in cells.items()}
        table = Table(("cell", "verdict", "seen", "reports", "evidence"), tuple(
            (key, str(j.verdict), " ".join(j.behaviours), str(j.reports), str(j.evidence or ""))
            for key, j in judged.items()
        ))  # fmt: skip
        sheet = _family_sheet(family, cells, asked.knowledge)
        return Page.of(
            sheet,
            title=family.name,
            subject=Subject(sheet.path, f"Family {family.name}: changes"),
            table=lambda _: table,
            data=lambda _: {
                "data_version": asked.snapshot.name,
                "family": family.slug,
                "cells": table.records(),
            },
        )


class CpuidPage(FamilyPage):
    """The family of a CPUID."""

    pattern = "/c/{family}/{model}"
    promise = "the family of a CPUID such as 19h/11h; redirects to it"

    def find(self, asked: Address) -> Page:
        """Return the page of the family. Raises NotFound."""
        return super().find(replace(asked, parts={"slug": "/".join(asked.parts.values())}))


def _coverage(cells: Cells, family: str) -> dict[Verdict, int]:
    """Count a family's cells by verdict, in the order of the vocabulary."""
    counted = dict.fromkeys(Verdict, 0)
    for view in cells.values():
        counted[view.judgements[family].verdict] += 1
    return counted


def _family_sheet(family: Family, cells: Cells, knowledge: Knowledge) -> Sheet:
    """Return one family: what it is, where it differs, and what is still unmeasured."""
    wants, path = list_wants(knowledge, cells, (family.slug,)), wanted.path_of((family.slug,))
    each = Linked("What each takes, and how to send it", path, told=True)
    errata = [
        Item((f"{e.title}: ", Linked(e.number or e.slug, f"/errata/{e.slug}", told=True)))
        for e in knowledge.errata.values()
        if any(a.family == family.slug for a in e.affected)
    ]
    notes = knowledge.annotations.values()
    ids = [*family.sources, *(r.source for r in family.cpuid)]
    up = (Linked("Coverage", "/c"), family.slug)
    return Sheet(f"Family {family.name}", f"/c/{family.slug}", up=up, parts=[
        Para(family.text, "lead"),
        *_identity(family),
        Section("Measured", parts=[*_measured(family, cells)]),
        Section("Still wanted", parts=[
            Para(wanted.counts(wants).capitalize() + "."), Para((each,) if wants else ""),
        ]),
        Section("Errata that name this family", parts=[*errata] or [Para("None is recorded.")]),
        Section("Annotations", parts=[Remark.of(n) for n in notes if family.slug in n.families]),
        Section("Sources", parts=[
            Item((Sourced((source.id,)), f" {cite_source(source)}"))
            for source in sources_of(ids, knowledge.sources)
        ]),
    ])  # fmt: skip


def _identity(family: Family) -> Iterator[Passage]:
    yield Section("CPUID", parts=[
        Item((f"family {r.family}, models {r.models} ", Sourced((r.source,))))
        for r in family.cpuid
    ])  # fmt: skip
    yield Field("Names", ", ".join(family.products))
    yield Section("Feature bits in public CPUID dumps", parts=[*map(_reading, family.readings)])
    yield Para(family.caveat and f"Caveat: {family.caveat}", "caveat")
    yield Para(family.default_avic and f"KVM's default: {family.default_avic}")


def _reading(r: FeatureReading) -> Item:
    steppings = f", stepping {r.steppings}" if r.steppings else ""
    dumps = f"{counted(r.dumps, 'dump')}, EDX {r.edx}"
    bits = (
        f"AVIC {r.avic}; x2AVIC {r.x2avic}; ExtLvt {r.extlvt}; "
        f"x2AVIC_EXT {r.x2avic_ext}; HvInUseWrAllowed {r.hv_in_use_wr_allowed} "
    )
    named = f"{r.cpuid}{steppings}{' ' if r.name else ''}{r.name}"
    return Item((f"{named}, {dumps}: {bits}", Sourced((r.source,))))


def _measured(family: Family, cells: Cells) -> Iterator[Passage]:
    numbers = ((f"{n} ", verdict) for verdict, n in _coverage(cells, family.slug).items() if n)
    yield Para((*joined(numbers), "."))
    heard = [view for view in cells.values() if view.judgements[family.slug].findings]
    for view in heard:
        judgement = view.judgements[family.slug]
        rules = phrases.branch_line((c.behaviour, c.condition) for c in view.effective)
        said = (*phrases.verdict_line(judgement), f"; {OWN_ORDER.lower()}: ", *rules, " ")
        name = (Linked(view.name, view.key.url),)
        yield Field(name, (*said, Sourced(judgement.sources)), 26)
    if not heard:
        yield Para(UNHEARD)


KINDS: tuple[PageKind, ...] = (CoveragePage(), FamilyPage(), CpuidPage())
