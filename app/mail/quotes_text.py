"""What became of the links and blocks in a mail: the report, as the API answers it, and as text."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

from pydantic import BaseModel, Field

from app.core.numbers import count_noun
from app.mail.quotes import Standing
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


class LineOut(BaseModel):
    """A line of a copied block."""

    line: int
    text: str
    standing: Standing
    then: list[str] = Field(description="what the page said, where the line was never said")
    today: list[str] = Field(description="what the page says today, where that differs")
    note: str


class ChangeOut(BaseModel):
    """A run of lines in which a page differs from what it was; ``where`` are those above it."""

    where: list[str]
    was: list[str]
    is_: list[str] = Field(serialization_alias="is")


class LinkOut(BaseModel):
    """A link, with the block above it; ``data_version`` is the one that it is pinned to."""

    first_line: int
    last_line: int
    url: str
    standing: Standing
    page: str
    note: str
    data_version: str
    pinned: str = Field(description="the address of the page as it is today, for ever")
    since: str = Field(description="the address of the difference, if there is one")
    changes: list[ChangeOut]
    block: list[LineOut]
    new_today: list[str] = Field(description="what the block says today and did not say then")

    @property
    def headline(self) -> str:
        """Where it stands, and what became of its page."""
        place = _span(self.first_line, self.last_line)
        return f"{place}: {PAGE.get(self.standing, self.standing)}"

    @property
    def tally(self) -> str:
        """What became of the lines of the block above it, counted; empty without a block."""
        return _listed(line.standing for line in self.block)


class MailOut(BaseModel):
    """What became of a mail's links and blocks."""

    data_version: str
    sites: list[str]
    result: str
    wrong: bool = Field(description="whether anything changed, was never said or does not exist")
    notes: list[str]
    elsewhere: list[str] = Field(description="hosts of links that look like ours")
    links: list[LinkOut]


def standings(links: Iterable[LinkOut]) -> tuple[Standing, ...]:
    """Return what became of links and of the lines of their blocks, in the order of the mail."""
    return tuple(s for link in links for s in (*(x.standing for x in link.block), link.standing))


def check_sentence(links: Sequence[LinkOut]) -> str:
    """Return the result of a check in one sentence."""
    if not links:
        return "No link to this site was found, and so no block either."
    said = f"{count_noun(len(links), 'link')}: {_listed(link.standing for link in links)}"
    blocks = [link.block for link in links if link.block]
    if not blocks:
        return f"{said}; no copied block."
    lines = _listed(line.standing for block in blocks for line in block)
    return f"{said}; {count_noun(len(blocks), 'copied block')}, by lines: {lines}."


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


def report_text(checked: MailOut) -> str:
    """Return the whole report."""
    out = Plain()
    out.title(TITLE)
    out.field("Data version", checked.data_version)
    for number, site in enumerate(checked.sites):
        out.field("" if number else "Links to", site)
    out.field("Result", checked.result)
    for note in checked.notes:
        out.field("Note", note)
    if not checked.links:
        out.blank()
        out.para(f"Looked for {LOOKED_FOR} How to copy one: {checked.sites[0]}/docs/cite")
    if checked.elsewhere:
        out.blank()
        out.para(
            f"Links that look like ours lead to {', '.join(checked.elsewhere)}. "
            "To vapic check-mail, --site ADDRESS names another of this site."
        )
    for link in checked.links:
        _link(out, link)
    return out.render()


def _link(out: Plain, link: LinkOut) -> None:
    out.heading(link.headline)
    out.link("Link", link.url)
    out.field("Page", link.page)
    out.field("Note", link.note)
    out.field("Block", f"{link.tally}, by lines" if link.block else "")
    if link.standing is not Standing.UNCHANGED:
        out.link("Today pinned", link.pinned)
    _changes(out, link)
    if not link.block:
        return
    out.blank()
    out.para("The block above it:")
    for unchanged, run in groupby(link.block, lambda line: line.standing is Standing.UNCHANGED):
        lines = list(run)
        if unchanged:
            out.para(f"{_span(lines[0].line, lines[-1].line)}: {Standing.UNCHANGED}")
        for line in () if unchanged else lines:
            _line(out, line)
    if link.new_today:
        out.blank()
        out.para("New today:")
    for text in link.new_today:
        out.item(text.strip(), 2, "+")


def _line(out: Plain, line: LineOut) -> None:
    note = f"; {line.note}" if line.note else ""
    out.para(f"{_span(line.line, line.line)}: {line.standing}{note}")
    out.item(line.text.strip(), 2, ">")
    for label, told in (("then:", line.then), ("today:", line.today)):
        if told:
            out.para(label, 2)
        for text in told:
            out.para(text.strip(), 4)


def _changes(out: Plain, link: LinkOut) -> None:
    for change in link.changes[:MOST_HUNKS]:
        out.blank()
        if change.where:
            out.para("in: " + " > ".join(change.where), 2, 4)
        for mark, lines in (("-", change.was), ("+", change.is_)):
            for line in filter(None, lines):
                out.item(line, 2, mark)
    if len(link.changes) > MOST_HUNKS:
        out.blank()
        out.para(f"and {len(link.changes) - MOST_HUNKS} more", 2)
    if link.since:
        out.blank()
        out.link("The difference", link.since)
