"""The corrected table as text, as rows, and its footnotes as sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

from app.core.citations import cite_claim
from app.core.corrected import Branches, CorrectedCell, CorrectedRow, CorrectedTable, Footnote
from app.core.facts import Claim, Observation
from app.core.knowledge import Knowledge
from app.core.numbers import count_noun
from app.core.revisions import revision_read
from app.core.rulings import Conditions
from app.core.summaries import NEWEST
from app.core.words import Behaviour, ClaimKind, Printed
from app.pens import phrases
from app.pens.lines import CELLS_AT
from app.pens.parts import Field, Item, Para, Section, Sheet, Tabular
from app.pens.place import Place
from app.pens.plain import sheet_text
from app.pens.tables import Table, column_names

TITLE = "Table 15-22 as it should read"
KEY = (
    "open: the manual says this too, or leaves it open. seen: on silicon only. printed: what "
    "print says. Conditions stand behind the behaviour; checks are in their order."
)
# What is ready to be sent, to a list or to the editor of the manual.
EDITING = {
    "Ready to paste:": "/corrected.md",
    "To the editor:": "/corrected/letter",
    "A patch": "/corrected.diff",
    "of print": "/corrected/printed",
}
SHORT = (
    "Each mark names its footnote in brackets. Numbers are hexadecimal. allowed: completes against "
    "the backing page. accel: completes and hardware acts. trap, fault: #VMEXIT 402h after or "
    "before the access. ipi: #VMEXIT 401h. #GP: in the guest, no #VMEXIT."
)
WIDTHS = (8, 7, 8, 13, 7, 11, 15)


@dataclass(frozen=True)
class Count:
    """How many cells are of one kind, and ``path`` to the table with exactly these."""

    printed: Printed
    number: int
    path: str

    @property
    def text(self) -> str:
        """``22 cells wrong in print``."""
        return f"{count_noun(self.number, 'cell')} {self.printed.label}"


def headline_counts(table: CorrectedTable) -> tuple[Count, ...]:
    """Return the figures of the headline, strongest change first."""
    return tuple(Count(p, table.count(p), f"/?printed={p}") for p in Printed if p.mark)


def held_against(knowledge: Knowledge) -> str:
    """Return what the corrected table is held against."""
    read = revision_read(knowledge)
    return f"AVIC and x2AVIC in columns of their own, against the printed table of revision {read}."


def corrected_text(
    table: CorrectedTable, knowledge: Knowledge, place: Place, *, numbered: bool = True
) -> str:
    """Return the corrected table in two columns, AVIC and x2AVIC, with its footnotes.

    Not ``numbered`` to be compared: one footnote more gives every later one another number,
    which changes nothing.
    """
    number: Callable[[int], str] = "[{}]".format if numbered else "[*]".format
    return sheet_text(_sheet(table, knowledge, place, number), place)


def _sheet(
    table: CorrectedTable, knowledge: Knowledge, place: Place, number: Callable[[int], str]
) -> Sheet:
    links = {count.text: count.path for count in headline_counts(table)} | EDITING
    return Sheet(TITLE, "/corrected").holding(
        *(Field(label, place.link(path)) for label, path in links.items()),
        Para(held_against(knowledge), above=True),
        *(Item(f"{p.label}: {p.meaning}", p.mark) for p in Printed if p.mark),
        Para(f"{KEY} {SHORT}"),
        Para(CELLS_AT),
        _grid(table, knowledge.conditions, number),
        *(
            Section(kind.heading).holding(_footnote(note, number, knowledge) for note in notes)
            for kind, notes in table.groups
        ),
    )


def _footnote(note: Footnote, number: Callable[[int], str], knowledge: Knowledge) -> Item:
    lines = map(Para, footnote_lines(note, knowledge))
    return Item(", ".join(map(knowledge.name_of, note.cells)), number(note.number)).holding(lines)


def _grid(table: CorrectedTable, conditions: Conditions, number: Callable[[int], str]) -> Tabular:
    def lines(row: CorrectedRow) -> tuple[str, ...]:
        register = row.register
        short = register.slug[: WIDTHS[0]]
        avic_read, avic_write, *x2avic = (
            "".join((_words(cell, conditions), *(f" {number(n)}" for n in cell.notes)))
            for cell in row.cells.values()
        )
        name = short if register.abbreviation == "-" else register.abbreviation
        offsets, msrs = (" ".join(a).replace("h", "") for a in (register.offsets, register.msrs))
        return (name, offsets, avic_read, avic_write, msrs, *x2avic)

    heads = (
        ("", "", "AVIC", "", "", "x2AVIC", ""),
        ("Register", "Offset", "Read", "Write", "MSR", "Read", "Write"),
        tuple("-" * width for width in WIDTHS),
    )
    return Tabular(TITLE, heads, [*map(lines, table.rows)], WIDTHS, above=True)


def group_behaviours(branches: Branches) -> list[tuple[Behaviour, list[str]]]:
    """Return branches with what follows of the same behaviour as one, each with its conditions."""
    each = groupby(branches, lambda branch: branch[0])
    return [(behaviour, [c for _, c in some if c]) for behaviour, some in each]


def corrected_table(table: CorrectedTable) -> Table:
    """Return the corrected table as rows, for CSV and Markdown."""
    columns = column_names("register name offset avic_read avic_write msr x2avic_read x2avic_write")
    rows = []
    for row in table.rows:
        said = [_slugs(cell) for cell in row.cells.values()]
        r = row.register
        rows.append((r.slug, r.name, " ".join(r.offsets), *said[:2], " ".join(r.msrs), *said[2:]))
    return Table(columns, tuple(rows))


def footnote_lines(note: Footnote, knowledge: Knowledge) -> tuple[str, ...]:
    """Return a footnote as sentences: the manual's places, the reports, the side effects."""
    lines = [_because(claim, knowledge) for claim in note.claims]
    for finding in note.findings:
        seen = finding.observation
        lines.append(f"{_saw(seen, knowledge)}: {finding.verdict.label}.")
    alike = Counter(
        (s.family, s.outcome, s.condition, s.member) for s in (f.observation for f in note.findings)
    )
    if max(alike.values(), default=0) >= NEWEST:
        said = f"Of reports alike the newest {NEWEST} are named"
        lines.append(f"{said}; the page of a cell counts all.")
    for seen in note.side_effects:
        effect = seen.side_effect.text if seen.side_effect else ""
        lines.append(f"{_saw(seen, knowledge)}; {effect}.")
    return tuple(lines)


def _saw(seen: Observation, knowledge: Knowledge) -> str:
    return f"{phrases.observation_line(seen, knowledge)} ({seen.reported})"


def _because(claim: Claim, knowledge: Knowledge) -> str:
    when = phrases.condition_words(claim.condition, knowledge.conditions)
    bits = f" (bits {claim.bits})" if claim.bits else ""
    cite = cite_claim(claim, knowledge.sources, knowledge.documents)
    said = f"{claim.behaviour.label}{when}{bits}: {claim.graded}; {cite}"
    if claim.family:
        models = f", model {claim.models}" if claim.models else ""
        return f"{said}; for {knowledge.families[claim.family].name}{models} only. {claim.text}"
    # Of other kinds the strength says already which step is ours.
    ours = claim.inference if claim.kind in (ClaimKind.NOTE, ClaimKind.TABLE) else ""
    return f"{said}. Inference: {ours}" if ours else f"{said}."


def _words(cell: CorrectedCell, conditions: Conditions) -> str:
    def said(branches: Branches, lead: str = "") -> list[str]:
        return [f"{lead}{b.short} {conditions.tag(c)}".strip() for b, c in branches]

    words = said(cell.branches) + said(cell.open, "open: ") + said(cell.silicon, "seen: ")
    # Where print is incomplete its words stand here already.
    words += said(cell.was, "printed: ") if cell.printed is Printed.WRONG else []
    # A cell that its mode does not have is a dash already.
    mark = "" if words == ["-"] else cell.printed.mark
    # "-seen" would read as one word: nothing rules here.
    mark += " " if mark and not (cell.branches or cell.open) else ""
    return mark + "; ".join(words)


def _slugs(cell: CorrectedCell) -> str:
    words = [f"{b} [{c}]" if c else str(b) for b, c in cell.branches]
    words += [f"{b} [open{', ' + c if c else ''}]" for b, c in cell.open]
    words += [f"{b} [seen{', ' + c if c else ''}]" for b, c in cell.silicon]
    return " | ".join(words) + "".join(f" ({n})" for n in cell.notes)
