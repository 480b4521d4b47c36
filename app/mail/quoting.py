"""Use case: hold a mail against the site: what it links to and quotes, then and today.

Nothing of the mail is kept: it comes in as bytes and leaves as a report.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import parse_qsl, urlencode

from app.core.choices import OLD_KEYS, refuse_nul
from app.errors import AppError, InvalidFilter, NotFound
from app.intake.mail_reading import Mail, read_mail
from app.intake.recognised import recognise, recognise_binary
from app.mail import citing, mail_links, quotes
from app.mail.gateways import is_rewritten
from app.mail.held import Held, HeldSnapshot, MailTarget
from app.mail.mail_links import LinkReading, MailLink, SiteAddress
from app.mail.quotes import WRONG, Placed, QuotedPiece, Standing, as_compared
from app.mail.quotes_text import ChangeOut, LineOut, LinkOut, MailOut, check_sentence, standings
from app.pages import comparing
from app.pages.comparing import PageComparison
from app.pages.promises import OURS
from app.pens.page import EXTENSIONS
from app.pens.place import PIN, Place
from app.store.snapshots import Snapshot

# What one mail may cost: links, data versions, links with a block, different pages, lines.
MOST_LINKS = 100
MOST_VERSIONS = 8
MOST_BLOCKS = 24
MOST_PAGES = 24
MOST_LINES = 40_000
MOST_NOTES = 20
# How far above its link a block may begin.
WINDOW = 400
# What may stand between a block and its link.
OPENING = " \t<([{\"'"
TOO_MANY = f"More than {MOST_VERSIONS} data versions in one mail: this one was not looked at."
MORE_PAGES = f"More than {MOST_PAGES} pages in one mail: this one was not looked at."
GONE = "The page is not there today."
CUT = "cut short; the whole line then:"
DECODED = "The lines are counted in the decoded text."
SnapshotAt = Callable[[str], Snapshot]
# What is not told of a link.
NOTHING = {"page": "", "note": "", "data_version": "", "pinned": "", "since": "",
           "changes": (), "block": (), "new_today": ()}  # fmt: skip


class _TooMany(AppError):
    """A version that was not loaded, because a mail names too many."""


def check_mail(raw: bytes, live: Snapshot, at: SnapshotAt, sites: Sequence[str]) -> MailOut:
    """Return what became of each link and each copied block of a mail.

    ``at`` gives the snapshot of a version or a date and raises NotFound; ``sites`` are the
    addresses of this site, the one that pages print first.
    """
    site = sites[0].rstrip("/")
    return check_held(raw, HeldSnapshot(live, site), lambda v: HeldSnapshot(at(v), site), sites)


def check_held(raw: bytes, live: Held, at: Callable[[str], Held], sites: Sequence[str]) -> MailOut:
    """Return the same of data versions wherever they are read from."""
    # What a file of another kind has between its bytes was not said so.
    text = b"" if recognise_binary(raw) else raw
    checked = _Checker(read_mail(text, MOST_LINES), live, at, sites).report()
    kind = None if checked.links else recognise(raw)
    if kind and kind.reader != "check-mail":
        checked.notes.insert(0, kind.sentence)
    return checked


class _Checker:
    """Checks one mail: knows its lines, and remembers what it needed."""

    def __init__(
        self, mail: Mail, live: Held, at: Callable[[str], Held], sites: Sequence[str]
    ) -> None:
        self._mail = mail
        self._lines = mail.lines
        self._live = live
        self._at = at
        self._sites = [site.rstrip("/") for site in sites]
        self._site = self._sites[0]
        self._known = {live.name: live}
        # Pinned links so far, with where they end; lines that a block has.
        self._ends: list[tuple[MailLink, LinkReading]] = []
        self._taken: set[int] = set()
        self._mark = re.compile("")
        self._blocks = 0
        self._saying: dict[tuple[str, str], tuple[str, ...]] = {}
        self._titles: dict[str, str] = {}
        # Pages that were looked at, by version and address, and what came of it.
        self._pages: dict[tuple[str, str], PageComparison | None] = {}

    def report(self) -> MailOut:
        """Check every link, in the order of the mail: a block has the lines that are left."""
        sites = [SiteAddress.of(site) for site in self._sites]
        links = mail_links.find_links(self._lines, sites)
        checked = [self._link(link) for link in links[:MOST_LINKS]]
        return MailOut(
            data_version=self._live.name,
            sites=self._sites,
            result=check_sentence(checked),
            wrong=not WRONG.isdisjoint(standings(checked)),
            notes=list(_notes(self._mail, len(links), self._blocks)),
            elsewhere=mail_links.lookalike_hosts(self._lines, sites),
            links=checked,
        )

    def _link(self, link: MailLink) -> LinkOut:
        """Take the first reading of a link that is a page."""
        problems: list[AppError] = []
        for reading in link.readings:
            try:
                target = self._target(reading.address)
            except (NotFound, InvalidFilter, _TooMany) as error:
                problems.append(error)
            else:
                return self._found(link, reading, target)
        first = problems[0]
        standing = Standing.OTHER if isinstance(first, _TooMany) else Standing.MISSING
        hints = [hint for hint in first.hints if hint not in citing.WITH_BLOCK]
        near = f" Did you mean {hints[0]}?" if hints else ""
        return self._told(link, link.readings[0], standing, note=first.message + near)

    def _told(
        self, link: MailLink, reading: LinkReading, standing: Standing, **more: object
    ) -> LinkOut:
        return LinkOut(
            first_line=self._lines[link.line].number,
            last_line=self._lines[reading.line].number,
            url=self._site + reading.address,
            standing=standing,
            **(NOTHING | more),
        )

    def _target(self, address: str) -> MailTarget:
        """Return what an address leads to.

        Raises NotFound, InvalidFilter and _TooMany.
        """
        refuse_nul(address)
        path, _, query = address.partition("?")
        pairs = parse_qsl(query, keep_blank_values=True)
        pin = next((value.strip() for key, value in pairs if key == PIN), "")
        if path.strip("/") not in OURS:
            bare, _, extension = path.rpartition(".")
            path = bare if extension in EXTENSIONS else path
        path = path.removesuffix("/index").rstrip("/") or "/"
        rest = urlencode([pair for pair in pairs if pair[0] != PIN], safe=",/")
        held = self._version(pin) if pin else self._live
        if any(key in OLD_KEYS for key, _ in pairs):
            # Its block cannot be made again.
            return MailTarget(held, path, pin)
        page = held.find(f"{path}?{rest}" if rest else path)
        if page.write:
            self._pages.setdefault((held.name, page.address))
            if len(self._pages) > MOST_PAGES:
                self._pages.popitem()
                raise _TooMany(MORE_PAGES)
        return MailTarget(held, page.address, pin, page.write, page.note)

    def _version(self, name: str) -> Held:
        if name not in self._known:
            if len(self._known) > MOST_VERSIONS:
                raise _TooMany(TOO_MANY)
            self._known[name] = self._at(name)
        return self._known[name]

    def _found(self, link: MailLink, reading: LinkReading, target: MailTarget) -> LinkOut:
        """Return what became of a page, and of the block above a pinned link to it."""
        then, now = target.held, self._live
        place = Place(self._site, now.name)
        if target.write is None:
            return self._told(link, reading, Standing.OTHER, note=target.note)
        told: dict[str, object] = {"data_version": then.name, "pinned": place.pin(target.address)}
        if not target.pin:
            if target.address not in self._titles:
                self._titles[target.address] = target.write(place).splitlines()[0]
            told["page"] = self._titles[target.address]
            return self._told(link, reading, Standing.TODAY, **told)
        self._ends.append((link, reading))
        told["block"], told["new_today"] = self._block(link, target)
        page = self._compared(target)
        told["page"] = page.title
        if not page.found:
            told |= {"pinned": "", "note": GONE}
            return self._told(link, reading, Standing.CHANGED, **told)
        if target.pin != then.name:
            told["note"] = f"{target.pin} means data version {then.name}."
        if page.same:
            return self._told(link, reading, Standing.UNCHANGED, **told)
        told["changes"] = [ChangeOut(where=h.where, was=h.was, is_=h.now) for h in page.hunks]
        told["since"] = "" if target.is_block else self._site + page.since
        return self._told(link, reading, Standing.CHANGED, **told)

    def _compared(self, target: MailTarget) -> PageComparison:
        then, now = target.held, self._live
        found = self._pages.get((then.name, target.address))
        if not found and not target.is_block:
            found = then.compare(now, target.address)
        elif not found:
            said, says = self._said(then, target.address), self._said(now, target.address)
            hunks = comparing.hunks("\n".join(said), "\n".join(says).replace(now.name, then.name))
            found = PageComparison(target.address, said[0], then.name, now.name, hunks, bool(says))
        self._pages[then.name, target.address] = found
        return found

    def _said(self, held: Held, address: str) -> tuple[str, ...]:
        """Return the lines of the block that a page gives, without its link; empty for none."""
        key = (held.name, address)
        if key not in self._saying:
            try:
                lines = held.block(address).splitlines()[:-1]
            except (NotFound, InvalidFilter):
                lines = []
            self._saying[key] = tuple(line for line in lines if line.strip())
        return self._saying[key]

    def _block(self, link: MailLink, target: MailTarget) -> tuple[list[LineOut], list[str]]:
        """Return the lines of the block above a link, and what the block says only today."""
        said = self._said(target.held, target.address)
        self._blocks += bool(said)
        if not said or self._blocks > MOST_BLOCKS:
            return [], []
        bare = [as_compared(line) for line in said]
        depth = self._lines[link.line].depth
        placed = quotes.align(list(self._pieces(link)), bare, depth)
        if not placed:
            return [], []
        self._taken |= {p.piece.index for p in placed if p.standing is not Standing.FOREIGN}
        now = self._said(self._live, target.address)
        same = [as_compared(line.replace(self._live.name, target.held.name)) for line in now]
        gone, fresh = quotes.match_today(bare, same)
        lines = [self._line(p, said, now, gone) for p in placed]
        return lines, [now[number] for number in fresh]

    def _line(
        self, placed: Placed, said: Sequence[str], now: Sequence[str], gone: dict[int, quotes.Match]
    ) -> LineOut:
        standing, note, then = placed.standing, "", list(said[placed.first : placed.last])
        lost = [gone[k] for k in range(placed.first, placed.last) if k in gone]
        today = list(dict.fromkeys(now[k] for span in lost for k in range(*span)))
        if standing is Standing.NEVER:
            note = CUT if placed.cut else ""
        elif standing is Standing.UNCHANGED and lost:
            standing, then = Standing.CHANGED, []
            note = "" if today else "The page says nothing like it today."
        else:
            then, today = [], []
        number, text = self._lines[placed.piece.index].number, placed.piece.text
        seen = {"then": then, "today": today, "note": note}
        return LineOut(line=number, text=text, standing=standing, **seen)

    def _pieces(self, link: MailLink) -> Iterator[QuotedPiece]:
        """Yield what stands above a link and may be its block, without other pinned links."""
        head = quotes.NAMED.sub("", self._lines[link.line].text[: link.column])
        self._mark = quotes.mark_before(head.rstrip(OPENING))
        for index in range(max(0, link.line - WINDOW), link.line + 1):
            line = self._lines[index]
            start, end = 0, len(line.text)
            if index == link.line:
                end = len(head.rstrip(OPENING))
            for begins, ends in self._ends:
                if begins.line == index and begins != link:
                    yield self._piece(index, line.text[start : begins.column])
                    start = ends.column if ends.line == index else end
                elif begins.line < index <= ends.line:
                    start = ends.column if ends.line == index else end
            if index < link.line or line.text[start:end]:
                yield self._piece(index, line.text[start:end], lead=index == link.line)

    def _piece(self, index: int, text: str, *, lead: bool = False) -> QuotedPiece:
        # A line that another block has is a gap here.
        bare = "" if index in self._taken else as_compared(self._mark.sub("", text))
        return QuotedPiece(index, self._lines[index].depth, text, bare, lead)


def _notes(mail: Mail, links: int, blocks: int) -> Iterator[str]:
    if not any(line.text for line in mail.lines):
        yield "There is no text in it."
    most = mail_links.MOST_SEEN
    if sum(line.text.count("://") for line in mail.lines) > most:
        yield f"Only the first {most} addresses of the web were looked at."
    if links > MOST_LINKS:
        yield f"Only the first {MOST_LINKS} of {links} links were looked at."
    if blocks > MOST_BLOCKS:
        yield f"Only above the first {MOST_BLOCKS} pinned links a block was looked for."
    if mail.decoded:
        yield DECODED
    rewritten = sum("://" in line.text and is_rewritten(line.text) for line in mail.lines)
    if rewritten > mail_links.MOST_REWRITTEN:
        yield f"Only {mail_links.MOST_REWRITTEN} of {rewritten} rewritten links were led back."
    yield from mail.notes[:MOST_NOTES]
    if len(mail.notes) > MOST_NOTES:
        yield f"And {len(mail.notes) - MOST_NOTES} more such notes."
