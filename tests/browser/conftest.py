"""A real server on 127.0.0.1 and a real Chromium."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[2]
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]


@pytest.fixture(scope="session")
def server(migrated_template, tmp_path_factory):
    """Serve a copy of the seeded database; yields the site's address."""
    database = tmp_path_factory.mktemp("server") / "vapic.db"
    shutil.copy(migrated_template, database)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {**os.environ, "DATABASE_URL": f"sqlite:///{database}", "PORT": str(port)}
    command = [sys.executable, "-m", "uvicorn", "--factory", "app.web.app:create_app"]
    command += ["--host", "127.0.0.1", "--port", str(port), "--log-level", "warning"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment)
    site = f"http://127.0.0.1:{port}"
    try:
        _wait(site, process)
        yield site
    finally:
        process.terminate()
        process.wait(10)


def _wait(site, process):
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"the server ended with {process.returncode}")
        try:
            with urllib.request.urlopen(f"{site}/docs.txt", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    raise RuntimeError("the server did not answer")


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

    def looker(path, width=1280, scheme="light"):
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme)
        page.goto(path)
        return page

    yield looker
    assert [] == errors
