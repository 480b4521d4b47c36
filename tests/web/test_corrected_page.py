"""The corrected table on its page: figures that lead to their cells, footnotes that say whose."""

import re

import pytest

from tests.running import soup_of

CELL = re.compile(r"/r/[a-z0-9-]+/x?2?avic/(?:read|write)")
COUNT = re.compile(r"(\d+) cells? (?:(?:wrong|incomplete) in print|not printed)")


def figures(client, path):
    """Return ``13`` and where it leads, for each figure of the headline."""
    links = soup_of(client, path).find_all("a", class_="print-count")
    return [(int(COUNT.fullmatch(a.get_text())[1]), a["href"]) for a in links]


def cells(client, path):
    links = soup_of(client, path).find("table").find_all("a", href=CELL)
    return {CELL.search(a["href"])[0] for a in links}


@pytest.mark.parametrize("pin", ["", "at=2026-11-22.1"])
def test_each_figure_leads_to_exactly_its_cells(client, pin):
    counted = figures(client, f"/corrected?{pin}" if pin else "/corrected")
    assert 3 == len(counted)
    for number, href in counted:
        assert (number, pin in href) == (len(cells(client, href)) if number else 0, True), href


def test_the_text_twin_leads_to_the_same_cells(client):
    text = client.get("/corrected.txt?at=2026-11-22.1").text
    found = re.findall(r"http://\S+/\?printed=\S+", text)
    assert [href for _, href in figures(client, "/corrected?at=2026-11-22.1")] == [
        address.removeprefix("http://127.0.0.1:8000") for address in found
    ]
    assert "/corrected.md?at=2026-11-22.1" in text


def test_what_is_wrong_incomplete_or_not_printed_is_said_without_colour_too(client):
    table = soup_of(client, "/corrected").find("table")
    for word in ("wrong in print", "incomplete in print", "not printed"):
        told = [a for a in table.find_all("a", class_="open") if f"{word}: " in a.get_text(" ")]
        listed = next(
            number for number, href in figures(client, "/corrected") if word.split()[0] in href
        )
        assert listed == len(told), word
