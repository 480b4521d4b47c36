"""The guest's log out of the file that was its memory: no exit for each byte of it.

``results=memory`` makes the guest write there what the serial port would have got: a magic
word, the length of the text and the CRC-32 of its JSON lines, each 32 bits, then the text.
They are right after every line, so a guest that never ended leaves what it had.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

from app.errors import AppError
from app.probing.guest_log import JSON_LINE

# As probe/output.c has it: from 16 MiB to the end of the guest's memory.
MEMORY_MIB = 64
LOG_AT = 16 << 20
MAGIC = b"VAPICLOG"
# It does not count itself.
LAST_LINE = b'{"event":"checksum"'
HEADER = struct.Struct("<8sII")


class BadMemory(AppError):
    """A guest's memory that does not hold what its header says."""

    code = "bad-guest-memory"


def read_log(memory: Path) -> bytes:
    """Return the log that a guest left in its memory; empty when it left none.

    Raises BadMemory when length or checksum do not fit what is there.
    """
    if not memory.exists():
        return b""
    with memory.open("rb") as file:
        file.seek(LOG_AT)
        head = file.read(HEADER.size).ljust(HEADER.size, b"\0")
        magic, length, told = HEADER.unpack(head)
        if magic != MAGIC:
            return b""
        text = file.read(length)
    if len(text) != length:
        raise BadMemory(f"The guest's memory holds {len(text)} of its log's {length} bytes.")
    lines = [line for line in text.splitlines(keepends=True) if line.startswith(JSON_LINE)]
    crc = zlib.crc32(b"".join(line for line in lines if not line.startswith(LAST_LINE)))
    if crc != told:
        raise BadMemory(f"The log in the guest's memory has CRC-32 {crc:#010x}, not {told:#010x}.")
    return text
