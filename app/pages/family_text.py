"""The text twins of the coverage matrix and of a family's page."""

from __future__ import annotations

from collections.abc import Mapping

from app.core.cells import CellKey
from app.core.citations import cite_source, sources_of
from app.core.facts import Erratum, Family
from app.core.knowledge import Knowledge
from app.core.views import CellView
from app.core.wanted import list_wants, unheard
from app.core.words import Verdict
from app.pages import wanted_text
from app.pages.cell_text import add_annotations, judged
from app.pens import leads, phrases
from app.pens.place import Place, head
from app.pens.plain import Plain
from app.pens.tables import Table


def coverage(cells: Mapping[CellKey, CellView], family: str) -> dict[Verdict, int]:
    """Count a family's cells by verdict, in the order of the vocabulary."""
    counted = dict.fromkeys(Verdict, 0)
    for view in cells.values():
        counted[view.judgements[family].verdict] += 1
    return counted


def coverage_table(cells: Mapping[CellKey, CellView], knowledge: Knowledge) -> Table:
    """Return cells by family and verdict."""
    rows = []
    for slug, family in knowledge.families.items():
        counted = coverage(cells, slug)
        rows.append((slug, family.name, *(str(n) for n in counted.values())))
    return Table(("family", "name", *map(str, Verdict)), tuple(rows))


def coverage_text(cells: Mapping[CellKey, CellView], knowledge: Knowledge, place: Place) -> str:
    """Return the coverage matrix: how many cells of each family have which verdict."""
    out = Plain()
    out.title("Coverage: which family has which evidence")
    head(out, place, "/c")
    out.blank()
    out.para(f"{leads.COVERAGE} {len(cells)} cells per family.")
    silent = unheard(knowledge, cells)
    for slug, family in knowledge.families.items():
        if slug in silent:
            continue
        counted = coverage(cells, slug)
        out.blank()
        out.field(family.name, f"{place.site}/c/{slug}")
        for verdict, number in counted.items():
            if number:
                out.field(str(verdict), str(number), indent=2)
    if silent:
        out.blank()
        out.para(leads.nothing_yet(silent, place.site))
    return out.render()


def family_text(
    family: Family, cells: Mapping[CellKey, CellView], knowledge: Knowledge, place: Place
) -> str:
    """Return one family: what it is, where it differs, and what is still unmeasured."""
    out = Plain()
    out.title(f"Family {family.name}")
    head(out, place, f"/c/{family.slug}")
    out.blank()
    out.para(family.text)
    _identity(out, family)
    _measured(out, family, cells)
    _still_wanted(out, family, cells, knowledge, place)
    out.heading("Errata that name this family")
    touching = errata_of(family, knowledge)
    for erratum in touching:
        out.item(f"{erratum.title}: {place.site}/errata/{erratum.slug}")
    if not touching:
        out.para("None is recorded.")
    notes = (a for a in knowledge.annotations.values() if family.slug in a.families)
    add_annotations(out, notes, place)
    out.heading("Sources")
    ids = [*family.sources, *(r.source for r in family.cpuid)]
    for source in sources_of(ids, knowledge.sources):
        out.item(f"[{source.id}] {cite_source(source)}")
    return out.render()


def _measured(out: Plain, family: Family, cells: Mapping[CellKey, CellView]) -> None:
    out.heading("Measured")
    counted = (f"{number} {v}" for v, number in coverage(cells, family.slug).items() if number)
    out.para(", ".join(counted) + ".")
    heard = {key: v for key, v in cells.items() if v.judgements[family.slug].findings}
    for key, view in heard.items():
        judgement = view.judgements[family.slug]
        ruling = f"the manual rules {phrases.branches(view.effective)}"
        told = f"{judged(judgement)}; {ruling} [{', '.join(judgement.sources)}]"
        out.field(str(key), told, width=26)
    if not heard:
        out.para(leads.UNHEARD)


def _still_wanted(
    out: Plain,
    family: Family,
    cells: Mapping[CellKey, CellView],
    knowledge: Knowledge,
    place: Place,
) -> None:
    wants = list_wants(knowledge, cells, (family.slug,))
    out.heading("Still wanted")
    out.para(wanted_text.counts(wants).capitalize() + ".")
    if wants:
        out.para(place.site + wanted_text.path_of((family.slug,)))


def family_table(family: Family, cells: Mapping[CellKey, CellView]) -> Table:
    """Return one row per cell with the family's verdict."""
    rows = []
    for key, view in cells.items():
        j = view.judgements[family.slug]
        seen = " ".join(j.behaviours)
        rows.append((str(key), str(j.verdict), seen, str(j.reports), str(j.evidence or "")))
    return Table(("cell", "verdict", "seen", "reports", "evidence"), tuple(rows))


def errata_of(family: Family, knowledge: Knowledge) -> tuple[Erratum, ...]:
    """Return the errata whose affected parts include a family."""
    return tuple(
        e for e in knowledge.errata.values() if any(a.family == family.slug for a in e.affected)
    )


def _identity(out: Plain, family: Family) -> None:
    if family.cpuid:
        out.heading("CPUID")
        for range_ in family.cpuid:
            out.item(f"family {range_.family}, models {range_.models} [{range_.source}]")
    if family.products:
        out.field("Names", ", ".join(family.products))
    if family.readings:
        out.heading("Feature bits in public CPUID dumps")
        for r in family.readings:
            bits = (
                f"AVIC {r.avic}; x2AVIC {r.x2avic}; ExtLvt {r.extlvt}; "
                f"x2AVIC_EXT {r.x2avic_ext}; HvInUseWrAllowed {r.hv_in_use_wr_allowed}"
            )
            dumps = f"{r.dumps} dump" + ("" if r.dumps == 1 else "s")
            name = f" {r.name}" if r.name else ""
            steppings = f", stepping {r.steppings}" if r.steppings else ""
            told = f"{r.cpuid}{steppings}{name}, {dumps}, EDX {r.edx}"
            out.item(f"{told}: {bits} [{r.source}]")
    if family.caveat:
        out.para(f"Caveat: {family.caveat}")
    if family.default_avic:
        out.para(f"KVM's default: {family.default_avic}")
