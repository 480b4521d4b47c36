"""JSON that names the revision of the manual beside what it is about."""

from __future__ import annotations

from app.core.editions import AsStated, as_stated
from app.core.knowledge import Knowledge
from app.core.views import CellView
from app.pages.api import CellOut, cell_out
from app.pens.stated import ManualOut, manual_out


class OneCell(CellOut):
    """A cell by itself, with the revision of the manual that it is held against."""

    apm: ManualOut | None


def one_cell(
    view: CellView, knowledge: Knowledge, site: str, edition: AsStated | None = None
) -> OneCell:
    """Return a cell under the revision that it is held against, the newest unless told."""
    found = cell_out(view, knowledge, site, edition=edition)
    manual = manual_out(edition or as_stated(knowledge))
    return OneCell.model_construct(**dict(found), apm=manual)
