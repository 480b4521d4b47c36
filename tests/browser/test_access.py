"""What holds of every kind of page: axe finds no violation, in the dark neither, and it fits."""

import pytest

from tests.browser.access import violations

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

# One page of each template: axe takes long on a page, and repeats teach it nothing.
PAGES = """/?family=zen-4&verdict=explained /?q=nothing-at-all /?view=cpu /map /corrected
    /corrected/letter /r/icr /r/icr/x2avic/write /c /c/zen-4 /d /d/1 /d/15/mail /errata
    /errata/1235 /changes /m /upload /wanted?family=zen-5 /docs/api /docs/format
    /api/v1/docs /guest?hypervisor=kvm-6.0,kvm-7.2"""
# Where every colour of the dark scheme is to be seen.
DARK = (
    "/?family=zen-4&verdict=explained",
    "/?view=cpu",
    "/map",
    "/r/icr/x2avic/write",
    "/c",
    "/d/1",
    "/guest?hypervisor=kvm-6.0,kvm-7.2",
)
# The other templates, and the pages with the widest tables.
WIDEST = """/ /?policy=kvm-6.0,kvm-7.2 /r/eoi/x2avic/write /policy /policy/kvm-6.0..kvm-7.2
    /wanted /check-mail /search?q=icr /docs/measure /docs/sources /docs/upload /export"""
WIDTHS = (1280, 1100, 1024, 768, 375, 320)
PHONE = 375
ON_A_PHONE = ("/", "/corrected", "/d/1", "/r/icr")


@pytest.mark.parametrize("path", f"{PAGES} {WIDEST}".split())
def test_a_page_is_accessible_and_never_scrolls_sideways(look, path):
    page = look(path)
    assert path not in PAGES.split() or [] == violations(page)
    if path in DARK:
        page.emulate_media(color_scheme="dark")
        assert [] == violations(page, rules=["color-contrast"])
        page.emulate_media(color_scheme="light")
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})

        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert width != PHONE or path not in ON_A_PHONE or [] == violations(page)


def test_axe_finds_no_violation_on_an_error_page_nor_in_an_open_cell(open_page):
    assert [] == violations(open_page("/nope", expect_errors=True))
    page = open_page("/?q=eoi")
    page.locator("tr#eoi a.open").last.click()
    page.locator("#open-eoi article").wait_for()

    assert [] == violations(page)
