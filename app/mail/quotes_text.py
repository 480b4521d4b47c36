"""What became of the links and blocks in a mail: the report, and its text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from app.mail.quotes import WRONG, Standing
from app.pages.since_text import Hunk
from app.pens.plain import Plain

TITLE = "A mail held against vAPIC Explorer"
PRIVACY = "Nothing that is pasted here is stored, kept in a cache or logged."
LOOKED_FOR = (
    "links to this site, pinned or not, quoted, wrapped, in angle brackets or in "
    "quoted-printable text; and the blocks that are copied from its pages, which end with a "
    "pinned link."
)
# How much of a difference is printed; the page of the difference has all of it.
MOST_HUNKS = 12
# How a result is said of a number of lines or links.
COUNTED = {Standing.NEVER: "never said", Standing.TODAY: "as today"}
PAGE = {
    Standing.UNCHANGED: "page unchanged",
    Standing.CHANGED: "page changed since",
    Standing.TODAY: "the page as it is today",
}


@dataclass(frozen=True)
class CheckedLine:
    """A line of a copied block: what the page said then and says today where that differs."""

    number: int
    text: str
    standing: Standing
    then: tuple[str, ...] = ()
    today: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class CheckedLink:
    """A link of a mail: the lines it stands on, what it leads to, and what became of that."""

    number: int
    last: int
    address: str
    standing: Standing
    note: str = ""
    title: str = ""
    version: str = ""
    pinned: str = ""
    since: str = ""
    hunks: tuple[Hunk, ...] = ()
    lines: tuple[CheckedLine, ...] = ()
    fresh: tuple[str, ...] = ()

    @property
    def headline(self) -> str:
        """Where it stands, and what became of its page."""
        return f"{_span(self.number, self.last)}: {PAGE.get(self.standing, self.standing)}"

    @property
    def tally(self) -> str:
        """What became of the lines of the block above it, counted; empty without a block."""
        return _listed(line.standing for line in self.lines)


@dataclass(frozen=True)
class CheckedMail:
    """Everything found in a mail, at one data version of the site."""

    version: str
    sites: tuple[str, ...]
    links: tuple[CheckedLink, ...]
    strangers: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def blocks(self) -> int:
        """How many copied blocks were found."""
        return sum(bool(link.lines) for link in self.links)

    @property
    def standings(self) -> tuple[Standing, ...]:
        """What became of every link, and of every line of every block."""
        lines = [line.standing for link in self.links for line in link.lines]
        return (*(link.standing for link in self.links), *lines)

    @property
    def wrong(self) -> bool:
        """Whether anything changed since, was never said or does not exist."""
        return not WRONG.isdisjoint(self.standings)

    @property
    def sentence(self) -> str:
        """The result in one sentence."""
        if not self.links:
            return "No link to this site was found, and so no block either."
        links = _listed(link.standing for link in self.links)
        said = f"{_count(len(self.links), 'link')}: {links}"
        if not self.blocks:
            return f"{said}; no copied block."
        lines = _listed(line.standing for link in self.links for line in link.lines)
        return f"{said}; {_count(self.blocks, 'copied block')}, by lines: {lines}."


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _listed(found: Iterable[Standing]) -> str:
    counted = Counter(found)
    return ", ".join(f"{counted[s]} {COUNTED.get(s, s)}" for s in Standing if counted[s])


def _span(first: int, last: int) -> str:
    """``Line 12`` or ``Lines 12-13``: where something stands."""
    return f"Line {first}" if first == last else f"Lines {first}-{last}"


def usage_text(site: str) -> str:
    """Return what the page does, for a terminal."""
    out = Plain()
    out.title("Check a mail")
    out.para(f"Paste a mail: it is searched for {LOOKED_FOR}")
    out.blank()
    out.raw(f"    curl -F file=@MAIL {site}/check-mail")
    out.raw("    vapic check-mail MAIL")
    out.blank()
    out.para(
        "Each line of a copied block is unchanged, changed since (with what the page says "
        "today), or was never said (with what the page said then). " + PRIVACY
    )
    return out.render()


def report_text(checked: CheckedMail) -> str:
    """Return the whole report."""
    out = Plain()
    out.title(TITLE)
    out.field("Data version", checked.version)
    for number, site in enumerate(checked.sites):
        out.field("" if number else "Links to", site)
    out.field("Result", checked.sentence)
    for note in checked.notes:
        out.field("Note", note)
    if not checked.links:
        out.blank()
        out.para(f"Looked for {LOOKED_FOR}")
    if checked.strangers:
        out.blank()
        out.para(f"Links that look like ours lead to {', '.join(checked.strangers)}. "
                 "The option --site ADDRESS names another address of this site.")  # fmt: skip
    for link in checked.links:
        _link(out, link)
    return out.render()


def _link(out: Plain, link: CheckedLink) -> None:
    out.heading(link.headline)
    out.link("Link", link.address)
    out.field("Page", link.title)
    out.field("Note", link.note)
    out.field("Block", f"{link.tally}, by lines" if link.lines else "")
    if link.standing is not Standing.UNCHANGED:
        out.link("Today pinned", link.pinned)
    _hunks(out, link)
    if not link.lines:
        return
    out.blank()
    out.para("The block above it:")
    for unchanged, run in groupby(link.lines, lambda line: line.standing is Standing.UNCHANGED):
        lines = list(run)
        if unchanged:
            out.para(f"{_span(lines[0].number, lines[-1].number)}: {Standing.UNCHANGED}")
        for line in () if unchanged else lines:
            _line(out, line)
    if link.fresh:
        out.blank()
        out.para("New today:")
    for text in link.fresh:
        out.item(text.strip(), 2, "+")


def _line(out: Plain, line: CheckedLine) -> None:
    note = f"; {line.note}" if line.note else ""
    out.para(f"{_span(line.number, line.number)}: {line.standing}{note}")
    out.item(line.text.strip(), 2, ">")
    for label, told in (("then:", line.then), ("today:", line.today)):
        if told:
            out.para(label, 2)
        for text in told:
            out.para(text.strip(), 4)


def _hunks(out: Plain, link: CheckedLink) -> None:
    for hunk in link.hunks[:MOST_HUNKS]:
        out.blank()
        if hunk.where:
            out.para("in: " + " > ".join(hunk.where), 2, 4)
        for mark, lines in (("-", hunk.was), ("+", hunk.now)):
            for line in filter(None, lines):
                out.item(line, 2, mark)
    if len(link.hunks) > MOST_HUNKS:
        out.blank()
        out.para(f"and {len(link.hunks) - MOST_HUNKS} more", 2)
    if link.since:
        out.blank()
        out.link("The difference", link.since)
