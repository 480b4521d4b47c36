"""What became public, and when."""

from __future__ import annotations

from app.pages import changes_text, explore
from app.pages.kinds.kind import Address, PageKind
from app.pages.subjects import EVERYTHING, Subject
from app.pens.page import Page


class ChangesPage(PageKind):
    """Every data version, newest first."""

    pattern = "/changes"
    promise = "what became public, and when"
    twins = "txt json csv md atom"

    def find(self, asked: Address) -> Page:
        """Return what changed and when."""
        versions = explore.data_versions(asked.snapshot)
        return Page.of(
            changes_text.changes_sheet(versions),
            title="Changes",
            subject=Subject(EVERYTHING, "vAPIC Explorer: every change"),
            table=lambda _: changes_text.changes_table(versions),
            data=lambda _: {
                "data_version": asked.snapshot.name,
                "changes": [changes_text.version_body(version) for version in versions],
            },
        )


KINDS: tuple[PageKind, ...] = (ChangesPage(),)
