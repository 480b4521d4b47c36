"""The exported test for kvm-unit-tests, made, mutated, and run on the stand-ins of tests/data."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from app.cli.database import seed_offline
from app.core.numbers import bits_of
from app.export.handout import files
from app.export.handout.expecting import MANUAL, Handout, handout_of
from app.foreign.importing import import_log
from app.pens.place import Place
from app.settings import ROOT

STANDIN = ROOT / "tests/data/standin"
STRICT = ("gcc", "-std=gnu99", "-Wall", "-Wextra", "-Wno-unused-parameter", "-Werror", "-O1")
KERNEL = ("-Wmissing-prototypes", "-Wstrict-prototypes", "-Wwrite-strings", "-Wclobbered")
PLACE = Place("https://vapic.example", "2026-11-22.1")
# What whoever imports a log says beside it.
SAID = {
    "cpu.vendor": "AuthenticAMD", "cpu.family": 25, "cpu.model": 17, "cpu.stepping": 1,
    "measured_at": "2026-11-22T10:13:27+01:00", "hypervisor.name": "KVM",
    "hypervisor.version": "6.18", "guest.command": "x86/run x86/vapic.flat",
    "hypervisor.parameters": ["kvm_amd.avic=1"],
}  # fmt: skip


def handout(expect: str = MANUAL) -> Handout:
    """What is handed out of the real seed."""
    return handout_of(seed_offline(), PLACE, expect)


def changed(table: str, access: str, was: str, to: str) -> str:
    """Return the C table with what it expects of one row changed."""
    new, count = re.subn(rf"(\{{ {re.escape(access)}, ){was}", rf"\g<1>{to}", table)
    assert 1 == count
    return new


def write(folder: Path, made: Mapping[str, str], table: str = "") -> Path:
    """Write an exported test, with another table if one is given; return its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in made.items():
        (folder / name).write_text(table if table and name == files.TABLE else text, "ascii")
    return folder


def run_standin(folder: Path, made: Mapping[str, str], table: str = "") -> Path:
    """Compile an exported test warning-free, run it on the stand-in, and return its log.

    The processor does what the table as exported expects. Its trace lies beside the log.
    """
    write(folder, made, table)
    (folder / "truth.h").write_text(made[files.TABLE], "ascii")
    machine = STANDIN / "kvm-unit-tests"
    include = f"-I{machine}"
    subprocess.run((*STRICT, *KERNEL, include, "-c", "vapic.c"), cwd=folder, check=True)
    subprocess.run(
        ("gcc", "-w", "-O1", include, "-I.", "-o", "vapic", machine / "machine.c", "vapic.o"),
        cwd=folder,
        check=True,
    )
    environment = {**os.environ, "VAPIC_TRACE": str(folder / "trace.txt")}
    ran = subprocess.run(
        ["./vapic"], cwd=folder, env=environment, capture_output=True, timeout=60, check=False
    )
    (folder / "log").write_bytes(ran.stdout)
    return folder / "log"


@dataclass(frozen=True)
class ReadBack:
    """The document of a log."""

    raw: bytes

    @classmethod
    def of(cls, log: bytes, trace: str = "", said: Mapping[str, Any] = SAID) -> ReadBack:
        """Import a log, and its trace if there is one."""
        return cls(import_log("kvm-unit-tests", log, said, trace=trace).raw)

    @cached_property
    def body(self) -> dict[str, Any]:
        return json.loads(self.raw)

    def numbers(self, word: str) -> set[int]:
        """The checks that passed, failed or were skipped, as the document says."""
        return set(self.body["x-checks"][word])

    @cached_property
    def by_place(self) -> Mapping[tuple[str, ...], list[dict[str, Any]]]:
        """The observations by MSR, access and why."""
        found = defaultdict(list)
        for seen in self.body["observations"]:
            found[seen["x-address"], seen["access"], seen["x-why"]].append(seen)
        return found

    def outcome(self, check: Mapping[str, Any]) -> str | None:
        """What the document says of one check; None where no observation speaks of it."""
        here = self.by_place[check["msr"], check["access"], check["why"]]
        found = [each["outcome"] for each in here if _speaks_of(each, check)]
        assert len(found) <= 1, check["name"]
        return found[0] if found else None


def _speaks_of(seen: Mapping[str, Any], check: Mapping[str, Any]) -> bool:
    if "x-bits" in seen:
        return bool(bits_of(seen["x-bits"]) & int(check["value"], 16))
    return check["access"] == "read" or seen.get("value") == check["value"]


def printed(log: bytes) -> dict[str, set[int]]:
    """What became of the checks by the harness's own words, read by nothing of the app."""
    found = re.findall(rb"(PASS|FAIL|SKIP): vapic (\d+)", log)
    return {
        word: {int(number) for said, number in found if said == token}
        for word, token in (("passed", b"PASS"), ("failed", b"FAIL"), ("skipped", b"SKIP"))
    }


def agree(back: ReadBack, log: bytes, checks: Iterable[Mapping[str, Any]]) -> None:
    """Hold a document against the log that it is of, check by check."""
    words = printed(log)
    assert words == {word: back.numbers(word) for word in words}
    for check in checks:
        number, outcome = check["number"], back.outcome(check)
        if number in words["passed"]:
            assert check["expected"] == outcome, check["name"]
        elif number in words["failed"]:
            assert outcome not in (None, check["expected"]), check["name"]
