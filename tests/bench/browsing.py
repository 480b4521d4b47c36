"""What a page weighs and takes in a real Chromium."""

from __future__ import annotations

import shutil
from collections import defaultdict

from playwright.sync_api import Browser, sync_playwright

from tests.bench.running import Figures, Run, Site, ours
from tests.browser.conftest import FLAGS

NAMES = ("chromium", "chromium-browser", "google-chrome", "chromium-headless-shell")
# Everything that came over the wire, as it was packed.
WEIGHT = """() => {
  const [page] = performance.getEntriesByType("navigation");
  const rest = performance.getEntriesByType("resource").map((e) => e.encodedBodySize);
  return [page.encodedBodySize, rest.reduce((sum, size) => sum + size, page.encodedBodySize)];
}"""
PAINTED = (
    """() => performance.getEntriesByName("first-contentful-paint").map((e) => e.startTime)[0]"""
)
# From the sending of the form until what it asked for has been painted.
FILTERED = """() => new Promise((done) => {
  const form = document.getElementById("filters");
  const before = document.querySelector("main").textContent.length;
  form.elements.mode.value = "x2avic";
  const begin = performance.now();
  form.requestSubmit();
  const look = () => {
    const now = document.querySelector("main").textContent.length;
    const there = location.search === "?mode=x2avic" && now !== before;
    if (there) requestAnimationFrame(() => done(performance.now() - begin));
    else requestAnimationFrame(look);
  };
  look();
})"""


def measure(run: Run) -> Figures:
    """Return bytes of `/`, alone and with everything, and milliseconds to paint and to filter."""
    path = next((found for name in NAMES if (found := shutil.which(name))), None)
    figures: Figures = defaultdict(list)
    with ours(run.database) as site, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        run.told["chromium"] = [browser.version]
        for _ in range(run.rounds):
            for name, value in _visit(browser, site).items():
                figures[name].append(value)
        browser.close()
    return figures


def _visit(browser: Browser, site: Site) -> dict[str, float]:
    """Come for the first time, with nothing kept, and choose one mode."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.goto(f"{site.address}/", wait_until="networkidle")
    alone, everything = page.evaluate(WEIGHT)
    painted, filtered = page.evaluate(PAINTED), page.evaluate(FILTERED)
    context.close()
    return {
        "page KB": alone / 1000,
        "all KB": everything / 1000,
        "paint": painted,
        "filter": filtered,
    }
