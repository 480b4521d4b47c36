"""The table as somebody uses it: with and without JavaScript."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_filtering_opening_going_back_and_reloading(look):
    page = look("/")
    page.locator("select[name=family]").select_option("zen-4")
    page.wait_for_url("**/?family=zen-4")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("table wrong or incomplete").check()
    page.wait_for_url("**/?family=zen-4&verdict=explained")
    expect(page.locator(".sentence")).to_have_text(
        '9 of 132 cells judged "table wrong or incomplete" on Zen 4.'
    )

    page.locator("tr#ldr td.x2avic a.open").last.click()
    page.wait_for_url("**/r/ldr/x2avic/write")
    expect(page.locator("#open-ldr article h2")).to_have_text("LDR x2AVIC write")
    expect(page.locator("#open-ldr")).to_contain_text("rules this cell")

    page.go_back()
    page.wait_for_url("**/?family=zen-4&verdict=explained")
    expect(page.locator("table.main")).to_be_visible()
    expect(page.locator("article.cell")).to_have_count(0)

    page.go_forward()
    page.wait_for_url("**/r/ldr/x2avic/write")
    page.reload()
    expect(page.locator("h1")).to_have_text("LDR - Logical Destination Register")


def test_one_cell_is_open_at_a_time_and_closes(look):
    page = look("/")
    page.locator("tr#id a.open").first.click()
    expect(page.locator("#open-id article")).to_be_visible()
    page.locator("tr#tpr a.open").first.click()
    expect(page.locator("#open-tpr article")).to_be_visible()
    expect(page.locator("article.cell")).to_have_count(1)
    page.locator("article.cell a.close").click()
    expect(page.locator("#open-tpr article")).to_have_count(0)


@pytest.mark.parametrize("how", ["Escape", "a second click", "close"])
def test_an_open_cell_closes_and_gives_the_focus_back(look, how):
    page = look("/?mode=x2avic")
    page.locator("tr#id a.open").first.click()
    expect(page.locator("#open-id article")).to_be_visible()
    link = page.locator("tr#tpr a.open").last
    link.click()
    expect(page.locator("#open-tpr article")).to_be_visible()
    expect(link).to_have_attribute("aria-expanded", "true")
    match how:
        case "Escape":
            page.keyboard.press("Escape")
        case "a second click":
            link.click()
        case _:
            page.locator("article.cell a.close").click()
    page.wait_for_url("**/?mode=x2avic")

    expect(page.locator("article.cell")).to_have_count(0)
    expect(link).to_be_focused()
    expect(link).to_have_attribute("aria-expanded", "false")


def test_a_chip_takes_its_filter_away(look):
    page = look("/?mode=x2avic&only=disagreements")
    page.get_by_role("link", name="Remove the filter mode: x2AVIC").click()
    page.wait_for_url("**/?only=disagreements")
    expect(page.locator("thead th.avic").first).to_be_visible()


def test_searching_narrows_as_one_types(look):
    page = look("/")
    page.keyboard.press("/")
    page.keyboard.type("task priority")
    page.wait_for_url("**/?q=task+priority")
    expect(page.locator("tr#tpr")).to_be_visible()
    expect(page.locator("tr#eoi")).to_have_count(0)
    expect(page.locator("#q")).to_have_value("task priority")


def test_everything_works_with_javascript_off(open_page):
    page = open_page("/", java_script_enabled=False)
    page.locator("select[name=family]").select_option("zen-4")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("table wrong or incomplete").check()
    page.get_by_role("button", name="Filter").click()
    page.wait_for_url("**/?family=zen-4&verdict=explained")
    expect(page.locator(".sentence")).to_have_text(
        '9 of 132 cells judged "table wrong or incomplete" on Zen 4.'
    )
    page.locator("tr#ldr td.x2avic a.open").last.click()
    page.wait_for_url("**/r/ldr/x2avic/write")
    expect(page.locator("h1")).to_have_text("LDR - Logical Destination Register")
    expect(page.get_by_role("button", name="Copy link")).to_be_hidden()
    page.go_back()
    expect(page.locator("select[name=family]")).to_have_value("zen-4")
    page.goto("/r/0x130")
    assert page.url.endswith("/r/isr#3")


def test_the_keyboard_reaches_rows_cells_links_and_help(open_page):
    page = open_page("/", permissions=["clipboard-read", "clipboard-write"])
    page.keyboard.press("j")
    page.keyboard.press("j")
    page.keyboard.press("l")
    assert "/r/version/avic/write" == page.evaluate("document.activeElement.getAttribute('href')")
    page.keyboard.press("ArrowUp")
    assert "/r/id/avic/write" == page.evaluate("document.activeElement.getAttribute('href')")
    page.keyboard.press("y")
    expect(page.locator("#notice")).to_contain_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()").endswith("/r/id/avic/write")
    page.keyboard.press("?")
    expect(page.locator("dialog#keys")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Enter")
    expect(page.locator("#open-id article h2")).to_have_text("ID AVIC write")


def test_an_error_says_so_and_keeps_the_page(open_page):
    page = open_page("/", expect_errors=True)
    nonsense = "<input name=verdict value=nonsense>"
    page.locator("#filters").evaluate(
        "(f, html) => f.insertAdjacentHTML('beforeend', html)", nonsense
    )
    page.locator("#q").fill("icr")
    expect(page.locator("#notice")).to_contain_text("400")
    expect(page.locator("table.main")).to_be_visible()


def test_headings_and_first_column_stay_in_sight(look):
    page = look("/")
    page.locator("tr#timer-current").scroll_into_view_if_needed()
    page.mouse.wheel(0, 200)
    page.wait_for_timeout(100)
    box = page.locator("thead th").first.bounding_box()

    assert 0 <= box["y"] < 5


def test_print_keeps_the_table_and_drops_the_controls(open_page):
    page = open_page("/")
    page.emulate_media(media="print")

    expect(page.locator("form.filters")).to_be_hidden()
    expect(page.locator("table.main thead")).to_be_visible()
