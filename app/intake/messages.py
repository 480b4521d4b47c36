"""The parts of one message, each with the line at which it stands, by Python's ``email``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_string
from email.message import Message

from app.intake.transfer import is_text

FIELD = re.compile(r"([A-Za-z][A-Za-z0-9-]*):")
ENCODED = "content-transfer-encoding"
# Fields of which any message has some, while few other texts begin with two.
USUAL = frozenset((
    "from", "to", "cc", "date", "subject", "message-id",
    "received", "return-path", "delivered-to", "reply-to", "sender", "list-id",
    "mime-version", "content-type", ENCODED, "in-reply-to", "references",
    "x-mailer", "user-agent", "dkim-signature", "authentication-results",
))  # fmt: skip
CONTENT = re.compile(r"^content-[a-z-]+:.*(?:\n[ \t].*)*", re.IGNORECASE | re.MULTILINE)
# What one message may cost; beyond that it is read as text.
MOST_DEEP, LONGEST_FIELD, MOST_FIELDS = 200, 4000, 2000
MOST_PARTS, MOST_WALKED = 5000, 1_000_000
SIGNATURES = ("application/pgp-signature", "application/pkcs7-signature", "application/pgp-keys",
              "application/x-pkcs7-signature")  # fmt: skip


@dataclass(frozen=True)
class MailPart:
    """The text of a part as it stands, and how its header says that it is wrapped."""

    line: int
    body: str
    encoding: str = ""
    charset: str = "utf-8"
    html: bool = False
    flowed: bool = False
    joined: bool = False


@dataclass(frozen=True)
class Unread:
    """A part that is not read, and why."""

    line: int
    why: str


def is_message(source: str) -> bool:
    """Whether a text begins with an mbox separator or with the header of a message."""
    head = source.partition("\n\n")[0].split("\n", MOST_FIELDS)
    named = {match[1].lower() for line in head if (match := FIELD.match(line))}
    starts = head[0].startswith("From ") or FIELD.match(head[0]) is not None
    enough = len(USUAL & named) > 1 or ENCODED in named
    return starts and enough and len(head) <= MOST_FIELDS


def is_too_much(source: str) -> bool:
    """Whether reading a message as one would cost too much."""
    fields = [field.lower() for field in CONTENT.findall(source)]
    deep = sum("multipart/" in field or "message/" in field for field in fields)
    walked, parts = deep * source.count("\n"), source.count("\n--") if deep else 0
    long = any(len(field) > LONGEST_FIELD for field in fields)
    # The header of a part stands between the line above it and an empty one.
    heads = (head for head in f"\n{source}".split("\n\n") if "\n--" in f"\n{head}")
    long |= any(head.count("\n", max(0, head.rfind("\n--"))) > MOST_FIELDS for head in heads)
    return long or deep > MOST_DEEP or walked > MOST_WALKED or parts > MOST_PARTS


def parts_of(source: str, first: int) -> Iterator[MailPart | Unread]:
    """Yield the parts of a message that begins at a line; of several that say the same, one.

    A part that does not stand in ``source`` as it was parsed has line 0.
    """
    return _Walk(source, first).parts(message_from_string(source))


class _Walk:
    """Walks over a message from its beginning to its end, and knows where it is."""

    def __init__(self, source: str, first: int) -> None:
        self._source, self._at, self._line = source, 0, first
        self._lost = False

    def parts(self, part: Message) -> Iterator[MailPart | Unread]:
        inner = part.get_payload()
        if not isinstance(inner, list):
            yield from self._leaf(part, str(inner)) if inner else ()
            return
        several = [p for p in inner if isinstance(p, Message)]
        plain = [p for p in several if p.get_content_type() == "text/plain" and p.get_payload()]
        alike = bool(plain) and part.get_content_type() == "multipart/alternative"
        for one in several:
            if alike and one not in plain:
                body = one.get_payload()
                where = self._place(body) if isinstance(body, str) else self._line
                yield _unread(one, where, "says the same again and is not read")
            else:
                yield from self.parts(one)

    def _leaf(self, part: Message, body: str) -> Iterator[MailPart | Unread]:
        line = self._place(body)
        if part.get_content_type() in SIGNATURES:
            return
        raw = part.get_payload(decode=True)
        text = part.get_content_maintype() == "text" or (isinstance(raw, bytes) and is_text(raw))
        if text and part.get_content_subtype() != "rtf":
            yield _read(part, line, body)
        else:
            yield _unread(part, line, "is not read")

    def _place(self, body: str) -> int:
        at = -1 if self._lost else self._source.find(f"\n\n{body}", self._at)
        if at < 0:
            self._lost = True
            return 0
        self._line += self._source.count("\n", self._at, at + 2)
        self._at = at + 2
        return self._line


def _read(part: Message, line: int, body: str) -> MailPart:
    try:
        charset = part.get_content_charset("utf-8")
    except ValueError:
        charset = "in its header"
    return MailPart(
        line,
        body,
        str(part.get(ENCODED, "")).strip().lower(),
        charset,
        part.get_content_subtype() == "html",
        str(part.get_param("format", "")).lower() == "flowed",
        str(part.get_param("delsp", "")).lower() == "yes",
    )


def _unread(part: Message, line: int, why: str) -> Unread:
    try:
        name = part.get_filename("")[:60]
    except ValueError:
        name = ""
    return Unread(line, f"{part.get_content_type()[:60]}{f' ({name})' if name else ''} {why}")
