"""Coverage, and one family."""

from __future__ import annotations

from app.core.wanted import unheard
from app.pages import explore, family_text
from app.pages.kinds.kind import Address, PageKind
from app.pages.subjects import Subject
from app.pens.page import Page


class CoveragePage(PageKind):
    """Which family has which evidence."""

    pattern = "/c"
    promise = "coverage"
    twins = "txt json csv md"
    lists = True

    def find(self, asked: Address) -> Page:
        """Return the coverage matrix."""
        cells, knowledge = asked.snapshot.cells, asked.knowledge
        return Page(
            path="/c",
            title="Coverage",
            template="families/index.html",
            view={
                "cells": cells,
                "counts": {f: family_text.coverage(cells, f) for f in knowledge.families},
                "silent": unheard(knowledge, cells),
            },
            text=lambda place: family_text.coverage_text(cells, knowledge, place),
            table=lambda _: family_text.coverage_table(cells, knowledge),
            data=lambda _: {
                "data_version": asked.snapshot.name,
                "families": family_text.coverage_table(cells, knowledge).records(),
            },
        )


class FamilyPage(PageKind):
    """One CPU family."""

    pattern = "/c/{slug}"
    promise = "one family"
    twins = "txt json csv md atom"

    def find(self, asked: Address) -> Page:
        """Return a family: where it differs, who says so, what is unmeasured. Raises NotFound."""
        family = explore.find_family(asked.snapshot, asked.parts["slug"])
        cells, knowledge = asked.snapshot.cells, asked.knowledge
        path = f"/c/{family.slug}"
        return Page(
            path=path,
            title=family.name,
            template="families/show.html",
            subject=Subject(path, f"Family {family.name}: changes"),
            view={
                "family": family,
                "judged": {key: view.judgements[family.slug] for key, view in cells.items()},
                "counts": family_text.coverage(cells, family.slug),
                "errata": family_text.errata_of(family, knowledge),
                "cells": cells,
            },
            text=lambda place: family_text.family_text(family, cells, knowledge, place),
            table=lambda _: family_text.family_table(family, cells),
            data=lambda _: {
                "data_version": asked.snapshot.name,
                "family": family.slug,
                "cells": family_text.family_table(family, cells).records(),
            },
        )


KINDS: tuple[PageKind, ...] = (CoveragePage(), FamilyPage())
