"""Links to a site in the lines of a mail, also where a mail program broke them.

A break leaves several readings of one link, ``/r/ldr`` or ``/r/ldr/x2avic/write``: all of
them are found, and whoever knows the pages takes the first that is one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice, zip_longest
from urllib.parse import unquote, urlsplit

from app.intake.mail_reading import MailLine
from app.mail.gateways import is_rewritten, led_to

# Also as it is written so that nothing follows it: hxxps://vapic[.]example[.]org.
WEB = re.compile(r"h(?:tt|xx)ps?(?:\[://\]|\[?:\]?//)", re.IGNORECASE)
MARK = len("https[://]")
DOTS = re.compile(r"\[(?:\.|dot)\]|\(\.\)", re.IGNORECASE)
# What closes an address where a text has markup, as org, Jira, AsciiDoc and LaTeX do, and what
# stands right behind it in languages without blanks.
CLOSED = re.compile(r"[]\[|{}]|[^\x00-\x7f]")
TOKEN = re.compile(r"[^\s<>\"]+")
# No link of ours is longer, also as a gateway writes it; what is may be an image.
LONGEST_LINK = 2000
TRAILING = ".,;:!?'`*_~|\\()[]{}\u2018\u2019\u201c\u201d\u201e\xab\xbb\u203a\u2039"
UNFINISHED = tuple("=?&/-%,+")
# How many addresses of the web are looked at in one mail, wherever they lead.
MOST_SEEN = 3000
# How many links that a gateway rewrote are led back in one mail.
MOST_REWRITTEN = 1000
DEFAULT_PORTS = {"http": ":80", "https": ":443"}
# Over how many lines a link may be spread, and from which width on lines may be full.
PIECES = 4
FULL = 40
USUAL_WIDTH = 78
# What an address of ours looks like on a host that nobody named.
OURS = re.compile(r"/r/[^/?]+/(x2)?avic/(read|write)|[?&]at=\d{4}-\d\d-\d\d", re.IGNORECASE)


@dataclass(frozen=True)
class LinkReading:
    """One way to read a link: its address on the site, and where its text ends."""

    address: str
    line: int
    column: int


@dataclass(frozen=True)
class MailLink:
    """A link to the site: where it begins (index and column), and its readings, best first."""

    line: int
    column: int
    readings: tuple[LinkReading, ...]


@dataclass(frozen=True)
class SiteAddress:
    """A site's address, scheme and case set aside."""

    host: str
    prefix: str

    @classmethod
    def of(cls, address: str) -> SiteAddress:
        """Read ``https://vapic.example.org``; the scheme may be left out."""
        parts = urlsplit(address if "//" in address else f"//{address}")
        return cls(_host(parts.scheme, parts.netloc), parts.path.rstrip("/"))


def find_links(lines: Sequence[MailLine], sites: Iterable[SiteAddress]) -> tuple[MailLink, ...]:
    """Return the links to any of ``sites``, in the order of the mail."""
    known = tuple(sites)
    widest = min(USUAL_WIDTH, max((line.width for line in lines), default=0))
    found: list[MailLink] = []
    room, seen = MOST_REWRITTEN, 0
    for index, line in enumerate(lines):
        for token in TOKEN.finditer(line.text):
            joins = list(_joins(lines, index, token))
            if not joins:
                continue
            if (seen := seen + 1) > MOST_SEEN:
                return tuple(found)
            starts = _starts(joins)
            room -= is_rewritten(joins[-1].text)
            for start, end in zip_longest(starts, starts[1:]):
                # What begins on a line below is found there.
                own = joins if start < len(token[0]) else []
                mine = own if end is None else own[:1]
                leads = led_to if room > 0 else str
                readings = [r for j in mine for r in _reading(j, start, end, known, leads)]
                if line.text.endswith("<", 0, token.start()) or _is_full(lines, joins, widest):
                    alone = [r for r in readings if r.line == index]
                    readings = [*reversed(readings[len(alone) :]), *alone]
                if readings:
                    column = token.start() + start
                    found.append(MailLink(index, column, tuple(dict.fromkeys(readings))))
    return tuple(found)


def lookalike_hosts(lines: Iterable[MailLine], sites: Iterable[SiteAddress]) -> tuple[str, ...]:
    """Return the hosts of links that look like ours and lead elsewhere."""
    ours = {site.host for site in sites}
    tokens = (token for line in lines for token in TOKEN.findall(line.text) if WEB.search(token))
    joins = (
        _Join(token, 0, 0) for token in islice(tokens, MOST_SEEN) if len(token) <= LONGEST_LINK
    )
    urls = [_live(join.text[start:]) for join in joins for start in _starts([join])]
    urls[:MOST_REWRITTEN] = map(led_to, urls[:MOST_REWRITTEN])
    hosts = (host for url in urls if OURS.search(url) and (host := _parse(url)[0]) not in ours)
    return tuple(sorted({host for host in hosts if host}))


@dataclass(frozen=True)
class _Join:
    """A token with what was joined to it; the index and column where it ends."""

    text: str
    line: int
    column: int


def _joins(lines: Sequence[MailLine], index: int, token: re.Match[str]) -> Iterator[_Join]:
    """Yield a token in which a link may begin, alone and with what the lines below add to it."""
    text, first = token[0], lines[index]
    last = token.end() == len(first.text)
    below = lines[index + 1 : index + PIECES] if last else ()
    # Most tokens are no link, and are done with here.
    start = below[0].text.lstrip()[:MARK] if below else ""
    if len(text) > LONGEST_LINK or not WEB.search(text + start):
        return
    yield _Join(text, index, token.end())
    for at, line in enumerate(below, index + 1):
        match = TOKEN.match(line.text.lstrip())
        # What folds lines blindly leaves the rest of a quoted one without its quotes.
        if match is None or line.depth > first.depth or WEB.match(match[0]):
            return
        column = len(line.text) - len(line.text.lstrip()) + match.end()
        # A soft break of quoted-printable text that nobody decoded.
        if text.endswith("="):
            yield _Join(text[:-1] + match[0], at, column)
        text += match[0]
        yield _Join(text, at, column)
        if column < len(line.text):
            return


def _starts(joins: Sequence[_Join]) -> list[int]:
    """Return where links begin in a token; one that was rewritten holds the others."""
    starts = sorted({m.start() for j in joins for m in WEB.finditer(j.text)})
    last = next((s for j in joins for s in starts[:1] if is_rewritten(j.text[s:])), None)
    return starts if last is None else [last]


def _is_full(lines: Sequence[MailLine], joins: Sequence[_Join], widest: int) -> bool:
    """Whether a link must go on, or a program that wraps lines would have had to break here."""
    if len(joins) == 1:
        return False
    if joins[0].text.endswith(UNFINISHED):
        return True
    added = len(joins[1].text) - len(joins[0].text)
    width = lines[joins[0].line].width
    return width >= FULL and width + added > widest


def _reading(
    join: _Join,
    start: int,
    end: int | None,
    sites: Sequence[SiteAddress],
    leads: Callable[[str], str],
) -> Iterator[LinkReading]:
    """Yield a link's addresses on the site: as it stands, and without stray escapes."""
    url = join.text[start:end].rstrip(TRAILING)
    column = max(0, join.column - (len(join.text) - start - len(url)))
    plain = _live(url)
    spellings = leads(plain), plain.replace("=3D", "=").replace("=3d", "="), CLOSED.split(plain)[0]
    for spelled in dict.fromkeys(spellings):
        host, path, query = _parse(spelled.replace("&amp;", "&"))
        for site in sites:
            if host == site.host and f"{path}/".startswith(f"{site.prefix}/"):
                inner = path.removeprefix(site.prefix) or "/"
                yield LinkReading(f"{inner}?{query}" if query else inner, join.line, column)


def _live(url: str) -> str:
    """Return an address as it is followed."""
    scheme = "https://" if url[4:5].lower() == "s" else "http://"
    web = WEB.match(url)
    return DOTS.sub(".", scheme + url[web.end() :]) if web else url


def _parse(url: str) -> tuple[str, str, str]:
    """Return host, path and query; the host is empty where it cannot be read."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return "", "", ""
    return _host(parts.scheme.lower(), parts.netloc), unquote(parts.path), parts.query


def _host(scheme: str, netloc: str) -> str:
    return netloc.lower().removesuffix(DEFAULT_PORTS.get(scheme, ":80"))
