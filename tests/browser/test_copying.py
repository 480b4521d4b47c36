"""Copying for the list as somebody does it, by keyboard and without JavaScript."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_a_copy_button_works_by_keyboard_and_says_that_it_copied(open_page):
    page = open_page("/r/ldr/x2avic/write", permissions=["clipboard-read", "clipboard-write"])
    page.get_by_text("Copy: plain, pinned").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Copy Block").focus()
    page.keyboard.press("Enter")
    lines = len(page.get_by_label("Block").input_value().splitlines())
    expect(page.get_by_role("status")).to_have_text(f"Copied the block, {lines} lines")
    copied = page.evaluate("navigator.clipboard.readText()")

    assert copied == page.get_by_label("Block").input_value()


def test_a_copy_is_told_after_a_way_back_too(open_page):
    page = open_page("/", permissions=["clipboard-read", "clipboard-write"])
    page.select_option("select[name=mode]", "x2avic")
    page.wait_for_url("**/?mode=x2avic")
    page.go_back()
    expect(page.locator("select[name=mode]")).to_have_value("")
    page.keyboard.press("j")
    page.keyboard.press("y")
    expect(page.locator("#notice")).to_contain_text("Copied http")


def test_a_refused_copy_leaves_the_text_selected(open_page):
    page = open_page("/d/3/mail")
    page.evaluate("() => { navigator.clipboard.writeText = () => Promise.reject(); }")
    page.get_by_role("button", name="Copy Link:").click()
    expect(page.get_by_role("status")).to_contain_text("Copying is not allowed here")

    selected = "() => { const e = document.activeElement; return [e.value, e.selectionEnd]; }"
    text, end = page.evaluate(selected)
    assert text.startswith("Link: http://")
    assert end == len(text)


def test_ticked_rows_become_a_block_without_javascript(open_page):
    page = open_page("/?mode=x2avic", java_script_enabled=False)
    page.get_by_label("Select LDR").check()
    page.get_by_label("Select EOI").check()
    page.get_by_role("button", name="Copy selected rows for the list").click()
    page.wait_for_url("**/mail?rows=eoi,ldr&mode=x2avic")

    assert page.get_by_label("Block").input_value().startswith("EOI, LDR under x2AVIC\n")
    # The address as it is, pinned and as a trailer, the block, and the commits behind it.
    expect(page.locator("button.copy")).to_have_count(5)
    expect(page.locator("button.copy").first).to_be_hidden()
