"""A document of the largest size: its page is one that a reader reads, and all of it is there."""

import re

import pytest

from app.intake.format1 import MAX_OBSERVATIONS, OUTCOMES
from tests.measured.documents import document, observed
from tests.running import HTML, unsound

API = "/api/v1/measurements"


def large(snapshot_cells, number=MAX_OBSERVATIONS):
    """Return observations no two of which are alike, spread over cells, with a value each."""
    cells = [cell for cell in snapshot_cells if cell[0] not in ("eoi", "self-ipi")]
    return [
        observed(*cells[n % len(cells)], OUTCOMES[n % len(OUTCOMES)], value=hex(n))
        for n in range(number)
    ]


CELLS = [
    (r, m, a) for r in ("tpr", "ldr", "svr") for m in ("avic", "x2avic") for a in ("read", "write")
]


@pytest.fixture(scope="module")
def slug(site):
    raw = document(observations=large(CELLS))
    return site.post(API, content=raw).json()["id"]


def test_the_page_shows_the_first_observations_and_leads_to_all(site, slug):
    pages, path = [], f"/m/{slug}.txt"
    while path:
        answer = site.get(path, follow_redirects=False)
        assert [] == unsound(answer)
        pages.append(answer.text)
        link = re.search(rf"/m/{slug}\?after=(\d+)", answer.text)
        path = f"/m/{slug}.txt?after={link[1]}" if link else ""
    values = [int(v, 16) for page in pages for v in re.findall(r"value\s+(0x[0-9a-f]+)", page)]

    assert values == list(range(MAX_OBSERVATIONS))
    assert 21 == len(pages)
    assert "Observations 1 to 200 of 4096" in pages[0]
    assert "Observations 4001 to 4096 of 4096" in pages[-1]
    assert [True] + [False] * 20 == ["would change if accepted" in page for page in pages]


@pytest.mark.parametrize("after", ["", "?after=200", "?after=4000"])
def test_the_page_and_its_twin_name_the_same_observations_and_lead_on(site, slug, after):
    page = site.get(f"/m/{slug}{after}", headers=HTML).text
    text = site.get(f"/m/{slug}.txt{after}").text
    found = [re.findall(r"value\s+(0x[0-9a-f]+)", said) for said in (page, text)]

    assert found[0] == found[1]
    assert 200 >= len(found[0]) > 0
    links = [set(re.findall(r"\?after=\d+", said)) - {after} for said in (page, text)]
    assert links[0] == links[1]
    assert ('rel="next"' in page) == (after != "?after=4000")
    assert 150_000 > len(page)


def test_two_side_by_side_are_paged_too(site, slug):
    seen = [observed("ldr", "x2avic", "write", "gp", condition=f"case {n}") for n in range(300)]
    other = site.post(API, content=document(observations=seen)).json()["id"]
    path = f"/m/{slug}/diff/{other}"
    first, later = (site.get(f"{path}.txt{query}").text for query in ("", "?after=200"))
    page = site.get(path, headers=HTML).text

    assert "Cells 1 to 200 of 312" in first
    assert "Cells 201 to 312 of 312" in later
    assert (f"{path}?after=200" in first, "Circumstances" in first) == (True, True)
    assert ("?after=" in later, "Circumstances" in later) == (False, False)
    assert 'rel="next"' in page
    data = [site.get(f"{path}.json{query}").json() for query in ("", "?after=200")]
    assert data[0] == data[1]
    assert 312 == len(data[0]["cells"])
    assert 400 == site.get(f"{path}?after=312").status_code


def test_json_holds_the_whole_wherever_the_page_begins(site, slug):
    first, later = (site.get(f"/m/{slug}.json{q}").json() for q in ("", "?after=200"))

    assert MAX_OBSERVATIONS == len(first["document"]["observations"])
    assert first == later
    assert 12 == len(first["effects"])


@pytest.mark.parametrize("query", ["after=4096", "after=-1", "after=01", "after=x", "before=3"])
def test_a_page_that_is_none_is_refused_with_what_is_valid(site, slug, query):
    answer = site.get(f"/m/{slug}?{query}", headers={"accept": "application/json"})

    assert 400 == answer.status_code
    wanted = "valid are 0 to 4095" if query.startswith("after") else "is not a key of the filter"
    assert wanted in answer.json()["error"]["message"]


def test_the_first_page_has_one_address(site, slug):
    answer = site.get(f"/m/{slug}?after=0", headers=HTML, follow_redirects=False)

    assert (302, f"/m/{slug}") == (answer.status_code, answer.headers["location"])


def test_equal_observations_are_shown_once_with_their_count(client):
    raw = document(observations=[observed("ldr", "x2avic", "write", "gp")] * MAX_OBSERVATIONS)
    checked = client.post(f"{API}?dry_run=true", content=raw).json()
    slug = client.post(API, content=raw).json()["id"]

    assert raw == client.get(f"/m/{slug}.raw").content
    assert "4096 times" in client.get(f"/m/{slug}.txt").text
    assert [4096] == [
        o["count"] for o in client.get(f"/m/{slug}.json").json()["document"]["observations"]
    ]
    assert [1] == [e["observed"] for e in checked["effects"]]
