"""What nobody has measured yet."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from app.core import wanted
from app.pages import wanted_text
from app.pages.kinds.kind import Address, PageKind
from app.pens import atom
from app.pens.page import Page
from app.pens.place import Place
from app.store import queries
from app.store.engine import Session
from app.store.snapshots import LISTED_VERSIONS, Snapshot


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

        def feed(place: Place, session: Session) -> str:
            times = wanted_text.times_of(_history(asked.snapshot, session), knowledge)
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


def _history(snapshot: Snapshot, session: Session) -> Iterable[tuple[datetime, Iterable[Any]]]:
    """Return every data version with its changes; a snapshot holds the newest alone."""
    yield from ((version.created_at, changes) for version, changes in snapshot.history)
    oldest = snapshot.history[-1][0].id
    older = [v for v in queries.list_versions(session) if v.id < oldest]
    for start in range(0, len(older), LISTED_VERSIONS):
        part = older[start : start + LISTED_VERSIONS]
        changes = queries.list_changes(session, (v.id for v in part))
        yield from ((v.created_at, changes[v.id]) for v in part)


KINDS: tuple[PageKind, ...] = (WantedPage(),)
