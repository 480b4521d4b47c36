"""`vapic token` and `vapic review`: who may, and what counts."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from app.cli.database import reading, writing
from app.cli.saying import say
from app.core.words import State, TokenScope
from app.intake import reviewing
from app.pages import reviews as shown
from app.pens.plain import sheet_text
from app.store import submissions
from app.store.submissions import Decision

tokens = typer.Typer(no_args_is_help=True, rich_markup_mode=None)
reviews = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

Slug = Annotated[str, typer.Argument(metavar="ID", help="First 12 hex digits of its SHA-256.")]
Reason = Annotated[str, typer.Option(help="Why, for everybody to read.")]
By = Annotated[str, typer.Option(help="Who decides, for everybody to read.")]


@tokens.command()
def create(
    name: Annotated[str, typer.Argument(help="Who holds it; shown beside what they decide.")],
    scope: Annotated[
        TokenScope,
        typer.Option(help="submit; trusted: accepted at once; review: decides on others."),
    ],
) -> None:
    """Make a token and print it: now, and never again."""
    with writing() as session:
        token, secret = reviewing.new_token(session, name, scope, datetime.now(UTC))
    say(f"Token {token.id} of {token.name}, scope {token.scope}:", err=True)
    say(secret)


@tokens.command("list")
def list_tokens() -> None:
    """List tokens with their use, never the secrets."""
    with reading() as opened:
        say(shown.tokens_text(submissions.list_tokens(opened.session)), nl=False)


@tokens.command()
def revoke(
    token_id: Annotated[int, typer.Argument(metavar="ID", help="As `vapic token list` shows it.")],
) -> None:
    """Revoke a token for good; a reviewer who uses it is logged out."""
    with writing() as session:
        token = reviewing.revoke_token(session, token_id, datetime.now(UTC))
    say(f"Token {token.id} of {token.name} is revoked.")


@reviews.command("list")
def list_reviews(
    state: Annotated[State, typer.Option(help="Only measurements in this state.")] = State.PENDING,
) -> None:
    """List the measurements in one state, by default those that wait for a decision."""
    with reading() as opened:
        lists = {str(state).capitalize(): reviewing.list_measurements(opened.snapshot, state)}
        sheet = shown.queue_sheet(lists, opened.snapshot)
        say(sheet_text(sheet, opened.place), nl=False)


@reviews.command()
def show(slug: Slug) -> None:
    """Print what a measurement would change, and what looks odd about it."""
    with reading() as opened:
        review = reviewing.find_review(opened.session, opened.snapshot, slug)
        sheet = shown.review_sheet(review, opened.snapshot)
        say(sheet_text(sheet, opened.place), nl=False)


def _decision(name: str, state: State, does: str) -> None:
    """Add a command that decides on a measurement."""

    def decide(slug: Slug, reason: Reason, by: By = "a maintainer") -> None:
        with writing() as session:
            decision = Decision(state, reason, datetime.now(UTC), by)
            found = reviewing.decide(session, slug, decision)
        say(f"{found.slug} is {found.state}: {found.reason}")

    reviews.command(name, help=does)(decide)


_decision("accept", State.ACCEPTED, "Make a measurement count.")
_decision(
    "reject",
    State.REJECTED,
    "Make a measurement not count; its page stays, and it may still be accepted.",
)
_decision("withdraw", State.WITHDRAWN, "Take a measurement back for good; its page stays.")
