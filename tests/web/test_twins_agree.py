"""A page and its text twin say the same: every fact, source, annotation and link of the page."""

import re
from itertools import chain
from pathlib import Path
from urllib.parse import urldefrag, urljoin

import lxml.html
import pytest

from app.core.views import view_cells
from app.pens.plain import to_ascii
from app.search.search_entries import entries
from tests.running import SITE, client_of
from tests.web.twin_pages import Pages, seed_with_measurements
from tests.web.twinned import Twin, Words, added, left_out

# One of each kind; where pages of a kind differ in their parts, more of them.
PAGES = (
    *("/", "/?family=zen-4&verdict=explained", "/?q=nothing-has-this-name"),
    *("/?view=cpu", "/?view=cpu&family=zen-4&only=wrong", "/map"),
    *("/?policy=kvm-6.0,kvm-7.2", "/corrected", "/c", "/d", "/d?state=unfiled"),
    *("/corrected/letter", "/corrected/printed"),
    *("/d?q=nothing-has-this-name", "/errata", "/policy", "/policy/kvm-6.0..kvm-7.2"),
    *("/inhibit", "/inhibit/0x1ff", "/policy/kvm-6.12"),
    *("/policy/kvm-7.2..kvm-6.0", "/wanted", "/wanted?family=zen-5", "/m", "/m?state=rejected"),
    *("/changes", "/docs", "/docs/words", "/docs/cite", "/docs/sources", "/docs/apm", "/search"),
    *("/search?q=icr", "/search?q=mode:x2avic+ldr", "/search?q=flat+out+wrong"),
    *("/guest", "/guest?hypervisor=kvm-6.0,kvm-7.2"),
    *("/guest?cell=tpr/x2avic/write",),
    *("/search?q=nothingness", "/mail", "/r/ldr/mail", "/d/1/mail", "/export"),
)


KINDS = ("registers", "cells", "families", "differences", "errata", "policies", "inhibits",
         "measurements")  # fmt: skip


@pytest.fixture(scope="module")
def measured(shared_url):
    """A database with the seed and two measurements, and their names."""
    return seed_with_measurements(shared_url)


@pytest.fixture(scope="module")
def pages(measured, knowledge):
    # A site gives a probe away; which, does not matter here.
    with client_of(measured[0], probe_file=Path(__file__)) as client:
        yield Pages(client, Words(knowledge))


def every_page(knowledge, measured):
    """Every page of those kinds that have one page for each fact."""
    return {
        "registers": [f"/r/{slug}" for slug in knowledge.registers],
        "cells": [key.url for key in knowledge.cells],
        "families": [f"/c/{slug}" for slug in knowledge.families],
        "differences": [f"/d/{number}" for number in knowledge.differences],
        "errata": [f"/errata/{slug}" for slug in knowledge.errata],
        "policies": [f"/policy/{slug}" for slug in knowledge.policies],
        "inhibits": [f"/inhibit/{slug}" for slug in knowledge.inhibits],
        "measurements": [f"/m/{slug}" for slug in measured[1:]]
        + [f"/m/{measured[1]}/diff/{measured[2]}"],
    }


def visited(knowledge, measured):
    """Every page that these tests read; the prose of the documentation names examples too."""
    prose = ("/docs", "/docs/words", "/docs/cite")
    kinds = every_page(knowledge, measured).values()
    return (*(path for path in PAGES if path not in prose), *chain.from_iterable(kinds))


@pytest.mark.parametrize("path", PAGES)
def test_a_text_twin_says_all_that_its_page_says(pages, path):
    assert "" == "\n".join(pages.left_out(path))


@pytest.mark.parametrize("kind", KINDS)
def test_every_text_twin_of_a_kind_says_all_that_its_page_says(pages, knowledge, measured, kind):
    paths = every_page(knowledge, measured)[kind]
    faults = [f"{path}: {fault}" for path in paths for fault in pages.left_out(path)]

    assert "" == "\n".join(faults)


@pytest.mark.parametrize("path", [p for p in PAGES if not p.startswith(("/corrected", "/wanted"))])
def test_a_text_twin_says_nothing_that_its_page_does_not(pages, path):
    assert [] == pages.added(path)


@pytest.mark.parametrize("kind", KINDS)
def test_one_text_twin_of_a_kind_says_nothing_that_its_page_does_not(
    pages, knowledge, measured, kind
):
    assert [] == pages.added(every_page(knowledge, measured)[kind][0])


def test_every_address_and_fragment_that_a_page_links_is_there(pages, knowledge, measured):
    faults = []
    for path in visited(knowledge, measured):
        for link in pages.shown(path).links:
            bare, fragment = urldefrag(urljoin(path, link.removeprefix(SITE)))
            if bare.startswith("/") and (fault := pages.lacking(bare, fragment)):
                faults.append(f"{path} links {link}: {fault}")

    assert "" == "\\n".join(faults)


def test_every_address_and_fragment_that_a_text_page_names_is_there_as_text(
    pages, knowledge, measured
):
    faults = []
    for path in visited(knowledge, measured):
        for address in pages.twin(path).addresses:
            bare, fragment = urldefrag(address)
            if fault := pages.lacking_as_text(bare, fragment):
                faults.append(f"{path} names {address}: {fault}")

    assert "" == "\\n".join(faults)


def test_every_heading_of_every_page_leads_to_itself(pages, measured, knowledge):
    kinds = every_page(knowledge, measured)
    for path in (*PAGES, *(paths[0] for paths in kinds.values())):
        html = pages.html(path)
        main = html[html.index("<main") : html.rindex("</main>")]
        for heading in re.findall(r"<h[2-6].*?</h[2-6]>", main, re.DOTALL):
            link = re.search(r'class="anchor" href="#([^"]+)"', heading)
            assert link, (path, heading)
            assert 1 == html.count(f' id="{link[1]}"'), (path, heading)


def test_a_page_that_shows_an_observation_links_its_sources(pages, knowledge):
    for seen in knowledge.observations.values():
        for key in knowledge.cells_named(seen.cells):
            shown = lxml.html.fromstring(pages.html(key.url)).get_element_by_id(seen.id)

            assert {f"/docs/sources#{name}" for name in seen.sources} <= {
                *shown.xpath(".//a/@href")
            }


def test_what_search_finds_stands_on_the_page_and_in_the_text_that_it_links(pages, knowledge):
    faults = []
    for entry in entries(knowledge, view_cells(knowledge)):
        bare, fragment = urldefrag(entry.path)
        faults += [f"{entry.path}: {pages.lacking(bare, fragment)}"] * bool(
            pages.lacking(bare, fragment)
        )
        faults += [f"{entry.path} as text"] * bool(pages.lacking_as_text(bare, fragment))

    assert "" == "\\n".join(faults)


def test_every_annotation_stands_whole_in_the_text_that_search_links(pages, knowledge):
    found = {e.key: e.path for e in entries(knowledge, {}) if e.kind == "annotation"}
    assert found.keys() == knowledge.annotations.keys()
    for note in knowledge.annotations.values():
        twin = pages.twin(found[note.slug].partition("#")[0])

        assert all(map(twin.says, (note.title, note.text, note.kind))), note.slug
        assert all(twin.leads(f"/docs/sources#{name}") for name in note.sources), note.slug


def test_the_text_of_the_sources_holds_what_the_thread_is_about(pages):
    text = " ".join(pages.twin("/docs/sources").text.split())

    assert "LAPIC_MMIO_HOLE" in text
    assert "flat out wrong" in text


@pytest.mark.parametrize("path", ["/", "/r/ldr", "/r/ldr/x2avic/write", "/d/1", "/docs/sources"])
def test_a_sentence_that_is_taken_out_of_a_twin_is_missed(pages, path):
    shown, twin = pages.shown(path), pages.twin(path)
    flat = " ".join(twin.text.split())
    told = {s: " ".join(to_ascii(s).split()) for s in shown.sentences if len(s.split()) > 4}
    there = [s for s, words in told.items() if words in flat and twin.count(s) == 1]

    assert len(there) > 3
    for sentence in there[:: len(there) // 8 + 1]:
        less = Twin(flat.replace(told[sentence], ""), twin.vocabulary)
        assert sentence in left_out(shown, less)


@pytest.mark.parametrize(
    ("path", "link", "name"),
    [
        ("/r/ldr/x2avic/write", "/docs/sources#mail-2026-05-06-v2", "mail-2026-05-06-v2"),
        ("/r/ldr/x2avic/write", "/d/1", "D-1|/d/1$"),
        ("/d/1", "/r/ldr/x2avic/write", "(?i)ldr"),
        ("/errata/1235", "/c/zen-2", "Zen 2"),
        ("/c/zen-4", "/wanted?family=zen-4", "/wanted"),
    ],
)
def test_a_link_that_is_taken_out_of_a_twin_is_missed(pages, path, link, name):
    shown, twin = pages.shown(path), pages.twin(path)
    less = "\n".join(line for line in twin.text.splitlines() if not re.search(name, line))

    assert f"-> {link}" not in left_out(shown, twin)
    assert f"-> {link}" in left_out(shown, Twin(less, twin.vocabulary))


def test_a_sentence_that_only_a_twin_says_is_found(pages):
    twin = pages.twin("/d/1")
    more = Twin(f"{twin.text}\nAn invented sentence.\n", twin.vocabulary)

    assert ["invented", "sentence"] == added(pages.html("/d/1"), more)[-2:]
