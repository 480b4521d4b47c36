"""How text travels: transfer encodings, charsets, flowed lines; from bytes to numbered lines."""

from __future__ import annotations

import binascii
import codecs
import quopri
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

PRINTABLE, BASE64 = "quoted-printable", "base64"
AS_IT_STANDS = frozenset({"", "7bit", "8bit", "binary"})
BLOB = re.compile(r"[A-Za-z0-9+/]*={0,2}[ \t]*")
SHORTEST_BLOB = 40
# Codecs that are slow or no charset of any mail.
NO_CHARSETS = frozenset({"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined"})
BOMS = {
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}
# How much of a text shows whether every other byte of it is zero.
SAMPLE = 400


@dataclass(frozen=True)
class Numbered:
    """Bytes without their encoding, and the number of each of their lines.

    ``told`` is a line and what is wrong there; empty when nothing is.
    """

    raw: bytes
    numbers: Sequence[int]
    told: tuple[int, str] | None = None


def to_utf8(raw: bytes) -> tuple[bytes, bool]:
    """Return text of two or four bytes a character as UTF-8, and whether it was that."""
    wide = next((name for mark, name in BOMS.items() if raw.startswith(mark)), "")
    for name, zeros in (("utf-16-le", raw[1:SAMPLE:2]), ("utf-16-be", raw[:SAMPLE:2])):
        if not wide and any(raw[:SAMPLE]) and zeros.count(0) > len(zeros) * 3 // 4:
            wide = name
    return raw.decode(wide, "replace").encode("utf-8", "replace") if wide else raw, bool(wide)


def undo_encoding(body: str, encoding: str, first: int) -> Numbered:
    """Undo a transfer encoding; ``body`` has a character for each byte."""
    lines = body.split("\n")
    if encoding == PRINTABLE:
        # A line that was broken softly has the number of its first piece.
        tidy = [line.rstrip(" \t") for line in lines]
        soft = [line.endswith("=") for line in tidy]
        numbers = [n for n, begun in enumerate([False, *soft[:-1]], first) if not begun]
        return Numbered(quopri.decodestring("\n".join(tidy).encode("latin-1")), numbers)
    if encoding != BASE64:
        return Numbered(body.encode("latin-1"), range(first, first + len(lines)))
    # Lists append their footer as it is.
    ends = next((i for i, line in enumerate(lines) if not BLOB.fullmatch(line)), len(lines))
    rest = "\n".join(lines[ends:])
    raw, lost = _unblob("".join(line.strip() for line in lines[:ends]))
    raw = raw.replace(b"\r\n", b"\n") + (f"\n{rest}".encode("latin-1") if rest else b"")
    why = "base64 is cut or damaged" if lost else "text behind base64 is read as it stands"
    told = (first + ends, why) if lost or rest.strip() else None
    return Numbered(raw, range(first, first + raw.count(b"\n") + 1), told)


def characters(raw: bytes, charset: str) -> tuple[str, tuple[int, str] | None]:
    """Return bytes as text; where the charset is none, or false, as UTF-8 or Latin-1.

    With the line, from 0, and the reason where it was not read as it says.
    """
    try:
        known = codecs.lookup(charset).name not in NO_CHARSETS
        return raw.decode(charset if known else "no charset"), None
    except UnicodeDecodeError as error:
        where, why = raw.count(b"\n", 0, error.start), f"bytes that are not {charset[:40]}"
    except (LookupError, ValueError):
        where, why = 0, f"the charset {charset[:40]} is not known"
    text, said = raw.decode("utf-8", "replace"), "UTF-8"
    if "\ufffd" in text and text.replace("\ufffd", "").isascii():
        text, said = raw.decode("latin-1"), "Latin-1"
    return text, (where, f"{why}: read as {said}")


def is_text(raw: bytes) -> bool:
    """Whether bytes are words in UTF-8."""
    try:
        return b"\0" not in raw and bool(raw.decode("utf-8").strip())
    except UnicodeDecodeError:
        return False


def is_blob(source: str) -> bool:
    """Whether a text is nothing but base64 of a text."""
    words = source.split() if len(source) >= SHORTEST_BLOB else [" "]
    if not all(map(BLOB.fullmatch, words)):
        return False
    raw, lost = _unblob("".join(words))
    return not lost and b" " in raw and is_text(raw)


def _unblob(blob: str) -> tuple[bytes, bool]:
    """Return what base64 holds, and whether some of it is lost."""
    whole = blob.rstrip("=")
    lost = len(blob) % 4 != 0
    whole = whole[: len(whole) - (len(whole) % 4 == 1)]
    try:
        return binascii.a2b_base64(f"{whole}{'=' * (-len(whole) % 4)}"), lost
    except binascii.Error:
        return b"", True


def unfold(pairs: Iterable[tuple[int, str]], *, joined: bool) -> Iterator[tuple[int, str]]:
    """Join the lines of a flowed text (RFC 3676); the number is that of the first piece."""
    number, depth, begun, open_ = 0, 0, "", False

    def line() -> tuple[int, str]:
        return number, f"{'>' * depth} {begun}" if depth else begun

    for here, text in pairs:
        bare = text.lstrip(">")
        quotes, bare = len(text) - len(bare), bare.removeprefix(" ")
        if open_ and quotes == depth:
            begun += bare
        else:
            if open_:
                yield line()
            number, depth, begun = here, quotes, bare
        open_ = begun.endswith(" ") and bare != "-- "
        begun = begun[:-1] if open_ and joined else begun
        if not open_:
            yield line()
    if open_:
        yield line()
