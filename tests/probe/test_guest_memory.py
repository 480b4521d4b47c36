"""A log out of the guest's memory: whole, or refused with what does not fit."""

import zlib

import pytest

from app.probing.guest_memory import HEADER, LOG_AT, MAGIC, BadMemory, read_log

TEXT = b'# for people\n{"event":"end"}\n{"event":"checksum"}\n'
LENGTH = len(TEXT)
CRC = zlib.crc32(b'{"event":"end"}\n')


def memory(path, *, magic=MAGIC, length=LENGTH, crc=CRC):
    with path.open("wb") as file:
        file.seek(LOG_AT)
        file.write(HEADER.pack(magic, length, crc) + TEXT)
    return path


def test_the_log_is_the_text_behind_its_header(tmp_path):
    assert TEXT == read_log(memory(tmp_path / "ram"))


def test_a_guest_that_wrote_none_leaves_none(tmp_path):
    (tmp_path / "short").write_bytes(b"")
    assert b"" == read_log(tmp_path / "nowhere")
    assert b"" == read_log(tmp_path / "short")
    assert b"" == read_log(memory(tmp_path / "ram", magic=b"SOMEBODY"))


@pytest.mark.parametrize(
    ("damage", "words"),
    [({"length": 1 << 20}, f"{LENGTH} of its log's 1048576 bytes"), ({"crc": 1}, "CRC-32")],
)
def test_a_log_that_its_header_does_not_fit_is_refused(damage, words, tmp_path):
    with pytest.raises(BadMemory, match=words):
        read_log(memory(tmp_path / "ram", **damage))
