"""What htmx swaps in is what a reload shows: nothing of the document is left behind."""

import pytest
from playwright.sync_api import expect

from tests.running import FIRST

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

# The document as text, without what htmx notes down for itself, and what its form would send.
DOCUMENT = """() => {
  const whole = document.documentElement.cloneNode(true);
  for (const part of whole.querySelectorAll("*")) {
    part.removeAttribute("data-htmx-powered");
    if (!part.getAttribute("class")) part.removeAttribute("class");
  }
  const form = document.getElementById("filters");
  const sent = form ? new URLSearchParams(new FormData(form)).toString() : "";
  return [whole.outerHTML.replace(/>\\s+/g, ">").replace(/\\s+</g, "<"), sent];
}"""
# What a document says of itself, wherever its parts stand.
ABOUT = """() => [document.title, ...[...document.querySelectorAll(
  "link[rel=alternate], link[rel=canonical], meta[name=description], meta[property], " +
  "aside.pin, footer.site",
)].map((e) => e.outerHTML)]"""


def at(path):
    """Return the address of a page as the seed of the tests made it."""
    return f"{path}{'&' if '?' in path else '?'}at={FIRST}"


def settled(page, url):
    page.wait_for_url(url)
    page.wait_for_function("!document.querySelector('.htmx-request, .htmx-swapping, .htmx-added')")


def after_reload(page, look):
    page.reload()
    return page.evaluate(look)


STEPS = {
    "a field": (
        "/",
        lambda p: p.locator("select[name=mode]").select_option("x2avic"),
        "**/?mode=x2avic",
    ),
    "the search": ("/", lambda p: p.locator("#q").press_sequentially("icr", delay=30), "**/?q=icr"),
    "a chip": (
        "/?mode=x2avic&family=zen-3,zen-4&printed=wrong",
        lambda p: p.get_by_role("link", name="Remove the filter mode: x2AVIC").click(),
        "**/?family=zen-3,zen-4&printed=wrong",
    ),
    "CPUs that are no longer columns": (
        "/?view=cpu&only=wrong",
        lambda p: p.get_by_role("link", name="Remove the filter view").click(),
        "**/?only=wrong",
    ),
    "the mode of CPUs as columns": (
        "/?view=cpu&family=zen-4",
        lambda p: p.locator("select[name=mode]").select_option("avic"),
        "**/?view=cpu&mode=avic&family=zen-4",
    ),
    "a filter that nothing passes": (
        "/?mode=avic",
        lambda p: p.locator("#q").fill("nothing-at-all"),
        "**/?mode=avic&q=nothing-at-all",
    ),
    "what the guest sees": (
        "/guest?mode=x2avic",
        lambda p: p.locator("select[name=only]").select_option("differs"),
        "**/guest?mode=x2avic&only=differs",
    ),
    "the ledger": ("/d", lambda p: p.get_by_label("retracted").check(), "**/d?state=retracted"),
}


@pytest.mark.parametrize("pinned", [False, True], ids=["today", "pinned"])
@pytest.mark.parametrize("step", STEPS)
def test_the_document_after_a_swap_is_the_document_after_a_reload(look, step, pinned):
    path, act, url = STEPS[step]
    page = look(at(path) if pinned else path)
    url = at(url) if pinned else url
    before = page.evaluate(ABOUT)
    act(page)
    settled(page, url)
    swapped = page.evaluate(DOCUMENT)

    assert page.evaluate(ABOUT) != before
    assert pinned == bool(page.locator("aside.pin").count())
    assert after_reload(page, DOCUMENT) == swapped


def test_going_back_shows_the_document_of_that_address(open_page):
    page = open_page("/?mode=x2avic")
    page.locator("select[name=access]").select_option("write")
    settled(page, "**/?mode=x2avic&access=write")
    page.go_back()
    settled(page, "**/?mode=x2avic")
    expect(page.locator("th.x2avic")).to_have_count(2)
    swapped = page.evaluate(DOCUMENT)

    assert after_reload(page, DOCUMENT) == swapped


@pytest.mark.parametrize("pinned", [False, True], ids=["today", "pinned"])
def test_with_an_open_cell_the_document_speaks_of_the_address_of_the_cell(look, pinned):
    page = look(at("/") if pinned else "/")
    page.locator("tr#ldr td.x2avic a.open").last.click()
    settled(page, at("**/r/ldr/x2avic/write") if pinned else "**/r/ldr/x2avic/write")
    expect(page.locator("#open-ldr article h2")).to_have_text("LDR x2AVIC write")
    swapped = page.evaluate(ABOUT)

    assert after_reload(page, ABOUT) == swapped
