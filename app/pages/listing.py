"""What pages list in the same way: sources, cells, families, errata, each leading to its page."""

from __future__ import annotations

from collections.abc import Iterable

from app.core.cells import CellKey
from app.core.citations import address_of, cite_source, sources_of
from app.core.facts import Erratum
from app.core.knowledge import Knowledge
from app.pens.lines import Linked, Pieces, Sourced, join_lines
from app.pens.parts import Fetched, Item, Section, ShortItem


def list_sources(ids: Iterable[str], knowledge: Knowledge) -> Section:
    """Return the named sources, each once, with the address where it can be read."""
    return Section("Sources").holding(
        Item((Sourced((source.id,)), f" {cite_source(source)}")).holding(
            Fetched(address_of(source), f"/docs/sources#{source.id}")
        )
        for source in sources_of(ids, knowledge.sources)
    )


def list_cells(keys: Iterable[CellKey], knowledge: Knowledge) -> Section:
    """Return cells by their names."""
    return Section("Cells").holding(
        ShortItem((Linked(knowledge.name_of(key), key.url, told=True),)) for key in keys
    )


def list_errata(errata: Iterable[Erratum]) -> list[Item]:
    """Return errata by their titles."""
    return [
        Item((f"{e.title}: ", Linked(e.number or e.slug, f"/errata/{e.slug}", told=True)))
        for e in errata
    ]


def families_line(slugs: Iterable[str], knowledge: Knowledge) -> Pieces:
    """``Zen 4, Zen 5``: families by their names."""
    return join_lines((Linked(knowledge.families[slug].name, f"/c/{slug}"),) for slug in slugs)
