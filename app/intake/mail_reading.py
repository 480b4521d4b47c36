"""A mail as somebody pasted it, read into lines: decoded, unquoted, with their numbers.

Whole messages are read by Python's ``email`` package; anything else is text, which may
still be quoted-printable, as archives and pagers show it.
"""

from __future__ import annotations

import quopri
import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_string
from email.message import Message

QUOTES = re.compile(r"(?: {0,2}>)+ ?")
FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]*):")
# Fields of which any message has some, while few other texts begin with two.
USUAL = frozenset((
    "from", "to", "cc", "date", "subject", "message-id",
    "received", "return-path", "delivered-to", "reply-to", "sender", "list-id",
    "mime-version", "content-type", "content-transfer-encoding", "in-reply-to", "references",
    "x-mailer", "user-agent", "dkim-signature", "authentication-results",
))  # fmt: skip
# In quoted-printable text nothing but an escape or a soft break begins with "=", and a
# plain "?at=2026" would: "=20" is an escape only where "=" itself is escaped too.
ESCAPED = re.compile(r"=3D", re.IGNORECASE)
UNESCAPED = re.compile(
    r"=(?![0-9A-F]{2}|[ \t]*$)|[?&]\w+=(?!3D|[ \t]*$)", re.IGNORECASE | re.MULTILINE
)


@dataclass(frozen=True)
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

    ``skipped`` names the kinds of text that the mail holds and that were not read.
    """

    lines: tuple[MailLine, ...]
    decoded: bool = False
    skipped: tuple[str, ...] = ()


def read_mail(raw: bytes) -> Mail:
    """Return the lines of a mail: a whole message, an mbox of one, or any pasted text."""
    # Every byte is one character, so that lines can be counted before they are decoded.
    source = raw.replace(b"\r\n", b"\n").replace(b"\r", b"\n").decode("latin-1")
    if is_message(source):
        return _read_message(source)
    printable = bool(ESCAPED.search(source)) and not UNESCAPED.search(source)
    return Mail(tuple(_unquote(_plain(source, 1, "utf-8", printable=printable))))


def is_message(source: str) -> bool:
    """Whether a text begins with an mbox separator or with the header of a message."""
    head = source.partition("\n\n")[0].split("\n")
    named = {match[1].lower() for line in head if (match := FIELD.match(line))}
    starts = head[0].startswith("From ") or FIELD.match(head[0]) is not None
    return starts and len(USUAL & named) > 1


def _read_message(source: str) -> Mail:
    """Read every part of a message that is text; HTML only names itself."""
    found: list[tuple[int, str]] = []
    skipped: list[str] = []
    decoded, start = False, 0
    for part in message_from_string(source).walk():
        if part.get_content_maintype() != "text":
            continue
        if part.get_content_subtype() == "html":
            skipped.append(part.get_content_type())
            continue
        body = str(part.get_payload())
        at = source.find(f"\n\n{body}", start) + 2
        decoded = decoded or at < len("\n\n") or _encoding(part) == "base64"
        start = max(start, at)
        found += _part(part, body, source.count("\n", 0, at) + 1)
    if decoded:
        found = [(number, text) for number, (_, text) in enumerate(found, 1)]
    return Mail(tuple(_unquote(found)), decoded, tuple(dict.fromkeys(skipped)))


def _part(part: Message, body: str, first: int) -> Iterator[tuple[int, str]]:
    charset = part.get_content_charset("utf-8")
    if _encoding(part) == "base64":
        bare = part.get_payload(decode=True)
        body = bare.decode("latin-1").replace("\r", "") if isinstance(bare, bytes) else body
    return _plain(body, first, charset, printable=_encoding(part) == "quoted-printable")


def _encoding(part: Message) -> str:
    return str(part.get("content-transfer-encoding", "")).strip().lower()


def _plain(source: str, first: int, charset: str, *, printable: bool) -> Iterator[tuple[int, str]]:
    """Yield decoded lines; one that was broken softly has the number of its first piece."""
    begun, number = "", first
    for here, line in enumerate(source.split("\n"), first):
        number = number if begun else here
        if printable and line.rstrip().endswith("="):
            begun += line.rstrip()[:-1]
            continue
        yield number, _decode(begun + line, charset, printable=printable)
        begun = ""
    if begun:
        yield number, _decode(begun, charset, printable=printable)


def _decode(line: str, charset: str, *, printable: bool) -> str:
    raw = line.encode("latin-1")
    raw = quopri.decodestring(raw) if printable else raw
    try:
        text = raw.decode(charset)
    except (LookupError, UnicodeDecodeError):
        text = raw.decode("utf-8", "replace")
    return text.replace("\n", " ")


def _unquote(lines: Iterator[tuple[int, str]] | list[tuple[int, str]]) -> Iterator[MailLine]:
    for number, text in lines:
        quotes = QUOTES.match(text)
        marks = quotes[0] if quotes else ""
        yield MailLine(number, marks.count(">"), text[len(marks) :].rstrip(), len(text.rstrip()))
