"""What search engines and previews find: each page once, as it is today, and no stranger's word."""

import re
from urllib.robotparser import RobotFileParser

import pytest
from lxml import etree

from app.core.words import State
from app.intake import reviewing
from tests.conftest import engine_of, writer_sessions
from tests.reviewables import decision, make_document
from tests.running import HTML, SITE, soup_of, state_of


@pytest.fixture(scope="module")
def places(site):
    """The paths of the sitemap."""
    found = etree.fromstring(site.get("/sitemap.xml").content).findall("{*}url/{*}loc")
    return [place.text.removeprefix(SITE) for place in found]


@pytest.fixture(scope="module")
def robots(site):
    """What a crawler makes of the rules."""
    rules = RobotFileParser()
    rules.parse(site.get("/robots.txt").text.splitlines())
    return rules


def test_the_sitemap_names_every_kind_of_page_once_and_each_is_there(site, places, robots):
    kinds = [re.sub(r"(?<=.)/.*", "/", place) for place in places]
    # The first of each kind, and the last.
    pairs = list(zip(kinds, places, strict=True))
    some = {*dict(pairs).values(), *dict(reversed(pairs)).values()}
    answers = {place: site.get(place, headers=HTML, follow_redirects=False) for place in some}

    assert len(places) == len({*places})
    assert {"/", "/r/", "/c/", "/d/", "/errata/", "/policy/", "/docs/"} <= {*kinds}
    assert {} == {p: a.status_code for p, a in answers.items() if 200 != a.status_code}
    assert [] == [p for p in some if f'rel="canonical" href="{SITE}{p}"' not in answers[p].text]
    assert [] == [p for p in some if 'content="noindex"' in answers[p].text]
    assert [] == [place for place in places if not robots.can_fetch("x", SITE + place)]


@pytest.mark.parametrize(
    ("asked", "canonical", "listed"),
    [
        ("/r/ldr?at=2026-11-22.1", "/r/ldr", True),
        ("/?mode=x2avic&verdict=explained", "/", True),
        ("/?view=cpu", "/", True),
        ("/search?q=ldr", "/search", False),
        ("/check-mail", "/check-mail", False),
        ("/review", "/review", False),
        ("/r/ldr/since/2026-11-22.1", "/r/ldr/since/2026-11-22.1", False),
    ],
)
def test_a_pin_or_a_filter_is_another_view_of_a_page(site, asked, canonical, listed):
    page = soup_of(site, asked)

    assert SITE + canonical == page.find("link", rel="canonical")["href"]
    assert listed == (page.find("meta", attrs={"name": "robots"}) is None)


def test_what_nobody_accepted_is_found_by_nobody(client, shared_url):
    slug = client.post("/api/v1/measurements", content=make_document()).json()["id"]
    before = soup_of(client, f"/m/{slug}"), client.get("/sitemap.xml").text
    with engine_of(shared_url) as engine, writer_sessions(engine).begin() as session:
        reviewing.decide(session, slug, decision(State.ACCEPTED))
    state_of(client).snapshots.refresh()
    after = soup_of(client, f"/m/{slug}"), client.get("/sitemap.xml").text

    assert "noindex" == before[0].find("meta", attrs={"name": "robots"})["content"]
    assert after[0].find("meta", attrs={"name": "robots"}) is None
    assert [False, True] == [f"/m/{slug}<" in sitemap for _, sitemap in (before, after)]


@pytest.mark.parametrize("path", ["/robots.txt", "/sitemap.xml"])
def test_they_take_no_query(site, path):
    assert 400 == site.get(f"{path}?x=1").status_code


def test_a_preview_has_the_title_and_the_words_of_the_page(site):
    page = soup_of(site, "/r/ldr/x2avic/write")
    meta = {tag["property"]: tag["content"] for tag in page.find_all("meta", property=True)}

    assert meta["og:title"] in page.title.text
    assert page.find("meta", attrs={"name": "description"})["content"] == meta["og:description"]
    assert "LDR" in meta["og:title"]
    assert SITE + "/r/ldr/x2avic/write" == meta["og:url"]
