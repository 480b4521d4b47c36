"""The text twin of a register's page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from app.core import facts
from app.core.citations import cite_claim
from app.core.knowledge import Knowledge
from app.core.views import CellView
from app.pages.cell_text import add_annotations, add_sources, judged
from app.pens import phrases
from app.pens.place import Place, head
from app.pens.plain import Plain


def register_text(
    register: facts.Register,
    cells: tuple[CellView, ...],
    annotations: tuple[facts.Annotation, ...],
    knowledge: Knowledge,
    place: Place,
) -> str:
    """Return one register: its addresses, then its cells in brief."""
    out = Plain()
    out.title(phrases.heading(register))
    head(out, place, f"/r/{register.slug}")
    out.field("xAPIC offset", ", ".join(register.offsets) or "none")
    out.field("x2APIC MSR", ", ".join(register.msrs) or "none")
    out.field("Kernel macro", register.macro)
    out.field("x2APIC access", phrases.x2apic_access(register))
    out.field("Note", register.note)
    if register.vector:
        out.heading("Members")
        for member in phrases.members(register):
            out.item(member)
    for view in cells:
        _cell(out, view, knowledge, place.site + view.key.url)
    add_annotations(out, annotations, place)
    add_sources(out, _sources(cells, annotations), knowledge, place)
    return out.render()


def _cell(out: Plain, view: CellView, knowledge: Knowledge, url: str) -> None:
    out.heading(f"{view.key.mode.label} {view.key.access}")
    out.field("URL", url)
    out.field("Table 15-22", phrases.branches(view.table, "does not say"))
    out.field("Rules", phrases.branches(view.effective, "does not say"))
    for claim in view.claims:
        cite = cite_claim(claim, knowledge.sources, knowledge.documents)
        out.field(phrases.strength(claim), f"{phrases.branch(claim)}; {cite} [{claim.source}]")
    for judgement in view.measured:
        behind = f"{judged(judgement)} [{', '.join(judgement.sources)}]"
        out.field(knowledge.families[judgement.family].name, behind)
    for policy in view.policies:
        if policy.actions:
            out.field(policy.policy.slug, policy.summary)
    listed = (f"D-{d.number}{' (retracted)' if d.retraction else ''}" for d in view.differences)
    out.field("Differences", ", ".join(listed))
    out.field("Errata, quirks", ", ".join(e.number or e.slug for e in view.errata))


def _sources(cells: Iterable[CellView], annotations: Iterable[facts.Annotation]) -> Iterator[str]:
    for view in cells:
        yield from (claim.source for claim in view.claims)
        for judgement in view.measured:
            yield from judgement.sources
        for shown in view.policies:
            yield from shown.policy.sources if shown.actions else ()
    for note in annotations:
        yield from note.sources
