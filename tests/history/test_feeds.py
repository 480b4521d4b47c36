"""Feeds: sound, stable, and touched by real change alone."""

import csv
import io
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from lxml import etree

from app.pages import feeds
from app.pages.steps_text import step_summary, story_text
from app.pages.subjects import Subject
from app.pens.place import Place
from app.store.engine import writer_sessions
from app.store.seeding import load_seed
from app.store.steps import CellStep
from tests.conftest import SEEDED_AT, engine_of
from tests.history.told import FEEDS, FIRST, HTML, SITE
from tests.running import soup_of, words

ATOM = "{http://www.w3.org/2005/Atom}"
SCHEMA = etree.RelaxNG(etree.parse(Path(__file__).with_name("atom.rng")))

GP = "contradicts the manual (gp)"


def entries(feed):
    """Return the entries of a feed as bytes, by the tail of their ids."""
    root = etree.fromstring(feed)
    found = {}
    for entry in root.findall(f"{ATOM}entry"):
        name = entry.findtext(f"{ATOM}id").split(",2026:")[1]
        assert name not in found
        found[name] = etree.tostring(entry, with_tail=False)
    return found


def content(entry):
    return etree.fromstring(entry).findtext(f"{ATOM}content")


@pytest.mark.parametrize("path", FEEDS)
def test_every_feed_is_sound_atom(story, path):
    root = etree.fromstring(story.feeds[-1][path])
    links = {link.get("rel"): link.get("href") for link in root.findall(f"{ATOM}link")}

    SCHEMA.assertValid(root)
    assert f"{SITE}{path}" == links["self"]
    assert f"{SITE}{path.replace('/index.atom', '/').replace('.atom', '')}" == links["alternate"]
    times = [e.findtext(f"{ATOM}updated") for e in root.findall(f"{ATOM}entry")]
    assert sorted(times, reverse=True) == times
    assert [root.findtext(f"{ATOM}updated")] == times[:1]
    assert story.client.get(path).headers["content-type"] == "application/atom+xml"


@pytest.mark.parametrize("path", [path for path in FEEDS if "contradicts" not in path])
def test_the_first_load_of_a_seed_is_one_entry_of_every_subject(story, path):
    found = entries(story.feeds[0][path])

    assert [FIRST] == [name.rsplit("/", 1)[1] for name in found]
    assert "First published." in content(next(iter(found.values())))
    assert len(story.feeds[0][path]) < 5000


# Which of the five later versions touch which feed, by their place.
TOUCHED = {
    "/changes.atom": {1, 2, 3, 4, 5},
    "/r/ldr.atom": {2, 4, 5},
    "/r/tpr.atom": {4, 5},
    "/r/ldr/avic/write.atom": {2},
    "/r/ldr/x2avic/write.atom": {2, 4, 5},
    "/c/zen-5.atom": {4, 5},
    "/c/zen-1.atom": set(),
    "/d.atom": set(),
    "/d/1.atom": set(),
    "/d/2.atom": set(),
    "/errata/1023.atom": {1},
    "/index.atom": {2, 4, 5},
    "/index.atom?verdict=contradicts": {4, 5},
}


@pytest.mark.parametrize(("path", "touched"), TOUCHED.items())
def test_a_change_adds_one_entry_to_what_it_touches_and_no_byte_elsewhere(story, path, touched):
    for at in range(1, 6):
        before, after = story.feeds[at - 1][path], story.feeds[at][path]
        if at in touched:
            old, new = entries(before), entries(after)
            assert {story.versions[at]} == {n.rsplit("/", 1)[1] for n in new.keys() - old.keys()}
            assert old == {name: new[name] for name in old}
            assert list(new)[1:] == list(old)
        else:
            assert before == after
            assert story.tags[at - 1][path] == story.tags[at][path]


def test_a_feed_that_did_not_change_is_not_sent_again(story):
    asked = {"if-none-match": story.tags[0]["/d/2.atom"]}

    assert 304 == story.client.get("/d/2.atom", headers=asked).status_code


def test_the_same_seed_again_changes_no_feed(story):
    with engine_of(story.url) as engine, writer_sessions(engine).begin() as session:
        again = load_seed(session, story.copy.folder, SEEDED_AT + timedelta(days=9))
    story.state.snapshots.refresh()

    assert again.version is None
    assert story.feeds[-1]["/changes.atom"] == story.client.get("/changes.atom").content


@pytest.mark.parametrize(
    ("feed", "at", "parts"),
    [
        (
            "/r/ldr.atom",
            2,
            ("Table 15-22: vmexit-trap -> vmexit-fault", "register ldr changed",
             "modes avic, x2avic; access write; kind table", "behaviour was   vmexit-trap",
             "behaviour is    vmexit-fault", "/r/ldr/since/{1}?at={2}"),
        ),
        (
            "/errata/1023.atom",
            1,
            ("erratum 1023 changed", "symptom was", "With two or more counters of",
             "symptom is", "With two or more of the counters of"),
        ),
        (
            "/c/zen-5.atom",
            4,
            ("LDR x2AVIC write\n  Zen 5: not measured -> table wrong or incomplete (gp)",
             f"TPR AVIC read\n  Zen 5: not measured -> {GP}", "is accepted"),
        ),
        ("/c/zen-5.atom", 5, (f"Zen 5: {GP} -> not measured", "is withdrawn")),
        (
            "/index.atom?verdict=contradicts",
            5,
            (f"TPR AVIC read\n  Zen 5: {GP} -> not measured", "outcome         gp"),
        ),
        ("/changes.atom", 4, ("state was       pending", "state is        accepted", "A reason.")),
    ],
)  # fmt: skip
def test_an_entry_holds_the_fields_before_and_after_in_plain_words(story, feed, at, parts):
    found = entries(story.feeds[-1][feed])
    text = next(content(e) for name, e in found.items() if name.endswith(story.versions[at]))

    for part in parts:
        shown = re.sub(r"\{(\d)\}", lambda m: story.versions[int(m[1])], part)
        assert shown.replace(">", "&gt;") in text


def test_the_list_of_changes_tells_each_verdict_and_leads_to_what_became_of_the_cell(story):
    name, before = story.versions[4], story.versions[3]
    line = f"Zen 5: not measured -> {GP}"
    told = f"TPR AVIC read {line}"
    section = soup_of(story.client, "/changes").find(id=name)
    link = section.find("a", string="TPR AVIC read")["href"]
    rows = csv.DictReader(io.StringIO(story.text("/changes.csv")))
    data = story.client.get("/changes.json").json()["changes"]
    mine = next(change for change in data if change["data_version"] == name)

    assert f"/r/tpr/avic/read/since/{before}?at={name}" == link
    # In HTML an arrow is one letter, which no line breaks.
    assert told.replace("->", "\N{RIGHTWARDS ARROW}") in words(section)
    assert told in " ".join(story.text("/changes.txt").split())
    assert f"tpr/avic/read {line}" in [row["change"] for row in rows if row["data_version"] == name]
    assert [line] == mine["cells"]["tpr/avic/read"]
    # What is published for the first time did not change.
    assert {} == data[-1]["cells"]


def test_an_entry_tells_every_cell_however_many_changed(story, knowledge):
    newest = story.state.snapshots.get().steps.newest(most=1)[0]
    cells = {key: CellStep({}, {"zen-5": "agrees (allowed)"}) for key in knowledge.cells}
    step, subject = replace(newest, cells=cells), Subject("/changes", "Everything")
    lines = story_text(subject, step, (), (), knowledge=knowledge).splitlines()

    assert {knowledge.name_of(key) for key in knowledge.cells} <= set(lines)
    assert step_summary(subject, step, (), knowledge).endswith(f"; and {len(cells) - 2} more")


def test_every_entry_leads_to_a_page_that_says_the_same_for_ever(story):
    links = {
        link.get("href")
        for feed in story.feeds[-1].values()
        for link in etree.fromstring(feed).iterfind(f"{ATOM}entry/{ATOM}link")
    }
    # By version: few snapshots stay in memory.
    by_version = sorted(links, key=lambda link: re.split("at=|changes/", link)[-1])
    answers = {link: story.client.get(link, headers=HTML).status_code for link in by_version}

    assert {200} == set(answers.values())
    assert all("at=" in link or "/changes/" in link for link in links)


@pytest.mark.parametrize(
    ("feed", "at"),
    [("/r/ldr/x2avic/write.atom", 2), ("/c/zen-5.atom", 4), ("/errata/1023.atom", 1)],
)
def test_an_entry_also_links_the_difference_and_its_data_version(story, feed, at):
    now, then = story.versions[at], story.versions[at - 1]
    found = entries(story.feeds[-1][feed])
    lines = next(content(e) for name, e in found.items() if name.endswith(now)).splitlines()
    page = f"{SITE}{feed.removesuffix('.atom')}"
    links = [f"{page}?at={now}", f"{page}/since/{then}?at={now}", f"{SITE}/changes/{now}"]

    assert links == [line for line in lines if line.startswith(SITE)]
    assert "was:" in story.client.get(links[1], headers={"accept": "text/plain"}).text


@pytest.mark.parametrize("path", ["/changes.atom", "/r/ldr.atom", "/index.atom?mode=x2avic"])
def test_a_pinned_feed_lists_what_there_was(story, path):
    pinned = f"{path}{'&' if '?' in path else '?'}at={story.versions[2]}"
    found = entries(story.client.get(pinned).content)

    assert not [name for name in found if name.rsplit("/", 1)[1] > story.versions[2]]
    assert 1 < len(found)
    assert pinned in story.text(pinned).replace("&amp;", "&")


def test_a_long_feed_leads_to_its_older_entries(story, monkeypatch):
    monkeypatch.setattr(feeds, "ENTRIES", 2)
    newest = story.state.snapshots.get()
    found = feeds.feed_of(newest, Subject("/changes", "Everything"), Place(SITE, newest.name))

    assert story.versions[:3:-1] == [entry.name.split("/")[1] for entry in found.entries]
    assert f"{SITE}/changes.atom?at={story.versions[3]}" == found.next_url


def test_the_feed_of_a_filter_judges_few_cells_and_leads_to_the_others(story, monkeypatch):
    at_once = entries(story.client.get(f"/index.atom?access=read&at={story.versions[5]}").content)
    monkeypatch.setattr(feeds, "MOST_CELLS", 0)
    feed, found, asked = "/index.atom?access=read", [], 0
    while feed:
        body, asked = story.client.get(feed).content, asked + 1
        found += entries(body)
        feed = next((a.get("href") for a in etree.fromstring(body) if a.get("rel") == "next"), "")

    assert list(at_once) == found
    assert len(story.versions) == asked


def test_pages_offer_their_feed_and_others_have_none(story):
    page = story.client.get("/?mode=x2avic", headers=HTML).text

    assert 'type="application/atom+xml" href="/index.atom?mode=x2avic"' in page
    assert 404 == story.client.get("/corrected.atom").status_code
    assert 400 == story.client.get("/index.atom?verdict=agree").status_code
    assert 404 == story.client.get("/r/nothing.atom").status_code
