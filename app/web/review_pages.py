"""The parts of the reviewers' pages: what each of their formats shows."""

from __future__ import annotations

from http import HTTPStatus

from app.core.words import State
from app.intake import reviewing
from app.intake.reviewing import Review
from app.pages import review_text
from app.pages.measurement_text import identity, state
from app.pens.page import Page
from app.pens.place import Place
from app.pens.plain import words
from app.store.snapshots import Snapshot
from app.store.submissions import Token

# What the buttons say, by the state that they lead to.
VERBS = {State.ACCEPTED: "Accept", State.REJECTED: "Reject", State.WITHDRAWN: "Withdraw for good"}


def login_page(place: Place, problem: str = "") -> Page:
    """Return the login, with what was wrong with the last try."""
    return Page(
        template="review/login.html",
        view={"problem": problem},
        text=lambda _: problem + "\n" if problem else review_text.login_text(place),
        status=HTTPStatus.FORBIDDEN if problem else HTTPStatus.OK,
    )


def queue_page(snapshot: Snapshot, place: Place, token: Token) -> Page:
    """Return what waits and what was decided lately."""
    lists = {
        "Pending": reviewing.list_measurements(snapshot, State.PENDING),
        "Decided lately": reviewing.list_recent(snapshot),
    }
    knowledge = snapshot.knowledge
    return Page(
        template="review/index.html",
        view={
            "token": token,
            "lists": lists,
            "state_line": lambda m: words(state(m)),
            "in_short": lambda m: review_text.in_short(m, knowledge),
        },
        text=lambda _: review_text.queue_text(lists, knowledge, place),
    )


def review_page(snapshot: Snapshot, review: Review, place: Place, token: Token) -> Page:
    """Return one measurement with all that a decision needs."""
    m = review.measurement
    return Page(
        template="review/show.html",
        view={
            "token": token,
            "review": review,
            "m": m,
            "identity": identity(m, snapshot.knowledge),
            "state_line": lambda m: words(state(m)),
            "decision_line": review_text.decision_line,
            "effect_note": review_text.COUNTS if m.accepted else review_text.WOULD_COUNT,
            "verbs": {state: VERBS[state] for state in m.state.next},
        },
        text=lambda _: review_text.review_text(review, snapshot.knowledge, place),
    )
