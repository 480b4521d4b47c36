"""Table 15-22 as it should read: AVIC and x2AVIC apart, every change with its footnote."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.domain.cells import CellKey
from app.domain.facts import Claim, Family, Register
from app.domain.rulings import said
from app.domain.verdicts import Finding
from app.domain.views import CellView
from app.domain.words import Access, Behaviour, Mode, Verdict

# Verdicts under which silicon, not the manual, has the last word on a cell.
SILICON_SPEAKS = frozenset({Verdict.CONTRADICTS, Verdict.SETTLES, Verdict.DISPUTED})


@dataclass(frozen=True)
class Footnote:
    """Why a cell differs from the printed table.

    ``claims`` are the ranking ones that change it; ``findings`` what silicon adds.
    """

    number: int
    claims: tuple[Claim, ...]
    findings: tuple[Finding, ...]
    cells: tuple[CellKey, ...]


@dataclass(frozen=True)
class CorrectedCell:
    """One cell as it should read: its branches in the order of the checks.

    ``silicon`` are behaviours that were seen but that nothing in the manual rules.
    """

    key: CellKey
    branches: tuple[tuple[Behaviour, str], ...]
    silicon: tuple[Behaviour, ...]
    notes: tuple[int, ...]

    @property
    def changed(self) -> bool:
        """Whether it differs from the printed table."""
        return bool(self.notes)


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
    """The whole table with its footnotes, numbered in reading order."""

    rows: tuple[CorrectedRow, ...]
    footnotes: tuple[Footnote, ...]
    families: Mapping[str, Family]

    @property
    def changed(self) -> int:
        """How many cells differ from the printed table."""
        return sum(cell.changed for row in self.rows for cell in row.cells.values())


def correct(cells: Mapping[CellKey, CellView], families: Mapping[str, Family]) -> CorrectedTable:
    """Return the corrected table: a pure function of the judged cells.

    Cells with the same reasons share a footnote, so that the list stays readable.
    """
    numbers: dict[object, int] = {}
    reasons: dict[int, tuple[tuple[Claim, ...], tuple[Finding, ...]]] = {}
    where: dict[int, list[CellKey]] = {}
    rows: dict[str, dict[tuple[Mode, Access], CorrectedCell]] = {}
    for key, view in cells.items():
        claims, findings = _reasons(view)
        notes: tuple[int, ...] = ()
        if claims or findings:
            number = numbers.setdefault(_shared(claims, findings), len(numbers) + 1)
            reasons.setdefault(number, (claims, findings))
            where.setdefault(number, []).append(key)
            notes = (number,)
        rows.setdefault(key.register, {})[key.mode, key.access] = CorrectedCell(
            key=key,
            branches=tuple(dict.fromkeys((c.behaviour, c.condition) for c in view.effective)),
            silicon=tuple(_silicon(view, findings)),
            notes=notes,
        )
    return CorrectedTable(
        rows=tuple(CorrectedRow(cells[CellKey(slug, Mode.AVIC, Access.READ)].register, parts)
                   for slug, parts in rows.items()),
        footnotes=tuple(Footnote(n, *reasons[n], tuple(where[n])) for n in sorted(reasons)),
        families=families,
    )  # fmt: skip


def _reasons(view: CellView) -> tuple[tuple[Claim, ...], tuple[Finding, ...]]:
    printed = said(view.table)
    claims = tuple(c for c in view.effective if (c.behaviour, c.condition) not in printed)
    heard = [f for j in view.measured for f in j.findings]
    if claims:
        findings = tuple(f for f in heard if f.verdict not in (Verdict.MASKED, Verdict.AGREES))
    else:
        findings = tuple(f for f in heard if f.verdict in SILICON_SPEAKS)
    return claims, findings


def _shared(claims: tuple[Claim, ...], findings: tuple[Finding, ...]) -> object:
    """Two cells share a footnote when the same places and the same reports change them."""
    places = tuple((c.behaviour, c.condition, c.kind, c.strength, c.section, c.table, c.page,
                    c.source, c.bits, c.text) for c in claims)  # fmt: skip
    return places, tuple((f.observation.id, f.verdict) for f in findings)


def _silicon(view: CellView, findings: tuple[Finding, ...]) -> list[Behaviour]:
    ruled = {claim.behaviour for claim in view.effective}
    seen = {f.observation.outcome for f in findings if f.verdict in SILICON_SPEAKS}
    return [b for b in Behaviour if b in seen - ruled]
