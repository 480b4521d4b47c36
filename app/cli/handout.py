"""`vapic export kvm-unit-tests`, `selftest` and `expectations`: what is known, as tests."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from app.cli.database import Opened, reads
from app.cli.saying import say
from app.export.handout import files
from app.export.handout.expecting import MANUAL, Handout, handout_of

Expect = Annotated[
    str, typer.Option("--expect", metavar="WHAT", help="manual, or a family as seen, as in zen-4.")
]
OutputFolder = Annotated[Path, typer.Argument(metavar="DIR", help="Folder to write to.")]


@reads
def export_kvm_unit_tests(opened: Opened, folder: OutputFolder, expect: Expect = MANUAL) -> None:
    """Write a C test for kvm-unit-tests, with its table."""
    _write(opened, folder, expect, files.kvm_unit_tests)


@reads
def export_selftest(opened: Opened, folder: OutputFolder, expect: Expect = MANUAL) -> None:
    """Write a C test for the kernel's KVM selftests, with its table."""
    _write(opened, folder, expect, files.selftest_files)


@reads
def export_expectations(
    opened: Opened,
    output: Annotated[
        Path | None, typer.Argument(help="File to write; default: standard output.")
    ] = None,
    expect: Expect = MANUAL,
) -> None:
    """Write the checks and what is expected of each as JSON."""
    handout = handout_of(opened.snapshot, opened.place, expect)
    text = json.dumps(files.expectations(handout), indent=1) + "\n"
    if output is None:
        say(text, nl=False)
        return
    output.write_text(text, "ascii")
    _say(handout, str(output))


def _write(
    opened: Opened, folder: Path, expect: str, make: Callable[[Handout], Mapping[str, str]]
) -> None:
    handout = handout_of(opened.snapshot, opened.place, expect)
    folder.mkdir(parents=True, exist_ok=True)
    made = make(handout)
    for name, text in made.items():
        (folder / name).write_text(text, "ascii")
    _say(handout, f"{' and '.join(made)} in {folder}")


def _say(handout: Handout, where: str) -> None:
    stated = sum(row.expected.outcome is not None for row in handout.rows)
    say(f"{where}: {len(handout.rows)} checks, {stated} with an expectation")
    say(f"Expected is {handout.title}, at data version {handout.place.version}")


COMMANDS = {
    "kvm-unit-tests": export_kvm_unit_tests,
    "selftest": export_selftest,
    "expectations": export_expectations,
}
