"""Coverage, and one family."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from app.core.cells import CellKey
from app.core.citations import cite_source, sources_of
from app.core.facts import Family, FeatureReading, Listed
from app.core.filters import CPUS, WHOLE, WRONG
from app.core.judgements import Judgement
from app.core.knowledge import Knowledge
from app.core.numbers import count_noun
from app.core.timeline import NEWEST_MEASUREMENTS, of_family
from app.core.views import CellViews
from app.core.wanted import (
    REASONS,
    Want,
    can_have,
    exists_on,
    families_without_reports,
    list_wants,
)
from app.core.words import OWN_ORDER, Printed, State, Verdict
from app.pages import explore
from app.pages.coverage import Band, coverage_of, coverage_parts
from app.pages.cpu_table import ruling
from app.pages.kinds.kind import Address, PageKind
from app.pages.listing import list_errata
from app.pages.subjects import Subject
from app.pages.timeline_text import timeline
from app.pages.wanted_text import count_wants, nothing_yet, wanted_path
from app.pens import phrases
from app.pens.lines import CELLS_AT, Line, Linked, Sourced, full_address, join_lines
from app.pens.page import Page
from app.pens.parts import Field, Item, Para, Passage, Remark, Section, Sheet, Tabular
from app.pens.tables import Table, column_names

LEAD = "Which family has which evidence. Nothing is inferred from one family to another."
COUNTED = "Of the {} cells those are counted that exist on a family, as far as is known."
UNHEARD = "Nobody has published a measurement on this family yet; no cell is measured."
# The column of a label as long as a verdict.
WIDE = 28
# What stands side by side, and the columns of it in text; what was seen names its sources, and
# has lines of its own there.
SIDES = ("Cell", "As printed", OWN_ORDER, "Seen")
WIDTHS = (23, 22, 28)


class CoveragePage(PageKind):
    """Which family has which evidence."""

    pattern = "/c"
    promise = "coverage"
    twins = "txt json csv md"
    lists = True

    def find(self, asked: Address) -> Page:
        """Return the coverage matrix: how many cells of each family have which verdict."""
        cells, knowledge = asked.snapshot.cells, asked.knowledge
        counts = {
            slug: _coverage(_judged(family, cells, knowledge))
            for slug, family in knowledge.families.items()
        }
        silent = families_without_reports(knowledge, cells)
        rows = (
            (slug, family.name, *map(str, counts[slug].values()))
            for slug, family in knowledge.families.items()
        )
        table = Table(("family", "name", *map(str, Verdict)), tuple(rows))

        heard = {f.slug: f for f in knowledge.families.values() if f.slug not in silent}
        shown = coverage_of(knowledge, cells, tuple(heard))
        matrix = [
            ((Linked(family.name, f"/c/{slug}"),), *_linked(slug, counts[slug]))
            for slug, family in heard.items()
        ]
        sheet = Sheet("Coverage: which family has which evidence", "/c").holding(
            Para(f"{LEAD} {COUNTED.format(len(cells))}", "lead"),
            *coverage_parts(shown),
            Para(nothing_yet(silent, knowledge), above=True),
            Tabular("Coverage matrix", [("Family", *Verdict)], matrix, (), "matrix", only="html"),
            *(_band_field(band, counts[band.who.slug]) for band in shown.bands),
        )
        return Page.of(
            sheet,
            title="Coverage",
            view={"coverage": shown},
            table=lambda _: table,
            data=lambda _: {"data_version": asked.snapshot.name, "families": table.records()},
        )


def _linked(family: str, counts: Mapping[Verdict, int]) -> Iterator[Line]:
    """Yield numbers of cells, those of which something is known with a link to them."""
    for verdict, number in counts.items():
        found = Linked(str(number), f"/?family={family}&verdict={verdict}")
        plain = str(number) if number else "\N{MIDDLE DOT}"
        yield (found,) if number and verdict is not Verdict.UNMEASURED else plain


def _band_field(band: Band, counts: Mapping[Verdict, int]) -> Field:
    """Return the figures of one CPU, which HTML has in its matrix."""
    wanted_at = (full_address(band.who.wanted),) if band.who.wanted else ""
    return Field(band.who.name, (full_address(band.who.href),), above=True, only="text").holding(
        *(Field((verdict,), str(number or ""), WIDE) for verdict, number in counts.items()),
        Field("evidence", f"{band.seen} seen", WIDE),
        Field("wanted", wanted_at, WIDE),
    )


class FamilyPage(PageKind):
    """One CPU family."""

    pattern = "/c/{slug}"
    promise = "one family"
    twins = "txt json csv md atom"

    def find(self, asked: Address) -> Page:
        """Return a family: where it differs, who says so, what is unmeasured. Raises NotFound."""
        family = explore.find_family(asked.snapshot, asked.parts["slug"])
        cells = asked.snapshot.cells
        judged = _judged(family, cells, asked.knowledge)
        rows = (
            tuple(map(str, (key, j.verdict, " ".join(j.behaviours), j.reports, j.evidence or "")))
            for key, j in judged.items()
        )
        table = Table(column_names("cell verdict seen reports evidence"), tuple(rows))
        chosen = {"family": (family.slug,), "state": (str(State.ACCEPTED),)}
        newest = asked.snapshot.records.page(chosen, most=NEWEST_MEASUREMENTS)
        sheet = _family_sheet(family, cells, newest, asked.knowledge)
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


def _judged(family: Family, cells: CellViews, knowledge: Knowledge) -> dict[CellKey, Judgement]:
    """Return what is known of a family's cells: those that exist on it, or that were seen there."""
    every = ((key, view.judgements[family.slug]) for key, view in cells.items())
    return {key: it for key, it in every if it.findings or exists_on(knowledge, family, key)}


def _coverage(judged: Mapping[CellKey, Judgement]) -> dict[Verdict, int]:
    """Count cells by verdict, in the order of the vocabulary."""
    counted = dict.fromkeys(Verdict, 0)
    for it in judged.values():
        counted[it.verdict] += 1
    return counted


def _family_sheet(
    family: Family, cells: CellViews, newest: tuple[Listed, ...], knowledge: Knowledge
) -> Sheet:
    """Return one family: what it is, where it differs, and what is still unmeasured."""
    wants, path = list_wants(knowledge, cells, (family.slug,)), wanted_path((family.slug,))
    each = Linked("What each takes, and how to send it", path, told=True)
    naming = (
        a for a in knowledge.errata.values() if any(p.family == family.slug for p in a.affected)
    )
    errata = list_errata(naming)
    notes = knowledge.annotations.values()
    at = f"/m?family={family.slug}&state=accepted"
    every = ("Of measurements the newest are named; all stand in ", full_address(at))
    ids = [*family.sources, *(r.source for r in family.cpuid)]
    up = (Linked("Coverage", "/c"), family.name)
    return Sheet(f"Family {family.name}", f"/c/{family.slug}", up=up).holding(
        Para(family.text, "lead"),
        Section("Reported").holding(*_measured(family, cells, knowledge)),
        Section("Still wanted").holding(
            Para(count_wants(wants).capitalize() + _left_out(wants, family, cells) + "."),
            Para((each,) if wants else ""),
        ),
        *_identity(family),
        Section("Errata that name this family").holding(errata or [Para("None is recorded.")]),
        Section("Annotations").holding(Remark.of(n) for n in notes if family.slug in n.families),
        timeline(of_family(family, cells.values(), newest, knowledge), every if newest else ()),
        Section("Sources").holding(
            Item((Sourced((source.id,)), f" {cite_source(source)}"))
            for source in sources_of(ids, knowledge.sources)
        ),
    )


def _left_out(wants: tuple[Want, ...], family: Family, cells: CellViews) -> str:
    """Say how many cells without an answer are not wanted: ``; 2 more do not exist on it``."""
    judged = (view.judgements[family.slug].verdict for view in cells.values())
    left = sum(verdict in REASONS for verdict in judged) - len(wants)
    return f"; {left} more do not exist on it, as far as is known" if wants and left else ""


def _identity(family: Family) -> Iterator[Passage]:
    yield Section("CPUID").holding(
        Item((f"family {r.family}, models {r.models} ", Sourced((r.source,)))) for r in family.cpuid
    )
    yield Field("Names", ", ".join(family.products))
    yield Section("Feature bits in public CPUID dumps").holding(*map(_reading, family.readings))
    yield Para(family.caveat and f"Caveat: {family.caveat}", "caveat")
    yield Para(family.default_avic and f"KVM's default: {family.default_avic}")


def _reading(r: FeatureReading) -> Item:
    steppings = f", stepping {r.steppings}" if r.steppings else ""
    dumps = f"{count_noun(r.dumps, 'dump')}, EDX {r.edx}"
    bits = (
        f"AVIC {r.avic}; x2AVIC {r.x2avic}; ExtLvt {r.extlvt}; "
        f"x2AVIC_EXT {r.x2avic_ext}; HvInUseWrAllowed {r.hv_in_use_wr_allowed} "
    )
    named = f"{r.cpuid}{steppings}{' ' if r.name else ''}{r.name}"
    return Item((f"{named}, {dumps}: {bits}", Sourced((r.source,))))


def _measured(family: Family, cells: CellViews, knowledge: Knowledge) -> Iterator[Passage]:
    counts = _coverage(_judged(family, cells, knowledge)).items()
    numbers = ((f"{n}\N{NO-BREAK SPACE}", verdict) for verdict, n in counts if n)
    yield Para((*join_lines(numbers), "."))
    conditions = knowledge.conditions
    shown = [
        (view, judgement)
        for view in cells.values()
        if (judgement := view.judgements[family.slug]).findings
        or (view.printed is Printed.WRONG and can_have(family, view.key.mode))
    ]
    if not any(judgement.findings for _, judgement in shown):
        yield Para(UNHEARD)
    wrong = WHOLE.but(view=(CPUS,), family=(family.slug,), only=(WRONG,))
    if shown:
        yield Field("What is wrong", (full_address(wrong.at("/")),))
        yield Para(CELLS_AT, only="text")
    rows = [
        (
            (Linked(view.name, view.key.url),),
            f"{view.printed.mark} {phrases.short_branches(view.table, conditions)}".strip(),
            ruling(view, conditions),
            _seen(judgement),
        )
        for view, judgement in shown
    ]
    yield Tabular("Printed, rule, seen", [SIDES], rows, WIDTHS, "beside", above=True)


def _seen(judgement: Judgement) -> Line:
    if not judgement.findings:
        return (judgement.verdict,)
    return (*phrases.verdict_line(judgement), " ", Sourced(judgement.sources))


KINDS: tuple[PageKind, ...] = (CoveragePage(), FamilyPage(), CpuidPage())
