"""Files that no command holds in memory: too large, and without an end."""

import os
import resource
from pathlib import Path

import pytest

HUGE = 10 * 1024**3
ENDLESS = Path("/dev/zero")
COMMANDS = (
    ("check", "FILE"), ("submit", "FILE", "--to", "http://127.0.0.1:9"), ("check-mail", "FILE"),
    ("import", "kvm-unit-tests", "FILE"), ("import", "selftests", "FILE"),
    ("import", "mail-table", "FILE"), ("correlate", "FILE", "GOOD"), ("correlate", "GOOD", "FILE"),
    ("import", "kvm-unit-tests", "GOOD", "--trace", "FILE"),
)  # fmt: skip


@pytest.fixture
def given_files(tmp_path):
    """A sparse file of 10 GiB, which takes no room, and one that is no fault of its size."""
    huge, good = tmp_path / "huge", tmp_path / "good"
    huge.touch()
    os.truncate(huge, HUGE)
    good.write_text("hello\n")
    return huge, good


def test_what_is_too_large_is_refused_before_it_is_read_and_a_stream_where_it_is(
    seeded, given_files
):
    huge, good = given_files
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for command in COMMANDS:
        for path, found in ((huge, f"{HUGE} bytes"), (ENDLESS, "more")):
            given = {"FILE": path, "GOOD": good}
            ran = seeded(*(given.get(word, word) for word in command))
            assert (1, True) == (
                ran.code, f"{path}: found {found}, expected at most" in ran.err), ran  # fmt: skip

    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024
    assert grown < 200 * 1024**2


def test_a_stream_without_end_on_standard_input_is_refused_too(seeded, monkeypatch):
    with ENDLESS.open(encoding="latin-1") as endless:
        monkeypatch.setattr("sys.stdin", endless)
        ran = seeded("check-mail", "-")

    assert "vapic: standard input: found more, expected at most 16 MiB" in ran.err
