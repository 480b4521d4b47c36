"""A key of the filter and a column of the table are one entry each, in every format."""

import csv
import io

import pytest

from app.core import filters
from app.core.filtering import Control, Key
from app.pages import table_columns
from app.pages.table_columns import CellColumn
from app.web.api import FILTERS
from tests.running import client_of, soup_of

MADE_UP = Key(
    "members",
    lambda _: {"one": "one address", "many": "many addresses"},
    lambda _, view, __: ("one" if view.key.register in ("icr", "ldr") else "many",),
    "with {}",
    control=Control("boxes", "Members", more=True),
)
LETTERS = CellColumn(
    ("letters",),
    lambda view: (f"{len(view.register.name)} letters",),
    {"letters": (int, lambda view: len(view.register.name))},
    lambda view: (f"has {len(view.register.name)} letters",),
    head="Letters",
)
REGISTER = "Logical Destination Register"


@pytest.fixture(scope="module")
def client(shared_url):
    """The real application over the real seed, with one key and one column more."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(filters, "KEYS", (*filters.KEYS, MADE_UP))
        patch.setattr(table_columns, "LAST", (*table_columns.LAST, LETTERS))
        with client_of(shared_url) as found:
            yield found


def test_one_entry_is_a_key_of_the_filter(client):
    text = client.get("/index.txt?members=one").text
    page = soup_of(client, "/?members=one")
    cells = client.get("/api/v1/cells?members=one").json()["cells"]

    assert "8 of 132 cells with one address." in text
    assert "http://127.0.0.1:8000/?members=one" in text
    assert {"icr", "ldr"} == {cell["register"] for cell in cells}
    assert "8 of 132 cells with one address." == page.select_one(".sentence").get_text()
    assert "members: one address" in page.select_one(".removable").get_text()
    boxes = page.select("#filters input[name=members]")
    assert [("one", True), ("many", False)] == [(b["value"], b.has_attr("checked")) for b in boxes]
    assert page.select_one("#filters details").has_attr("open")


def test_one_entry_is_known_to_errors_search_and_documentation(client):
    refused = client.get("/index.txt?members=on")

    assert (400, True) == (refused.status_code, "did you mean 'one'?" in refused.text)
    assert "These cells: http://127.0.0.1:8000/?members=one" in " ".join(
        client.get("/search.txt?q=members:one").text.split()
    )
    assert "`members`" in client.get("/docs/api.txt").text


def test_the_api_lists_the_keys_that_say_what_they_are():
    described = [name for name, _ in FILTERS]

    assert [key.name for key in filters.KEYS if key.api] == [n for n in described if n != "at"]


def test_one_entry_is_a_column_in_every_format(client):
    rows = list(csv.DictReader(io.StringIO(client.get("/index.csv?q=ldr").text)))
    markdown = client.get("/index.md?q=ldr").text.splitlines()
    page = soup_of(client, "/?q=ldr")
    value = f"{len(REGISTER)} letters"

    assert value in {row["letters"] for row in rows}
    assert "| letters |" in markdown[0]
    assert f"| {value} |" in "\n".join(markdown[2:])
    assert f"has {value}" in client.get("/index.txt?q=ldr").text
    cells = client.get("/index.json?q=ldr").json()["cells"]
    assert {len(REGISTER)} == {cell["letters"] for cell in cells if cell["register"] == "ldr"}
    assert len(REGISTER) == client.get("/r/ldr/avic/read.json").json()["letters"]
    modes = [f"{way} {access}" for way in ("AVIC", "x2AVIC") for access in ("read", "write")]
    heads = [th.get_text() for th in page.select("table.main thead th")]
    assert all(head.startswith(mode) for mode, head in zip(modes, heads[4:], strict=False))
    assert "Letters" == page.select("table.main thead th")[-1].get_text()
    assert value in page.select_one("#ldr td:last-child").get_text()
    assert str(len(page.select("table.main thead th"))) == page.select_one(".opened td")["colspan"]
