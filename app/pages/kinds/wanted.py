"""What nobody has measured yet."""

from __future__ import annotations

from app.core import wanted
from app.pages import wanted_text
from app.pages.kinds.kind import Address, PageKind
from app.pens import atom
from app.pens.page import Page
from app.pens.place import Place


class WantedPage(PageKind):
    """What would settle each cell; the query names families."""

    pattern = "/wanted"
    promise = "what nobody measured yet"
    twins = "txt json csv md atom"
    lists = True

    def find(self, asked: Address) -> Page:
        """Return what is wanted of the families. Raises InvalidFilter."""
        knowledge = asked.knowledge
        families = wanted.read_families(asked.pairs, knowledge.families)
        wants = wanted.list_wants(knowledge, asked.snapshot.cells, families)
        # What would be said of each of them is the same; who asks for one gets all of it.
        unheard = wanted.unheard(knowledge, asked.snapshot.cells) if not families else ()
        silent = tuple(f for f in unheard if any(want.family == f for want in wants))
        batches = wanted.batches(want for want in wants if want.family not in silent)

        def feed(place: Place) -> str:
            times = wanted_text.times_of(*asked.snapshot.steps.evidence(), knowledge)
            told = wanted_text.wanted_feed(wants, families, knowledge, place, times)
            return atom.atom(told, place.site)

        return Page(
            path=wanted_text.path_of(families),
            title=wanted_text.TITLE,
            template="wanted/index.html",
            view={
                "batches": [(slug, [b for b in batches if b.family == slug])
                            for slug in dict.fromkeys(b.family for b in batches)],
                "chosen": families,
                "silent": silent,
                "silent_path": wanted_text.path_of(silent),
                "counts": wanted_text.counts(wants),
                "wanted": wanted,
                "wording": wanted_text,
            },
            text=lambda place: wanted_text.wanted_text(wants, families, silent, knowledge, place),
            table=lambda place: wanted_text.wanted_table(wants, place.site),
            data=lambda place: wanted_text.wanted_body(wants, place),
            feed=feed,
        )  # fmt: skip


KINDS: tuple[PageKind, ...] = (WantedPage(),)
