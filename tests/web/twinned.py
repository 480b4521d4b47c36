"""What a page says and where it leads, and whether its text twin says the same.

The two are compared word by word: small letters, digits and single spaces, so that wrapping,
punctuation, columns and what US-ASCII has no letter for play no part. A text page writes a
behaviour or a condition as its slug, a column as its short form, a page as its label: each is
one word here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from urllib.parse import urldefrag

import lxml.html

from app.core.cells import CellKey
from app.core.citations import address_of
from app.core.knowledge import Knowledge
from app.core.words import Access, Behaviour, Mode
from app.pens.plain import COLUMNS, to_ascii
from tests.running import SITE

SOURCES = "/docs/sources"

# No part of what a page says: where it is, what it asks, what is pasted elsewhere, what it
# repeats for those who do not see it, what a script uses, how many sources are folded away, the
# heads of columns, what to do about an empty page, other measurements to compare with, and what is
# drawn. The legend is a page of its own, which the text names.
APART = ("nav", "form", "button", "details.paste", "details.legend", "ul.removable",
         "*[@aria-hidden]", "*.vh", "*[@hidden]", "details.inline/summary", "thead",
         "*.empty//p[not(following-sibling::*)][preceding-sibling::*]", "*.beside",
         "details[form]", "figure")  # fmt: skip
# Nor what only leads on: the name of a link is held against the twin as a link.
_LEADS = f"not(contains(@href, '{SOURCES}')) or @href = '{SOURCES}'"
_SAID = f".//text()[not(ancestor::a[@href][{_LEADS}])]"
# Words that only frame: a text page frames the same facts in its own way.
FRAME = frozenset(
    {
        "",
        "Cells",
        "By the manual's own order",
        "Footnotes",
        "Table 15-22 says",
        "RDMSR, WRMSR",
        "differs",
        "Source:",
        "Sources:",
        "List threads",
        "Commits",
    }
)
# The header and the footer of every page lead there.
EVERYWHERE = frozenset({"/", "/corrected", "/d", "/errata", "/policy", "/c", "/wanted", "/m",
                        "/upload", "/changes", "/docs", SOURCES, "/export"})  # fmt: skip
# A filter of the table or of a list is what the form of that page asks for.
_FILTERED = ("/", "/d", "/m")
_ADDRESS = re.compile(r"https?://\S+")
# One that is longer than its line goes on in the next.
_BROKEN = re.compile(r"^(?=.{70,}$)(.*)https?://\S+\n *(?!http)\S+", re.MULTILINE)
_LISTED = re.compile(r"^\s*- \[.*?(?=^\s*- \[|^\s*https?:|^$|\Z)", re.MULTILINE | re.DOTALL)
# A part of a digest or of an address that is longer than a line.
_LONG = 8
_SHORT = 2
_SENTENCE = re.compile(r"(?<=[.;!?])\s+")
_WORD = re.compile(r"[a-z0-9]+")
# Thousands stand in groups on a page; a column says once that its numbers are hexadecimal.
_GROUPS = re.compile(r"(?<=\d),(?=\d{3})")
_HEX = re.compile(r"\b([0-9a-f]{3})h\b", re.IGNORECASE)
_LETTER = re.compile(r"[\w-]")
# An address that is only the beginning of another one.
_GOES_ON = re.compile(r"[\w/?&-]|[.]\w")
# A format of the page itself is no other page.
_FORMATS = (".txt", ".json", ".csv", ".md", ".atom", ".svg")


class Words:
    """Texts as words, with every spelling of the vocabulary as one."""

    def __init__(self, knowledge: Knowledge) -> None:
        self.knowledge = knowledge
        spellings = {}
        for b in Behaviour:
            spellings |= dict.fromkeys((_plain(b.label), _plain(b)), _plain(b.short) or _plain(b))
        for c in knowledge.conditions.values():
            spellings |= dict.fromkeys((_plain(c.text), _plain(c.slug)), _plain(c.tag))
        for f in knowledge.families.values():
            spellings[_plain(f.name)] = _plain(f.slug)
        # Where a sentence says it of a cell, the cell alone has the shorter word.
        spellings["does not say"] = "nothing"
        self._spellings = spellings
        # Pages of a kind share most of their sentences.
        self._seen: dict[str, str] = {}
        longest = sorted(map(re.escape, spellings), key=len, reverse=True)
        self._any = re.compile(rf"\b(?:{'|'.join(longest)})\b")

    def of(self, text: str) -> str:
        """Return a text as words between single spaces."""
        if text not in self._seen:
            said = self._any.sub(lambda m: self._spellings[m[0]], _plain(text))
            self._seen[text] = f" {said} "
        return self._seen[text]


def _plain(text: str) -> str:
    bare = _HEX.sub(r"\1", _GROUPS.sub("", to_ascii(text)))
    return " ".join(_WORD.findall(bare.lower()))


def squash(text: str) -> str:
    """Return a text without its spaces: an address that was broken in two is whole again."""
    return "".join(to_ascii(text).split())


@dataclass(frozen=True)
class Shown:
    """The main part of an HTML page: its sentences in order, and where its links lead."""

    path: str
    sentences: tuple[str, ...]
    links: tuple[str, ...]

    @classmethod
    def of(cls, path: str, html: str, apart: Iterable[str] = ()) -> Shown:
        """Read a page, without those parts that ``apart`` selects."""
        main = lxml.html.fromstring(html).find(".//main")
        assert main is not None, f"{path} has no main part"
        for part in main.xpath(_any_of(*APART, *apart)):
            part.drop_tree()
        for part in main.xpath(_any_of("wbr", "a.anchor")):
            part.drop_tag()
        links = dict.fromkeys(main.xpath(".//a/@href"))
        said = (text for node in main.xpath(_SAID) if (text := node.strip()) not in FRAME)
        texts = (s for text in said for s in _SENTENCE.split(text))
        leading = (link for link in links if _leads(path, link))
        return cls(path, tuple(dict.fromkeys(texts)), tuple(leading))


def _any_of(*parts: str) -> str:
    """Return the XPath of any of some parts below an element; a dot begins a class, as in CSS."""
    has = r"[contains(concat(' ', normalize-space(@class), ' '), ' \1 ')]"
    return " | ".join(".//" + re.sub(r"\.(\w+)", has, part) for part in parts)


def _leads(path: str, link: str) -> bool:
    """Whether a link leads to something of its own: not within the page, nor everywhere."""
    bare, here = (part.partition("?")[0] for part in (link, path))
    if not bare or bare.startswith("#") or link in EVERYWHERE or bare in _FILTERED:
        return False
    return not (bare.startswith(here) and bare.endswith(_FORMATS))


class Twin:
    """A text page, ready to be asked what it says."""

    def __init__(self, text: str, words: Words) -> None:
        self.text = text
        self.vocabulary = words
        self._said = words.of(text)
        self._squashed = squash(text)
        self._knowledge = words.knowledge
        # A page may say once how the address of every cell is made.
        self._makes = f"{SITE}/r/REGISTER/MODE/ACCESS" in text
        self._since = f"{SITE}/r/REGISTER/MODE/ACCESS/since/VERSION" in text

    def says(self, text: str) -> bool:
        """Whether a sentence stands here, whatever its wrapping."""
        if " " not in text and ("://" in text or len(text) > COLUMNS):
            return self.holds(text)
        said = self.vocabulary.of(text)
        # A word of the vocabulary may begin before the sentence, so its letters are asked too.
        long = len(said.split()) > _SHORT
        return not said.strip() or said in self._said or (long and self.holds(text.rstrip(".;")))

    def count(self, sentence: str) -> int:
        """How often a sentence stands here."""
        return self._said.count(self.vocabulary.of(sentence))

    def holds(self, address: str) -> bool:
        """Whether an address stands here, even in two lines."""
        return squash(address) in self._squashed

    @property
    def addresses(self) -> tuple[str, ...]:
        """The site's own addresses that are printed here, without pins.

        Parts in capitals are to be filled in.
        """
        found = (a.rstrip(".,;:)") for a in re.findall(rf"{SITE}(/[^\s\]]*)", self.text))
        return tuple(a for a in dict.fromkeys(found) if not re.search(r"/[A-Z]{4,}\b|[?&]at=", a))

    def marks(self, path: str, fragment: str) -> bool:
        """Whether what a fragment of this page means can be told here by its name."""
        if fragment.isdecimal():
            register = self._knowledge.registers[path.rpartition("/")[2]]
            return self.says(f"{register.abbreviation}{fragment}")
        if fragment.startswith("note-"):
            return f"#{fragment}" in self.text
        return self._cites(fragment)

    def leads(self, link: str) -> bool:
        """Whether this page leads where a link does: by its address, or by a name of it."""
        bare = link.removeprefix(SITE)
        if bare.startswith(f"{SOURCES}#"):
            return self._cites(bare.partition("#")[2])
        if not bare.startswith("/"):
            return self.holds(bare) or self._cites_instead(bare)
        return self._prints(bare) or any(map(self.says, self._names(urldefrag(bare).url)))

    def _prints(self, path: str) -> bool:
        """Whether one of our addresses stands here, and not as the beginning of another."""
        return any(not _GOES_ON.match(after) for _, after in self._around(path))

    def _cites(self, source: str) -> bool:
        around = self._around(source)
        return any(not (_LETTER.match(b) or b == ".") and not _LETTER.match(a) for b, a in around)

    def _around(self, part: str) -> Iterator[tuple[str, str]]:
        """Yield the letter before and the two after each place where a part stands."""
        pieces = self.text.split(part)
        return ((before[-1:], after[:2]) for before, after in pairwise(pieces))

    def _cites_instead(self, address: str) -> bool:
        """Whether a mail or a commit is named, or our own list where an address is too long."""
        mine = [s for s in self._knowledge.sources.values() if address_of(s) == address]
        mail = address.removeprefix("https://lore.kernel.org/all/").rstrip("/")
        if mail != address.rstrip("/") and self.holds(mail):
            return True
        if any(s.commit and self.says(s.commit[:12]) for s in mine):
            return True
        return len(address) > COLUMNS - 2 and any(self._cites(s.id) for s in mine)

    def _names(self, path: str) -> Iterator[str]:
        """Yield what a text page may call the thing at an address."""
        known = self._knowledge
        match path.partition("?")[0].strip("/").split("/"):
            case ["r", slug]:
                r = known.registers[slug]
                yield from (slug, r.abbreviation, r.name)
            case ["r", slug, mode, access, "since", _] if self._since:
                yield known.name_of(CellKey(slug, Mode(mode), Access(access)))
            case ["r", slug, mode, access]:
                yield f"{slug}/{mode}/{access}"
                yield known.name_of(CellKey(slug, Mode(mode), Access(access)))
                yield from self._names(f"/r/{slug}") if self._makes else ()
            case ["d", number]:
                yield f"D-{number}"
            case ["errata", slug]:
                yield from (slug, known.errata[slug].title)
            case ["c", slug]:
                yield from (slug, known.families[slug].name)
            case ["policy", slug] if slug in known.policies:
                yield from (slug, known.policies[slug].name, known.policies[slug].heading)
            case ["inhibit", slug] if slug in known.inhibits:
                yield from (slug, known.inhibits[slug].name)
            case ["m" | "changes", slug]:
                yield slug


def left_out(shown: Shown, twin: Twin) -> list[str]:
    """Return what a page says, and where it leads, that its twin does not."""
    unsaid = [text for text in shown.sentences if not twin.says(text)]
    return unsaid + [f"-> {link}" for link in shown.links if not twin.leads(link)]


def added(html: str, twin: Twin) -> list[str]:
    """Return the words of a text page that stand nowhere on its page, hidden or not.

    What a source is, and where it can be read, a page leaves to the list of sources.
    """
    page = lxml.html.fromstring(html)
    for part in page.xpath("//wbr | //mark"):
        part.drop_tag()
    parts = page.xpath("//text()[not(parent::script)] | //@*")
    known = frozenset(twin.vocabulary.of(" ".join(parts)).split())
    text = _ADDRESS.sub("", _BROKEN.sub(r"\1", _LISTED.sub("", twin.text)))
    whole = squash(" ".join(parts)).lower()
    every = dict.fromkeys(twin.vocabulary.of(text).split())
    return [w for w in every if w not in known and not (len(w) > _LONG and w in whole)]
