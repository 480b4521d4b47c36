"""The text twins of the ledger of differences, of errata and of changes."""

from __future__ import annotations

from app.domain.citations import address_of, cite_source, sources_of
from app.domain.facts import Difference, Erratum
from app.domain.knowledge import Knowledge
from app.formats import phrases
from app.formats.cell_text import Place, head
from app.formats.plain import COLUMNS, Plain
from app.formats.tables import Table


def differences_table(knowledge: Knowledge, site: str) -> Table:
    """Return the ledger as rows."""
    rows = [
        (f"D-{d.number}", str(d.state), d.title, d.table_says, d.instead, " ".join(d.families),
         " ".join(map(str, knowledge.cells_named(d.cells))), f"{site}/d/{d.number}")
        for d in knowledge.differences.values()
    ]  # fmt: skip
    columns = ("number", "state", "title", "table_says", "instead", "families", "cells", "url")
    return Table(columns, tuple(rows))


def differences_text(knowledge: Knowledge, place: Place) -> str:
    """Return the ledger: every disagreement with its state."""
    out = Plain()
    out.title("Differences: where Table 15-22 and the truth disagree")
    head(out, place, "/d")
    for d in knowledge.differences.values():
        out.blank()
        out.para(f"D-{d.number} {d.title}", 0, 4)
        out.field("state", str(d.state), indent=2)
        out.field("table says", d.table_says, indent=2)
        out.field("instead", d.instead, indent=2)
        out.field("URL", f"{place.site}/d/{d.number}", indent=2)
    return out.render()


def difference_text(d: Difference, knowledge: Knowledge, place: Place) -> str:
    """Return one difference with its life."""
    out = Plain()
    out.title(f"D-{d.number}: {d.title}")
    head(out, place, f"/d/{d.number}")
    out.field("State", str(d.state))
    out.field("Table says", d.table_says)
    out.field("Instead", d.instead)
    out.field("Families", ", ".join(knowledge.families[f].name for f in d.families))
    out.blank()
    out.para(d.text)
    if d.inference:
        out.blank()
        out.para(f"Inference: {d.inference}")
    out.heading("Life")
    for event in d.life:
        out.field(event.date, f"{event.state}: {event.text} [{', '.join(event.sources)}]", width=12)
    out.heading("Cells")
    for key in knowledge.cells_named(d.cells):
        out.item(f"{place.site}{key.url}")
    if d.observations:
        out.heading("Evidence")
        for name in d.observations:
            seen = knowledge.observations[name]
            out.item(f"{seen.outcome}, {seen.evidence}: {seen.text} ({phrases.reported(seen)})")
    if d.errata:
        out.heading("Errata")
        for slug in d.errata:
            out.item(f"{knowledge.errata[slug].title}: {place.site}/errata/{slug}")
    ids = [*d.sources, *(s for event in d.life for s in event.sources)]
    _sources(out, ids, knowledge, place)
    return out.render()


def errata_table(knowledge: Knowledge, site: str) -> Table:
    """Return the errata as rows."""
    rows = [
        (e.slug, str(e.kind), str(e.grade), e.title,
         " ".join(dict.fromkeys(a.family for a in e.affected if a.family)), e.fix,
         " ".join(map(str, knowledge.cells_named(e.cells))), f"{site}/errata/{e.slug}")
        for e in knowledge.errata.values()
    ]  # fmt: skip
    columns = ("slug", "kind", "read", "title", "families", "fix", "cells", "url")
    return Table(columns, tuple(rows))


def errata_text(knowledge: Knowledge, place: Place) -> str:
    """Return the list of errata and quirks."""
    out = Plain()
    out.title("Errata and quirks of AVIC, x2AVIC and the local APIC")
    head(out, place, "/errata")
    for e in knowledge.errata.values():
        out.blank()
        out.para(f"{e.number + ': ' if e.number else ''}{e.title}", 0, 4)
        out.field("kind", f"{e.kind}, {GRADES[e.grade.value]}", indent=2)
        out.field("affected", "; ".join(a.cpuid for a in e.affected), indent=2)
        out.field("URL", f"{place.site}/errata/{e.slug}", indent=2)
    return out.render()


GRADES = {
    "text": "AMD's own description was read",
    "title": "only AMD's title was seen",
    "software": "documented by software only",
}


def erratum_text(e: Erratum, knowledge: Knowledge, place: Place) -> str:
    """Return one erratum or quirk."""
    out = Plain()
    out.title(f"Erratum {e.number}: {e.title}" if e.number else e.title)
    head(out, place, f"/errata/{e.slug}")
    out.field("Kind", str(e.kind))
    out.field("Read", GRADES[e.grade.value])
    out.field("Also called", ", ".join(e.aliases))
    out.field("What happens", e.symptom or "not seen beyond the title")
    out.field("Workaround", e.workaround or "not seen")
    out.field("Fix", e.fix)
    out.field("Touches", e.touches)
    out.field("Not listed", e.not_listed)
    out.field("Inference", e.inference)
    if e.affected:
        out.heading("Affected")
        for part in e.affected:
            family = f" ({knowledge.families[part.family].name})" if part.family else ""
            stepping = f", {part.stepping}" if part.stepping else ""
            out.item(f"{part.cpuid}{family}{stepping} [{part.source}]")
    if e.software:
        out.heading("What software does")
        for note in e.software:
            out.item(f"{note.text} [{', '.join(note.sources)}]")
    cells = knowledge.cells_named(e.cells)
    if cells:
        out.heading("Cells")
        for key in cells:
            out.item(f"{place.site}{key.url}")
    ids = [*e.sources, *(a.source for a in e.affected), *(s for n in e.software for s in n.sources)]
    _sources(out, ids, knowledge, place)
    return out.render()


def sources_text(knowledge: Knowledge, place: Place) -> str:
    """Return every source, with how far it was read."""
    out = Plain()
    out.title("Sources")
    head(out, place, "/docs/sources")
    for source in knowledge.sources.values():
        out.blank()
        out.item(f"[{source.id}] {cite_source(source)}", mark="-")
        out.field("Message-ID", source.message_id, indent=2)
        out.field("commit", source.commit, indent=2)
        out.field("repository", source.repository, indent=2)
        out.para(place.absolute(address_of(source)), 2)
        out.para(source.note, 2)
    return out.render()


def _sources(out: Plain, ids: list[str], knowledge: Knowledge, place: Place) -> None:
    out.heading("Sources")
    for source in sources_of(ids, knowledge.sources):
        out.item(f"[{source.id}] {cite_source(source)}")
        address = place.absolute(address_of(source))
        if len(address) > COLUMNS - 2:
            address = f"{place.site}/docs/sources#{source.id}"
        out.para(address, 2)
