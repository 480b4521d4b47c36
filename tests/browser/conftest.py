"""A real server on 127.0.0.1 and a real Chromium."""

import shutil
from contextlib import contextmanager

import pytest
from playwright.sync_api import sync_playwright

from app.settings import Settings
from app.web.app import create_app
from tests.running import served

# Every page is of one site, so that one process may draw them all.
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync",
         "--renderer-process-limit=1"]  # fmt: skip


@pytest.fixture(scope="package")
def server(databases):
    """Serve a copy of the seeded database; yields the site's address."""
    with databases.lent() as url, served(create_app(Settings(database_url=url))) as address:
        yield address


@contextmanager
def launched():
    """The Chromium on PATH, else Playwright's own.

    Its event loop must be gone when tests of other folders run theirs, so each folder or file
    has a fixture of its own: one that a file imports would stay until the end of the run.
    """
    names = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome")
    path = next((found for name in names if (found := shutil.which(name))), None)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def chromium():
    """The Chromium of all tests of this folder."""
    with launched() as browser:
        yield browser


@pytest.fixture
def open_page(chromium, server):
    """Open a page; the test fails on any error in its console."""
    contexts, errors = [], []

    def opener(path, *, expect_errors=False, **options):
        context = chromium.new_context(
            base_url=server, **{"viewport": {"width": 1280, "height": 900}, **options}
        )
        contexts.append(context)
        page = context.new_page()
        if not expect_errors:
            page.on(
                "console",
                lambda m: errors.append(m.text) if m.type in {"error", "warning"} else None,
            )
            page.on("pageerror", lambda e: errors.append(str(e)))
        page.goto(path)
        return page

    yield opener
    for context in contexts:
        context.close()
    assert [] == errors


@pytest.fixture(scope="module")
def tab(chromium, server):
    """One tab of the browser for all tests of a module that only look; with its errors."""
    context = chromium.new_context(base_url=server)
    page, errors = context.new_page(), []
    page.on("console", lambda m: errors.append(m.text) if m.type in {"error", "warning"} else None)
    page.on("pageerror", lambda e: errors.append(str(e)))
    yield page, errors
    context.close()


@pytest.fixture
def look(tab):
    """Go to a page in the module's own tab; the test fails on any error in its console."""
    page, errors = tab
    errors.clear()

    def looker(path, width=1280, height=900):
        page.set_viewport_size({"width": width, "height": height})
        page.emulate_media(color_scheme="light")
        page.goto(path)
        return page

    yield looker
    assert [] == errors
