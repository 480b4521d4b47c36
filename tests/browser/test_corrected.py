"""The corrected table on screen and on paper."""

import re

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PAGES = re.compile(rb"/Type\s*/Page\b(?!s)")
MARGIN = "10mm"
TABLE = "table.corrected"


def test_the_head_of_the_corrected_table_stays_in_view_with_both_of_its_lines(look):
    page = look("/corrected")
    page.locator("#tmcct, #timer-current").first.scroll_into_view_if_needed()
    page.mouse.wheel(0, 400)
    tops = [row.bounding_box()["y"] for row in page.locator(f"{TABLE} thead tr").all()]
    under = page.evaluate("document.elementFromPoint(400, 5).closest('thead') !== null")

    assert 0 <= tops[0] < tops[1] < 60
    assert under


def test_the_corrected_table_prints_on_four_pages(look):
    page = look("/corrected")
    margins = dict.fromkeys(("top", "right", "bottom", "left"), MARGIN)
    pages = len(PAGES.findall(page.pdf(format="A4", margin=margins)))
    print(f"/corrected: {pages} pages of A4")  # noqa: T201 - the figure is what it is for

    assert pages <= 4
