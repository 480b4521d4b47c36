"""Sending a measurement from a browser, with and without JavaScript."""

import json

import pytest
from playwright.sync_api import expect

from tests.browser.access import violations
from tests.measured.documents import document, many

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


def test_paste_check_mend_submit_and_withdraw(open_page):
    page = open_page("/upload", expect_errors=True)
    page.locator("#text").fill(document(notes="with script").decode().replace("access", "aceess"))
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("alert")).to_contain_text("/observations/0/aceess")
    expect(page.get_by_role("alert")).to_contain_text("did you mean access?")
    assert [] == violations(page)
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320

    page.locator("#text").fill(page.locator("#text").input_value().replace("aceess", "access"))
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("status").first).to_contain_text("2 cells gain evidence")
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("h1")).to_have_text("Received")
    secret = page.locator("#secret").inner_text()
    assert [] == violations(page)

    page.get_by_role("link", name="/m/").click()
    expect(page.locator("main")).to_contain_text("pending since")
    assert [] == violations(page)
    page.get_by_text("Withdraw it").click()
    page.locator("input[name=secret]").fill(secret)
    page.get_by_role("button", name="Withdraw").click()
    page.wait_for_url("**/m/*")
    page.reload()
    expect(page.locator("main")).to_contain_text("Withdrawn by the submitter.")


def test_picking_a_file_shows_what_will_be_checked(open_page, tmp_path):
    path = tmp_path / "zen5.json"
    path.write_bytes(document(observations=many(140)))
    page = open_page("/upload")
    page.locator("#file").set_input_files(path)
    expect(page.locator("#text")).to_have_value(path.read_text())
    page.get_by_role("button", name="Check").click()
    expect(page.get_by_role("status").first).to_contain_text("140 observations on Zen 5")
    assert [] == violations(page)
    page.goto("/upload")
    expect(page.locator("#text")).to_have_value(path.read_text())
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("h1")).to_have_text("Received")
    page.goto("/upload")
    expect(page.locator("#text")).to_have_value("")


def test_dropping_a_file_fills_the_form(open_page):
    page = open_page("/upload")
    transfer = page.evaluate_handle(
        "text => { const t = new DataTransfer();"
        " t.items.add(new File([text], 'a.json', {type: 'application/json'})); return t; }",
        '{"format": 1}',
    )
    page.dispatch_event("#text", "drop", {"dataTransfer": transfer})
    expect(page.locator("#text")).to_have_value('{"format": 1}')


def test_a_file_goes_through_with_javascript_off(open_page, tmp_path):
    path = tmp_path / "plain.json"
    path.write_text(json.dumps(json.loads(document(notes="without script")), indent=2))
    page = open_page("/upload", java_script_enabled=False)
    page.locator("#file").set_input_files(path)
    page.get_by_role("button", name="Submit").click()
    expect(page.locator("h1")).to_have_text("Received")
    expect(page.locator("#secret")).to_be_visible()
    page.get_by_role("link", name="/m/").click()
    expect(page.locator("main")).to_contain_text("pending since")
    page.goto("/m")
    expect(page.locator("main dl.facts").first).to_be_visible()
    expect(page.locator("main")).to_contain_text("constructed Zen 5")
