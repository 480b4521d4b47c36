"""The table as one picture: by itself, safe and readable, and on the pages that it heads."""

import hashlib
import re
import xml.etree.ElementTree as ET
from base64 import b64encode

from app.core.views import view_cells
from app.core.words import Printed, Scope
from tests.running import HTML, SITE, soup_of

RAN = {"": None, "it": Scope.CELL, "a group that holds it": Scope.GROUP}
SVG = "{http://www.w3.org/2000/svg}"


def test_the_picture_has_every_cell_with_what_is_printed_and_whether_somebody_ran_it(
    site, knowledge
):
    answer = site.get("/map.svg")
    root = ET.fromstring(answer.text)
    told = [e.get("aria-label") for e in root.iter() if e.get("role") == "cell"]
    views = list(view_cells(knowledge).values())
    expected = {
        (f"{v.register.label} {v.key.mode.label} {v.key.access}", v.printed.label,
         next((s for s in Scope for o in v.observations if o.evidence.ran and o.scope is s), None))
        for v in views
    }  # fmt: skip

    assert "image/svg+xml" == answer.headers["content-type"]
    assert root.find(f"{SVG}title").text
    assert root.find(f"{SVG}desc").text.startswith(f"{len(knowledge.registers)} registers")
    assert expected == {
        (name, rest.partition(";")[0], RAN[rest.partition("; somebody ran ")[2]])
        for name, rest in (label.split(": ", 1) for label in told)
    }
    for word in Printed:
        number = sum(view.printed is word for view in views)
        assert f">{number} {word.label}</text>" in answer.text


def test_a_screen_reader_finds_a_table_in_the_picture(site):
    root = ET.fromstring(site.get("/map.svg").text)
    rows = [e for e in root.iter() if e.get("role") == "row"]
    table = next(e for e in root.iter() if e.get("role") == "table")

    assert rows == list(table)
    assert 5 == len(rows)
    assert {34} == {sum(1 for e in row if e.get("role")) for row in rows}


def test_the_picture_needs_nothing_else_and_its_style_is_the_one_that_is_allowed(site):
    answer = site.get("/map.svg")
    (style,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    allowed = b64encode(hashlib.sha256(style.encode()).digest()).decode()
    addresses = set(re.findall(r"https?://[^\s\"<]+", answer.text))

    assert f"'sha256-{allowed}'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    assert not re.search(r"<script|href=|url\(|@import| on\w+=", answer.text)
    assert all(a.startswith((f"{SITE}/map?at=", "http://www.w3.org/")) for a in addresses)


def test_the_picture_stands_at_the_head_of_the_corrected_table_and_can_be_pinned(site):
    version = site.get("/index.json").json()["data_version"]
    page = soup_of(site, f"/corrected?at={version}")

    assert page.select_one("main .map svg").find_next("table", class_="corrected")
    assert f"/map.svg?at={version}" in {a["href"] for a in page.select(".map a")}
    assert site.get(f"/map.svg?at={version}").text == site.get("/map.svg").text
    assert not soup_of(site, "/").select(".map")
    assert 404 == site.get("/d.svg", headers=HTML).status_code
