"""Recordings of a rehearsal become what `make test` reads: cut to the guest, and compressed.

python -m tests.rehearse.recordings
"""

from __future__ import annotations

import lzma
import re
from pathlib import Path

from app.probing.guest_log import JSON_LINE
from app.probing.host.tracing import EVENTS
from app.probing.markers import END_OF_MEASURING
from tests.probe.recordings import DATA
from tests.rehearse.__main__ import CACHE

# By suite and step; the layout, where no tool has the step's name, is that of tracefs.
KEPT = {
    "bookworm": ("off/xapic", "trace-cmd/x2apic"),
    "trixie": ("reinjecting/xapic", "perf/xapic"),
    "sid": ("off/x2apic", "trace-cmd/xapic", "perf/x2apic", "forced/xapic"),
}
# Of what the doctor was asked, what a trace beside its own had.
ASKED = {"bookworm": ("window",), "trixie": ("windows", "forced"), "sid": ("window",)}
TOOLS = ("trace-cmd", "perf")
MARKER = re.compile(r"pio_write at 0x7e0 size 4 .*val 0x(\w+)")
# What says something of the whole trace, before its events or behind them.
FRAME = re.compile(r"#|cpus=|version =|[a-z ]+: *[\d.]+$")
CHANGED = "kvm_apicv_inhibit_changed"
READ = re.compile(rf"\b({'|'.join(EVENTS)}): ")


def main() -> None:
    """Write them all."""
    for suite, runs in KEPT.items():
        out, release = _boot(suite)
        for run in runs:
            step, apic = run.split("/")
            layout = step if step in TOOLS else "tracefs"
            name = f"{release}-{apic}-{'off' if step in TOOLS else step}.{layout}"
            log = (out / run).with_suffix(".log").read_bytes().splitlines(keepends=True)
            _write(f"{name}.log", b"".join(x for x in log if x.startswith(JSON_LINE)))
            _write(f"{name}.trace", cut((out / run).with_suffix(".trace").read_text()).encode())

    asked()


def asked() -> None:
    """Write what the doctor was asked of."""
    for suite, steps in ASKED.items():
        out, release = _boot(suite)
        for step in steps:
            _write(f"{release}-{step}.watched", (out / f"doctor {step}/trace").read_bytes())


def _boot(suite: str) -> tuple[Path, str]:
    """Return what the boot of a suite handed out, and the branch of its kernel."""
    out = CACHE / suite / "out"
    release = re.search(r'"kernel": "(\d+\.\d+)', (out / "steps.json").read_text())
    assert release
    return out, release[1]


def cut(text: str) -> str:
    """Return header, changes of inhibits, and what is read between the first and last marker."""
    lines = text.splitlines(keepends=True)
    marked = [n for n, line in enumerate(lines) if MARKER.search(line)]
    ended = f"{END_OF_MEASURING:x}"
    last = next(n for n in marked if MARKER.search(lines[n])[1] == ended)
    before, between = lines[: marked[0]], lines[marked[0] : last + 1]
    kept = [line for line in before if FRAME.match(line) or CHANGED in line]
    kept += [line for line in between if READ.search(line)]
    return "".join(kept + [line for line in lines[last + 1 :] if FRAME.match(line)])


def _write(name: str, raw: bytes) -> None:
    path = Path(DATA, f"{name}.xz")
    path.write_bytes(lzma.compress(raw, preset=9 | lzma.PRESET_EXTREME))
    print(f"{path.stat().st_size:>8} {path}")


if __name__ == "__main__":
    main()
