"""The table at a glance: how much of it the first screen shows, in figures that are printed."""

import shutil
import subprocess

import pytest

from tests.running import HTML

pytestmark = [pytest.mark.browser, pytest.mark.xdist_group("browser")]

MEASURE = """() => {
  const rows = [...document.querySelectorAll("table.main tbody tr[id]")];
  const boxes = rows.map((row) => row.getBoundingClientRect());
  return {
    first: boxes[0].top,
    whole: boxes.filter((box) => box.bottom <= innerHeight).length,
    screens: document.documentElement.scrollHeight / innerHeight,
  };
}"""
# Of each size: where the first row begins at most, how many whole rows there are at least, and
# how many screens the page has at most.
SCREENS = {
    (1280, 800): {"first": 220, "whole": 22, "screens": 1.7},
    (1920, 1080): {"whole": 32},
    (375, 812): {"first": 420, "screens": 6},
}


@pytest.mark.parametrize("size", SCREENS)
def test_the_table_is_the_first_screen(look, size):
    width, height = size
    found = look("/", width, height).evaluate(MEASURE)
    figures = ", ".join(f"{name} {value:.4g}" for name, value in found.items())
    print(f"{width}x{height}: {figures}")  # noqa: T201 - the figures are what it is for

    for name, limit in SCREENS[size].items():
        assert found[name] >= limit if name == "whole" else found[name] <= limit, name


def test_where_the_manual_is_wrong_on_a_cpu_is_one_screen(look):
    page = look("/", height=800)
    page.get_by_role("link", name="Wrong on Zen 4").click()
    page.wait_for_url("**/?view=cpu&family=zen-4&only=wrong")

    assert page.locator("table.cpus a.open").count() == page.evaluate(MEASURE)["whole"] > 10


def test_a_text_browser_shows_the_table_before_filters_and_legend(client):
    html = client.get("/", headers=HTML).text
    parts = ('<p class="headline">', '<table class="main', '<form id="filters"', "legend")

    assert sorted(map(html.index, parts)) == [html.index(part) for part in parts]


@pytest.mark.skipif(not shutil.which("w3m"), reason="there is no w3m")
def test_w3m_has_the_first_row_within_25_lines(client):
    html = client.get("/", headers=HTML).text
    command = ["w3m", "-dump", "-cols", "100", "-T", "text/html"]
    told = subprocess.run(command, input=html, capture_output=True, text=True, check=True).stdout
    first = next(n for n, line in enumerate(told.splitlines(), 1) if "020h" in line)
    print(f"w3m: first row in line {first}")  # noqa: T201 - the figure is what it is for

    assert first <= 25


@pytest.mark.parametrize("path", ["/", "/nope"])
def test_the_navigation_has_seven_entries_at_most_in_one_line_from_768_pixels(open_page, path):
    page = open_page(path, viewport={"width": 768, "height": 900}, expect_errors=True)
    entries = page.get_by_role("navigation", name="Site").get_by_role("link")
    lines = {box["y"] for box in (entry.bounding_box() for entry in entries.all())}

    assert 2 <= entries.count() <= 7
    assert 1 == len(lines)


def test_the_label_of_the_search_stands_in_one_line(look):
    label = look("/search").locator("label.q")

    assert label.bounding_box()["height"] == label.locator("input").bounding_box()["height"]


def test_the_filter_stands_above_what_it_admits_even_where_that_is_nothing(look):
    page = look("/guest?mode=avic&only=differs", 375, 812)
    form, empty = (page.locator(one).bounding_box() for one in ("#filters", ".empty"))

    assert form["y"] + form["height"] <= empty["y"]
