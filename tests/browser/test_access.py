"""axe finds no violation on any kind of page, and the dark scheme is as readable."""

import pytest

from tests.browser.access import violations

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

# One page of each template: axe takes seconds on a page, and repeats teach it nothing.
PAGES = """/?family=zen-4&verdict=explained /?q=nothing-at-all /?view=cpu /map /corrected
    /corrected/letter /r/icr /r/icr/x2avic/write /c /c/zen-4 /d /d/1 /d/15/mail /errata
    /errata/1235 /changes /m /upload /wanted?family=zen-5 /docs /docs/api /docs/format
    /docs/upload /api/v1/docs /guest /guest?hypervisor=kvm-6.0,kvm-7.2"""
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


@pytest.mark.parametrize("path", PAGES.split())
def test_axe_finds_no_violation(look, path):
    assert [] == violations(look(path))


@pytest.mark.parametrize("path", ["/", "/corrected", "/d/1", "/r/icr"])
def test_axe_finds_no_violation_on_a_phone(look, path):
    assert [] == violations(look(path, width=375))


@pytest.mark.parametrize("path", DARK)
def test_nothing_is_hard_to_read_in_the_dark(look, path):
    assert [] == violations(look(path, scheme="dark"), rules=["color-contrast"])


def test_axe_finds_no_violation_on_an_error_page_nor_in_an_open_cell(open_page):
    assert [] == violations(open_page("/nope", expect_errors=True))
    page = open_page("/?q=eoi")
    page.locator("tr#eoi a.open").last.click()
    page.locator("#open-eoi article").wait_for()

    assert [] == violations(page)
