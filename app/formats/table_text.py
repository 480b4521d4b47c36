"""The text twins of the table, filtered or whole, and of the corrected table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.cells import CellKey
from app.domain.citations import cite_claim
from app.domain.corrected import CorrectedCell, CorrectedTable, Footnote
from app.domain.editions import AsStated
from app.domain.facts import Claim
from app.domain.knowledge import Knowledge
from app.domain.rulings import Conditions
from app.domain.views import CellView
from app.domain.words import Access, Mode
from app.formats import phrases, policy_phrases, stated
from app.formats.cell_text import Place, head
from app.formats.plain import Plain
from app.formats.tables import Table

TITLE = "Table 15-22 versus real behaviour"
CORRECTED_TITLE = "Table 15-22 as it should read"
WIDTHS = (8, 7, 8, 13, 7, 11, 15)


@dataclass(frozen=True)
class Shown:
    """The cells that a filter admits, their rows in order, the filter in words, its address.

    ``policies`` are those shown beside each cell.
    """

    cells: Mapping[CellKey, CellView]
    order: tuple[str, ...]
    sentence: str
    path: str
    policies: tuple[str, ...] = ()
    edition: AsStated | None = None


def table_text(shown: Shown, knowledge: Knowledge, place: Place) -> str:
    """Return the cells that a filter admits, one register after the other."""
    out = Plain()
    conditions = Conditions(knowledge.conditions)
    out.title(f"{TITLE}: AVIC and x2AVIC")
    head(out, place, shown.path)
    stated.field(out, shown.edition, place.link(stated.newest(shown.path)))
    out.field("Shown", shown.sentence)
    out.blank()
    out.para(
        "Each line: what rules the cell; what Table 15-22 says where that differs; then, "
        "per family, the verdict, what was seen, and what stands behind it."
    )
    if shown.policies:
        out.blank()
        out.para(
            f"{', '.join(shown.policies)}: what a hypervisor's policy does with RDMSR and WRMSR, "
            f"what it takes an exit 402h for, and where silicon, or else the manual, says "
            f"otherwise: {place.site}/docs/policy"
        )
    if not shown.cells:
        out.blank()
        out.para(f"No cell passes this filter. The whole table: {place.site}/")
    for slug in shown.order:
        views = [view for key, view in shown.cells.items() if key.register == slug]
        register = views[0].register
        out.blank()
        out.para(f"{phrases.heading(register)} ({phrases.addresses(register)})", 0, 2)
        for view in views:
            label = f"  {view.key.mode.label:<6} {view.key.access:<6}"
            out.field(label, _line(view, conditions), width=16)
            for judgement in view.measured:
                seen = ", ".join(judgement.behaviours) or "nothing unmasked"
                text = f"{judgement.verdict}: {seen}; {phrases.evidence(judgement)}"
                out.field("", f"{judgement.family} {text}", width=16)
            for line in policy_phrases.cell_lines(view, shown.policies, knowledge):
                out.field("", line, width=16)
    return out.render()


def _line(view: CellView, conditions: Conditions) -> str:
    ruling = phrases.short_branches(view.effective, conditions) or "not said"
    if not view.rules_differ:
        return ruling
    printed = phrases.short_branches(view.table, conditions) or "nothing"
    return f"{ruling} (table: {printed})"


def cells_table(
    cells: Mapping[CellKey, CellView],
    knowledge: Knowledge,
    site: str,
    policies: tuple[str, ...] = (),
) -> Table:
    """Return one row per cell, for CSV and Markdown, with columns for ``policies``."""
    families = tuple(knowledge.families)
    fixed = ("cell", "offset", "msr", "table_15_22", "rules", "rules_differ", "verdict")
    rows = [
        (
            str(key),
            " ".join(view.register.offsets),
            " ".join(view.register.msrs),
            phrases.branches(view.table, ""),
            phrases.branches(view.effective, ""),
            "yes" if view.rules_differ else "no",
            str(view.verdict),
            *(str(view.judgements[family].verdict) for family in families),
            *policy_phrases.cell_columns(view, policies),
            " ".join(e.slug for e in view.errata),
            " ".join(f"D-{d.number}" for d in view.differences if d.retraction is None),
            f"{site}{key.url}",
        )
        for key, view in cells.items()
    ]
    added = [f"{slug}{part}" for slug in policies for part in ("", "_402h", "_marks")]
    return Table((*fixed, *families, *added, "errata", "differences", "url"), tuple(rows))


def corrected_text(
    table: CorrectedTable, knowledge: Knowledge, place: Place, edition: AsStated | None = None
) -> str:
    """Return the corrected table in two columns, AVIC and x2AVIC, with its footnotes."""
    out = Plain()
    conditions = Conditions(knowledge.conditions)
    out.title(CORRECTED_TITLE)
    head(out, place, stated.address("/corrected", edition))
    stated.field(out, edition, place.link("/corrected"))
    out.blank()
    out.para(f"{table.changed} cells differ from the printed table; each names its footnote in "
             "brackets. Numbers are hexadecimal. allowed: completes against the backing page. "
             "accel: completes and hardware acts. trap, fault: #VMEXIT 402h after or before the "
             "access. ipi: #VMEXIT 401h. #GP: in the guest, no #VMEXIT. A word behind one is its "
             "condition; checks are in their order. seen: on silicon only.")  # fmt: skip
    out.blank()
    out.grid([("", "", "AVIC", "", "", "x2AVIC", "")], WIDTHS)
    columns = ("Register", "Offset", "Read", "Write", "MSR", "Read", "Write")
    out.grid([columns, tuple("-" * width for width in WIDTHS)], WIDTHS)
    for row in table.rows:
        cells = {at: _corrected_words(cell, conditions) for at, cell in row.cells.items()}
        register = row.register
        out.grid([(
            _label(register.abbreviation, register.slug),
            "\n".join(_bare(text) for text in register.offsets),
            cells[Mode.AVIC, Access.READ],
            cells[Mode.AVIC, Access.WRITE],
            " ".join(_bare(text) for text in register.msrs),
            cells[Mode.X2AVIC, Access.READ],
            cells[Mode.X2AVIC, Access.WRITE],
        )], WIDTHS)  # fmt: skip
    out.heading("Footnotes")
    for note in table.footnotes:
        _footnote(out, note, knowledge)
    return out.render()


def corrected_table(table: CorrectedTable) -> Table:
    """Return the corrected table as rows, for CSV and Markdown."""
    columns = ("register", "name", "offset", "avic_read", "avic_write", "msr", "x2avic_read",
               "x2avic_write")  # fmt: skip
    order = [(mode, access) for mode in Mode for access in Access]
    rows = []
    for row in table.rows:
        said = [_corrected_slugs(row.cells[at]) for at in order]
        r = row.register
        rows.append((r.slug, r.name, " ".join(r.offsets), *said[:2], " ".join(r.msrs), *said[2:]))
    return Table(columns, tuple(rows))


def footnote_lines(note: Footnote, knowledge: Knowledge) -> tuple[str, ...]:
    """Return a footnote as sentences: first the manual's places, then the reports."""
    lines = [_because(claim, knowledge) for claim in note.claims]
    for finding in note.findings:
        seen = finding.observation
        family = knowledge.families[seen.family].name
        lines.append(
            f"{family}: {seen.outcome.label}, {phrases.grade(seen)} "
            f"({phrases.reported(seen)}): {finding.verdict}."
        )
    return tuple(lines)


def _because(claim: Claim, knowledge: Knowledge) -> str:
    conditions = Conditions(knowledge.conditions)
    when = f", when {conditions.text(claim.condition)}" if claim.condition else ""
    bits = f" (bits {claim.bits})" if claim.bits else ""
    cite = cite_claim(claim, knowledge.sources, knowledge.documents)
    return f"{claim.behaviour.label}{when}{bits}: {phrases.strength(claim)}; {cite}."


def _footnote(out: Plain, note: Footnote, knowledge: Knowledge) -> None:
    mark = f"[{note.number}]"
    cells = " ".join(str(key) for key in note.cells)
    out.item(cells, mark=mark)
    for line in footnote_lines(note, knowledge):
        out.para(line, len(mark) + 1)


def _corrected_words(cell: CorrectedCell, conditions: Conditions) -> str:
    words = [f"{b.short} {conditions.tag(c)}".strip() for b, c in cell.branches]
    words += [f"seen: {b.short}" for b in cell.silicon]
    return "; ".join(words) + "".join(f" [{n}]" for n in cell.notes)


def _corrected_slugs(cell: CorrectedCell) -> str:
    words = [f"{b} [{c}]" if c else str(b) for b, c in cell.branches]
    words += [f"{b} [seen]" for b in cell.silicon]
    return " | ".join(words) + "".join(f" ({n})" for n in cell.notes)


def _label(abbreviation: str, slug: str) -> str:
    return slug[: WIDTHS[0]] if abbreviation == "-" else abbreviation


def _bare(text: str) -> str:
    return text.replace("h", "")
