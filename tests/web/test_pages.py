"""Every page in every format, through the real application."""

import gzip
import re

import pytest
from bs4 import BeautifulSoup

HTML = {"accept": "text/html"}
PAGES = (
    "/",
    "/corrected",
    "/r/ldr",
    "/r/isr",
    "/r/unlisted",
    "/r/ldr/x2avic/write",
    "/r/self-ipi/avic/read",
    "/c",
    "/c/zen-4",
    "/c/not-stated",
    "/d",
    "/d/1",
    "/errata",
    "/errata/1235",
    "/errata/avic-icr-busy-left-set",
    "/changes",
    "/docs",
    "/docs/words",
    "/docs/verdicts",
    "/docs/data",
    "/docs/api",
    "/docs/measure",
    "/docs/terminal",
    "/docs/settings",
    "/docs/sources",
    "/docs/apm",
    "/api/v1/docs",
)


def twin(path, extension):
    return ("/index" if path == "/" else path) + "." + extension


@pytest.mark.parametrize("path", PAGES)
def test_a_page_has_one_title_one_heading_and_says_its_data_version(client, path):
    page = client.get(path, headers=HTML)
    soup = BeautifulSoup(page.text, "html.parser")

    assert 200 == page.status_code
    assert 1 == len(soup.find_all("h1"))
    assert len(soup.title.text.split(" · ")[0]) > 2
    assert re.search(r"Data version 20\d\d-\d\d-\d\d\.\d+", soup.footer.get_text(" ", strip=True))


@pytest.mark.parametrize("path", [p for p in PAGES if p != "/api/v1/docs"])
def test_the_text_twin_is_ascii_and_at_most_75_columns(client, path):
    text = client.get(twin(path, "txt"))

    assert 200 == text.status_code
    assert "text/plain; charset=us-ascii" == text.headers["content-type"]
    assert text.content.isascii()
    assert [] == [line for line in text.text.splitlines() if len(line) > 75]
    assert text.text.endswith("\n")


def test_every_cell_register_family_difference_and_erratum_has_a_sound_text_twin(client, knowledge):
    paths = [key.url for key in knowledge.cells]
    paths += [f"/r/{slug}" for slug in knowledge.registers]
    paths += [f"/c/{slug}" for slug in knowledge.families]
    paths += [f"/d/{number}" for number in knowledge.differences]
    paths += [f"/errata/{slug}" for slug in knowledge.errata]
    faults = []
    for path in paths:
        answer = client.get(f"{path}.txt")
        wide = [line for line in answer.text.splitlines() if len(line) > 75]
        if answer.status_code != 200 or not answer.content.isascii() or wide:
            faults.append((path, answer.status_code, wide[:1]))

    assert [] == faults


def test_curl_gets_the_whole_story_of_ldr_write_under_x2avic_as_text(client):
    text = client.get("/r/ldr/x2avic/write", headers={"user-agent": "curl/8.5.0", "accept": "*/*"})
    flat = " ".join(text.text.split())

    for part in (
        "http://127.0.0.1:8000/r/ldr/x2avic/write",
        "table vmexit-trap (#VMEXIT (trap)) 24593 rev 3.44, 15.29.3.1, Table 15-22, p.567",
        "access-check, implied gp (#GP, no #VMEXIT)",
        "3. x2APIC access check: rules this cell",
        "Zen 4 explained: gp (#GP, no #VMEXIT); 1 report, observed, group",
        "Sean Christopherson (Google), 2026-05-06",
        "[mail-2026-05-06-v2]",
        "KVM mainline 6.0 to 7.1, 6.18.y up to 6.18.38, 7.1.y up to 7.1.3 pass",
        "7.1.4 and later of 7.1.y, 7.2 and later intercept",
    ):
        assert part in flat


def test_the_corrected_text_has_two_columns_and_footnotes(client):
    lines = client.get("/corrected.txt").text.splitlines()
    rows = {line.split()[0]: line for line in lines if line and line[0].isalpha()}

    assert "allowed  trap          80D     allowed     !#GP" in rows["LDR"]
    assert rows["LDR"].rstrip().endswith("]")
    assert any(line.startswith("[1] ") for line in lines)


@pytest.mark.parametrize("extension", ["json", "csv", "md"])
@pytest.mark.parametrize(
    "path", ["/", "/corrected", "/c", "/c/zen-4", "/d", "/errata", "/changes", "/r/icr"]
)
def test_tables_also_come_as_data(client, path, extension):
    answer = client.get(twin(path, extension))

    assert 200 == answer.status_code
    if extension == "json":
        assert re.fullmatch(r"20\d\d-\d\d-\d\d\.\d+", answer.json()["data_version"])
    else:
        assert len(answer.text.splitlines()) > 1


def test_a_format_that_a_page_does_not_have_is_a_404_that_offers_others(client):
    answer = client.get("/docs/words.csv")

    assert 404 == answer.status_code
    assert "/docs/words.txt" in answer.text


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("/r/ICRL", "/r/icr"),
        ("/r/APIC_ICR", "/r/icr"),
        ("/r/0x300", "/r/icr"),
        ("/r/300h", "/r/icr"),
        ("/r/830h", "/r/icr"),
        ("/r/0x830", "/r/icr"),
        ("/r/0x130", "/r/isr#3"),
        ("/r/813h", "/r/isr#3"),
        ("/r/LDR/x2avic/write", "/r/ldr/x2avic/write"),
        ("/r/0x80d/X2AVIC/Write", "/r/ldr/x2avic/write"),
        ("/r/LDR.txt", "/r/ldr.txt"),
        ("/r/APIC_LDR/avic/read.json", "/r/ldr/avic/read.json"),
        ("/d/D-3", "/d/3"),
        ("/d/d-3.txt", "/d/3.txt"),
        ("/errata/1329", "/errata/1327"),
    ],
)
def test_any_name_leads_to_the_row_for_good(client, asked, found):
    answer = client.get(asked, headers=HTML, follow_redirects=False)

    assert (308, found) == (answer.status_code, answer.headers["location"])


@pytest.mark.parametrize(
    ("asked", "canonical"),
    [
        ("/?mode=&access=&q=", "/"),
        ("/?family=zen-5&family=zen-4", "/?family=zen-4,zen-5"),
        ("/?verdict=agrees&family=zen-4", "/?family=zen-4&verdict=agrees"),
        ("/?sort=order", "/"),
        ("/index.csv?access=write&mode=avic", "/index.csv?mode=avic&access=write"),
        ("/?utm_source=mail&mode=avic", "/?mode=avic"),
    ],
)
def test_equal_views_have_one_address(client, asked, canonical):
    answer = client.get(asked, headers=HTML, follow_redirects=False)

    assert (302, canonical) == (answer.status_code, answer.headers["location"])
    assert 200 == client.get(canonical, headers=HTML, follow_redirects=False).status_code


def test_the_fragment_stands_verbatim_in_the_page(client):
    for path in ("/?family=zen-4&verdict=explained", "/r/icr/x2avic/write"):
        page = client.get(path, headers=HTML).text
        part = client.get(path, headers={**HTML, "hx-request-type": "partial"})

        assert part.text.strip() in page
        assert "<html" not in part.text
        assert path == part.headers["hx-push-url"]
        assert "HX-Request-Type" in part.headers["vary"]


def test_a_restored_history_entry_gets_the_page(client):
    restored = client.get("/", headers={**HTML, "hx-request": "true", "hx-request-type": "full"})

    assert restored.text.startswith("<!doctype html>")


def test_pages_have_strong_etags_and_answer_304(client):
    first = client.get("/corrected", headers={**HTML, "accept-encoding": "identity"})
    tag = first.headers["etag"]
    again = client.get("/corrected", headers={**HTML, "if-none-match": tag, "accept-encoding": ""})

    assert tag.startswith('"')
    assert (304, b"") == (again.status_code, again.content)
    assert tag == again.headers["etag"]


def test_compressed_bytes_are_the_same_page_under_a_tag_of_their_own(client):
    plain = client.get("/", headers={**HTML, "accept-encoding": "identity"})
    with client.stream("GET", "/", headers={**HTML, "accept-encoding": "gzip"}) as packed:
        raw = b"".join(packed.iter_raw())

    assert "gzip" == packed.headers["content-encoding"]
    assert plain.content == gzip.decompress(raw)
    assert plain.headers["etag"] != packed.headers["etag"]


def test_head_has_the_headers_and_no_body(client):
    head = client.head("/r/ldr", headers=HTML)

    assert (200, b"") == (head.status_code, head.content)
    assert int(head.headers["content-length"]) > 1000


@pytest.mark.parametrize("path", ["/", "/nope", "/api/v1/cells", "/static/app.css", "/?mode=no"])
def test_every_answer_carries_the_security_headers(client, path):
    headers = client.get(path, headers=HTML).headers

    assert "script-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert ("nosniff", "same-origin") == (
        headers["x-content-type-options"],
        headers["referrer-policy"],
    )


def test_no_page_has_inline_script_or_style(client):
    for path in PAGES:
        soup = BeautifulSoup(client.get(path, headers=HTML).text, "html.parser")

        assert [] == soup.find_all("style")
        assert [] == soup.find_all(style=True)
        assert [] == [s for s in soup.find_all("script") if not s.get("src")]


HREF = re.compile(r'<a [^>]*?href="([^"]+)"')
ID = re.compile(r' id="([^"]+)"')


TWINS = (".txt", ".json", ".csv", ".md", ".atom")


def test_every_internal_link_and_anchor_resolves(client):
    pages, queue, faults = {}, ["/"], []
    while queue:
        path = queue.pop()
        if path not in pages:
            answer = client.get(path, headers=HTML)
            faults += [(path, answer.status_code)] if answer.status_code != 200 else []
            pages[path] = answer.text if "html" in answer.headers["content-type"] else ""
            targets = (href.partition("#")[0] for href in HREF.findall(pages[path]))
            # The twins of pages are held against links where the whole site is copied.
            pages_only = (t for t in targets if not t.endswith(TWINS))
            queue += [t for t in pages_only if t.startswith("/") and "?" not in t]
    anchors = {path: set(ID.findall(page)) for path, page in pages.items()}
    for path, page in pages.items():
        for target, _, anchor in (href.partition("#") for href in HREF.findall(page)):
            if anchor and anchor not in anchors.get(target or path, {anchor}):
                faults.append((path, target, anchor))

    assert [] == faults
    assert len(pages) > 250


def test_a_page_that_shows_an_observation_links_its_sources(client, knowledge):
    for seen in knowledge.observations.values():
        for key in knowledge.cells_named(seen.cells):
            soup = BeautifulSoup(client.get(key.url, headers=HTML).text, "html.parser")
            links = {a["href"] for a in soup.find(id=seen.id).find_all("a")}

            assert {f"/docs/sources#{name}" for name in seen.sources} <= links
