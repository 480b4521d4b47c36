"""The table as one picture."""

from __future__ import annotations

from app.pages.kinds.kind import Address, PageKind
from app.pages.picture import TITLE, picture_of, picture_sheet
from app.pens.page import Page


class PicturePage(PageKind):
    """The whole table as one picture, on a page and by itself."""

    pattern = "/map"
    promise = "the table as one picture, for slides and mails"
    twins = "svg txt"

    def find(self, asked: Address) -> Page:
        """Return the picture."""
        picture = picture_of(asked.snapshot)
        view = {"map": picture}
        return Page.of(picture_sheet(picture), title=TITLE, view=view, picture="map/map.svg")


KINDS: tuple[PageKind, ...] = (PicturePage(),)
