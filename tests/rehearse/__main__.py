"""`make rehearse`: the packed probe under the kernels of three Debians, a table, and a verdict."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

from app.probing.packing import pack
from tests.rehearse import expected, machine, packages
from tests.rehearse.firmware import assemble

HEAD = "step                mode      windows unread   time  why it is void"
INSIDE = Path(__file__).with_name("inside.py")
# Whole, since apt takes any other path for one below its own folders.
CACHE = Path(__file__).resolve().parents[2] / "var" / "rehearse"
# Before and after 6.14, and the newest that there is.
SUITES = ("bookworm", "trixie", "sid")


def main(suites: list[str]) -> int:
    """Rehearse under each suite's kernel and print what came of it."""
    with tempfile.TemporaryDirectory() as folder:
        probe = pack(Path(folder, "probe.pyz")).read_bytes()
        firmware = assemble(Path(folder))
    own = {"init": (0o755, INSIDE.read_bytes()), "probe.pyz": (0o755, probe),
           "firmware": (0o644, firmware),
           "only": (0o644, os.environ.get("ONLY", "").encode())}  # fmt: skip
    for name in ("asking.py", "steps.py"):
        own[f"tests/rehearse/{name}"] = (0o644, INSIDE.with_name(name).read_bytes())
    wrong = 0
    for suite in suites or SUITES:
        place = CACHE / suite
        debs = packages.fetch(suite, place)
        print(f"{suite}: booting its kernel", flush=True)
        seconds = machine.boot(debs, own, place)
        wrong += report(place / "out", seconds)
    return 1 if wrong else 0


def report(out: Path, seconds: float) -> int:
    """Print the table of one boot; return how many lines of it are not as expected."""
    release = json.loads((out / "steps.json").read_text())[0]["kernel"]
    print(f"{release}, {seconds:.0f} s in all\n{HEAD}")
    wrong = 0
    for row in expected.rows(out):
        told = f"{row.step:<20}{row.apic:<7}{row.found:>10}{row.unread:>7}{row.seconds:>5} s  "
        print(told + (f"WRONG: {row.wrong} ({row.void})" if row.wrong else row.void))
        wrong += bool(row.wrong)
    return wrong


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
