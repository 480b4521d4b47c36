"""Use case: Atom feeds of what changed, as a whole and by page.

An entry stands for one data version in which something of the page's subject changed. It is
made of that version and the one before, so later versions leave it alone.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import accumulate

from app.core.knowledge import Knowledge
from app.pages.steps_text import StepView, step_summary, story_text
from app.pages.subjects import EVERYTHING, Subject
from app.pens.atom import Feed, FeedEntry
from app.pens.place import Place
from app.store.queries import Change
from app.store.snapshots import Snapshot
from app.store.steps import VersionStep

# A feed holds the newest entries; its ``next`` leads to the older ones.
ENTRIES = 50
# How many data versions the feed of a filter looks through, and how many cells that they
# touched, since each is judged before and after; its ``next`` looks further.
LOOKED_THROUGH = 25
MOST_CELLS = 400


def feed_of(snapshot: Snapshot, subject: Subject, place: Place) -> Feed:
    """Return the feed of a page, as of a snapshot."""
    picked, rest = _picked(snapshot, subject)
    shown, older = picked[:ENTRIES], (*(s.version.name for s in picked[ENTRIES:]), rest)
    names = [subject.facts(step) for step in shown]
    keys = None if None in names else {key for found in names for _, key in found or ()}
    changes = snapshot.steps.changes((step.version.id for step in shown), keys)
    own = f"{place.site}{subject.path if subject.path != '/' else '/index'}.atom"
    at = snapshot.name if place.pinned else ""
    latest = shown or snapshot.steps.newest(most=1)
    return Feed(
        name=subject.name,
        title=subject.title,
        url=place.site + subject.address(subject.path, at),
        own_url=subject.address(own, at),
        next_url=subject.address(own, older[0]) if older[0] else "",
        updated=latest[0].version.created_at,
        entries=tuple(
            _entry(subject, s, changes[s.version.id], place.site, knowledge=snapshot.knowledge)
            for s in shown
        ),
    )


def _picked(snapshot: Snapshot, subject: Subject) -> tuple[tuple[VersionStep, ...], str]:
    """Return the newest steps of a subject, and the data version from which to look further.

    Whether a filter admits a cell is asked of the cell as it was, so that not many are asked.
    """
    if subject.wanted is None:
        path = "" if subject.path == EVERYTHING else subject.path
        return snapshot.steps.newest(path, most=ENTRIES + 1), ""
    steps = snapshot.steps.newest(most=LOOKED_THROUGH + 1)
    touched = accumulate(len(step.cells) for step in steps[:LOOKED_THROUGH])
    # The newest is looked through whatever it touched, so that ``next`` leads on.
    many = max(1, sum(cells <= MOST_CELLS for cells in touched))
    admitted = [subject.admitted(s, *snapshot.steps.views(s)) for s in steps[:many]]
    rest = steps[many].version.name if len(steps) > many else ""
    return tuple(step for step in admitted if step.cells), rest


def _entry(
    subject: Subject,
    step: VersionStep,
    changes: Iterable[Change],
    site: str,
    *,
    knowledge: Knowledge,
) -> FeedEntry:
    names, version = subject.facts(step), step.version
    mine = tuple(c for c in changes if names is None or (c.kind, c.key) in names)
    links = _links(subject, step, site)
    return FeedEntry(
        name=f"{subject.name}/{version.name}",
        title=f"{subject.name}: {step_summary(subject, step, mine, knowledge)} ({version.name})",
        url=links[0],
        updated=version.created_at,
        text=story_text(subject, step, mine, links, knowledge=knowledge),
    )


def _links(subject: Subject, step: VersionStep, site: str) -> tuple[str, ...]:
    """Return the page as of a step, what the step did to it, and the step itself."""
    name = step.version.name
    whole = f"{site}{EVERYTHING}/{name}"
    if subject.path == EVERYTHING:
        return (whole,)
    page = site + subject.address(subject.path, name)
    if subject.begins(step):
        return (page, whole)
    since = f"{subject.path.rstrip('/')}/since/{step.previous}"
    return (
        whole if subject.path in step.gone else page,
        site + subject.address(since, name),
        whole,
    )


def step_view(snapshot: Snapshot, name: str) -> StepView:
    """Return one data version by its name; a date means the last one of that day.

    Raises NotFound, also for a version later than the snapshot.
    """
    version = snapshot.steps.named(name)
    changes = snapshot.steps.changes([version])[version]
    return StepView(snapshot.steps.get(version), changes, snapshot.steps.next_name(version))
