"""What reviewers read as text: the queue, one measurement's review, the tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from app.core.facts import Measurement
from app.core.knowledge import Knowledge
from app.core.measuring import Effect
from app.core.verdicts import Judgement
from app.pages.measurement_text import identity, state
from app.pens.place import Place
from app.pens.plain import Plain, words

LOGIN = (
    "Reviewing needs the token of a reviewer: log in with a browser, or use `vapic review` "
    "where the server runs."
)
TOKEN_COLUMNS = (4, 22, 8, 12, 12, 12)
EFFECT_COLUMNS = (33, 26, 14)
COUNTS = "This is what its observations change; it counts now."
WOULD_COUNT = "This is what its observations would change; it does not count now."


def login_text(place: Place) -> str:
    """Return what somebody without a session reads."""
    out = Plain()
    out.title("Review")
    out.field("URL", f"{place.site}/review")
    out.blank()
    out.para(LOGIN)
    return out.render()


def queue_text(
    lists: Mapping[str, Iterable[Measurement]], knowledge: Knowledge, place: Place
) -> str:
    """Return lists of measurements under their headings."""
    out = Plain()
    out.title("Review")
    out.field("URL", f"{place.site}/review")
    out.field("Data version", place.version)
    for heading, measurements in lists.items():
        found = tuple(measurements)
        out.heading(f"{heading}: {len(found)}")
        for m in found:
            out.blank()
            out.field(m.slug, words(state(m)))
            out.field("", in_short(m, knowledge))
    return out.render()


def in_short(m: Measurement, knowledge: Knowledge) -> str:
    """Return who measured what, in one line."""
    number = len(m.observations)
    seen = f"{number} observation{'' if number == 1 else 's'}"
    return f"{seen} on {knowledge.families[m.family].name}, from {m.submitter or 'anonymous'}"


def review_text(review: Any, knowledge: Knowledge, place: Place) -> str:
    """Return all that a decision needs to know.

    ``review`` has ``measurement``, ``effects``, ``outcomes``, ``oddities``, ``decisions``.
    """
    m = review.measurement
    out = Plain()
    out.title(f"Review of measurement {m.slug}")
    out.field("URL", f"{place.site}/review/{m.slug}")
    out.field("Raw bytes", f"{place.site}/m/{m.slug}.raw")
    out.field("Data version", place.version)
    out.field("State", words(state(m)))
    out.field("May become", ", ".join(m.state.next) or "nothing: a withdrawal is final")
    for label, value in (*identity(m, knowledge), *(("Link", link) for link in m.links)):
        out.field(label, value)
    if m.notes:
        out.heading("Notes")
        for line in m.notes.splitlines():
            out.para(line)
    _oddities(out, review.oddities)
    _effects(out, review, knowledge)
    out.heading("Decisions")
    for decision in review.decisions:
        out.item(decision_line(decision))
    return out.render()


def decision_line(decision: Any) -> str:
    """Return a decision (``state``, ``reason``, ``decided_at``, ``decided_by``) in one line."""
    by = f" by {decision.decided_by}" if decision.decided_by else ""
    reason = f": {decision.reason}" if decision.reason else ""
    return f"{decision.state}, {decision.decided_at:%Y-%m-%d %H:%M:%S} UTC{by}{reason}"


def verdict_change(before: Judgement, after: Judgement) -> str:
    """Return ``unmeasured -> agrees``; one word where nothing changes."""
    if before.verdict is after.verdict:
        return str(after.verdict)
    return f"{before.verdict} -> {after.verdict}"


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


def _oddities(out: Plain, oddities: Iterable[Any]) -> None:
    out.heading("What looks odd")
    found = tuple(oddities)
    for oddity in found:
        out.item(f"{oddity.code}: {oddity.text}", mark="?")
    if not found:
        out.para("Nothing.")


def _effects(out: Plain, review: Any, knowledge: Knowledge) -> None:
    found: tuple[Effect, ...] = review.effects
    changed = sum(effect.changes for effect in found)
    out.heading(f"Effect: {changed} of {len(found)} verdicts change")
    out.para(COUNTS if review.measurement.accepted else WOULD_COUNT)
    for family in dict.fromkeys(effect.after.family for effect in found):
        out.blank()
        out.para(f"{knowledge.families[family].name}:")
        out.grid(
            [
                (f"  {e.key}", verdict_change(e.before, e.after), _seen(e, review.outcomes[e.key]))
                for e in found
                if e.after.family == family
            ],
            EFFECT_COLUMNS,
        )


def _seen(effect: Effect, outcomes: Iterable[str]) -> str:
    return ", ".join((*outcomes, *([f"{effect.masked} masked"] if effect.masked else [])))
