"""The linter of the seed: each fault planted in a copy of the real one is found."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

import pytest

from app.curation.seed import check_seed
from app.errors import InvalidSeed
from app.settings import ROOT

SEED = ROOT / "seed"

VERSION = "registers/02-version.yaml"
EOI = "registers/06-eoi.yaml"
PLANTED = Path(__file__).with_name("faults.txt")


class Fault(NamedTuple):
    """A fault: in which file, what becomes what, and the place and words that name it."""

    file: str
    old: str
    new: str
    told: str


def read_faults():
    """Yield every fault of the list with its name."""
    lines = [line for line in PLANTED.read_text("utf-8").splitlines() if line[:1] != "#"]
    for name, planted, told in zip(*[iter(lines)] * 3, strict=True):
        file, _, change = planted.strip().partition(": ")
        old, _, new = change.replace("\\n", "\n").partition(" =>")
        yield name, Fault(file, old, new.removeprefix(" "), told.strip())


FAULTS = dict(read_faults())


def test_the_real_seed_passes(vapic):
    ran = vapic("lint")
    assert (0, "") == (ran.code, ran.err)
    assert re.fullmatch(r"\d{3,} facts, \d+ measurements, no problem\n", ran.out)


def test_another_folder_can_be_named(vapic, seed_copy):
    assert vapic("lint") == vapic("lint", seed_copy.folder)


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_a_planted_fault_is_named_by_file_and_place(fault, vapic, seed_copy):
    seed_copy.edit(fault.file, fault.old, fault.new)
    ran = vapic("lint", seed_copy.folder)
    told = [line for line in ran.err.splitlines() if f" {fault.told}" in line]
    assert (1, "") == (ran.code, ran.out)
    assert [fault.file] == list({line.split(":")[0] for line in told})


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        (VERSION, '"566"', '"9566"'),
        (VERSION, "offsets: [030h]", "offsets: [034h]"),
        (EOI, "condition: level", "condition: levle"),
        ("policies/kvm-6.0.yaml", "msrs: 838h-839h", "msrs: 839h"),
        ("families/zen-4.yaml", "models: 60h-AFh", "models: 40h-AFh"),
        ("sources/kvm.yaml", "commit: f3d7c8aa6882", "commit: F3d7c8aa6882"),
    ],
)
def test_the_line_that_is_named_holds_the_fault(file, old, new, seed_copy):
    seed_copy.edit(file, old, new)
    with pytest.raises(InvalidSeed) as refused:
        check_seed(seed_copy.folder)
    lines = (seed_copy.folder / file).read_text("utf-8").splitlines()
    assert new in lines[refused.value.problems[0].line - 1]


def test_all_faults_are_told_at_once_with_their_number(vapic, seed_copy):
    for name in ("no source", "a page beyond the document", "a gap in a policy"):
        seed_copy.edit(*FAULTS[name][:3])
    *told, count = vapic("lint", seed_copy.folder).err.splitlines()
    files = ["annotations/remarks.yaml", VERSION, "policies/kvm-6.0.yaml"]
    assert sorted(files) == sorted(line.split(":")[0] for line in told)
    assert "3 problems." == count


def test_seeding_refuses_what_the_linter_refuses(vapic, seed_copy, empty_url, monkeypatch):
    monkeypatch.setenv("DATABASE_URL", empty_url)
    seed_copy.edit(*FAULTS["an MSR off by one"][:3])
    assert vapic("lint", seed_copy.folder) == vapic("seed", seed_copy.folder)


def test_the_guide_of_the_seed_lists_every_folder():
    guide = (SEED / "README.md").read_text("utf-8")
    folders = {path.name.split(".")[0] for path in SEED.iterdir() if path.suffix != ".md"}
    assert folders == set(re.findall(r"\| \w+ \| `(\w+)[/.]", guide))
