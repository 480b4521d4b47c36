"""The guest is built from its sources alone, and its table from the seed."""

import hashlib
import subprocess
from dataclasses import replace

import pytest

from app.core.facts.documents import Register
from app.probing import guest_build
from app.probing.probe_table import NoPlan, probe_table, table


@pytest.fixture(scope="module")
def registers(knowledge):
    return tuple(knowledge.registers.values())


def test_two_builds_in_different_folders_have_one_digest(tmp_path):
    made = [
        guest_build.build(folder)
        for folder in (tmp_path / "one", tmp_path / "a longer one" / "two")
    ]
    digests = {hashlib.sha256(elf.read_bytes()).hexdigest() for elf in made}
    assert 1 == len(digests)
    assert made[0].stat().st_size < 24_000


def test_the_sources_give_no_warning():
    said = subprocess.run(
        ["gcc", *guest_build.CFLAGS, "-Werror", "-fsyntax-only", *guest_build.SOURCES],
        cwd=guest_build.PROBE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (0, "") == (said.returncode, said.stderr)


def test_all_sources_are_linked():
    there = {path.name for path in guest_build.PROBE.glob("*.[cS]")}
    assert set(guest_build.SOURCES) == there


@pytest.mark.parametrize(
    ("tool", "package"), [("gcc", "gcc"), ("ld", "binutils"), ("objcopy", "binutils")]
)
def test_a_missing_tool_is_named_with_its_package(tool, package, tmp_path, monkeypatch):
    for other in guest_build.PACKAGES.keys() - {tool}:
        (tmp_path / other).write_text("#!/bin/sh\n")
        (tmp_path / other).chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(guest_build.BuildFailed, match=f"^{tool} is missing.*package {package}"):
        guest_build.build(tmp_path / "out")


def test_what_a_tool_complains_about_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(guest_build, "CFLAGS", ("-no-such-option",))
    with pytest.raises(guest_build.BuildFailed, match="no-such-option"):
        guest_build.build(tmp_path)


def test_the_committed_table_is_what_the_seed_gives():
    committed = (guest_build.PROBE / "registers.h").read_text("ascii")
    assert committed == table(guest_build.ROOT / "seed"), (
        "run: vapic probe table > probe/registers.h"
    )


def test_the_table_covers_every_slot_and_every_msr_once(registers):
    rows = [line.split('"')[2].split(",") for line in probe_table(registers).splitlines()
            if line.startswith('    { "')]  # fmt: skip
    slots = {"page": [], "msr": []}
    for _, offset, msr, count, *_ in rows:
        first = {"page": int(offset, 16) >> 4, "msr": int(msr, 16) - 0x800}
        for way, index in first.items():
            absent = {"page": 0xFFF, "msr": 0xFFFF - 0x800}[way]
            slots[way] += range(index, index + int(count)) if index != absent else ()
    assert list(range(256)) == sorted(slots["page"])
    assert list(range(256)) == sorted(slots["msr"])


def test_a_register_that_nobody_says_how_to_write_is_refused(registers):
    new: Register = replace(registers[0], slug="brand-new")
    with pytest.raises(NoPlan, match="how to write 'brand-new'"):
        probe_table((*registers, new))
