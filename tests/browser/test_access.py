"""axe finds no violation on any kind of page, in light and in dark."""

import pytest

from tests.browser.access import violations

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

PAGES = (
    "/",
    "/?family=zen-4&verdict=explained",
    "/?q=nothing-at-all",
    "/corrected",
    "/r/isr",
    "/r/icr",
    "/r/icr/x2avic/write",
    "/r/ldr/x2avic/write",
    "/c",
    "/c/zen-4",
    "/c/excavator",
    "/d",
    "/d/1",
    "/errata",
    "/errata/1235",
    "/changes",
    "/docs",
    "/docs/words",
    "/docs/api",
    "/docs/sources",
    "/api/v1/docs",
)


@pytest.mark.parametrize("path", PAGES)
def test_axe_finds_no_violation(open_page, path):
    page = open_page(path)
    light = violations(page)
    page.emulate_media(color_scheme="dark")

    assert [] == light
    # Nothing but the colours differs in the dark.
    assert [] == violations(page, rules=["color-contrast"])


def test_axe_finds_no_violation_on_an_error_page_nor_in_an_open_cell(open_page):
    assert [] == violations(open_page("/nope", expect_errors=True))
    page = open_page("/")
    page.locator("tr#eoi a.open").last.click()
    page.locator("#open-eoi article").wait_for()

    assert [] == violations(page)
