"""Table 15-22 as it should read: AVIC and x2AVIC apart, every change with its footnote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from app.core.cells import CellKey
from app.core.facts import Claim, Observation, Register
from app.core.knowledge import Knowledge
from app.core.rulings import Conditions, said
from app.core.verdicts import Finding
from app.core.views import CellView
from app.core.words import Access, Behaviour, Mode, Printed, Verdict, Word

# Verdicts under which silicon, not the manual, has the last word on a cell.
SILICON_SPEAKS = frozenset({Verdict.CONTRADICTS, Verdict.SETTLES, Verdict.DISPUTED})


Branches = tuple[tuple[Behaviour, str], ...]


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
    """Why a cell has a mark.

    ``claims`` are the places of the manual that change or question it; ``findings`` what
    silicon adds; ``side_effects`` the reports of what an access leaves behind.
    """

    number: int
    kind: NoteKind
    claims: tuple[Claim, ...]
    findings: tuple[Finding, ...]
    side_effects: tuple[Observation, ...]
    cells: tuple[CellKey, ...]


@dataclass(frozen=True)
class CorrectedCell:
    """One cell as it should read: its branches in the order of the checks.

    ``open`` are alternatives that the manual leaves open beside them, ``silicon`` what was
    seen under a condition that no page rules; both with their conditions.
    """

    key: CellKey
    printed: Printed
    branches: Branches
    open: Branches
    silicon: Branches
    notes: tuple[int, ...]

    @property
    def changed(self) -> bool:
        """Whether print has to be changed: it is wrong or incomplete."""
        return self.printed.differs


@dataclass(frozen=True)
class CorrectedRow:
    """One register: four cells, AVIC read and write, x2AVIC read and write."""

    register: Register
    cells: dict[tuple[Mode, Access], CorrectedCell]

    @property
    def differs(self) -> bool:
        """Whether the two modes read differently, which one column cannot say."""
        return any(
            self.cells[Mode.AVIC, access].branches != self.cells[Mode.X2AVIC, access].branches
            for access in Access
        )


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


@dataclass(frozen=True)
class _Reason:
    """What one footnote rests on, before it has a number."""

    kind: NoteKind
    claims: tuple[Claim, ...] = ()
    findings: tuple[Finding, ...] = ()
    side_effects: tuple[Observation, ...] = ()

    @property
    def same(self) -> object:
        """Two cells share a footnote when the same places and the same reports make it."""
        places = tuple((c.behaviour, c.condition, c.kind, c.strength, c.section, c.table, c.page,
                        c.source, c.bits, c.text, c.inference) for c in self.claims)  # fmt: skip
        heard = tuple((f.observation.id, f.verdict) for f in self.findings)
        return self.kind, places, heard, tuple(seen.id for seen in self.side_effects)


def correct(cells: Mapping[CellKey, CellView], knowledge: Knowledge) -> CorrectedTable:
    """Return the corrected table: a pure function of the judged cells.

    Cells with the same reasons share a footnote, so that the list stays readable.
    """
    conditions = Conditions(knowledge.conditions)
    reasons = {key: _reasons(view) for key, view in cells.items()}
    first = {reason.same: reason for of in reasons.values() for reason in of}
    ordered = sorted(first, key=lambda same: list(NoteKind).index(first[same].kind))
    numbers = {same: number for number, same in enumerate(ordered, 1)}
    rows: dict[str, dict[tuple[Mode, Access], CorrectedCell]] = {}
    for key, view in cells.items():
        notes = tuple(sorted(numbers[reason.same] for reason in reasons[key]))
        cell = _cell(view, notes, conditions)
        rows.setdefault(key.register, {})[key.mode, key.access] = cell
    where = {same: tuple(key for key, of in reasons.items() if same in {r.same for r in of})
             for same in ordered}  # fmt: skip
    return CorrectedTable(
        rows=tuple(CorrectedRow(cells[CellKey(slug, Mode.AVIC, Access.READ)].register, parts)
                   for slug, parts in rows.items()),
        footnotes=tuple(Footnote(numbers[same], r.kind, r.claims, r.findings, r.side_effects,
                                 where[same]) for same in ordered for r in (first[same],)),
    )  # fmt: skip


def _cell(view: CellView, notes: tuple[int, ...], conditions: Conditions) -> CorrectedCell:
    ruled = tuple(dict.fromkeys((c.behaviour, c.condition) for c in view.effective))
    open_ = tuple(dict.fromkeys((c.behaviour, c.condition) for c in view.open))
    return CorrectedCell(
        key=view.key,
        printed=view.printed,
        branches=ruled,
        open=open_,
        silicon=tuple(_silicon(view, (*ruled, *open_), conditions)),
        notes=notes,
    )


def _reasons(view: CellView) -> tuple[_Reason, ...]:
    """Return what a cell is footnoted for: its change, open questions, what silicon did."""
    printed = said(view.table)
    ruled = tuple(c for c in view.effective if (c.behaviour, c.condition) not in printed)
    # The manual of one model rules no cell for all, and may say it in plainer words.
    words = said(ruled)
    changed = ruled + tuple(c for c in view.claims if c.family and said([c]) <= words)
    heard = tuple(f for j in view.measured for f in j.findings if _is_heard(f))
    spoken = tuple(f for f in heard if f.verdict in SILICON_SPEAKS)
    found = []
    borne_out = tuple(f for f in heard if f.verdict not in SILICON_SPEAKS)
    if view.printed is not Printed.AS_PRINTED and (changed or borne_out):
        found.append(_Reason(NoteKind.of(view.printed), changed, borne_out))
    answers = tuple(f for f in spoken if view.open and f.verdict is Verdict.SETTLES)
    if view.open:
        found.append(_Reason(NoteKind.OPEN, view.open, answers))
    if against := tuple(f for f in spoken if f not in answers):
        found.append(_Reason(NoteKind.SEEN, (), against))
    if view.side_effects:
        found.append(_Reason(NoteKind.SIDE_EFFECT, (), (), view.side_effects))
    return tuple(found)


def _is_heard(finding: Finding) -> bool:
    """Whether a report adds something to a footnote: a masked one never, an agreeing one no."""
    silent = (Verdict.MASKED, Verdict.AGREES, Verdict.SIDE_EFFECT)
    return finding.verdict not in silent


def _silicon(
    view: CellView, known: Iterable[tuple[Behaviour, str]], conditions: Conditions
) -> Iterable[tuple[Behaviour, str]]:
    """Return what was seen and no branch rules: a branch is judged by its condition."""
    ruled = tuple(known)
    findings = (f for j in view.measured for f in j.findings if f.verdict in SILICON_SPEAKS)
    seen = {(f.observation.outcome, f.observation.condition) for f in findings}
    for behaviour in Behaviour:
        for outcome, condition in sorted(seen):
            if outcome is behaviour and not any(
                b is behaviour and (not condition or not c or conditions.covers(c, condition))
                for b, c in ruled
            ):
                yield behaviour, condition
