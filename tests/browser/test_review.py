"""The review in a real Chromium, with and without JavaScript."""

import pytest
from playwright.sync_api import expect

from app.core.words import TokenScope
from app.intake import reviewing
from app.settings import Settings
from app.web.app import create_app
from tests.browser.access import violations
from tests.conftest import engine_of, writer_sessions
from tests.reviewables import RECEIVED_AT, make_document, submit_document
from tests.running import served

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]


@pytest.fixture(scope="module")
def server(shared_url):
    """Serve a database of this file's own: what is accepted here must not show in other tests."""
    with served(create_app(Settings(database_url=shared_url, rate_uploads=""))) as address:
        yield address


@pytest.fixture(scope="module")
def write(shared_url):
    """Writing sessions over that database."""
    with engine_of(shared_url) as engine:
        yield writer_sessions(engine)


@pytest.fixture(scope="module")
def secret(write):
    """The token of a reviewer."""
    with write.begin() as session:
        return reviewing.new_token(session, "Rae Reviewer", TokenScope.REVIEW, RECEIVED_AT)[1]


def submit(write, notes):
    with write.begin() as session:
        return submit_document(session, make_document(notes=notes)).measurement.slug


def log_in(page, secret):
    page.get_by_label("Token of a reviewer").fill(secret)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("main")).to_contain_text("Logged in as Rae Reviewer")


def decide(page, verb, reason, *, script):
    page.get_by_label("Reason").fill(reason)
    page.get_by_role("button", name=verb).click()
    if verb == "Withdraw":
        expect(page.locator("main")).to_contain_text("This is final")
        # There is nothing to look with where scripts are off.
        assert not script or [] == violations(page)
        page.get_by_role("button", name="Yes, for good").click()
    expect(page.locator("h2:has-text('Decisions') + ul")).to_contain_text(
        f"by Rae Reviewer: {reason}"
    )


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without"])
def test_log_in_look_accept_withdraw_and_log_out(script, open_page, write, secret):
    slug = submit(write, f"JavaScript: {script}")
    page = open_page("/review", java_script_enabled=script)
    log_in(page, secret)
    page.get_by_role("link", name=slug).click()
    expect(page.locator("h1")).to_have_text(f"Review of measurement {slug}")
    expect(page.locator("table tbody tr")).to_have_count(4)
    expect(page.locator("table tbody tr").last).to_contain_text("manual silent or unclear")

    decide(page, "Accept", "It repeats.", script=script)
    expect(page.locator("main")).to_contain_text("it counts now")
    decide(page, "Withdraw", "A typo.", script=script)
    expect(page.locator("main")).to_contain_text("a withdrawal is final")
    expect(page.get_by_role("button", name="Accept")).to_have_count(0)

    page.get_by_role("link", name="Changes").click()
    expect(page.locator("main")).to_contain_text(
        f"measurement {slug} changed: accepted → withdrawn by Rae Reviewer: A typo."
    )
    page.goto("/review")
    page.get_by_role("button", name="Log out").click()
    expect(page.get_by_label("Token of a reviewer")).to_be_visible()
    page.goto(f"/review/{slug}")
    expect(page.locator("main")).not_to_contain_text(slug)


def test_a_form_says_which_site_it_is_of(open_page, server, secret):
    # Browsers tell Sec-Fetch-Site to trustworthy addresses only: then this header decides.
    page = open_page("/review")
    with page.expect_request("**/review/login") as sent:
        log_in(page, secret)
    assert server == sent.value.all_headers()["origin"]
    with page.expect_request("**/review/logout") as sent:
        page.get_by_role("button", name="Log out").click()
    assert server == sent.value.all_headers()["origin"]


def test_a_decision_without_a_reason_does_not_leave_the_browser(open_page, write, secret):
    slug = submit(write, "No reason.")
    page = open_page("/review")
    log_in(page, secret)
    page.goto(f"/review/{slug}")
    page.get_by_role("button", name="Accept").click()

    assert page.evaluate("document.querySelector('#reason').validity.valueMissing")
    expect(page.locator("h2:has-text('Decisions') + ul > li")).to_have_count(1)


def test_a_wrong_token_is_told_and_the_field_is_there_to_try_again(open_page, secret):
    page = open_page("/review", expect_errors=True)
    page.get_by_label("Token of a reviewer").fill("vapic_wrong")
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("alert")).to_contain_text("unknown, or it was revoked")
    assert [] == violations(page)

    log_in(page, secret)


def test_a_form_on_another_site_does_nothing(open_page, server, write, secret):
    slug = submit(write, "Forged.")
    page = open_page("/review", expect_errors=True)
    log_in(page, secret)
    forged = f"""<!doctype html><title>x</title>
      <form method="post" action="{server}/review/{slug}">
      <input name="state" value="accepted"><input name="seen" value="pending">
      <input name="reason" value="Forged."><button>Win</button></form>"""
    page.context.route(
        "http://evil.example/", lambda route: route.fulfill(body=forged, content_type="text/html")
    )
    page.goto("http://evil.example/")
    with page.expect_navigation() as answer:
        page.get_by_role("button", name="Win").click()

    assert 403 == answer.value.status
    expect(page.locator("main")).to_contain_text("This request comes from another site.")
    page.goto(f"/review/{slug}")
    expect(page.locator("main")).to_contain_text("pending since")


def test_the_pages_are_accessible_and_never_scroll_sideways(open_page, write, secret):
    slug = submit(write, "Looked at.")
    page = open_page("/review")
    checked = looked_at(page)
    log_in(page, secret)
    assert "" == page.evaluate("document.cookie")
    checked += looked_at(page)
    page.goto(f"/review/{slug}")
    checked += looked_at(page)

    assert [(True, [], [])] * 6 == checked


def looked_at(page):
    """Return, of two widths, whether the page fits, and what axe finds in light and in dark."""
    found = []
    for width in (1280, 375):
        page.set_viewport_size({"width": width, "height": 800})
        fits = page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        light = violations(page)
        page.emulate_media(color_scheme="dark")
        found.append((fits, light, violations(page, rules=["color-contrast"])))
        page.emulate_media(color_scheme="light")
    return found
