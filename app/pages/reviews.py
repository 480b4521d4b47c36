"""What reviewers see: the login, the queue, one measurement's review, the tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from http import HTTPStatus
from typing import Any

from app.core.facts import Listed
from app.core.knowledge import Knowledge
from app.core.numbers import count_noun
from app.core.words import State, Verdict
from app.intake.reviewing import Review
from app.pages.measurement_text import machine_fields, state_line
from app.pens.lines import Line, Linked, Pieces, Styled, join_lines
from app.pens.page import Page
from app.pens.parts import WIDE, Field, Included, Item, Para, Passage, Section, Sheet, Tabular
from app.pens.plain import Plain, sheet_text
from app.store.snapshots import Snapshot

LOGIN = (
    "Reviewing needs the token of a reviewer: log in with a browser, or use `vapic review` "
    "where the server runs."
)
COUNTS = "This is what its observations change; it counts now."
WOULD_COUNT = "This is what its observations would change; it does not count now."
NO_CHANGE = "No verdict would change: it does not count now."
TOKEN_COLUMNS = (4, 22, 8, 12, 12, 12)
EFFECT_COLUMNS = (21, 40, 12)
# Columns that say what they are need none in text.
HEADS = [(Styled(head, told=""),) for head in ("Cell", "Verdict", "Seen")]
# What the buttons say, by the state that they lead to.
VERBS = {State.ACCEPTED: "Accept", State.REJECTED: "Reject", State.WITHDRAWN: "Withdraw for good"}


def login_page(problem: str = "") -> Page:
    """Return the login, with what was wrong with the last try."""
    sheet = Sheet("Review", "/review", pinned=False).holding(
        Para(LOGIN, "lead", only="text"),
        Included("review/_login.html"),
    )
    return Page(
        template="sheet.html",
        view={"sheet": sheet, "problem": problem},
        text=lambda place: f"{problem}\n" if problem else sheet_text(sheet, place),
        status=HTTPStatus.FORBIDDEN if problem else HTTPStatus.OK,
    )


def queue_sheet(lists: Mapping[str, Iterable[Listed]], snapshot: Snapshot) -> Sheet:
    """Return lists of measurements under their headings."""
    out = Sheet("Review", "/review", pinned=False).holding(
        Field("Data version", snapshot.name, only="text"),
        Included("review/_session.html"),
    )
    for heading, measurements in lists.items():
        rows = [part for m in measurements for part in _waiting(m, snapshot)]
        none = [] if rows else [Para("None.", "none", only="html")]
        out.parts.append(Section(f"{heading}: {len(rows) // 2}").holding(*rows, *none))
    return out


def _waiting(m: Listed, snapshot: Snapshot) -> tuple[Field, Field]:
    """Return who measured what, and what became of it."""
    seen = count_noun(m.observations, "observation")
    told = m.emulation
    family = f"an emulation, {told.title}" if told else snapshot.knowledge.families[m.family].name
    return (
        Field((Linked(m.slug, f"/review/{m.slug}"),), state_line(m), above=True),
        Field("", f"{seen} on {family}, from {m.submitter or 'anonymous'}"),
    )


def review_sheet(review: Review, snapshot: Snapshot) -> Sheet:
    """Return all that a decision needs to know."""
    m, path = review.measurement, f"/review/{review.measurement.slug}"
    changed = sum(effect.changes for effect in review.effects)
    odd: list[Passage] = [Item(f"{oddity.code}: {oddity.text}", "?") for oddity in review.oddities]
    known = (*machine_fields(m, snapshot.knowledge), *(("Link", link) for link in m.links))
    return Sheet(
        f"Review of measurement {m.slug}",
        path,
        up=(Linked("Review", "/review"), m.slug),
        pinned=False,
    ).holding(
        Field("Its page", (Linked("for everybody", f"/m/{m.slug}"),), only="html"),
        Field("Raw bytes", (Linked("as they came", f"/m/{m.slug}.raw", told=True),)),
        Field("Data version", snapshot.name, only="text"),
        Field("State", state_line(m)),
        Field("May become", ", ".join(m.state.next) or "nothing: a withdrawal is final"),
        *(Field(label, value) for label, value in known),
        Section("Notes").holding(*map(Para, m.notes.splitlines())),
        Section("What looks odd").holding(*(odd or [Para("Nothing.")])),
        Section(f"Effect: {changed} of {len(review.effects)} verdicts change").holding(
            Para(COUNTS if m.accepted else WOULD_COUNT),
            *_effects(review, snapshot),
        ),
        Section("Decisions").holding(Item(_decision(d)) for d in review.decisions),
        Section("What a decision changes").holding(
            _consequence(review, one, snapshot.knowledge) for one in m.state.next
        ),
        Included("review/_decide.html"),
        Included("review/_session.html"),
    )


def sure_sheet(review: Review, decided: State, knowledge: Knowledge) -> Sheet:
    """Return what asks again before a decision that nothing follows."""
    slug = review.measurement.slug
    path, verb = f"/review/{slug}", VERBS[decided]
    return Sheet(
        f"{verb}: {slug}?", path, up=(Linked("Review", "/review"), slug), pinned=False
    ).holding(_consequence(review, decided, knowledge), Included("review/_sure.html"))


def _consequence(review: Review, decided: State, knowledge: Knowledge) -> Field:
    """Return what a decision would change: how many verdicts, and which become what."""
    counts, now = decided is State.ACCEPTED, review.measurement.accepted
    changed = [e for e in review.effects if e.changes and counts is not now]
    becoming: dict[Verdict, list[Pieces]] = {}
    for effect in changed:
        after = effect.after if counts else effect.before
        link = Linked(knowledge.name_of(effect.key), effect.key.url)
        becoming.setdefault(after.verdict, []).append((link,))
    told = (
        f"{count_noun(len(changed), 'verdict')} would change." if counts is not now else NO_CHANGE
    )
    more: list[Line] = []
    for verdict in (v for v in Verdict if v in becoming):
        cells = becoming[verdict]
        named = (": ", *join_lines(cells)) if verdict.disagrees else ()
        more.append((verdict, f" in {len(cells)}", *named))
    if not decided.next:
        more.append("This is final: it can never count again.")
    return Field(VERBS[decided], told, WIDE, more=more)


def _effects(review: Review, snapshot: Snapshot) -> Iterator[Passage]:
    """Yield a table for each family: cell, verdict without it and with it, what it saw."""
    rows: dict[str, list[tuple[Line, ...]]] = {}
    for effect in review.effects:
        before, after = effect.before.verdict, effect.after.verdict
        masked = [(f"{effect.masked} intercepted",)] if effect.masked else []
        seen = join_lines([*((word,) for word in review.outcomes[effect.key]), *masked])
        key = ("  ", Linked(snapshot.knowledge.name_of(effect.key), effect.key.url))
        verdict = (before, " -> ", after) if effect.changes else (after,)
        rows.setdefault(effect.after.family, []).append((key, verdict, seen))
    for family, cells in rows.items():
        name = snapshot.knowledge.families[family].name
        yield Para(f"{name}:", above=True)
        yield Tabular(f"Effect on {name}", [HEADS], cells, EFFECT_COLUMNS)


def _decision(decision: Any) -> str:
    """Return a decision (``state``, ``reason``, ``decided_at``, ``decided_by``) in one line."""
    by = f" by {decision.decided_by}" if decision.decided_by else ""
    reason = f": {decision.reason}" if decision.reason else ""
    return f"{decision.state}, {decision.decided_at:%Y-%m-%d %H:%M:%S} UTC{by}{reason}"


def tokens_text(tokens: Iterable[Any]) -> str:
    """Return tokens (``id``, ``name``, ``scope`` and three times) as a table, never secrets."""
    found = tuple(tokens)
    if not found:
        return "No token yet: `vapic token create NAME --scope submit`\n"
    out = Plain()
    out.grid([("ID", "Name", "Scope", "Created", "Last used", "Revoked")], TOKEN_COLUMNS)
    out.grid(
        [
            (str(t.id), t.name, t.scope, *map(_day, (t.created_at, t.last_used_at, t.revoked_at)))
            for t in found
        ],
        TOKEN_COLUMNS,
    )
    return out.render()


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else "-"
