"""The corrected table as text, as rows, and its footnotes as sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from itertools import groupby

from app.core.citations import cite_claim
from app.core.corrected import Branches, CorrectedCell, CorrectedTable, Footnote
from app.core.facts import Claim, Observation
from app.core.knowledge import Knowledge
from app.core.numbers import counted
from app.core.revisions import revision_read
from app.core.rulings import Conditions
from app.core.summaries import NEWEST
from app.core.words import Behaviour, ClaimKind, Printed
from app.pens.lines import CELLS_AT
from app.pens.place import Place
from app.pens.plain import Plain, head, words
from app.pens.tables import Table

TITLE = "Table 15-22 as it should read"
KEY = (
    "open: the manual says this too, or leaves it open. seen: on silicon only. printed: what is to "
    "be changed. Conditions stand behind the behaviour; checks are in their order."
)
# What is for the editor of the manual.
EDITING = {
    "To the editor:": "/corrected/letter",
    "A patch": "/corrected.diff",
    "of print": "/corrected/printed",
}
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
        return f"{counted(self.number, 'cell')} {self.printed.label}"


def counts(table: CorrectedTable) -> tuple[Count, ...]:
    """Return the figures of the headline, strongest change first."""
    return tuple(Count(p, table.count(p), f"/?printed={p}") for p in Printed if p.mark)


def against(knowledge: Knowledge) -> str:
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
    out = Plain()
    out.title(TITLE)
    head(out, place, "/corrected")
    for count in counts(table):
        out.link(count.text, place.link(count.path))
    out.link("Ready to paste:", place.link("/corrected.md"))
    for label, path in EDITING.items():
        out.link(label, place.link(path))
    out.blank()
    out.para(against(knowledge))
    for printed in (p for p in Printed if p.mark):
        out.item(f"{printed.label}: {printed.meaning}", mark=printed.mark)
    out.para(f"{KEY} Each mark names its footnote in brackets. Numbers are "
             "hexadecimal. allowed: completes against the backing page. accel: completes and "
             "hardware acts. trap, fault: #VMEXIT 402h after or before the access. ipi: #VMEXIT "
             "401h. #GP: in the guest, no #VMEXIT.")  # fmt: skip
    out.para(words(CELLS_AT, place))
    out.blank()
    number: Callable[[int], str] = "[{}]".format if numbered else "[*]".format
    _grid(out, table, Conditions(knowledge.conditions), number)
    for kind, notes in table.groups:
        out.heading(kind.heading)
        for note in notes:
            mark = number(note.number)
            out.item(", ".join(map(knowledge.name_of, note.cells)), mark=mark)
            for line in footnote_lines(note, knowledge):
                out.para(line, len(mark) + 1)
    return out.render()


def _grid(
    out: Plain, table: CorrectedTable, conditions: Conditions, number: Callable[[int], str]
) -> None:
    columns = ("Register", "Offset", "Read", "Write", "MSR", "Read", "Write")
    lines = [("", "", "AVIC", "", "", "x2AVIC", ""), columns,
             tuple("-" * width for width in WIDTHS)]  # fmt: skip
    for row in table.rows:
        register = row.register
        avic_read, avic_write, *x2avic = (
            "".join((_words(cell, conditions), *(f" {number(n)}" for n in cell.notes)))
            for cell in row.cells.values()
        )
        short = register.slug[: WIDTHS[0]]
        lines.append((
            short if register.abbreviation == "-" else register.abbreviation,
            " ".join(register.offsets).replace("h", ""), avic_read, avic_write,
            " ".join(register.msrs).replace("h", ""), *x2avic,
        ))  # fmt: skip
    out.grid(lines, WIDTHS)


def runs(branches: Branches) -> list[tuple[Behaviour, list[str]]]:
    """Return branches with what follows of the same behaviour as one, each with its conditions."""
    each = groupby(branches, lambda branch: branch[0])
    return [(behaviour, [c for _, c in some if c]) for behaviour, some in each]


def corrected_table(table: CorrectedTable) -> Table:
    """Return the corrected table as rows, for CSV and Markdown."""
    columns = ("register", "name", "offset", "avic_read", "avic_write", "msr", "x2avic_read",
               "x2avic_write")  # fmt: skip
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
    conditions = Conditions(knowledge.conditions)
    when = f", when {conditions.text(seen.condition)}" if seen.condition else ""
    family = knowledge.families[seen.family].name
    return f"{family}: {seen.outcome.label}{when}, {seen.graded} ({seen.reported})"


def _because(claim: Claim, knowledge: Knowledge) -> str:
    conditions = Conditions(knowledge.conditions)
    when = f", when {conditions.text(claim.condition)}" if claim.condition else ""
    bits = f" (bits {claim.bits})" if claim.bits else ""
    cite = cite_claim(claim, knowledge.sources, knowledge.documents)
    said = f"{claim.behaviour.label}{when}{bits}: {claim.graded}; {cite}"
    if claim.family:
        models = f", model {claim.models}" if claim.models else ""
        return f"{said}; for {knowledge.families[claim.family].name}{models} only. {claim.text}"
    # Of other kinds the strength says already which step is ours.
    ours = claim.inference if claim.kind is ClaimKind.NOTE else ""
    return f"{said}. Inference: {ours}" if ours else f"{said}."


def _words(cell: CorrectedCell, conditions: Conditions) -> str:
    def said(branches: Branches, lead: str = "") -> list[str]:
        return [f"{lead}{b.short} {conditions.tag(c)}".strip() for b, c in branches]

    words = said(cell.branches) + said(cell.open, "open: ") + said(cell.silicon, "seen: ")
    # What print says where it has to be changed, beside what it should say.
    words += said(cell.was, "printed: ") if cell.changed else []
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
