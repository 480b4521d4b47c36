"""What changed since a data version, and the page of one."""

import re

import pytest
from bs4 import BeautifulSoup

from app.core.knowledge import Knowledge
from app.pages import comparing, registry
from app.pens.place import Place
from app.store.snapshots import offline_snapshot
from tests.conftest import SEEDED_AT
from tests.history.told import FIRST, HTML, SITE
from tests.running import twin_of

# Every kind of page that is compared.
COMPARED = (
    *("/", "/?verdict=explained", "/?policy=kvm-7.2&sort=name", "/r/ldr", "/r/ldr/x2avic/write"),
    *("/c", "/c/zen-5", "/d", "/d/1", "/errata", "/errata/1023", "/docs/sources"),
    *("/wanted?family=zen-5", "/m", "/m/{slug}", "/policy", "/policy/kvm-6.0..kvm-7.2"),
)


@pytest.mark.parametrize("path", COMPARED)
def test_what_is_compared_is_the_text_of_the_page(story, path):
    path = path.format(slug=story.slug)
    newest = story.state.snapshots.get()

    assert story.text(twin_of(path, "txt")) == registry.find_page(newest, path).comparable(
        Place(SITE, newest.name)
    )


@pytest.mark.parametrize(
    ("path", "changed"),
    [
        ("/", True),
        ("/?verdict=explained", True),
        ("/?mode=avic&access=read&q=svr", False),
        ("/corrected", True),
        ("/r/ldr", True),
        ("/r/svr", False),
        ("/r/ldr/avic/write", True),
        ("/r/ldr/avic/read", False),
        ("/c", False),
        ("/c/zen-5", True),
        ("/d/1", False),
        ("/errata/1023", True),
        ("/errata", False),
        ("/docs/sources", False),
    ],
)
def test_a_pinned_page_says_whether_it_changed_and_links_the_difference(story, path, changed):
    pinned = f"{path}{'&' if '?' in path else '?'}at={FIRST}"
    soup = BeautifulSoup(story.client.get(pinned, headers=HTML).text, "html.parser")
    said = " ".join(soup.find(class_="pin").get_text(" ").split())
    links = [a["href"] for a in soup.find(class_="pin").find_all("a")]

    assert path == links[-1]
    assert f"As of {FIRST}." in said
    assert changed == ("It has changed since" in said) != ("Unchanged since." in said)
    if changed:
        answer = story.client.get(links[0], headers=HTML, follow_redirects=False)
        assert 200 == answer.status_code
        assert "was" in answer.text
    text = story.text(twin_of(pinned, "txt"))
    assert not [word for word in ("since", story.versions[-1]) if word in text.split("Pinned")[0]]


def test_a_page_without_facts_has_no_opinion_on_change(story):
    page = BeautifulSoup(story.text(f"/docs/words?at={FIRST}"), "html.parser").find(class_="pin")

    assert "since" not in page.text


@pytest.mark.parametrize("path", COMPARED[:-5])
def test_two_versions_of_a_text_differ_in_the_lines_that_changed_alone(story, path):
    pins = [f"{path}{'&' if '?' in path else '?'}at={story.versions[n]}" for n in (1, 2)]
    old, new = (story.text(twin_of(pin, "txt")).splitlines() for pin in pins)
    heads = ("Pinned", "Data version", "at=")
    apart = {*old} ^ {*new}
    apart = {line for line in apart if not any(part in line for part in heads)}

    assert [] == [line for line in apart if not re.search("trap|fault|402h", line)]


def test_a_comparison_names_the_heading_and_the_lines_before_and_after(story):
    path = f"/r/ldr/since/{story.versions[1]}"
    text = story.text(f"{path}.txt?at={story.versions[2]}")
    body = story.client.get(f"{path}.json?at={story.versions[2]}").json()

    assert "in: x2AVIC write\nwas:\nTable 15-22     vmexit-trap\nis:\nTable 15-22" in text
    assert story.versions[1:3] == [body["from"], body["to"]]
    assert {
        "where": ["x2AVIC write"],
        "was": ["Table 15-22     vmexit-trap"],
        "is": ["Table 15-22     vmexit-fault"],
    } in body["changes"]
    assert max(map(len, text.splitlines())) <= 75


def changed(then, now, address):
    """Return as text what changed in a page."""
    found = comparing.compare(then, now, address, SITE)
    return comparing.comparison_text(found, Place(SITE, now.name))


def test_a_page_that_is_no_more_says_so_and_what_it_said(knowledge):
    fewer = {k: e for k, e in knowledge.errata.items() if k != "1023"}
    after = Knowledge({**knowledge.by_kind, "erratum": fewer})
    then, now = (offline_snapshot(known, SEEDED_AT) for known in (knowledge, after))
    text = changed(then, now, "/errata/1023")

    assert "This page is not there at offline." in text
    assert "\nwas:\nErratum 1023" in text
    assert text.endswith("is:\n(nothing)\n")
    assert "is:\nErratum 1023" in changed(now, then, "/errata/1023")


def test_a_new_footnote_of_the_corrected_table_is_no_change_of_the_later_ones(story):
    text = story.text(f"/corrected/since/{story.versions[3]}.txt?at={story.versions[4]}")

    assert "TPR AVIC read" in text
    assert {"TPR"} == {
        line.split()[0] for line in text.splitlines() if re.match(r"[A-Z]{2,}\d? +\d", line)
    }
    assert "Nothing that" in story.text(f"/corrected/since/{FIRST}.txt?at={FIRST}")


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("/r/APIC_LDR/since/{1}", "/r/ldr/since/{1}"),
        ("/r/0x80d/x2avic/write/since/{1}.txt", "/r/ldr/x2avic/write/since/{1}.txt"),
        ("/d/D-1/since/2026-11-22", "/d/1/since/{5}"),
        ("/since/{1}?access=read&mode=avic", "/since/{1}?mode=avic&access=read"),
        ("/changes/2026-11-22", "/changes/{5}"),
        ("/changes/2026-11-22.txt?at={2}", "/changes/{2}.txt?at={2}"),
    ],
)
def test_another_name_of_a_comparison_leads_to_its_own(story, asked, found):
    asked, found = (
        re.sub(r"\{(\d)\}", lambda m: story.versions[int(m[1])], path) for path in (asked, found)
    )
    answer = story.client.get(asked, headers=HTML, follow_redirects=False)

    assert (302, found) == (answer.status_code, answer.headers["location"])


@pytest.mark.parametrize(
    "path",
    ["/r/ldr/since/2020-01-01", "/docs/words/since/{0}", "/r/nothing/since/{0}",
     "/changes/2026-11-23", "/changes/{5}?at={1}"],
)  # fmt: skip
def test_what_cannot_be_compared_is_a_404(story, path):
    path = re.sub(r"\{(\d)\}", lambda m: story.versions[int(m[1])], path)

    assert 404 == story.client.get(path, headers=HTML).status_code


def test_the_page_of_a_data_version_says_what_it_did_and_nothing_later(story):
    path = f"/changes/{story.versions[4]}"
    text = story.text(f"{path}.txt")
    body = story.client.get(f"{path}.json").json()
    page = BeautifulSoup(story.client.get(path, headers=HTML).text, "html.parser")

    assert text == story.text(f"{path}.txt?at={story.versions[4]}")
    assert f"Previous        {SITE}/changes/{story.versions[3]}" in text
    assert "TPR AVIC read\n  Zen 5: not measured -> contradicts the manual (gp)" in text
    assert max(map(len, text.splitlines())) <= 75
    assert text.isascii()
    assert {"measurement", "observation", "source"} == {c["kind"] for c in body["changes"]}
    assert ["/c/zen-5", "/r/ldr", "/r/tpr"] == [p for p in body["pages"] if "/d/" not in p]
    assert f"/changes/{story.versions[5]}" == page.find("a", rel="next")["href"]
    assert f"/changes/{story.versions[3]}" == page.find("a", rel="prev")["href"]
    hrefs = [a["href"] for a in page.main.find_all("a")]
    assert f"/r/tpr/since/{story.versions[3]}?at={story.versions[4]}" in hrefs


def test_the_list_of_changes_links_the_page_of_each_version(story):
    page = BeautifulSoup(story.client.get("/changes", headers=HTML).text, "html.parser")

    assert {f"/changes/{name}" for name in story.versions} <= {
        a["href"] for a in page.main.find_all("a")
    }
