"""The corrected table for the editor of the manual: the printed one as text, and the letter."""

from __future__ import annotations

from app.pages import letter_text, print_text
from app.pages.kinds.kind import Address, PageKind
from app.pens.lines import Linked
from app.pens.page import Page
from app.pens.parts import Columns, Sheet
from app.pens.place import PIN


class PrintedPage(PageKind):
    """Table 15-22 as it is printed, in the form to which the patch applies."""

    pattern = "/corrected/printed"
    promise = "Table 15-22 as it is printed, to which /corrected.diff applies"
    twins = "txt"

    def find(self, asked: Address) -> Page:
        """Return the printed table; its text is that form and nothing else."""
        text = print_text.printed_form(asked.snapshot.corrected, asked.knowledge)
        title, body = print_text.TITLE, text.split("\n", 2)[2]
        up = (Linked("Corrected", "/corrected"), "printed")
        sheet = Sheet(title, self.pattern, up=up).holding(Columns(body))
        return Page(
            template="sheet.html",
            path=self.pattern,
            title=title,
            view={"sheet": sheet},
            text=lambda _: text,
        )


class LetterPage(PageKind):
    """The letter to the editor: every change with its page and its reason."""

    pattern = letter_text.PATH
    promise = "each change of Table 15-22 with page and reason, ready to send"
    twins = "txt"

    def find(self, asked: Address) -> Page:
        """Return the letter."""
        snapshot = asked.snapshot
        pin = f"?{PIN}={snapshot.name}" if snapshot.pinned else ""
        return Page.of(letter_text.letter_sheet(snapshot.corrected, snapshot.knowledge, pin))


KINDS: tuple[PageKind, ...] = (PrintedPage(), LetterPage())
