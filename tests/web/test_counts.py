"""Every figure beside a filter is the number of cells of the page that it links."""

import random
import re
from urllib.parse import urlsplit

import lxml.html
import pytest

from app.core.filters import KEYS, vocabulary_of
from app.core.views import view_cells
from app.core.words import Scope
from tests.running import HTML, soup_of, twin_of

FILTERS = 200
WORDS = ("icr", "80dh", "timer", "logical", "zen", "erratum", "nothing-at-all")


@pytest.fixture(scope="module")
def cells_of(site):
    """Return how many cells the page at an address has, by its own rows."""
    known = {}

    def count(path):
        if path not in known:
            rows = site.get(twin_of(path, "csv")).text
            known[path] = len(rows.splitlines()) - 1
        return known[path]

    return count


def some_filter(vocabulary, draw):
    """Return the query of a random filter of one to four keys."""
    parts = []
    for key in draw.sample(KEYS, draw.randint(1, 4)):
        values = list(vocabulary.values.get(key.name, WORDS))
        most = key.most or 3
        chosen = draw.sample(values, draw.randint(1, min(most, len(values))))
        parts.append(f"{key.name}={','.join(chosen)}")
    return "&".join(parts)


def figures(client, path):
    """Return (what a link says, its number, its address) for each figure of a page."""
    page = lxml.html.fromstring(client.get(path, headers=HTML).text)
    links = page.xpath(
        "//*[contains(concat(' ', @class, ' '), ' counts ')"
        " or contains(concat(' ', @class, ' '), ' headline ')]//a"
    )
    told = [(link.text_content(), link.get("href")) for link in links]
    return [(text, int(re.search(r"\d+", text)[0]), href) for text, href in told]


def test_for_200_random_filters_each_figure_is_the_number_of_cells_behind_it(
    site, knowledge, cells_of
):
    vocabulary = vocabulary_of(knowledge)
    draw, faults, asked = random.Random(14), [], 0
    for _ in range(FILTERS):
        query = some_filter(vocabulary, draw)
        for told, number, href in figures(site, f"/?{query}"):
            asked += 1
            if number != cells_of(href):
                faults.append(f"/?{query}: {told!r} leads to {cells_of(href)} cells at {href}")

    assert "" == "\n".join(faults)
    assert asked > FILTERS


def test_the_figures_of_a_pinned_page_lead_to_pinned_pages(site, cells_of):
    version = site.get("/index.json").json()["data_version"]
    found = figures(site, f"/?mode=x2avic&at={version}")

    assert found
    assert all(f"at={version}" in urlsplit(href).query for _, _, href in found)
    assert [number for _, number, _ in found] == [cells_of(href) for _, _, href in found]


def test_what_is_reported_of_a_group_alone_is_told_apart_in_the_headline(site, knowledge):
    views = view_cells(knowledge).values()
    ran = [{o.scope for o in v.observations if o.evidence.ran} for v in views]
    told = soup_of(site, "/").select_one(".headline").get_text()

    number, grouped = len([one for one in ran if one]), ran.count({Scope.GROUP})
    assert f"ran {number} of {len(ran)} ({grouped} as a group)" in told


def test_what_the_headline_says_of_print_is_what_the_corrected_table_says(site):
    whole = {}
    for told, number, _ in figures(site, "/")[:5]:
        whole[told.split()[0]] = whole.get(told.split()[0], 0) + number
    shown = site.get("/corrected", headers=HTML).text
    counted = {word: int(n) for n, word in re.findall(r">(\d+) cells? (wrong|incomplete)", shown)}

    assert counted == {word: whole[word] for word in counted}
