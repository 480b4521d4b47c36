"""The whole site as static files: every link resolves, in a browser from file:// too."""

import asyncio
import html
import json
import re
from urllib.parse import unquote, urlsplit

import pytest

from app.export.site.addresses import ASKS, PAIRS, CopiedSite, file_of
from app.export.site.copying import MARKER, copy_site
from app.settings import Settings
from app.web.app import create_app
from tests.browser.conftest import launched

SITE = "https://vapic.example"
LINK = re.compile(r'\s(?:href|src|action|hx-\w+)="([^"]*)"')
CANONICAL = re.compile(r'<link rel="canonical" href="([^"]*)">')
ANCHOR = re.compile(r'\sid="([^"]*)"')
PRINTED = re.compile(rf"{SITE}(/[^\s<>\"'|)\]]*)")
# Addresses that are printed as patterns, VERSION for example, or that ask a server.
SERVER = (
    "/upload",
    "/vapic-probe.pyz",
    "/review",
    "/check-mail",
    "/search",
    "/api/v1/",
    "/export/",
    "/schema/",
)


@pytest.fixture(scope="module")
def site(lived, copy_file, tmp_path_factory):
    """The whole site, copied once for all tests here."""
    folder = tmp_path_factory.mktemp("whole") / "site"
    version = json.loads(lived.json)["data_version"]
    app = create_app(Settings(export_file=copy_file, base_url=SITE))
    copied = asyncio.run(copy_site(app, CopiedSite(SITE, version), folder, lambda *_: None))
    return folder, copied


@pytest.fixture(scope="module")
def chromium():
    with launched() as browser:
        yield browser


@pytest.fixture(scope="module")
def pages(site):
    """The text of each HTML file."""
    folder, _ = site
    return {path: path.read_text("utf-8") for path in folder.rglob("*.html")}


def test_the_only_pages_left_to_the_site_are_those_that_change_something(site, lived):
    _, copied = site
    assert {"/upload": 403, f"/m/{lived.withheld}.raw": 403} == copied.left


def test_every_link_of_every_page_resolves(site, pages):
    folder, _ = site
    anchors = {path: set(ANCHOR.findall(text)) for path, text in pages.items()}
    dead, links = set(), 0
    for path, text in pages.items():
        for link in set(LINK.findall(text)):
            parts = urlsplit(html.unescape(link))
            if parts.scheme:
                continue
            links += 1
            assert (False, "") == (parts.path.startswith("/"), parts.query), (path, link)
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            fragment = unquote(parts.fragment)
            if not target.is_file() or (fragment and fragment not in anchors.get(target, ())):
                dead.add((str(path.relative_to(folder)), link))
    assert set() == dead
    assert links > 10_000


def test_links_to_the_site_are_pinned_unless_the_site_must_act(pages, lived):
    version = json.loads(lived.json)["data_version"]
    linked = (LINK.findall(CANONICAL.sub("", text)) for text in pages.values())
    found = {html.unescape(link) for links in linked for link in links if link.startswith(SITE)}
    plain = {link for link in found if "at=" not in link}
    allowed = {f"{SITE}{path}" for path in ("/upload", "/wanted", *ASKS)}
    allowed |= {f"{SITE}/m/{slug}" for slug in lived.slugs}
    allowed |= {f"{SITE}/m/{lived.withheld}.raw"}
    assert {link for link in plain if link.split("#")[0] not in allowed} == set()
    pins = {match for link in found for match in re.findall(r"[?&]at=([\d.-]+)", link)}
    assert version in pins


def test_a_search_engine_is_told_which_page_of_the_site_a_copy_is_of(site, pages):
    folder, copied = site
    told = {path: list(map(html.unescape, CANONICAL.findall(pages[folder / copied.files[path]])))
            for path in copied.pages}  # fmt: skip
    assert {path: [SITE + path] for path in copied.pages} == told


def test_every_page_has_its_twins_as_files(site):
    _, copied = site
    twins = [p for p in copied.pages if f"{p if p != '/' else '/index'}.txt" not in copied.files]
    assert [] == twins
    assert {
        "/index.json",
        "/index.csv",
        "/index.md",
        "/corrected.md",
        "/d.atom",
        "/map.svg",
    } <= set(copied.files)


def test_what_the_text_twins_print_is_in_the_copy_or_asks_the_site(site, lived):
    folder, copied = site
    known = set(copied.files) | set(copied.aliases)
    missing = set()
    for path in folder.rglob("*.txt"):
        if path.is_relative_to(folder / "docs"):
            continue
        for printed in PRINTED.findall(path.read_text("ascii")):
            address = urlsplit(printed.rstrip(".,;:"))
            asks = address.query or any(part in address.path for part in PAIRS)
            if not asks and not address.path.startswith(SERVER) and address.path.islower():
                missing |= {address.path} - known
    assert {f"/m/{lived.withheld}.raw"} == missing


def test_the_files_stand_where_their_addresses_say(site):
    folder, copied = site
    files = {str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()}
    assert {*copied.files.values(), MARKER} == files
    html_files = {path: file for path, file in copied.files.items() if path in copied.pages}
    assert html_files == {path: file_of(path, "text/html") for path in copied.pages}


def test_no_secret_is_in_the_copy_and_no_script_but_the_filter(site, pages, lived):
    folder, _ = site
    whole = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert [] == [secret for secret in lived.secrets if secret.encode() in whole]
    text = "".join(pages.values())
    assert [] == [what for what in (" hx-", 'method="post"') if what in text]
    (script,) = re.findall(r"<script[^>]*>", text)
    assert "data-copy" in script


@pytest.mark.browser
def test_a_browser_reads_it_from_the_disk_with_javascript_off(site, chromium):
    folder, _ = site
    context = chromium.new_context(java_script_enabled=False)
    page, failed = context.new_page(), []
    page.on("requestfailed", lambda request: failed.append(request.url))
    page.goto(f"file://{folder}/index.html")
    assert "rgb(0, 0, 0)" != page.locator("header.site .brand").evaluate(
        "e => getComputedStyle(e).color"
    )
    assert page.locator("figure.map svg").is_visible()
    page.locator("tr#ldr th a").first.click()
    assert page.url.endswith("/r/ldr.html")
    page.get_by_role("link", name="x2AVIC write").first.click()
    assert page.url.endswith("/r/ldr/x2avic/write.html")
    page.get_by_role("link", name="text", exact=True).first.click()
    assert "x2AVIC write" in page.locator("pre").inner_text()
    page.go_back()
    page.get_by_role("navigation", name="Site").get_by_role("link", name="Differences").click()
    page.get_by_role("link", name="D-1", exact=True).first.click()
    assert page.url.endswith("/d/1.html")
    assert [] == failed
    context.close()


@pytest.mark.browser
def test_the_table_of_a_copy_filters_its_rows_from_the_disk(site, chromium):
    context = chromium.new_context()
    page = context.new_page()
    page.goto(f"file://{site[0]}/index.html")
    shown = page.locator("table.glance tbody tr[id]:visible")
    whole, only = shown.count(), page.get_by_label("Only")

    page.get_by_label("Filter the rows").fill("logical 80D")
    assert ["ldr"] == [row.get_attribute("id") for row in shown.all()]
    assert f"1 of {whole} rows" == page.get_by_role("status").first.inner_text()
    page.get_by_label("Filter the rows").fill("")
    only.select_option(index=1)
    wrong = page.locator("tr[id]:has(td.print-wrong)").count()
    assert 0 < wrong == shown.count() < whole
    only.select_option(index=0)
    assert whole == shown.count()
    context.close()


def test_every_text_page_is_ascii_and_within_75_columns(site):
    folder, _ = site
    texts = {path: path.read_bytes() for path in folder.rglob("*.txt")}
    wide = {
        str(path): line
        for path, raw in texts.items()
        for line in raw.decode("ascii").splitlines()
        # An address is never broken: it could not be copied.
        if len(line) > 75 and not re.fullmatch(r" *https://\S+", line)
    }

    assert len(texts) > 400
    assert {} == wide
