"""The corpus of injections in a real Chromium whose policy is off: nothing runs, nothing leaves.

``EVERY_PAYLOAD=1`` opens the pages of each payload by itself too.
"""

import os
from itertools import pairwise

import pytest

from app.settings import Settings
from app.web.app import create_app
from tests.operating.injections import MARK, PAYLOADS, fill, quoted
from tests.running import client_of, served

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]
LIMITS = {"rate_uploads": "", "rate_token": "", "sender_pending_documents": 1000}
ALL = "\n".join(PAYLOADS[:-1]).replace("\0", "")


def test_nothing_that_strangers_write_runs_in_a_browser(chromium, shared_url):
    with client_of(shared_url, **LIMITS) as client:
        slugs, _ = fill(client, shared_url)
    every = bool(os.environ.get("EVERY_PAYLOAD"))
    found = []
    with served(create_app(Settings(database_url=shared_url, **LIMITS))) as site:
        # What the policy would stop is not to be there.
        context = chromium.new_context(bypass_csp=True)
        context.expose_function(MARK, lambda *_: found.append(f"ran on {page.url}"))
        page = context.new_page()
        page.on("dialog", lambda dialog: (found.append(f"dialog on {page.url}"), dialog.dismiss()))
        page.on("popup", lambda other: found.append(f"window {other.url}"))
        page.on("request", lambda r: r.url.startswith(f"{site}/") or found.append(r.url))
        # The trap shuts, or nothing that it lets through says anything.
        page.goto(f"{site}/healthz")
        page.set_content(f"<img src=//{MARK}.example/x><img src=/x onerror={MARK}(0)>")
        page.wait_for_timeout(300)
        assert [f"http://{MARK}.example/x", f"ran on {site}/healthz"] == found
        found.clear()
        opened = 0
        for path in paths(slugs, every=every):
            page.goto(site + path, wait_until="load")
            opened += 1
        for path in ("/check-mail", "/upload", "/wanted"):
            for text in [ALL, *(PAYLOADS[:-1] if every else ())]:
                page.goto(site + path)
                if page.locator("main textarea").count():
                    page.locator("main textarea").first.fill(text.replace("\0", ""))
                    page.locator("main form:has(textarea) button").first.click()
                    page.wait_for_load_state("load")
                    opened += 1
        page.wait_for_timeout(300)
        context.close()

    assert [] == found
    assert len(paths(slugs, every=every)) < opened


def paths(slugs, *, every):
    """Return the pages to open: those of everything together, and of each payload."""
    pages = [
        "/m",
        "/r/ldr/x2avic/write",
        "/?view=cpu&family=zen-5",
        "/c/zen-5",
        "/changes",
        "/search?q=pwned",
    ]
    if every:
        pages += [f"/m/{slug}" for slug in slugs]
        pages += [f"/m/{a}/diff/{b}" for a, b in pairwise(slugs)]
        ways = ("/search?q=", "/r/", "/?mode=", "/?at=", "/docs/", "/d?state=")
        pages += [f"{way}{quoted(payload)}" for payload in PAYLOADS for way in ways]
    return pages + [f"/m/{slug}" for slug in slugs[::8]]
