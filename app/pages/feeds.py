"""Use case: Atom feeds of what changed, as a whole and by page.

An entry stands for one data version in which something of the page's subject changed. It is
made of that version and the one before, so later versions leave it alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from app.core.filters import CellFilter
from app.core.views import Cells, CellView
from app.errors import NotFound
from app.pages import explore
from app.pages.steps_text import StepView, Story, story_text, summary
from app.pens import phrases
from app.pens.atom import Entry, Feed
from app.pens.place import Place
from app.store.queries import Change
from app.store.snapshots import Snapshot, position
from app.store.trail import Name, Step, Trail

# A feed holds the newest entries; its ``next`` leads to the older ones.
ENTRIES = 50
EVERYTHING = "/changes"
LEDGER = "/d"
PIN = "at"
# How many slashes an address has that is not a cell's.
PAGE = 2


def feed_of(snapshot: Snapshot, trail: Trail, address: str, place: Place) -> Feed:
    """Return the feed of a page by its address, as of a snapshot.

    Raises NotFound for a page that has no feed, InvalidFilter for words of no filter.
    """
    subject = subject_of(snapshot, address)
    steps = trail.upto(snapshot.version.id)
    picked = [step for step in reversed(steps) if subject.concerns(step)]
    shown, older = picked[:ENTRIES], picked[ENTRIES:]
    changes = trail.changes(step.version.id for step in shown)
    own = f"{place.site}{subject.path if subject.path != '/' else '/index'}.atom"
    at = snapshot.name if place.pinned else ""
    return Feed(
        name=subject.name,
        title=subject.title,
        url=place.site + subject.address(subject.path, at),
        own_url=subject.address(own, at),
        next_url=subject.address(own, older[0].version.name) if older else "",
        updated=(shown or steps)[0].version.created_at,
        entries=tuple(_entry(subject, s, changes[s.version.id], place.site) for s in shown),
    )


@dataclass(frozen=True)
class Subject:
    """What a feed is about: its page, its title, and which steps concern it.

    ``path`` and ``query`` are the page's; ``wanted`` is the filter of a table's feed.
    """

    path: str
    title: str
    query: str = ""
    wanted: CellFilter | None = None

    @property
    def name(self) -> str:
        """What it is called in the names of entries: ``r/ldr``, ``table?mode=avic``."""
        mark = f"?{self.query}" if self.query else ""
        return (self.path.strip("/") or "table") + mark

    def address(self, path: str, at: str = "") -> str:
        """Return an address under this subject's query, and pinned if ``at`` says so."""
        parts = (self.query, f"at={at}" if at else "")
        query = "&".join(part for part in parts if part)
        return f"{path}?{query}" if query else path

    def concerns(self, step: Step) -> bool:
        """Whether a step did anything to this subject."""
        return self.path == EVERYTHING or bool(self._pages(step))

    def cells(self, step: Step) -> Cells:
        """Return the cells of a step that belong to this subject."""
        if self.path == EVERYTHING or self.path.startswith("/c/"):
            return step.cells
        if self.path.startswith("/d/"):
            return {k: v for k, v in step.cells.items() if self._covers(v)}
        if self.wanted is None:
            inside = f"{self.path}/"
            return {k: v for k, v in step.cells.items() if f"{k.url}/".startswith(inside)}
        return {
            key: sides
            for key, sides in step.cells.items()
            if any(_admits(self.wanted, v, m) for v, m in zip(sides, step.members, strict=True))
        }

    def _covers(self, sides: tuple[CellView | None, CellView | None]) -> bool:
        """Whether this difference covers a cell, before or after."""
        views = (view for view in sides if view)
        return any(f"/d/{d.slug}" == self.path for view in views for d in view.differences)

    def facts(self, step: Step) -> frozenset[Name] | None:
        """Return the facts of a step that concern this subject; None means all of them."""
        if self.path == EVERYTHING:
            return None
        return frozenset(name for path in self._pages(step) for name in step.pages[path])

    def _pages(self, step: Step) -> tuple[str, ...]:
        """Return the addresses among those that a step touched that this subject is made of."""
        if self.path == LEDGER:
            return tuple(path for path in step.pages if path.startswith(f"{LEDGER}/"))
        if self.wanted is None:
            return (self.path,) if self.path in step.pages else ()
        return tuple(key.url for key in self.cells(step))


def _admits(
    wanted: CellFilter, view: CellView | None, members: Mapping[str, tuple[str, ...]]
) -> bool:
    """Whether a cell passed a filter at a version that may not know all of its words."""
    families = tuple(f for f in wanted.family if view and f in view.judgements)
    if view is None or (wanted.family and not families):
        return False
    groups = {**dict.fromkeys(wanted.group, ()), **members}
    return replace(wanted, family=families).admits(view, groups)


def subject_of(snapshot: Snapshot, address: str) -> Subject:
    """Return what the feed of a page is about. Raises NotFound or InvalidFilter."""
    path, _, query = address.partition("?")
    match path.strip("/").split("/"):
        case [""]:
            pairs = [p for p in parse_qsl(query, keep_blank_values=True) if p[0] != PIN]
            wanted = explore.read_filter(snapshot, pairs)
            words = wanted.query()
            title = f"Table 15-22 under {words}: changes" if words else "Table 15-22: changes"
            return Subject("/", title, words, wanted)
        case ["d"]:
            return Subject(LEDGER, "The ledger of differences: changes")
        case ["changes"]:
            return Subject(EVERYTHING, "vAPIC Explorer: every change")
        case ["r", name, *cell]:
            return _register(snapshot, name, cell)
        case [kind, slug] if kind in _FINDERS:
            found, title = _FINDERS[kind](snapshot, slug)
            return Subject(f"/{kind}/{found}", f"{title}: changes")
    raise NotFound(f"{address!r} has no feed.")


def _register(snapshot: Snapshot, name: str, cell: list[str]) -> Subject:
    register = explore.find_register(snapshot, name).register
    title = phrases.heading(register)
    if not cell:
        return Subject(f"/r/{register.slug}", f"{title}: changes")
    mode, access = (*cell, "", "")[:2]
    key = explore.find_cell(snapshot, register, mode, access).key
    return Subject(key.url, f"{title}, {key.mode.label} {key.access}: changes")


def _family(snapshot: Snapshot, slug: str) -> tuple[str, str]:
    family = explore.find_family(snapshot, slug)
    return family.slug, f"Family {family.name}"


def _difference(snapshot: Snapshot, number: str) -> tuple[str, str]:
    difference = explore.find_difference(snapshot, number)
    return difference.slug, f"D-{difference.number} {difference.title}"


def _erratum(snapshot: Snapshot, slug: str) -> tuple[str, str]:
    erratum = explore.find_erratum(snapshot, slug)
    return erratum.slug, erratum.title


_FINDERS: Mapping[str, Callable[[Snapshot, str], tuple[str, str]]] = {
    "c": _family,
    "d": _difference,
    "errata": _erratum,
}


def _entry(subject: Subject, step: Step, changes: Iterable[Change], site: str) -> Entry:
    names = subject.facts(step)
    mine = tuple(c for c in changes if names is None or (c.kind, c.key) in names)
    born = subject.path in step.born or not step.previous
    version = step.version
    family = subject.path.removeprefix("/c/") if subject.path.startswith("/c/") else ""
    links = _links(subject, step, site, born=born)
    story = Story(
        version=version.name,
        created_at=version.created_at,
        reason=version.reason,
        cells=subject.cells(step),
        changes=mine,
        links=links,
        family=family,
        born=born,
    )
    return Entry(
        name=f"{subject.name}/{version.name}",
        title=f"{subject.name}: {summary(story)} ({version.name})",
        url=links[0],
        updated=version.created_at,
        text=story_text(story),
    )


def _links(subject: Subject, step: Step, site: str, *, born: bool) -> tuple[str, ...]:
    """Return the page as of a step, what the step did to it, and the step itself."""
    name = step.version.name
    whole = f"{site}{EVERYTHING}/{name}"
    if subject.path == EVERYTHING:
        return (whole,)
    page = site + subject.address(subject.path, name)
    if born:
        return (page, whole)
    since = f"{subject.path.rstrip('/')}/since/{step.previous}"
    return (
        whole if subject.path in step.gone else page,
        site + subject.address(since, name),
        whole,
    )


def step_view(snapshot: Snapshot, trail: Trail, name: str) -> StepView:
    """Return one data version by its name; a date means the last one of that day.

    Raises NotFound, also for a version later than the snapshot.
    """
    steps = trail.upto(snapshot.version.id)
    names = [step.version.name for step in steps]
    at = position(names, name)
    step, version = steps[at], steps[at].version
    return StepView(
        version=version.name,
        created_at=version.created_at,
        reason=version.reason,
        previous=step.previous,
        next=names[at + 1] if at + 1 < len(names) else "",
        pages=tuple(p for p in sorted(step.pages) if p.count("/") == PAGE),
        born=step.born,
        cells=step.cells,
        changes=trail.changes([version.id])[version.id],
    )
