"""Whatever somebody pastes, read into lines: decoded, unquoted, with their numbers.

Mails, threads as mbox, logs and tables come in the same wrappings, so that every reader of
text asks here. Whole messages are read by Python's ``email`` package; anything else is text,
which may still be quoted-printable, base64 or HTML, as archives and pagers show it. What
cannot be read is noted with its place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

from app.intake.markup import MOST_TAGS, from_html, is_html, plain_text
from app.intake.messages import ENCODED, MailPart, Unread, is_message, is_too_much, parts_of
from app.intake.transfer import (
    AS_IT_STANDS,
    BASE64,
    PRINTABLE,
    characters,
    is_blob,
    to_utf8,
    undo_encoding,
    unfold,
)
from app.pens.plain import to_ascii

QUOTES = re.compile(r"(?: {0,2}>)+ ?")
QUOTED = re.compile(r"^(?: {0,2}>)+ ?", re.MULTILINE)
# In quoted-printable text nothing but an escape or a soft break begins with "=", and a
# plain "?at=2026" would: "=20" is an escape only where "=" itself is escaped too.
ESCAPED = re.compile(r"=3D", re.IGNORECASE)
UNESCAPED = re.compile(
    r"=(?![0-9A-F]{2}|[ \t]*$)|[?&]\w+=(?!3D|[ \t]*$)", re.IGNORECASE | re.MULTILINE
)
SEPARATOR = re.compile(r"^From \S.*\n(?=>?From |[A-Za-z][\w-]*:)", re.MULTILINE)
STUFFED = re.compile(r"^>(?=>*From )", re.MULTILINE)
# A message inside a text shows where its header says how it is encoded.
INSIDE = re.compile(
    rf"^{ENCODED}:[ \t]*(?:{PRINTABLE}|{BASE64})[ \t]*$", re.IGNORECASE | re.MULTILINE
)
MOST_INSIDE, MOST_MESSAGES = 3, 500
# A part of a message that was cut out begins with the line between parts.
CUT_OUT = re.compile(r"--([^\s\"\\]{1,70})\ncontent-", re.IGNORECASE)
UNREAD = {
    "-----BEGIN PGP MESSAGE-----": "an encrypted text",
    "\nbegin 644 ": "a uuencoded file",
    "\nGIT binary patch": "a binary patch",
}


@dataclass(frozen=True, slots=True)
class MailLine:
    """One line: its number from 1, how deeply it is quoted, its text without the quotes.

    ``width`` is its length with them.
    """

    number: int
    depth: int
    text: str
    width: int


@dataclass(frozen=True)
class Mail:
    """A mail's lines; ``decoded`` when they cannot be numbered as they were pasted.

    ``notes`` say what was not read, or otherwise than it asks for, and where.
    """

    lines: tuple[MailLine, ...]
    decoded: bool = False
    notes: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The lines as one text, each at its number."""
        out: list[str] = []
        for line in self.lines:
            out += [""] * (line.number - 1 - len(out))
            out.append(line.text)
        return "\n".join(out)


def read_mail(raw: bytes, most: int = 0) -> Mail:
    """Return the lines of a mail: a whole message, an mbox, or any pasted text.

    At most ``most`` lines, if it is given.
    """
    reader = _Reader(most)
    reader.read(raw)
    found: Iterable[tuple[int, str]] = reader.found
    if reader.decoded:
        found = ((number, text) for number, (_, text) in enumerate(reader.found, 1))
    return Mail(tuple(_unquote(found)), reader.decoded, tuple(reader.notes))


class _Reader:
    """Collects lines with their numbers, and notes."""

    def __init__(self, most: int) -> None:
        self.found: list[tuple[int, str]] = []
        self.notes: dict[str, None] = {}
        self.decoded = False
        self._most = most
        self._inside = 0
        self._charset = ""

    def read(self, raw: bytes) -> None:
        """Read bytes of any kind."""
        raw, recoded = to_utf8(raw)
        self._charset = "utf-8" if recoded else ""
        # Every byte is one character, so that lines can be counted before they are decoded.
        source = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").decode("latin-1")
        starts = [m.start() for m in SEPARATOR.finditer(source)] if source[:5] == "From " else []
        if len(starts) > MOST_MESSAGES:
            self._note(1, f"more than {MOST_MESSAGES} messages: read as text")
            starts = []
        first = 1
        for start, end in pairwise([0, *starts[1:], len(source)]):
            text = source[start:end]
            self._message(STUFFED.sub("", text) if starts else text, first)
            first += text.count("\n")

    def _note(self, line: int, text: str) -> None:
        where = f"Line {line}: " if line else ""
        self.notes[f"{where}{to_ascii(text)}."] = None

    def _message(self, source: str, first: int) -> None:
        """Read a message, a part of one that was cut out, or text."""
        bare = source.lstrip("\n")
        first += len(source) - len(bare)
        if cut := CUT_OUT.match(bare):
            head = f'{ENCODED}: 7bit\nContent-Type: multipart/mixed; boundary="{cut[1]}"\n\n'
            bare, first = head + bare, first - head.count("\n")
        if not is_message(bare):
            printable = bool(ESCAPED.search(source)) and not UNESCAPED.search(source)
            encoding = PRINTABLE if printable else BASE64 if is_blob(source) else ""
            self._text(MailPart(first, bare, encoding, html=is_html(bare)))
        elif is_too_much(bare):
            self._note(first, "a message of too many or too deep parts: read as text")
            self._text(MailPart(first, bare))
        else:
            # A header alone is text.
            for part in tuple(parts_of(bare, first)) or (MailPart(first, bare),):
                self.decoded |= not part.line
                if isinstance(part, Unread):
                    self._note(part.line, part.why)
                else:
                    self._text(part)

    def _text(self, part: MailPart) -> None:
        """Read a text, which may hold messages of other encodings."""
        body, known = part.body, (*AS_IT_STANDS, PRINTABLE, BASE64)
        if part.encoding in AS_IT_STANDS and self._inside < MOST_INSIDE:
            match = INSIDE.search(body)
            at = body.rfind("\n\n", 0, match.start()) + 2 if match else 0
            if at > 1 and is_message(body[at:]):
                self._inside += 1
                self._text(replace(part, body=body[:at]))
                self._message(body[at:], part.line + body.count("\n", 0, at))
                return
        if part.encoding not in known:
            self._note(part.line, f"the encoding {part.encoding[:40]} is not known")
        if part.encoding in AS_IT_STANDS and QUOTED.search(body):
            bare = QUOTED.sub("", body)
            if ESCAPED.search(bare) and not UNESCAPED.search(bare):
                self._note(part.line, "quoted lines are quoted-printable that nobody decoded")
        found = undo_encoding(body, part.encoding, part.line)
        self.decoded |= part.encoding == BASE64
        text, false = characters(found.raw, self._charset or part.charset)
        if found.told:
            self._note(*found.told)
        if false:
            self._note(part.line + false[0], false[1])
        self._lines(part, self._seen(part, text), found.numbers)

    def _seen(self, part: MailPart, text: str) -> str:
        """Return a text as a reader would see it."""
        if part.html and text.count("<") > MOST_TAGS:
            self._note(part.line, f"HTML of more than {MOST_TAGS} tags: read as it stands")
        elif part.html:
            text, self.decoded = from_html(text), True
        for mark, name in UNREAD.items():
            if (at := text.find(mark)) >= 0:
                self._note(part.line + text.count("\n", 0, at + 1), f"{name} is not read")
        return plain_text(text)

    def _lines(self, part: MailPart, text: str, numbers: Iterable[int]) -> None:
        lines, known = text.split("\n"), list(numbers)
        if len(lines) != len(known):
            known, self.decoded = list(range(part.line, part.line + len(lines))), True
        room = self._most - len(self.found) if self._most else len(lines)
        if len(lines) > room:
            self._note(known[room], f"{len(lines) - room} lines are too many and not read")
        pairs = list(zip(known, lines[:room], strict=False))
        self.found += unfold(pairs, joined=part.joined) if part.flowed else pairs


def _unquote(lines: Iterable[tuple[int, str]]) -> Iterator[MailLine]:
    for number, text in lines:
        line = text.rstrip()
        quotes = QUOTES.match(line) if line[:1] in (">", " ") else None
        marks = quotes[0] if quotes else ""
        yield MailLine(number, marks.count(">"), line[len(marks) :].rstrip(), len(line))
