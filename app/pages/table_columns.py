"""The columns of the table of cells: one entry each, in every format."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from app.core.facts import Family
from app.core.knowledge import Knowledge
from app.core.views import CellView
from app.pages import policy_phrases
from app.pens import phrases


@dataclass(frozen=True)
class CellColumn:
    """What a column says of a cell.

    ``names`` are what rows of data call its ``values``; ``lines`` stand under the cell in the
    text. One with a ``head`` is shown in HTML too, where a row is a register: ``html`` is the
    file of the macro ``in_table`` that writes its cells.
    """

    names: tuple[str, ...] = ()
    values: Callable[[CellView], tuple[str, ...]] = lambda _: ()
    lines: Callable[[CellView], Iterable[str]] = lambda _: ()
    head: str = ""
    href: str = ""
    html: str = "macros/column.html"


def _touching(view: CellView) -> Iterable[str]:
    found = [f"D-{d.number}{' (retracted)' if d.retraction else ''}" for d in view.differences]
    found += [f"erratum {e.number}" if e.number else e.slug for e in view.errata]
    yield ", ".join(found)


def _family(family: Family) -> CellColumn:
    def lines(view: CellView) -> Iterable[str]:
        for judgement in (j for j in view.measured if j.family == family.slug):
            seen = ", ".join(judgement.behaviours) or "nothing unmasked"
            text = f"{judgement.verdict}: {seen}; {phrases.evidence(judgement)}"
            yield f"{family.slug} {text}"

    slug = family.slug
    return CellColumn((slug,), lambda view: (str(view.judgements[slug].verdict),), lines)


def _policy(slug: str, knowledge: Knowledge) -> CellColumn:
    return CellColumn(
        tuple(f"{slug}{part}" for part in ("", "_402h", "_marks")),
        lambda view: policy_phrases.cell_columns(view, slug),
        lambda view: policy_phrases.cell_lines(view, (slug,), knowledge),
        knowledge.policies[slug].name,
        f"/policy/{slug}",
        "macros/policy.html",
    )


FIRST = (
    CellColumn(("cell",), lambda view: (str(view.key),)),
    CellColumn(("offset",), lambda view: (" ".join(view.register.offsets),)),
    CellColumn(("msr",), lambda view: (" ".join(view.register.msrs),)),
    CellColumn(("table_15_22",), lambda view: (phrases.branches(view.table, ""),)),
    CellColumn(("rules",), lambda view: (phrases.branches(view.effective, ""),)),
    CellColumn(("printed",), lambda view: (str(view.printed),)),
    CellColumn(("rules_differ",), lambda view: ("yes" if view.rules_differ else "no",)),
    CellColumn(("verdict",), lambda view: (str(view.verdict),)),
)
# What the text names in one line, before the policies.
TOUCHING = CellColumn(lines=_touching)
LAST = (
    CellColumn(("errata",), lambda view: (" ".join(e.slug for e in view.errata),)),
    CellColumn(
        ("differences",),
        lambda view: (" ".join(f"D-{d.number}" for d in view.differences if d.retraction is None),),
    ),
)


def columns(
    knowledge: Knowledge, policies: Iterable[str], site: str = ""
) -> tuple[CellColumn, ...]:
    """Return every column, those of ``policies`` among them."""
    return (
        *FIRST,
        *map(_family, knowledge.families.values()),
        TOUCHING,
        *(_policy(slug, knowledge) for slug in policies),
        *LAST,
        CellColumn(("url",), lambda view: (f"{site}{view.key.url}",)),
    )
