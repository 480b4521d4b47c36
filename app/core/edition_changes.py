"""What differs for the cells between two revisions of the manual."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.core.cells import CellKey
from app.core.editions import AsStated
from app.core.facts import Claim, Document, Revision, Source
from app.core.views import CellView
from app.core.words import Behaviour, Verdict

# Between two revisions in an address.
TO = ".."
Branches = tuple[tuple[Behaviour, str], ...]
Cells = Mapping[CellKey, CellView]


@dataclass(frozen=True)
class Said:
    """What a revision says of a cell: Table 15-22 literally, and what rules, in order."""

    documented: bool
    table: Branches
    rules: Branches

    @classmethod
    def of(cls, view: CellView) -> Said:
        """Take what the claims of a cell say, without where they say it."""
        return cls(bool(view.claims), _branches(view.table), _branches(view.effective))


@dataclass(frozen=True)
class Change:
    """The cells that change in one way, in the order of the table."""

    before: Said
    after: Said
    cells: tuple[CellKey, ...]


@dataclass(frozen=True)
class VerdictChange:
    """The cells whose verdict for one family changes in one way."""

    family: str
    before: Verdict
    after: Verdict
    cells: tuple[CellKey, ...]


@dataclass(frozen=True)
class Row:
    """One revision of the list.

    ``read`` is the source through which it was read, None for one that nobody here read.
    ``changed`` counts the cells that say something else than in the revision before,
    which is ``before``, empty for the oldest.
    """

    revision: Revision
    read: Source | None
    before: str
    changed: int


@dataclass(frozen=True)
class RevisionList:
    """The manual, its revisions newest first, and how many cells there are."""

    document: Document
    rows: tuple[Row, ...]
    total: int


@dataclass(frozen=True)
class Comparison:
    """Two revisions: those of the list between them, and what differs for the cells."""

    older: AsStated
    newer: AsStated
    between: tuple[Revision, ...]
    changes: tuple[Change, ...]
    verdicts: tuple[VerdictChange, ...]
    total: int

    @property
    def changed(self) -> int:
        """How many cells differ."""
        return sum(len(change.cells) for change in self.changes)

    @property
    def span(self) -> str:
        """``3.38..3.44``, as the address spells it."""
        return f"{self.older.revision}{TO}{self.newer.revision}"


def changes(before: Cells, after: Cells) -> tuple[Change, ...]:
    """Return how what is said of the cells changes, cells that change alike together."""
    if before is after:
        return ()
    found: dict[tuple[Said, Said], list[CellKey]] = {}
    for key, view in after.items():
        pair = (Said.of(before[key]), Said.of(view))
        if pair[0] != pair[1]:
            found.setdefault(pair, []).append(key)
    return tuple(Change(*pair, tuple(cells)) for pair, cells in found.items())


def verdict_changes(before: Cells, after: Cells) -> tuple[VerdictChange, ...]:
    """Return how the verdicts change, by family."""
    if before is after:
        return ()
    found: dict[tuple[str, Verdict, Verdict], list[CellKey]] = {}
    for key, view in after.items():
        for family, judgement in view.judgements.items():
            was = before[key].judgements[family].verdict
            if was is not judgement.verdict:
                found.setdefault((family, was, judgement.verdict), []).append(key)
    return tuple(VerdictChange(*how, tuple(cells)) for how, cells in found.items())


def _branches(claims: tuple[Claim, ...]) -> Branches:
    return tuple(dict.fromkeys((claim.behaviour, claim.condition) for claim in claims))
