"""A register as a sheet: its addresses, then its cells in brief."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from app.core.citations import cite_claim
from app.core.facts import Annotation, Register
from app.core.knowledge import Knowledge
from app.core.views import CellView
from app.core.words import OWN_ORDER
from app.pages.listing import list_sources
from app.pages.timeline_text import around_section, neighbour_links
from app.pens import phrases
from app.pens.lines import Sourced, full_address
from app.pens.parts import Field, Item, Remark, Section, Sheet


def register_sheet(
    register: Register,
    cells: Sequence[CellView],
    annotations: Sequence[Annotation],
    knowledge: Knowledge,
) -> Sheet:
    """Return one register: its addresses, then its cells in brief."""
    ids: list[str] = []
    for view in cells:
        ids += (claim.source for claim in view.claims)
        ids += (name for judgement in view.measured for name in judgement.sources)
        ids += (name for does in view.policies if does.actions for name in does.policy.sources)
    return Sheet(title=register.heading, path=f"/r/{register.slug}").holding(
        Field("xAPIC offset", ", ".join(register.offsets) or "none"),
        Field("x2APIC MSR", ", ".join(register.msrs) or "none"),
        Field("Kernel macro", register.macro),
        Field("x2APIC access", register.x2apic_access),
        Field("Note", register.note),
        Section("Members").holding(*map(Item, register.members if register.vector else ())),
        *(_brief(view, knowledge) for view in cells),
        Section("Annotations").holding(*map(Remark.of, annotations)),
        around_section(neighbour_links(register, knowledge)),
        list_sources((*ids, *(s for note in annotations for s in note.sources)), knowledge),
    )


def _brief(view: CellView, knowledge: Knowledge) -> Section:
    """Return a cell as its register shows it."""
    cite = partial(cite_claim, sources=knowledge.sources, documents=knowledge.documents)
    claims = (
        Field(c.graded, (f"{phrases.branch_slugs(c)}; {cite(c)} ", Sourced((c.source,))))
        for c in view.claims
    )
    judged = (
        Field(
            knowledge.families[j.family].name, (*phrases.verdict_line(j), " ", Sourced(j.sources))
        )
        for j in view.measured
    )
    return Section(f"{view.key.mode.label} {view.key.access}").holding(
        Field("URL", (full_address(view.key.url),)),
        Field("Table 15-22", phrases.branches_slugs(view.table, "does not say")),
        Field(OWN_ORDER, phrases.branches_slugs(view.effective, "does not say")),
        claims,
        judged,
        (Field(p.policy.slug, p.summary) for p in view.policies if p.actions),
        Field("Differences", ", ".join(d.listed for d in view.differences)),
        Field("Errata, quirks", ", ".join(e.number or e.slug for e in view.errata)),
    )
