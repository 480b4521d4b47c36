"""Table 15-22 as it should read: AVIC and x2AVIC apart, every change with its footnote."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from app.core.cells import CellKey
from app.core.facts import Claim, Observation, Register
from app.core.judgements import Finding
from app.core.knowledge import Knowledge
from app.core.rulings import Branch, Conditions, branch_set, branches_of, unprinted_claims
from app.core.views import CellView, CellViews
from app.core.words import Access, Behaviour, Mode, Printed, Verdict, Word

# Verdicts under which silicon, not the manual, has the last word on a cell.
SILICON_SPEAKS = frozenset({Verdict.CONTRADICTS, Verdict.SETTLES, Verdict.DISPUTED})
# A masked report adds nothing to a footnote, nor does one that agrees.
SILENT = frozenset({Verdict.MASKED, Verdict.AGREES, Verdict.SIDE_EFFECT})
Branches = tuple[Branch, ...]


class NoteKind(Word):
    """What a footnote is for, strongest change first; the heading is that of its group."""

    heading: str

    WRONG = "wrong", "Wrong: an ordinary access never meets what is printed"
    INCOMPLETE = "incomplete", "Incomplete: what is printed lacks a condition"
    NOT_PRINTED = "not-printed", "Not printed: the table says nothing, other pages do"
    OPEN = "open", "Open: the manual says two things, or too little"
    SIDE_EFFECT = "side-effect", "Wrong side effects: completes as printed, and leaves this behind"
    SEEN = "seen", "Seen on silicon, where no page says so"


@dataclass(frozen=True)
class Footnote:
    """Why cells have a mark.

    ``claims`` are the places of the manual that change or question it; ``findings`` what
    silicon adds; ``side_effects`` the reports of what an access leaves behind. Until it has a
    number it speaks of one cell.
    """

    kind: NoteKind
    claims: tuple[Claim, ...] = ()
    findings: tuple[Finding, ...] = ()
    side_effects: tuple[Observation, ...] = ()
    number: int = 0
    cells: tuple[CellKey, ...] = ()

    @property
    def same(self) -> object:
        """Two cells share a footnote when the same places and the same reports make it."""
        places = tuple((c.behaviour, c.condition, c.kind, c.strength, c.section, c.table, c.page,
                        c.source, c.bits, c.text, c.inference) for c in self.claims)  # fmt: skip
        heard = tuple((f.observation.id, f.verdict) for f in self.findings)
        return self.kind, places, heard, tuple(seen.id for seen in self.side_effects)


@dataclass(frozen=True)
class CorrectedCell:
    """One cell as it should read: its branches in the order of the checks.

    ``open`` are alternatives that the manual leaves open beside them, ``silicon`` what was
    seen under a condition that no page rules; both with their conditions. ``table`` are the
    claims of print.
    """

    key: CellKey
    printed: Printed
    branches: Branches
    open: Branches
    silicon: Branches
    notes: tuple[int, ...]
    table: tuple[Claim, ...] = ()

    @property
    def was(self) -> Branches:
        """What is printed."""
        return branches_of(self.table)

    @property
    def changed(self) -> bool:
        """Whether print has to be changed: it is wrong or incomplete."""
        return self.printed.differs


@dataclass(frozen=True)
class CorrectedRow:
    """One register: four cells, AVIC read and write, x2AVIC read and write."""

    register: Register
    cells: dict[tuple[Mode, Access], CorrectedCell]


@dataclass(frozen=True)
class CorrectedTable:
    """The whole table with its footnotes, numbered by kind and then in reading order."""

    rows: tuple[CorrectedRow, ...]
    footnotes: tuple[Footnote, ...]

    def count(self, printed: Printed) -> int:
        """How many cells are wrong, incomplete, not printed, or as printed."""
        return sum(cell.printed is printed for row in self.rows for cell in row.cells.values())

    @property
    def groups(self) -> tuple[tuple[NoteKind, tuple[Footnote, ...]], ...]:
        """The footnotes by what they are for; kinds without one are left out."""
        found = ((kind, tuple(n for n in self.footnotes if n.kind is kind)) for kind in NoteKind)
        return tuple((kind, notes) for kind, notes in found if notes)


def correct(cells: CellViews, knowledge: Knowledge) -> CorrectedTable:
    """Return the corrected table: a pure function of the judged cells.

    Cells with the same reasons share a footnote, so that the list stays readable.
    """
    reasons = {key: _reasons(view) for key, view in cells.items()}
    sharing: dict[object, list[tuple[CellKey, Footnote]]] = {}
    for key, notes in reasons.items():
        for note in notes:
            sharing.setdefault(note.same, []).append((key, note))
    order = sorted(sharing, key=lambda same: list(NoteKind).index(sharing[same][0][1].kind))
    numbers = {same: number for number, same in enumerate(order, 1)}
    rows: dict[str, dict[tuple[Mode, Access], CorrectedCell]] = {}
    for key, view in cells.items():
        ruled, open_ = branches_of(view.effective), branches_of(view.open)
        rows.setdefault(key.register, {})[key.mode, key.access] = CorrectedCell(
            key=key,
            printed=view.printed,
            branches=ruled,
            open=open_,
            silicon=tuple(_silicon(view, (*ruled, *open_), knowledge.conditions)),
            notes=tuple(sorted(numbers[note.same] for note in reasons[key])),
            table=view.table,
        )
    return CorrectedTable(
        tuple(CorrectedRow(knowledge.registers[slug], row) for slug, row in rows.items()),
        tuple(
            replace(sharing[same][0][1], number=number, cells=tuple(k for k, _ in sharing[same]))
            for same, number in numbers.items()
        ),
    )


def _reasons(view: CellView) -> tuple[Footnote, ...]:
    """Return what a cell is footnoted for: its change, open questions, what silicon did."""
    ruled = unprinted_claims(view.claims)
    # The manual of one model rules no cell for all, and may say it in plainer words.
    words = branch_set(ruled)
    changed = ruled + tuple(c for c in view.claims if c.family and c.branch in words)
    if changed:  # That print speaks of the cell at all may be a step of ours.
        changed += tuple(c for c in view.table if c.inference)
    pairs = ((j, f) for j in view.measured for f in j.findings if f.verdict not in SILENT)
    heard = {f: replace(f, verdict=j.word(f)) for j, f in pairs}
    spoken = tuple(told for f, told in heard.items() if f.verdict in SILICON_SPEAKS)
    borne_out = tuple(told for f, told in heard.items() if f.verdict not in SILICON_SPEAKS)
    found = []
    if view.printed is not Printed.AS_PRINTED and (changed or borne_out):
        found.append(Footnote(NoteKind(view.printed), changed, borne_out))
    answers = tuple(f for f in spoken if view.open and f.verdict is Verdict.SETTLES)
    if view.open:
        found.append(Footnote(NoteKind.OPEN, view.open, answers))
    if against := tuple(f for f in spoken if f not in answers):
        found.append(Footnote(NoteKind.SEEN, (), against))
    if view.side_effects:
        found.append(Footnote(NoteKind.SIDE_EFFECT, (), (), view.side_effects))
    return tuple(found)


def _silicon(view: CellView, ruled: Branches, conditions: Conditions) -> Iterable[Branch]:
    """Return what was seen and no branch rules: a branch is judged by its condition."""
    findings = (f for j in view.measured for f in j.findings if f.verdict in SILICON_SPEAKS)
    seen = {(f.observation.outcome, f.observation.condition) for f in findings}
    for outcome, condition in sorted(seen, key=lambda b: (list(Behaviour).index(b[0]), b[1])):
        if not any(
            b is outcome and (not condition or not c or conditions.covers(c, condition))
            for b, c in ruled
        ):
            yield outcome, condition
