"""The pages of reviewers: what they show, and what a decision does."""

import re
from itertools import takewhile

import pytest
from bs4 import BeautifulSoup

from app.core.words import State, Verdict
from tests.reviewables import HERE, browser, decide
from tests.running import flat, soup_of, words


def test_the_queue_lists_what_waits_and_after_a_decision_what_was_decided(reviewer, slug):
    def listed(heading):
        soup = soup_of(reviewer, "/review")
        title = soup.find("h2", string=re.compile(heading))
        below = takewhile(lambda tag: tag.name != "h2", title.find_next_siblings())
        return f"/review/{slug}" in {a["href"] for tag in below for a in tag.select("a")}

    assert listed("Pending")
    answer = decide(reviewer, slug, "rejected", origin=HERE)
    assert (303, f"/review/{slug}") == (answer.status_code, answer.headers["location"])
    assert listed("Decided lately")
    assert re.search(rf"(?m)^{slug} +rejected", reviewer.get("/review.txt").text)


def test_the_page_shows_the_effect_cell_by_cell(reviewer, slug):
    soup = soup_of(reviewer, f"/review/{slug}")
    rows = [
        [words(cell) for cell in row.find_all(["th", "td"])]
        for row in soup.select("table tbody tr")
    ]

    assert "4 of 4 verdicts change" in soup.get_text()
    assert ["ID x2AVIC read", "TPR AVIC read", "LDR x2AVIC read", "LDR x2AVIC write"] == [
        row[0] for row in rows
    ]
    assert "Zen 5:" in [p.text for p in soup.main.select("p")]
    assert {"not measured"} == {" ".join(row[1].split()[1:3]) for row in rows}
    ends = ("hidden by interception", "as printed", "as printed", "manual silent or unclear")
    assert all(row[1].endswith(end) for row, end in zip(rows, ends, strict=True))
    assert "1 intercepted" in rows[0][2]
    assert f"/m/{slug}.raw" in {a["href"] for a in soup.select("main a")}


def test_what_a_submitter_wrote_is_shown_as_text(reviewer, slug):
    page = reviewer.get(f"/review/{slug}").text

    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert "<script>alert" not in page


def test_an_accepted_measurement_still_shows_what_it_changes(reviewer, slug):
    decide(reviewer, slug, "accepted", origin=HERE)
    page = soup_of(reviewer, f"/review/{slug}")

    assert "it counts now" in page.get_text()
    assert "4 of 4 verdicts change" in page.get_text()
    assert ["Reject", "Withdraw for good"] == [b.text for b in page.select("button[name=state]")]
    decide(reviewer, slug, "withdrawn", seen="accepted", origin=HERE)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"state": "accepted", "reason": "So."},
        {"state": "lost", "seen": "pending", "reason": "So."},
        {"state": "accepted", "seen": "lost", "reason": "So."},
    ],
    ids=str,
)
def test_a_form_that_is_not_ours_is_refused(fields, reviewer, state_of, slug):
    answer = reviewer.post(f"/review/{slug}", data=fields, headers={"origin": HERE})

    assert 422 == answer.status_code
    assert State.PENDING is state_of(slug)


def test_what_is_final_is_asked_again_and_says_what_it_changes(reviewer, state_of, slug):
    decide(reviewer, slug, "accepted", origin=HERE)
    asked = decide(reviewer, slug, "withdrawn", "A typo.", seen="accepted", sure="", origin=HERE)
    page = BeautifulSoup(asked.text, "lxml")
    form = {field["name"]: field["value"] for field in page.select("main form [name]")}

    assert (200, State.ACCEPTED) == (asked.status_code, state_of(slug))
    assert "4 verdicts would change." in page.main.get_text()
    assert "This is final" in page.main.get_text()
    to = page.select_one("main form")["action"]
    answer = reviewer.post(to, data=form, headers={"origin": HERE})
    assert (303, State.WITHDRAWN) == (answer.status_code, state_of(slug))


def test_a_page_says_what_each_decision_would_change_before_it_is_made(reviewer, slug):
    told = flat(reviewer, f"/review/{slug}.txt").partition("What a decision changes")[2]

    settled = f"Accept 4 verdicts would change. {Verdict.SETTLES.label} in 1: LDR x2AVIC write"
    assert settled in told
    assert "Reject No verdict would change: it does not count now." in told
    assert "Withdraw for good No verdict would change" in told


def test_a_withdrawal_is_final(reviewer, state_of, slug):
    assert 303 == decide(reviewer, slug, "withdrawn", origin=HERE).status_code
    page = soup_of(reviewer, f"/review/{slug}")
    answer = decide(reviewer, slug, "accepted", seen="withdrawn", origin=HERE)

    assert [] == page.select("button[name=state]")
    assert (409, State.WITHDRAWN) == (answer.status_code, state_of(slug))
    assert "a withdrawal is final" in answer.text


def test_of_two_reviewers_the_slower_one_is_told(reviewer, state_of, slug):
    decide(reviewer, slug, "accepted", origin=HERE)
    answer = decide(reviewer, slug, "rejected", origin=HERE)

    assert 409 == answer.status_code
    assert f"{slug} is accepted by now, no longer pending: look at it again." in answer.text
    assert State.ACCEPTED is state_of(slug)
    decide(reviewer, slug, "withdrawn", seen="accepted", origin=HERE)


def test_what_does_not_exist_is_not_found(reviewer):
    assert 404 == reviewer.get("/review/0123456789ab").status_code
    assert 404 == decide(reviewer, "0123456789ab", "accepted", origin=HERE).status_code


def test_a_decision_shows_at_once_in_the_table_and_in_the_changes(reviewer, slug):
    cell = "/api/v1/cells/tpr/avic/read"
    seen = {}
    for state, was in (("accepted", "pending"), ("withdrawn", "accepted")):
        decide(reviewer, slug, state, f"Why {state}.", seen=was, origin=HERE)
        seen[state] = reviewer.get(cell).json()["families"]["zen-5"]["verdict"]
    changes = " ".join(reviewer.get("/changes.txt").text.split())

    assert {"accepted": "agrees", "withdrawn": "unmeasured"} == seen
    told = f"measurement {slug} changed: pending -> accepted by Rae Reviewer: Why accepted."
    assert told in changes
    assert "accepted -> withdrawn by Rae Reviewer: Why withdrawn." in changes


def test_the_command_line_and_the_page_say_the_same(reviewer, slug, url, vapic, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", url)
    assert vapic("review", "show", slug).out == reviewer.get(f"/review/{slug}.txt").text

    vapic("review", "reject", slug, "--reason", "Said in the terminal.")
    page = reviewer.get(f"/review/{slug}").text
    assert "Said in the terminal." in page
    assert "Accept</button>" in page
    assert vapic("review", "show", slug).out == reviewer.get(f"/review/{slug}.txt").text


@pytest.mark.parametrize("path", ["/review", "/review/{slug}", "/review.txt", "/review/{slug}.txt"])
def test_pages_of_reviewers_are_kept_nowhere(path, reviewer, slug, app):
    page = reviewer.get(path.format(slug=slug))
    stranger = browser(app).get(path.format(slug=slug))

    assert (200, "no-store") == (page.status_code, page.headers["cache-control"])
    assert "etag" not in page.headers
    assert "no-store" == stranger.headers["cache-control"]
    assert "Rae Reviewer" not in stranger.text
    assert slug not in stranger.text
