"""The area of reviewers: log in, see what waits, look at one measurement, decide."""

from __future__ import annotations

from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import RedirectResponse, Response

from app.core.words import State
from app.errors import Forbidden
from app.intake import reviewing
from app.pages import reviews
from app.pens.page import Page
from app.store.submissions import Decision, Token
from app.web import guard
from app.web.deps import NO_FILTER, ReadSession
from app.web.page_request import PageRequest, unkept

router = APIRouter(prefix="/review", include_in_schema=False, dependencies=NO_FILTER)


def _newest(request: Request) -> PageRequest:
    """Reviewers judge what is, also what the command line decided a moment ago."""
    return PageRequest(request, request.app.state.snapshots.refresh())


def _required(request: Request) -> Token:
    token = guard.reviewer(request)
    if token is None:
        raise Forbidden("Only reviewers may do this: log in at /review.")
    return token


Newest = Annotated[PageRequest, Depends(_newest)]
Reviewer = Annotated[Token | None, Depends(guard.reviewer)]
Required = Annotated[Token, Depends(_required)]


@router.get("")
def index(asked: Newest, token: Reviewer) -> Response:
    """What waits and what was decided lately; without a session, the login."""
    if token is None:
        page = reviews.login_page()
    else:
        lists = {
            "Pending": reviewing.list_measurements(asked.snapshot, State.PENDING),
            "Decided lately": reviewing.list_recent(asked.snapshot),
        }
        page = Page.of(reviews.queue_sheet(lists, asked.snapshot), view={"token": token})
    return unkept(asked.request, asked.respond(page))


@router.post("/login")
def login(asked: Newest, secret: Annotated[str, Form(alias="token")] = "") -> Response:
    """Open a session for the holder of a reviewer's token."""
    try:
        value = _open_login(asked.request, secret.strip())
    except Forbidden as error:
        page = reviews.login_page(error.message)
        return unkept(asked.request, asked.respond(page))
    response = RedirectResponse("/review", HTTPStatus.SEE_OTHER)
    guard.log_in(asked.request, response, value)
    return unkept(asked.request, response)


@router.post("/logout")
def logout(request: Request) -> Response:
    """End the session."""
    response = RedirectResponse("/review", HTTPStatus.SEE_OTHER)
    guard.log_out(request, response)
    return unkept(request, response)


@router.get("/{slug}")
def show(slug: str, asked: Newest, session: ReadSession, token: Reviewer) -> Response:
    """One measurement with all that a decision needs; without a session, to the login."""
    if token is None:
        return unkept(asked.request, RedirectResponse("/review", HTTPStatus.SEE_OTHER))
    review = reviewing.find_review(session, asked.snapshot, slug)
    verbs = {state: reviews.VERBS[state] for state in review.measurement.state.next}
    view = {"token": token, "m": review.measurement, "verbs": verbs}
    page = Page.of(reviews.review_sheet(review, asked.snapshot), view=view)
    return unkept(asked.request, asked.respond(page))


@router.post("/{slug}")
def decide(  # noqa: PLR0917 - one part of the address, four fields of the form
    slug: str,
    request: Request,
    token: Required,
    state: Annotated[State, Form()],
    seen: Annotated[State, Form()],
    reason: Annotated[str, Form()] = "",
    sure: Annotated[str, Form()] = "",
) -> Response:
    """Add a decision, and show what became of the measurement; what is final is asked again."""
    if not (state.next or sure) and (question := _question(request, slug, state, seen, reason)):
        return question
    decision = Decision(state, reason, datetime.now(UTC), token.name)
    # Committed before the snapshot is looked for: it must hold the decision.
    with request.app.state.writers.begin() as session:
        reviewing.decide(session, slug, decision, seen=seen)
    request.app.state.snapshots.refresh()
    return unkept(request, RedirectResponse(f"/review/{slug}", HTTPStatus.SEE_OTHER))


def _question(
    request: Request, slug: str, state: State, seen: State, reason: str
) -> Response | None:
    """Return the page that asks again; None for a decision that will be refused anyway."""
    asked = _newest(request)
    with request.app.state.readers() as session:
        review = reviewing.find_review(session, asked.snapshot, slug)
    if state not in review.measurement.state.next:
        return None
    view = {"state": state, "seen": seen, "reason": reason, "m": review.measurement}
    page = Page.of(reviews.sure_sheet(review, state, asked.snapshot.knowledge), view=view)
    return unkept(request, asked.respond(page))


def _open_login(request: Request, secret: str) -> str:
    # A wrong token must not take the lock of the one writer.
    with request.app.state.readers() as session:
        token = reviewing.find_reviewer(session, secret)
    with request.app.state.writers.begin() as session:
        return reviewing.open_login(session, token, datetime.now(UTC))
